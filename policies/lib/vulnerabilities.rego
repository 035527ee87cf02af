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
	not image.digest in _joined
}

# The images with results from elsewhere, at which one has to look twice.
_joined contains image.digest if {
	some image in input.images.value
	image.scan.value.registry != []
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
} else := _failure(rule, i, image) if {
	_seen(rule, image) > rule.limit
} else := findings.unfinished(i, image) if {
	not image.scan.value.state in {"complete", "active"}
} else := build.image_unknown(image, "the number of vulnerabilities", path, image.scan.value.counts) if {
	not facts.known(image.scan.value.counts)
	path := sprintf("/images/value/%d/scan/value/counts", [i])
} else := findings.unlisted(i, image) if {
	findings.partial(image)
	_counted(rule, image) > 0
} else := _details_unread(i, image) if {
	rule.params.only_fixable
	_counted(rule, image) > rule.limit
	not facts.known(image.scan.value.vulnerabilities)
} else := _passed(rule, i, image)

# What is surely there, whatever was not read: a finding stays one.
_seen(rule, image) := count(_ids(rule, image)) if {
	rule.params.only_fixable
} else := count(_ids(rule, image)) if {
	not facts.known(image.scan.value.counts)
} else := _counted(rule, image)

# A pass tells what was hidden by a VEX statement or at a scanner elsewhere.
_passed(rule, i, image) := findings.passed(i, image) if {
	count(_hidden(rule, image)) == 0
} else := object.union(build.image_pass(image), {"message": message}) if {
	words := sort(_hidden(rule, image))
	message := sprintf("No %s vulnerability above the limit; hidden: %s%s.", [
		lower(rule.severity), concat("; ", array.slice(words, 0, 5)), _also(_cleared(rule, image)),
	])
}

_hidden(rule, image) := {words |
	image.digest in _joined
	some v in findings.details(image)
	not findings.counts(v)
	v.severity == rule.severity
	words := sprintf("%s (%s)", [v.id, v.suppressed_by])
}

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
	some v in findings.details(image)
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
	counts := object.get(image.scan.value.counts, "value", {})
	severity := lower(rule.severity)
	number := text.counted(_seen(rule, image), sprintf("%s vulnerability", [severity]), sprintf("%s vulnerabilities", [severity]))
	message := sprintf("%s%s%s%s%s.", [number, _named(image, ids), _untriaged(rule, counts), _also(_cleared(rule, image)), usage.phrase(image.digest)])
	failure := build.image(image, "fail", message, _evidence(i, image))
}

_evidence(i, image) := [facts.evidence(path, image.scan.value.counts)] if {
	facts.known(image.scan.value.counts)
	path := sprintf("/images/value/%d/scan/value/counts", [i])
} else := findings.evidence(i, image, [n | some n, v in findings.details(image); findings.open(image, v)])

_named(_, ids) := "" if count(ids) == 0

_named(image, ids) := sprintf(": %s", [findings.ranked(image, ids)]) if count(ids) > 0

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
