# METADATA
# title: Grant least privilege in IAM policies for ECR
# description: |
#   A policy of an identity that allows every action, or writes to every repository, defeats the
#   policies of the repositories. Judged policy by policy, before boundaries and control policies:
#   an upper bound of what its holders can do. What works on * only, as a login, does not count.
# custom:
#   id: REG-ACC-006
#   severity: high
#   since: 0.2.0
#   inputs: [account]
#   entity: policy
#   registries: [ecr, ecr_public]
#   frameworks:
#     nist-800-190: ["4.2.3"]
#     nist-800-53r5: ["AC-6", "AC-6(10)"]
#     cis-eks: ["5.1.2"]
#     pci-dss-4: ["7.2.2", "7.2.5"]
#     soc2: ["CC6.3"]
#     iso-27001-2022: ["A.5.15", "A.8.2"]
#     fedramp: ["KSI-IAM-ELP"]
#     nis2: ["11.2.2.a"]
#   params:
#     exempt_principals:
#       type: array
#       items: {type: string, minLength: 1}
#       description: Globs of ARNs for emergencies. A policy that only they hold is reported as information.
#       default: ["*OrganizationAccountAccessRole"]
#   remediation:
#     action: iam.create_policy_version
#     mode: confirm
#     text: |
#       Name the actions and the repositories that the holders work with
#       (arn:aws:ecr:<region>:<account>:repository/<name>); leave ecr:GetAuthorizationToken on *.
#       In place of a policy of the platform's attach a narrower one of your own.
package auditor.rules.access.least_privilege

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.identities
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-ACC-006"]

_grants := input.derived.grants

_exempt := globs.union(_params.exempt_principals)

verdicts contains v if some v in _verdicts

_verdicts := {verdict.record_unknown("the policies of identities", "/policies", input.policies)} if {
	not facts.known(input.policies)
} else := {verdict.record_unknown("the principals", "/principals", input.principals)} if {
	not facts.known(input.principals)
} else := {verdict.record_unknown("what the policies grant", "/derived/grants", _grants)} if {
	not facts.known(_grants)
} else := {verdict.record("not_applicable", "No policy of an identity touches a registry.", [])} if {
	count(identities.attached) == 0
} else := {_of_policy(i) | some i in identities.attached}

_of_policy(i) := identities.on(identities.policy_id(policy), "not_applicable", "Held only by roles that the platform made for its services.", []) if {
	policy := input.policies.value[i]
	identities.only_of_the_platform(policy)
} else := _failure(i, wide, "high") if {
	wide := _those(i, _wide)
	count(wide) > 0
} else := _failure(i, pulling, "medium") if {
	pulling := _those(i, _pulling)
	count(pulling) > 0
} else := identities.on_unreadable(i) if {
	identities.unreadable(i)
} else := identities.on(identities.policy_id(input.policies.value[i]), "pass", "Limited to some actions and repositories.", [])

default _granted := {}

_granted := _by_policy if count(_by_policy) > 0

_by_policy[grant.policy] contains g if some g, grant in _grants.value

_those(i, among) := {g | some g in object.get(_granted, input.policies.value[i].id, set()); g in among}

_wide contains g if {
	some g, grant in _grants.value
	grant.every_action
}

_wide contains g if {
	some g, grant in _grants.value
	grant.writes
	grant.every_repository
}

_pulling contains g if {
	some g, grant in _grants.value
	"pull" in grant.capabilities
	grant.every_repository
}

_failure(i, indexes, severity) := object.union(failure, {"severity": _severity(policy, severity)}) if {
	policy := input.policies.value[i]
	evidence := text.capped([facts.evidence(sprintf("/derived/grants/value/%d", [g]), _grants.value[g]) | some g in sort(indexes)])
	message := sprintf("%s allows %s (%s); it is held by %s.%s", [policy.name, _what(indexes), _statements(indexes), _holders(policy), _bound])
	failure := identities.on(identities.policy_id(policy), "fail", message, evidence)
}

_severity(policy, usual) := "info" if {
	policy.name == "AdministratorAccess"
	policy.kind == "provider"
} else := "info" if {
	every arn in identities.holders[policy.id] { regex.match(_exempt, arn) }
} else := usual

_what(indexes) := "every action" if {
	some g in indexes
	_grants.value[g].every_action
} else := sprintf("%s on every repository", [text.names(capabilities)]) if {
	capabilities := {capability | some g in indexes; some capability in _grants.value[g].capabilities}
}

_statements(indexes) := text.names({_statement(_grants.value[g]) | some g in indexes})

_statement(grant) := sprintf("statement %s", [grant.sid]) if {
	grant.sid != ""
} else := sprintf("statement %d", [grant.statement])

_holders(policy) := text.names({identities.name(arn) | some arn in identities.holders[policy.id]})

_bound := "" if {
	facts.known(input.guardrails)
} else := "" if {
	facts.absent(input.guardrails)
} else := " Control policies of the organisation were not read: this is an upper bound."
