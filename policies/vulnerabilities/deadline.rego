# METADATA
# title: Fix vulnerabilities within their deadline
# description: |
#   Counted from when the scanner, or an earlier snapshot, first saw the vulnerability in this repository: a
#   push under a new digest does not start the clock again. Only what has a fixed version can be late.
# custom:
#   id: REG-VUL-003
#   severity: high
#   since: 0.2.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.1"]
#     nist-800-53r5: ["SI-2", "SI-2(3)", "RA-5"]
#     pci-dss-4: ["6.3.3"]
#     soc2: ["CC7.1", "CC7.4"]
#     iso-27001-2022: ["A.8.8"]
#     fedramp: ["VDR-CSO-RES", "VDR-TFR-PVR"]
#     nis2: ["6.6.1.a"]
#     essential-8: ["E8-1.5", "E8-1.6"]
#   low_confidence: ["essential-8:E8-1.5", "essential-8:E8-1.6", "soc2:CC7.4"]
#   params:
#     scope:
#       type: string
#       enum: [tagged, newest, all]
#       description: "tagged: tagged images and the children of tagged indexes; newest: the newest of these; all: untagged ones too."
#       default: tagged
#     newest_count:
#       type: integer
#       minimum: 1
#       description: How many, where scope is newest.
#       default: 10
#     sla_days:
#       type: object
#       description: Severity to days; a severity that is left out has no deadline.
#       default: {CRITICAL: 15, HIGH: 30, MEDIUM: 90, LOW: 180}
#       additionalProperties: false
#       properties:
#         CRITICAL: {type: integer, minimum: 0}
#         HIGH: {type: integer, minimum: 0}
#         MEDIUM: {type: integer, minimum: 0}
#         LOW: {type: integer, minimum: 0}
#         NEGLIGIBLE: {type: integer, minimum: 0}
#         UNKNOWN: {type: integer, minimum: 0}
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Rebuild on a patched base image, deploy the new digest, then remove the old image when
#       nothing uses it.
package auditor.rules.vulnerabilities.deadline

import data.auditor.lib.facts
import data.auditor.lib.findings
import data.auditor.lib.images
import data.auditor.lib.indexes
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict
import data.auditor.lib.vex

_params := data.params["REG-VUL-003"]

_day := 86400 * 1000000000

_now := time.parse_rfc3339_ns(input.now)

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if not facts.known(input.images)

verdicts contains verdict.record("not_applicable", "This registry does not scan images.", []) if images.never_scanned

verdicts contains v if {
	not images.never_scanned
	facts.known(input.images)
	some i, image in input.images.value
	image.kind in {"image", "index"}
	not image.digest in _clean
	v := _verdict(i, image)
}

verdicts contains {"status": "pass", "resource_id": concat("@", [input.id, digest])} if {
	not images.never_scanned
	some digest in _clean
}

_scope := images.scope(_params)

# The images that pass at first sight, which most do: found without calling a function for each.
_clean contains image.digest if {
	some image in input.images.value
	image.scan.value.counts.value == {}
	image.scan.value.state in {"complete", "active"}
	image.status == "active"
	image.kind == "image"
	image.digest in _scope
}

_verdict(i, image) := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_not_applicable(image) if {
	not image.digest in _scope
} else := indexes.worst(i, image, _judged, "with vulnerabilities past their deadline") if {
	image.kind == "index"
} else := _judged[image.digest]

_judged[image.digest] := _image(i, image) if {
	some i, image in input.images.value
	image.kind == "image"
}

_image(i, image) := _failure(i, image, late) if {
	late := [n | some n, v in findings.details(image); _late(v); _fixable(v); not vex.clears(image, v)]
	count(late) > 0
} else := findings.undecided(i, image) if {
	not findings.readable(image)
} else := verdict.image_pass(image) if {
	findings.none(image)
} else := verdict.image_unsettled(image, message, evidence, sort(settle)) if {
	doubtful := [n | some n, v in findings.details(image); _doubtful(v); not vex.clears(image, v)]
	count(doubtful) > 0
	details := findings.details(image)
	ids := {details[n].id | some n in doubtful}
	message := sprintf("Cannot tell for %s: since when, or whether there is a fix, is not known.", [findings.named(ids)])
	evidence := findings.evidence(i, image, doubtful)
	settle := {"a scanner that tells fixes", "auditor collect --since"}
} else := findings.passed(i, image)

_failure(i, image, late) := object.union(failure, {"vulnerabilities": sort(ids)}) if {
	details := findings.details(image)
	ids := {details[n].id | some n in late}
	worst := max([over | some n in late; over := _days(details[n]) - _params.sla_days[details[n].severity]])
	message := sprintf("%s past the deadline: %s; the longest by %s%s.", [
		text.counted(count(ids), "vulnerability", "vulnerabilities"), findings.ranked(image, ids),
		text.counted(worst, "day", "days"), usage.phrase(image.digest),
	])
	failure := verdict.image(image, "fail", message, findings.evidence(i, image, late))
}

_has_deadline(v) if {
	findings.counts(v)
	object.get(_params.sla_days, v.severity, -1) >= 0
}

_late(v) if {
	_has_deadline(v)
	facts.known(v.first_seen_at)
	_age(v) > _params.sla_days[v.severity] * _day
}

_fixable(v) if object.get(v.fix, ["value", "available"], "unknown") in {"yes", "partial"}

# A vulnerability without a fix is never late, whenever it was first seen.
_doubtful(v) if {
	_has_deadline(v)
	object.get(v.fix, ["value", "available"], "unknown") != "no"
	not facts.known(v.first_seen_at)
}

_doubtful(v) if {
	_late(v)
	not facts.known(v.fix)
}

_doubtful(v) if {
	_has_deadline(v)
	object.get(v.fix, ["value", "available"], "unknown") != "no"
	facts.known(v.first_seen_at)
	_age(v) < 0
}

_age(v) := _now - time.parse_rfc3339_ns(v.first_seen_at.value)

_days(v) := floor(_age(v) / _day)
