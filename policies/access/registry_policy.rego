# METADATA
# title: Restrict the registry policy to trusted accounts and prefixes
# description: |
#   A wide registry policy lets another account plant images through replication, or create
#   repositories. The registry policy is compared with the trusted accounts and, where they are
#   set, with the allowed prefixes.
# custom:
#   id: REG-ACC-005
#   severity: high
#   since: 0.1.0
#   inputs: [registry]
#   entity: registry
#   registries: [ecr]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AC-3", "AC-4"]
#     soc2: ["CC6.1"]
#     iso-27001-2022: ["A.8.3"]
#     fedramp: ["KSI-IAM-ELP"]
#   params:
#     trusted_accounts:
#       type: array
#       items: {type: string, pattern: "^[0-9]{12}$"}
#       description: Accounts besides the own one that may replicate into this registry.
#       default: []
#     allow_prefixes:
#       type: array
#       items: {type: string, pattern: "^[^*?]+$"}
#       description: Starts of the repository names that may be filled or created. Empty allows all.
#       default: []
#   remediation:
#     action: ecr.put_registry_policy
#     mode: confirm
#     text: |
#       Put a registry policy that names the source accounts and, as Resource, the prefixes that
#       they may fill (ecr:PutRegistryPolicy).
package auditor.rules.access.registry_policy

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-ACC-005"]

_fact := input.registry.access_policy

_access := input.derived.access

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no policy of this kind.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the registry policy", "/registry/access_policy", _fact) if {
	facts.unknown(_fact)
} else := verdict.record("pass", "There is no registry policy.", []) if {
	facts.absent(_fact)
} else := verdict.record_unknown("the content of the registry policy", "/derived/access", _access) if {
	not facts.known(_access)
} else := verdict.record("fail", concat(" ", _sentences), _evidence(_culprits)) if {
	count(_culprits) > 0
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell who is let in: %s.", [text.names({_grants[i].reason | some i in _unclear})]),
	"evidence": _evidence(_unclear),
	"settle": ["a person reading the statement, or IAM Access Analyzer"],
} if {
	count(_unclear) > 0
} else := verdict.record_unknown("the resources of the registry policy", "/derived/access", _unread) if {
	count(_filling) > 0
	not _statements
} else := object.union(verdict.record("fail", message, _evidence(_services)), {"severity": "medium"}) if {
	count(_services) > 0
	message := sprintf("Services without a condition on whom they act for: %s.", [_who(_services)])
} else := verdict.record("pass", "The registry policy lets in the own account and trusted ones only.", [])

_grants := _access.value.grants

_exact := {i | some i, grant in _grants; grant.certainty == "exact"}

_strangers := _external & _exact

_services := _unguarded & _exact

_culprits := ((_external | _wide) | _outside) & _exact

# An audience is an upper bound: a doubt matters only where the grant in full would fail.
_unclear := (((_external | _wide) | _outside) | _unguarded) - _exact

_sentences := array.concat(array.concat(_on_strangers, _on_actions), _on_resources)

_on_strangers := [sentence |
	count(_strangers) > 0
	sentence := sprintf("The registry policy lets in others than the trusted: %s.", [_who(_strangers)])
]

_on_actions := [sentence |
	count(_wide & _exact) > 0
	names := text.names({action | some i in (_wide & _exact); some action in _grants[i].actions})
	sentence := sprintf("The registry policy allows every action (%s).", [names])
]

_on_resources := [sentence |
	count(_outside & _exact) > 0
	names := text.names({name | some i in (_outside & _exact); some name in _beyond(_statement(i))})
	sentence := sprintf("Repositories outside the allowed prefixes may be filled (%s).", [names])
]

_external contains i if {
	some i, grant in _grants
	grant.audience in {"any_account", "network", "organization"}

	# What cannot be decided at all has no capabilities.
	count(grant.capabilities) + count(grant.reason) > 0
}

_external contains i if {
	some i, grant in _grants
	grant.audience == "account"
	some principal in grant.principals
	not _account(principal) in _params.trusted_accounts
	_account(principal) != input.registry.account
}

_unguarded contains i if {
	some i, grant in _grants
	grant.audience == "service"
	not grant.guarded
}

_wide contains i if {
	some i, grant in _grants
	grant.audience != "nobody"
	some action in grant.actions
	lower(action) in {"*", "ecr:*"}
}

# Grants that fill or create repositories, where only some prefixes are allowed.
_filling contains i if {
	count(_params.allow_prefixes) > 0
	some i, grant in _grants
	grant.audience != "nobody"
	some capability in grant.capabilities
	capability in {"replicate", "create"}
}

_outside contains i if {
	some i in _filling
	count(_beyond(_statement(i))) > 0
}

# The analysis does not keep resources: they are read from the policy itself.
_statements := _list(object.get(json.unmarshal(_fact.value.text), "Statement", []))

_statement(i) := object.get(_statements, _grants[i].statement, {})

# What a statement lets be filled beyond the allowed prefixes.
_beyond(statement) := {"every resource but some"} if "NotResource" in object.keys(statement)

_beyond(statement) := {resource |
	some resource in _list(object.get(statement, "Resource", "*"))
	not _allowed(resource)
} if {
	not "NotResource" in object.keys(statement)
}

_allowed(resource) if {
	some prefix in _params.allow_prefixes
	startswith(split(resource, ":repository/")[1], prefix)
}

_list(value) := value if is_array(value)

_list(value) := [value] if not is_array(value)

_unread := {"state": "unknown", "reason": "parse_error", "source": "a person reading the policy"}

_account(principal) := split(principal, ":")[4] if startswith(principal, "arn:")

_account(principal) := principal if not startswith(principal, "arn:")

_who(indexes) := text.names({name | some i in indexes; some name in _names(_grants[i])})

_names(grant) := {"any AWS account"} if grant.audience == "any_account"

_names(grant) := {principal | some principal in grant.principals} if grant.audience != "any_account"

_evidence(indexes) := text.capped([facts.evidence(sprintf("/derived/access/value/grants/%d", [i]), _grants[i]) | some i in sort(indexes)])
