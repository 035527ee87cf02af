# METADATA
# title: The vulnerabilities of one image
# description: |
#   Shared by the rules that look at vulnerabilities one by one. What the scanner suppresses does not count;
#   the suppressions themselves are judged by REG-VUL-005.
package auditor.lib.findings

import data.auditor.lib.facts
import data.auditor.lib.verdict as build
import data.auditor.lib.vex

_most := 5

# METADATA
# description: Whether nothing suppresses a vulnerability at its source.
counts(v) if object.get(v, "suppressed_by", "") == ""

# METADATA
# description: Whether a vulnerability of an image counts, also after what trusted authors say of it (VEX).
open(image, v) if {
	counts(v)
	not vex.clears(image, v)
}

# METADATA
# description: What trusted authors cleared of an image, vulnerability to reason.
cleared(_) := {} if not vex.spoken

cleared(image) := vex.cleared(image, [v | some v in details(image); counts(v)]) if vex.spoken

# METADATA
# description: A passed image; where it would not have none, with what cleared the rest.
passed(i, image) := build.image_pass(image) if {
	count(cleared(image)) == 0
} else := build.image(image, "pass", message, [facts.evidence(path, object.get(image, "attestations", null))]) if {
	message := sprintf("Cleared by VEX: %s.", [vex.named(cleared(image))])
	path := sprintf("/images/value/%d/attestations", [i])
}

# METADATA
# description: Whether the scanner found nothing that counts. It may do so without giving details.
none(image) if {
	facts.known(image.scan.value.counts)
	sum([number | some number in image.scan.value.counts.value]) == 0
}

# METADATA
# description: |
#   The vulnerabilities; an empty list where there are no details. They are there whatever became of the scan:
#   what somebody found in an image stays in it.
details(image) := object.get(image.scan, ["value", "vulnerabilities", "value"], []) if not _archived(image)

details(image) := [] if _archived(image)

_archived(image) if object.get(image.scan, ["value", "state"], "") == "archived"

# METADATA
# description: Whether the registry's scanner may have found more than there are details of.
partial(image) if object.get(image.scan, ["value", "partial"], false) == true

# METADATA
# description: Whether the scan is over, and everything that it found is there to look at.
readable(image) if {
	image.scan.value.state in {"complete", "active"}
	facts.known(image.scan.value.vulnerabilities)
	not partial(image)
}

readable(image) if {
	image.scan.value.state in {"complete", "active"}
	none(image)
}

# METADATA
# description: |
#   The verdict on an image whose vulnerabilities are not there to look at, because it was not scanned, the
#   scan is not over, or the details were not read: one that is not `readable`.
undecided(i, image) := build.image_unknown(image, "the scan result", sprintf("/images/value/%d/scan", [i]), image.scan) if {
	facts.unknown(image.scan)
} else := build.image_unsettled(image, "Cannot tell: the image was never scanned.", [facts.evidence(path, image.scan)], ["a scan of the image"]) if {
	facts.absent(image.scan)
	path := sprintf("/images/value/%d/scan", [i])
} else := build.image_not_applicable(image) if {
	image.scan.value.state == "archived"
} else := unfinished(i, image) if {
	not image.scan.value.state in {"complete", "active"}
} else := unlisted(i, image) if {
	partial(image)
} else := build.image_unknown(image, "the list of vulnerabilities", path, image.scan.value.vulnerabilities) if {
	path := sprintf("/images/value/%d/scan/value/vulnerabilities", [i])
}

# METADATA
# description: The verdict on an image whose scan is not over.
unfinished(i, image) := build.image_unsettled(image, message, [unread(i, image)], ["the registry's scan"]) if {
	image.scan.value.state == "unread"
	message := sprintf("Cannot tell: the registry's scan was not read (%s).", [image.scan.value.detail])
} else := build.image_unsettled(image, message, [facts.evidence(path, image.scan.value.state)], ["a completed scan of the image"]) if {
	path := sprintf("/images/value/%d/scan/value/state", [i])
	message := sprintf("Cannot tell: the scan is %s (%s).", [image.scan.value.state, image.scan.value.detail])
}

# METADATA
# description: The verdict on an image of which the registry's scanner may have found more than was read.
unlisted(i, image) := build.image_unsettled(image, message, [unread(i, image)], ["the details of the registry's scan"]) if {
	message := "Cannot tell: what the registry's scanner found was not read in full."
}

# METADATA
# description: What the registry alone says, as evidence.
unread(i, image) := facts.evidence(sprintf("/images/value/%d/scan/value/registry/0", [i]), image.scan.value.registry[0]) if {
	count(object.get(image.scan.value, "registry", [])) > 0
} else := facts.evidence(sprintf("/images/value/%d/scan/value/state", [i]), image.scan.value.state)

# METADATA
# description: |
#   At most five ids, those that are likeliest to be exploited (by EPSS) first, and how many more there are; then who
#   found them, where that is more than the registry's own scanner.
ranked(image, ids) := sprintf("%s%s", [_listed(first, count(order) - count(first)), _found_by(image, ids)]) if {
	order := sort({[0 - _score(v), v.id] | some v in details(image); v.id in ids; counts(v)})
	first := [_labelled(pair) | some pair in array.slice(order, 0, _most)]
}

_score(v) := object.get(v, ["epss", "value"], 0)

_labelled(pair) := sprintf("%s (EPSS %d percent)", [pair[1], floor((0 - pair[0]) * 100)]) if pair[0] <= -0.1

_labelled(pair) := pair[1] if pair[0] > -0.1

_listed(first, more) := concat(", ", first) if more <= 0

_listed(first, more) := sprintf("%s and %d more", [concat(", ", first), more]) if more > 0

_found_by(image, ids) := "" if count(_finders(image, ids)) == 0

_found_by(image, ids) := sprintf(", found by %s", [concat(", ", sort(_finders(image, ids)))]) if {
	count(_finders(image, ids)) > 0
}

_finders(image, ids) := {name |
	some v in details(image)
	v.id in ids
	counts(v)
	some name in object.get(v, "sources", [])
}

# METADATA
# description: At most five ids, sorted, and how many more there are.
named(ids) := concat(", ", sort(ids)) if count(ids) <= _most

named(ids) := sprintf("%s and %d more", [concat(", ", array.slice(sort(ids), 0, _most)), count(ids) - _most]) if {
	count(ids) > _most
}

# METADATA
# description: The vulnerabilities at these positions, at most twenty, as evidence.
evidence(i, image, positions) := [facts.evidence(path, image.scan.value.vulnerabilities.value[n]) |
	some n in array.slice(positions, 0, 20)
	path := sprintf("/images/value/%d/scan/value/vulnerabilities/value/%d", [i, n])
]
