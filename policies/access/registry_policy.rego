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
#       items: {type: string, minLength: 1}
#       description: What the names of repositories that others fill may start with, as team/. Empty allows every name.
#       default: []
#   remediation:
#     action: ecr.put_registry_policy
#     mode: confirm
#     text: |
#       Put a registry policy that names the source accounts and, as Resource, the prefixes that
#       they may fill (ecr:PutRegistryPolicy).
package auditor.rules.access.registry_policy

import data.auditor.lib.facts
import data.auditor.lib.principals
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
} else := verdict.record("fail", _sentence, _evidence(((_strangers | _beyond) | _wide))) if {
	count(((_strangers | _beyond) | _wide)) > 0
} else := object.union(verdict.record("fail", message, _evidence(_unguarded)), {"severity": "medium"}) if {
	count(_unguarded) > 0
	message := sprintf("Services without a condition on whom they act for: %s.%s", [_who(_unguarded), _besides])
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell who is let in: %s.", [_reasons]),
	"evidence": _evidence(_unclear),
	"settle": ["a person reading the statement, or IAM Access Analyzer"],
} if {
	count(_unclear) > 0
} else := verdict.record("pass", "The registry policy lets in the own account and trusted ones only.", [])

_sentence := sprintf("%s%s", [concat(" ", _faults), _besides])

_faults := [fault |
	some fault in [
		_fault(_strangers, "The registry policy lets in others than the trusted: %s.", _who(_strangers)),
		_fault(_beyond, "The registry policy lets repositories beyond the allowed prefixes be filled (%s).", _resources(_beyond)),
		_fault(_wide, "The registry policy allows every action (%s).", text.names({_actions(i) | some i in _wide})),
	]
	fault != ""
]

_fault(indexes, sentence, what) := sprintf(sentence, [what]) if count(indexes) > 0

_fault(indexes, _, _) := "" if count(indexes) == 0

# A failure hides a doubt about other statements: it is said.
_besides := "" if count(_unclear) == 0

_besides := sprintf(" It cannot be told who else is let in: %s.", [_reasons]) if count(_unclear) > 0

_reasons := text.names({_reason(_grants[i]) | some i in _unclear})

_reason(grant) := grant.reason if grant.certainty == "unknown"

_reason(grant) := "its resources were not recorded" if grant.certainty != "unknown"

_grants := _access.value.grants

_strangers contains i if {
	some i, grant in _grants
	grant.certainty == "exact"
	grant.audience in {"any_account", "network", "organization"}
	count(grant.capabilities) > 0
}

_strangers contains i if {
	some i, grant in _grants
	grant.certainty == "exact"
	grant.audience == "account"
	some principal in grant.principals
	not principals.account(principal) in _params.trusted_accounts
	principals.account(principal) != input.registry.account
}

# Whoever fills repositories: their names must be inside the allowed prefixes.
_beyond contains i if {
	some i in _filling
	resources := _grants[i].resources
	not _inside(resources)
}

_filling contains i if {
	count(_params.allow_prefixes) > 0
	some i, grant in _grants
	grant.audience != "nobody"
	some capability in grant.capabilities
	capability in {"replicate", "create"}
}

_inside(resources) if {
	count(resources) > 0
	every resource in resources { _allowed(resource) }
}

_allowed(resource) if {
	not startswith(resource, "NotResource ")
	parts := split(resource, ":repository/")
	count(parts) == 2
	some prefix in _params.allow_prefixes
	startswith(parts[1], prefix)
}

_unguarded contains i if {
	some i, grant in _grants
	grant.audience == "service"
	grant.certainty == "exact"
	count(grant.capabilities) > 0
	not grant.guarded
}

# What a statement allows is sure even where it is not to whom.
_wide contains i if {
	some i, grant in _grants
	grant.audience != "nobody"
	count(grant.capabilities) > 0
	some action in grant.actions
	lower(action) in {"*", "ecr:*"}
}

# A snapshot of an earlier version.
_unclear contains i if {
	some i in _filling
	not "resources" in object.keys(_grants[i])
}

_unclear contains i if {
	some i, grant in _grants
	grant.certainty == "unknown"
}

_actions(i) := text.names(_grants[i].actions)

_resources(indexes) := text.names({resource | some i in indexes; some resource in _grants[i].resources})

_who(indexes) := text.names({name | some i in indexes; some name in _names(_grants[i])})

_names(grant) := {"any AWS account"} if grant.audience == "any_account"

_names(grant) := {principal | some principal in grant.principals} if grant.audience != "any_account"

_evidence(indexes) := text.capped([facts.evidence(sprintf("/derived/access/value/grants/%d", [i]), _grants[i]) | some i in sort(indexes)])
