# METADATA
# title: Limit cross-account access to trusted accounts and organisations
# description: |
#   Accounts that were trusted once stay trusted for ever. Every account, organisation and
#   service that a repository policy lets in is compared with the lists of trusted ones.
# custom:
#   id: REG-ACC-003
#   severity: high
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, acr, gar]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AC-3", "AC-4", "AC-6"]
#     pci-dss-4: ["7.2.2"]
#     soc2: ["CC6.1", "CC6.3"]
#     iso-27001-2022: ["A.5.15", "A.5.18", "A.5.19"]
#     fedramp: ["KSI-IAM-ELP"]
#     nis2: ["11.2.2.d"]
#   params:
#     trusted_accounts:
#       type: array
#       items: {type: string, pattern: "^[0-9]{12}$"}
#       description: Accounts besides the own one that may have access.
#       default: []
#     trusted_org_ids:
#       type: array
#       items: {type: string}
#       description: Organisations whose accounts may have access, besides the own one where it is known.
#       default: []
#   remediation:
#     action: ecr.set_repository_policy
#     mode: confirm
#     text: |
#       Narrow the statement to the accounts that still need access, pin organisations with
#       StringEquals on aws:PrincipalOrgID, and give service principals a condition on
#       aws:SourceArn or aws:SourceAccount.
package auditor.rules.access.cross_account_trusted

import data.auditor.lib.facts
import data.auditor.lib.principals
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-ACC-003"]

_fact := input.repository.access_policy

_access := input.derived.access

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no policy of this kind.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the repository policy", "/repository/access_policy", _fact) if {
	facts.unknown(_fact)
} else := verdict.record("pass", "There is no repository policy: only the own account has access.", []) if {
	facts.absent(_fact)
} else := verdict.record_unknown("the content of the repository policy", "/derived/access", _access) if {
	not facts.known(_access)
} else := _fail(_strangers, sprintf("Access for others than the trusted: %s.", [_who(_strangers)])) if {
	count(_strangers) > 0
} else := object.union(_fail(_services, message), {"severity": "medium"}) if {
	count(_services) > 0
	message := sprintf("Services without a condition on whom they act for: %s.%s", [_who(_services), _besides])
} else := object.union(_fail(_dead, message), {"severity": "low"}) if {
	count(_dead) > 0
	message := sprintf("Principals that no longer exist: %s.%s", [_who(_dead), _besides])
} else := _unclear_verdict if {
	count(_unclear) > 0
} else := verdict.record("pass", _limited, [])

_limited := "Access is limited to the own account and to trusted ones." if count(_networks) == 0

_limited := "Accounts are trusted; how far networks are open is judged by REG-ACC-001." if {
	count(_networks) > 0
}

# A failure hides a doubt about other statements: it is said.
_besides := "" if count(_unclear) == 0

_besides := sprintf(" It cannot be told who else is let in: %s.", [_reasons]) if count(_unclear) > 0

_reasons := text.names({_grants[i].reason | some i in _unclear})

_grants := _access.value.grants

_strangers := {i | some i in _external; _grants[i].certainty == "exact"}

_services := {i | some i in _unguarded; _grants[i].certainty == "exact"}

# An audience is an upper bound: a doubt matters only where the grant in full would fail.
_unclear := {i | some i in (_external | _unguarded); _grants[i].certainty == "unknown"}

# What cannot be decided at all has no capabilities.
_external contains i if {
	some i, grant in _grants
	grant.audience == "any_account"
	count(grant.capabilities) + count(grant.reason) > 0
}

_external contains i if {
	some i, grant in _grants
	grant.audience == "account"
	some principal in grant.principals
	not principals.account(principal) in _params.trusted_accounts
	principals.account(principal) != input.repository.registry.account
}

_external contains i if {
	some i, grant in _grants
	grant.audience == "organization"
	some organization in grant.principals
	not organization in _trusted_organizations
}

_unguarded contains i if {
	some i, grant in _grants
	grant.audience == "service"
	not grant.guarded
}

_networks contains i if {
	some i, grant in _grants
	grant.audience == "network"
}

_dead contains i if {
	some i, grant in _grants
	grant.audience == "nobody"
	some principal in grant.principals
	regex.match(`^A[A-Z]{3}[A-Z0-9]{8,}$`, principal)
}

_trusted_organizations contains organization if some organization in _params.trusted_org_ids

_trusted_organizations contains data.context.registry.organization.value

_who(indexes) := text.names({principal | some i in indexes; some principal in _grants[i].principals}) if {
	count({i | some i in indexes; _grants[i].audience == "any_account"}) == 0
}

_who(indexes) := "any AWS account" if {
	count({i | some i in indexes; _grants[i].audience == "any_account"}) > 0
}

_fail(indexes, message) := verdict.record("fail", message, _evidence(indexes))

_evidence(indexes) := text.capped([facts.evidence(sprintf("/derived/access/value/grants/%d", [i]), _grants[i]) | some i in sort(indexes)])

_unclear_verdict := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell who is let in: %s.", [_reasons]),
	"evidence": _evidence(_unclear),
	"settle": ["a person reading the statement, or IAM Access Analyzer"],
}
