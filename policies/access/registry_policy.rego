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
} else := verdict.record("fail", message, _evidence(_strangers)) if {
	count(_strangers) > 0
	message := sprintf("The registry policy lets in others than the trusted: %s.", [_who(_strangers)])
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell who is let in: %s.", [text.names({_grants[i].reason | some i in _unclear})]),
	"evidence": _evidence(_unclear),
	"settle": ["a person reading the statement, or IAM Access Analyzer"],
} if {
	count(_unclear) > 0
} else := verdict.record("fail", message, _evidence(_wide)) if {
	count(_wide) > 0
	message := sprintf("The registry policy allows every action (%s).", [text.names({_actions(i) | some i in _wide})])
} else := verdict.record("pass", "The registry policy lets in the own account and trusted ones only.", [])

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

_wide contains i if {
	some i, grant in _grants
	grant.audience != "nobody"
	some action in grant.actions
	lower(action) in {"*", "ecr:*"}
}

_unclear contains i if {
	some i, grant in _grants
	grant.certainty == "unknown"
}

_actions(i) := text.names(_grants[i].actions)

_who(indexes) := text.names({name | some i in indexes; some name in _names(_grants[i])})

_names(grant) := {"any AWS account"} if grant.audience == "any_account"

_names(grant) := {principal | some principal in grant.principals} if grant.audience != "any_account"

_evidence(indexes) := text.capped([facts.evidence(sprintf("/derived/access/value/grants/%d", [i]), _grants[i]) | some i in sort(indexes)])
