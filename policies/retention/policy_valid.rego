# METADATA
# title: Keep lifecycle policies valid and free of dead rules
# description: |
#   A policy with errors is refused or inert. Some valid ones do other than their description
#   says: several prefixes in one rule must all match, and a rule that an earlier one shadows
#   can never act.
# custom:
#   id: REG-RET-004
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr]
#   frameworks:
#     nist-800-53r5: ["CM-6", "SI-12"]
#     iso-27001-2022: ["A.8.9"]
#   params: {}
#   remediation:
#     action: ecr.put_lifecycle_policy
#     mode: confirm
#     text: |
#       Correct the policy and preview it before you put it (ecr:StartLifecyclePolicyPreview,
#       then ecr:PutLifecyclePolicy).
package auditor.rules.retention.policy_valid

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_policy := input.repository.retention_policy

_analysis := input.derived.retention

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "Only lifecycle policies are judged here.", []) if {
	input.repository.registry.kind != "ecr"
} else := verdict.record_unknown("the retention policy", "/repository/retention_policy", _policy) if {
	facts.unknown(_policy)
} else := verdict.record("not_applicable", "There is no retention policy.", []) if {
	facts.absent(_policy)
} else := verdict.record_unknown("the content of the retention policy", "/derived/retention", _analysis) if {
	not facts.known(_analysis)
} else := verdict.record("fail", message, _evidence("errors", errors)) if {
	errors := _analysis.value.errors
	count(errors) > 0
	message := sprintf("The retention policy has errors: %s.", [_messages(errors)])
} else := object.union(failure, {"severity": "low"}) if {
	warnings := _analysis.value.warnings
	count(warnings) > 0
	message := sprintf("The retention policy may do other than it says: %s.", [_messages(warnings)])
	failure := verdict.record("fail", message, _evidence("warnings", warnings))
} else := verdict.record("pass", "The retention policy is valid, and each rule can act.", [])

_messages(problems) := text.names({problem.message | some problem in problems})

_evidence(kind, problems) := text.capped([facts.evidence(path, problem) |
	some i, problem in problems
	path := sprintf("/derived/retention/value/%s/%d", [kind, i])
])
