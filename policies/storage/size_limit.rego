# METADATA
# title: Keep each repository below its storage limit
# description: |
#   A repository that grows without bound is a cost and a sign that nothing is ever deleted.
#   Sizes are summed image by image, so shared layers count more than once: an upper bound.
# custom:
#   id: REG-STO-001
#   severity: medium
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["AU-4", "SC-5"]
#     soc2: ["A1.1"]
#     iso-27001-2022: ["A.8.6"]
#   low_confidence: ["nist-800-53r5:AU-4", "nist-800-53r5:SC-5"]
#   params:
#     max_gib:
#       type: number
#       exclusiveMinimum: 0
#       description: GiB that one repository may hold.
#       default: 100
#   remediation:
#     action: ecr.put_lifecycle_policy
#     mode: confirm
#     text: |
#       Tighten the retention policy, or move old images to an archive class. Preview it first.
package auditor.rules.storage.size_limit

import data.auditor.lib.facts
import data.auditor.lib.verdict

_params := data.params["REG-STO-001"]

_fact := input.repository.size_bytes

_path := "/repository/size_bytes"

_gib := 1073741824

verdicts contains _verdict

_verdict := verdict.record_unknown("the size", _path, _fact) if {
	not facts.known(_fact)
} else := verdict.record("pass", "Below the storage limit.", []) if {
	_fact.value <= _params.max_gib * _gib
} else := verdict.record("fail", message, [facts.evidence("/repository/size_bytes/value", _fact.value)]) if {
	message := sprintf("About %d GiB at the most, the limit is %v GiB (estimate: shared layers count once for each image).", [floor(_fact.value / _gib), _params.max_gib])
}
