# METADATA
# title: Configure a retention policy on every repository
# description: |
#   Without a policy images pile up for ever: they cost, and old ones carry old vulnerabilities.
# custom:
#   id: REG-RET-001
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, harbor, acr, gar, artifactory, quay]
#   frameworks:
#     aws-fsbp: [ECR.3]
#     nist-800-190: [4.2.2]
#     nist-800-53r5: [CM-2, CM-2(2), CA-9(1), SI-12]
#     cis-controls: ["3.4"]
#     ccc: [CCC.CntrReg.CN02.AR01]
#     soc2: [C1.2]
#     iso-27001-2022: [A.8.10]
#     pci-dss-4: [3.2.1, 10.5.1]
#     nis2: [12.2.2.a]
#   low_confidence: ["pci-dss-4:3.2.1", "pci-dss-4:10.5.1", "soc2:C1.2"]
#   params: {}
#   remediation:
#     action: ecr.put_lifecycle_policy
#     mode: confirm
#     text: Preview a lifecycle policy with StartLifecyclePolicyPreview, then set it with PutLifecyclePolicy.
package auditor.rules.retention.policy_present

import data.auditor.lib.facts
import data.auditor.lib.platform
import data.auditor.lib.verdict

_policy := input.repository.retention_policy

_path := "/repository/retention_policy"

verdicts contains verdict.record("not_applicable", "This registry has no retention feature.", []) if {
	not platform.has_retention
}

verdicts contains verdict.record_unknown("the retention policy", _path, _policy) if {
	platform.has_retention
	facts.unknown(_policy)
}

verdicts contains verdict.record("fail", "No retention policy is set.", [facts.evidence(_path, _policy)]) if {
	platform.has_retention
	facts.absent(_policy)
}

verdicts contains verdict.record_unknown("the content of the retention policy", "/derived/retention", analysis) if {
	platform.has_retention
	facts.known(_policy)
	analysis := input.derived.retention
	not facts.known(analysis)
}

verdicts contains verdict.record("fail", "The retention policy has no rule.", [facts.evidence(path, [])]) if {
	platform.has_retention
	facts.known(_policy)
	input.derived.retention.value.rules == []
	path := "/derived/retention/value/rules"
}

verdicts contains verdict.record("pass", "A retention policy is set.", []) if {
	platform.has_retention
	facts.known(_policy)
	count(input.derived.retention.value.rules) > 0
}
