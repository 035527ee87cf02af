# METADATA
# title: Do not keep images beyond the maximum age
# description: |
#   Old images keep old vulnerabilities within reach. The age counts from the push, or where that is not known
#   from the date in the image's own configuration; 1970 is no date but a reproducible build. A push of the same
#   digest may reset the registry's date, so an image can be older than it looks. Archived images have a limit
#   of their own. What is in use, or on legal hold, may stay.
# custom:
#   id: REG-RET-007
#   severity: medium
#   since: 0.2.0
#   inputs: [repository]
#   entity: image
#   whole_repository: true
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.2.2"]
#     nist-800-53r5: ["SI-12", "SI-2(6)"]
#     ccc: ["CCC.CntrReg.CN02.AR01"]
#     soc2: ["C1.2"]
#     iso-27001-2022: ["A.8.10"]
#     fedramp: ["KSI-SVC-RUD"]
#     cis-controls: ["3.4"]
#   low_confidence: ["soc2:C1.2", "nist-800-53r5:SI-2(6)"]
#   params:
#     max_image_age_days:
#       type: integer
#       minimum: 1
#       description: Days after the push.
#       default: 365
#     archive_max_days:
#       type: integer
#       minimum: 1
#       description: Days in an archive class.
#       default: 1825
#     legal_hold:
#       type: array
#       items: {type: string}
#       description: Globs of repository names, tags or digests that must be kept.
#       default: []
#   remediation:
#     action: ecr.batch_delete_image
#     mode: confirm
#     text: |
#       Delete the image (ecr:BatchDeleteImage with imageDigest), an index before its children, or have a lifecycle
#       rule expire what is older. Deleted images do not come back.
package auditor.rules.retention.age_limit

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-RET-007"]

_usage := input.derived.usage

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if {
	not facts.known(input.images)
}

verdicts contains {"status": "pass", "resource_id": concat("@", [input.id, input.images.value[i].digest])} if {
	some i in _young
}

verdicts contains {
	"status": "not_applicable",
	"resource_id": concat("@", [input.id, input.images.value[i].digest]),
	"message": "The image is on legal hold.",
} if {
	some i in _held
	not i in _young
}

verdicts contains {"status": "pass", "resource_id": concat("@", [input.id, digest])} if {
	some i in _old
	not i in _held
	digest := input.images.value[i].digest
	digest in usage.digests
}

verdicts contains verdict.image(input.images.value[i], "fail", _age(i), _evidence(i)) if {
	some i in _unused
	usage.complete
}

verdicts contains verdict.image_unsettled(input.images.value[i], message, evidence, ["auditor:workloads"]) if {
	not usage.complete
	some i in _unused
	message := sprintf("%s Cannot tell whether it is in use.", [_age(i)])
	evidence := array.concat(_evidence(i), [facts.evidence("/derived/usage", _usage)])
}

verdicts contains verdict.image_unknown(image, "the age of the image", path, fact) if {
	some i, image in _undated
	fact := image[_field(image)]
	not facts.known(fact)
	path := sprintf("/images/value/%d/%s", [i, _field(image)])
}

# A date that is none: 1970, or a text.
verdicts contains verdict.image_unsettled(image, message, _evidence(i), ["ecr:DescribeImages"]) if {
	some i, image in _undated
	facts.known(image[_field(image)])
	message := "Cannot tell: the image has no date that says how old it is."
}

_undated[i] := image if {
	some i, image in _judged
	not i in _held
	not i in _dated
}

_dated contains i if some i, _ in _since

# ---------------------------------------------------------------- ages
_judged[i] := image if {
	some i, image in input.images.value
	image.kind in {"image", "index"}
}

_field(image) := "archived_at" if image.status == "archived"

_field(image) := "pushed_at" if image.status != "archived"

# The moment that the age counts from.
_since[i] := image.archived_at.value if {
	some i, image in _judged
	image.status == "archived"
	_is_date(image.archived_at)
}

_since[i] := image.pushed_at.value if {
	some i, image in _judged
	image.status != "archived"
	_is_date(image.pushed_at)
}

_since[i] := image.config.value.created_at.value if {
	some i, image in _judged
	image.status != "archived"
	not _is_date(image.pushed_at)
	facts.known(image.config)
	_is_date(image.config.value.created_at)
}

_is_date(fact) if {
	fact.state == "known"
	not startswith(fact.value, "1970-")
	time.parse_rfc3339_ns(fact.value)
}

_now := time.parse_rfc3339_ns(input.now)

_day := 86400000000000

_oldest := {
	"pushed_at": _now - (_params.max_image_age_days * _day),
	"archived_at": _now - (_params.archive_max_days * _day),
}

_old contains i if {
	some i, since in _since
	time.parse_rfc3339_ns(since) < _oldest[_field(input.images.value[i])]
}

_young contains i if {
	some i, since in _since
	time.parse_rfc3339_ns(since) >= _oldest[_field(input.images.value[i])]
}

_unused contains i if {
	some i in _old
	not i in _held
	not input.images.value[i].digest in usage.digests
}

_hold := globs.union(_params.legal_hold)

_held contains i if {
	count(_params.legal_hold) > 0
	some i, image in _judged
	some name in array.concat([input.repository.name, image.digest], image.tags)
	regex.match(_hold, name)
}

_age(i) := sprintf("The image was archived %s ago; the limit is %d.", [_days(i), _params.archive_max_days]) if {
	input.images.value[i].status == "archived"
}

_age(i) := sprintf("The image is %s old; the limit is %d.", [_days(i), _params.max_image_age_days]) if {
	input.images.value[i].status != "archived"
}

_days(i) := text.counted(floor((_now - time.parse_rfc3339_ns(_since[i])) / _day), "day", "days")

_evidence(i) := [facts.evidence(sprintf("/images/value/%d/%s", [i, field]), input.images.value[i][field])] if {
	field := _field(input.images.value[i])
}
