# METADATA
# title: Judge images by the number of vulnerabilities of one severity
# description: |
#   Shared by the rules on vulnerabilities. `rule` holds severity, limit and params (scope,
#   newest_count, only_fixable, treat_undefined_as). An index is as bad as its worst platform.
package auditor.lib.vulnerabilities

import data.auditor.lib.facts
import data.auditor.lib.findings
import data.auditor.lib.images
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict as build
import data.auditor.lib.vex

# METADATA
# description: One verdict for each image and index; one on the repository when its images were not read.
verdicts(_) := [build.record_unknown("the list of images", "/images", input.images)] if {
	not facts.known(input.images)
}

verdicts(rule) := array.concat(passed, judged) if {
	facts.known(input.images)
	clean := _clean(rule)
	passed := [{"status": "pass", "resource_id": concat("@", [input.id, digest])} | some digest in clean]
	judged := [_judge(rule, i, image) |
		some i, image in input.images.value
		image.kind in {"image", "index"}
		not image.digest in clean
	]
}

# The images that pass at first sight, which most do: found without calling a function for each.
_clean(rule) := {image.digest |
	rule.params.treat_undefined_as != lower(rule.severity)
	scope := images.scope(rule.params)
	some image in input.images.value
	image.scan.value.state in {"complete", "active"}
	counts := image.scan.value.counts.value
	object.get(counts, rule.severity, 0) <= rule.limit
	image.status == "active"
	image.kind == "image"
	image.digest in scope
}

_judge(rule, i, image) := _image(rule, i, image) if image.kind == "image"

_judge(rule, i, image) := _index(rule, i, image) if image.kind == "index"

_image(rule, i, image) := build.image_not_applicable(image) if {
	image.status == "archived"
} else := build.image_not_applicable(image) if {
	not image.digest in images.scope(rule.params)
} else := _unscanned(image, sprintf("/images/value/%d/scan", [i])) if {
	not facts.known(image.scan)
} else := build.image_not_applicable(image) if {
	image.scan.value.state == "archived"
} else := _unfinished(i, image) if {
	not image.scan.value.state in {"complete", "active"}
} else := build.image_unknown(image, "the number of vulnerabilities", path, image.scan.value.counts) if {
	not facts.known(image.scan.value.counts)
	path := sprintf("/images/value/%d/scan/value/counts", [i])
} else := findings.passed(i, image) if {
	_counted(rule, image) <= rule.limit
} else := _details_unread(i, image) if {
	rule.params.only_fixable
	not facts.known(image.scan.value.vulnerabilities)
} else := findings.passed(i, image) if {
	rule.params.only_fixable
	count(_ids(rule, image)) <= rule.limit
} else := _failure(rule, i, image)

# The scanner counts; the rule may count those without a severity as its own, and not what VEX clears.
_counted(rule, image) := max([0, (of_severity + _undefined(rule, image)) - count(_cleared(rule, image))]) if {
	of_severity := object.get(image.scan.value.counts.value, rule.severity, 0)
}

_cleared(_, _) := {} if not vex.spoken

_cleared(rule, image) := vex.cleared(image, listed) if {
	vex.spoken
	listed := [v |
		some v in findings.details(image)
		findings.counts(v)
		_severe(rule, v)
	]
}

_undefined(rule, image) := object.get(image.scan.value.counts.value, "UNKNOWN", 0) if {
	lower(rule.severity) == rule.params.treat_undefined_as
}

_undefined(rule, _) := 0 if lower(rule.severity) != rule.params.treat_undefined_as

# Distinct ids that count, where details are there.
_ids(rule, image) := {v.id |
	some v in image.scan.value.vulnerabilities.value
	findings.open(image, v)
	_severe(rule, v)
	_fixable(rule, v)
}

_severe(rule, v) if v.severity == rule.severity

_severe(rule, v) if {
	v.severity == "UNKNOWN"
	lower(rule.severity) == rule.params.treat_undefined_as
}

_fixable(rule, _) if not rule.params.only_fixable

_fixable(rule, v) if {
	rule.params.only_fixable
	object.get(v.fix, ["value", "available"], "unknown") != "no"
}

