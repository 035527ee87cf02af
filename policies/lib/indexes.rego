# METADATA
# title: Judge an index by its platforms
# description: |
#   A registry does not scan an index itself: it is as bad as its worst platform. `judged` maps the digest of
#   each image to its verdict, `what` says in the message what is wrong with the platforms that fail.
package auditor.lib.indexes

import data.auditor.lib.facts
import data.auditor.lib.text
import data.auditor.lib.usage
import data.auditor.lib.verdict as build

# METADATA
# description: The one verdict on an index. A platform that is not in the list of images makes it unknown.
worst(i, image, judged, what) := build.image_unknown(image, "the list of platforms", _path(i), image.children) if {
	not facts.known(image.children)
} else := _failed(i, image, judged, what) if {
	count(_of(image, judged, "fail")) > 0
} else := _unknown(i, image, _of(image, judged, "unknown")) if {
	count(_of(image, judged, "unknown")) > 0
} else := build.image_pass(image)

_undecided := "Cannot tell: of a platform it is not known, or it is not in the list of images."

_missing := {"status": "unknown", "settle": ["the list of images"]}

_of(image, judged, status) := [found |
	some child in image.children.value
	child.kind == "image"
	found := object.get(judged, child.digest, _missing)
	found.status == status
]

# With what its platforms lack: that tells a gap of the audit from what it was not asked to read.
_unknown(i, image, found) := object.union(verdict, {"not_asked": _unasked(found)}) if {
	settle := sort({call | some one in found; some call in one.settle})
	lacking := [item | some one in found; some item in object.get(one, "evidence", [])]
	verdict := build.image_unsettled(image, _undecided, array.concat([_evidence(i, image)], text.capped(lacking)), settle)
}

_unasked(found) := count([one | some one in found; not object.get(one, "not_asked", false)]) == 0

_failed(i, image, judged, what) := object.union(failure, object.union(_severity(failed), _vulnerabilities(failed))) if {
	failed := _of(image, judged, "fail")
	message := sprintf("%s %s%s.", [text.counted(count(failed), "platform", "platforms"), what, usage.phrase(image.digest)])
	failure := build.image(image, "fail", message, [_evidence(i, image)])
}

# Only where every platform that fails does so at a lower severity than the rule's.
_severity(failed) := {"severity": failed[0].severity} if {
	count([found | some found in failed; object.get(found, "severity", "") == ""]) == 0
} else := {}

_vulnerabilities(failed) := {"vulnerabilities": sort(ids)} if {
	ids := {id | some found in failed; some id in object.get(found, "vulnerabilities", [])}
	count(ids) > 0
} else := {}

_path(i) := sprintf("/images/value/%d/children", [i])

_evidence(i, image) := facts.evidence(_path(i), image.children)
