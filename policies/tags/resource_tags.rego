# METADATA
# title: Put the required resource tags on every repository
# description: |
#   Ownership, environment and attribute-based access depend on resource tags.
# custom:
#   id: REG-TAG-004
#   severity: low
#   since: 0.1.0
#   inputs: [repository]
#   entity: repository
#   registries: [ecr, ecr_public, acr, gar]
#   frameworks:
#     aws-fsbp: ["ECR.4"]
#     nist-800-53r5: ["CM-8"]
#     iso-27001-2022: ["A.5.9"]
#   low_confidence: ["aws-fsbp:ECR.4"]
#   params:
#     required_keys:
#       type: array
#       items: {type: string, minLength: 1}
#       description: Keys that must be there with a value; case matters. Empty means at least one tag.
#       default: [Name]
#   remediation:
#     action: ecr.tag_resource
#     mode: auto
#     text: |
#       Add the missing tags to the repository (ecr:TagResource, ecr-public:TagResource).
#       Nothing else changes.
package auditor.rules.tags.resource_tags

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-TAG-004"]

_fact := input.repository.resource_tags

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "This registry has no resource tags.", []) if {
	facts.unknown(_fact)
	_fact.reason == "unsupported_by_platform"
} else := verdict.record_unknown("the list of resource tags", "/repository/resource_tags", _fact) if {
	facts.unknown(_fact)
} else := verdict.record("fail", message, [facts.evidence("/repository/resource_tags", _fact)]) if {
	count(_missing) > 0
	message := sprintf("Resource tags missing or blank: %s.", [text.names(_missing)])
} else := verdict.record("fail", "The repository has no resource tag.", [facts.evidence("/repository/resource_tags", _fact)]) if {
	count(_params.required_keys) == 0
	count(_own) == 0
} else := verdict.record("pass", "The required resource tags are there.", [])

# Tags that a user set and that say something. Absent: there are none.
_own[key] := value if {
	some key, value in _fact.value
	not startswith(key, "aws:")
	trim_space(value) != ""
}

_missing contains key if {
	some key in _params.required_keys
	not _own[key]
}