_failure(rule, i, image) := object.union(failure, {"vulnerabilities": sort(ids)}) if {
	ids := _ids(rule, image)
	counts := image.scan.value.counts.value
	path := sprintf("/images/value/%d/scan/value/counts", [i])
	severity := lower(rule.severity)
	number := text.counted(_number(rule, image, ids), sprintf("%s vulnerability", [severity]), sprintf("%s vulnerabilities", [severity]))
	message := sprintf("%s%s%s%s%s.", [number, _named(ids), _untriaged(rule, counts), _also(_cleared(rule, image)), usage.phrase(image.digest)])
	failure := build.image(image, "fail", message, [facts.evidence(path, image.scan.value.counts)])
}

_number(rule, image, ids) := count(ids) if {
	rule.params.only_fixable
	facts.known(image.scan.value.vulnerabilities)
} else := _counted(rule, image)

_named(ids) := "" if count(ids) == 0

_named(ids) := sprintf(": %s", [concat(", ", array.slice(sort(ids), 0, 5))]) if {
	count(ids) > 0
	count(ids) <= 5
}

_named(ids) := sprintf(": %s and more", [concat(", ", array.slice(sort(ids), 0, 5))]) if count(ids) > 5

_also(cleared) := "" if count(cleared) == 0

_also(cleared) := sprintf("; cleared by VEX: %s", [vex.named(cleared)]) if count(cleared) > 0

# Those without a severity, where they are not counted already.
_untriaged(rule, counts) := sprintf("; %d more without a severity", [counts.UNKNOWN]) if {
	object.get(counts, "UNKNOWN", 0) > 0
	lower(rule.severity) != rule.params.treat_undefined_as
} else := ""

_unscanned(image, path) := build.image_unknown(image, "the scan result", path, image.scan) if {
	facts.unknown(image.scan)
}

_unscanned(image, path) := build.image_unsettled(image, "Cannot tell: the image was never scanned.", [facts.evidence(path, image.scan)], ["a scan of the image"]) if {
	facts.absent(image.scan)
}

_unfinished(i, image) := build.image_unsettled(image, sprintf("Cannot tell: the scan is %s (%s).", [image.scan.value.state, image.scan.value.detail]), [facts.evidence(sprintf("/images/value/%d/scan/value/state", [i]), image.scan.value.state)], ["a completed scan of the image"])

_details_unread(i, image) := build.image_unknown(image, "which of them have a fix", path, details) if {
	path := sprintf("/images/value/%d/scan/value/vulnerabilities", [i])
	details := image.scan.value.vulnerabilities
	facts.unknown(details)
}

_details_unread(i, image) := build.image_unsettled(image, "Cannot tell: the scanner gave counts but no details.", [facts.evidence(path, details)], [details.source]) if {
	path := sprintf("/images/value/%d/scan/value/vulnerabilities", [i])
	details := image.scan.value.vulnerabilities
	facts.absent(details)
}

_index(rule, i, image) := build.image_not_applicable(image) if {
	image.status == "archived"
} else := build.image_not_applicable(image) if {
	not image.digest in images.scope(rule.params)
} else := build.image_unknown(image, "the list of platforms", sprintf("/images/value/%d/children", [i]), image.children) if {
	not facts.known(image.children)
} else := _worst(rule, i, image)

_worst(rule, i, image) := object.union(failure, {"vulnerabilities": sort(ids)}) if {
	verdicts := _platforms(rule, image)
	failed := [v | some v in verdicts; v.status == "fail"]
	count(failed) > 0
	ids := {id | some v in failed; some id in v.vulnerabilities}
	message := sprintf("%s with %s vulnerabilities above the limit%s.", [
		text.counted(count(failed), "platform", "platforms"), lower(rule.severity), usage.phrase(image.digest),
	])
	failure := build.image(image, "fail", message, [_children(i, image)])
} else := build.image_unsettled(image, "Cannot tell: a platform was not scanned, or is not in the list of images.", [_children(i, image)], ["scans of its platforms"]) if {
	decided := [v | some v in _platforms(rule, image); v.status in {"pass", "not_applicable"}]
	count(decided) < count([child | some child in image.children.value; child.kind == "image"])
} else := build.image_pass(image)

_platforms(rule, image) := [_image(rule, position, input.images.value[position]) |
	some child in image.children.value
	child.kind == "image"
	position := images.position[child.digest]
]

_children(i, image) := facts.evidence(sprintf("/images/value/%d/children", [i]), image.children)
