# METADATA
# title: What is attached to an image
# description: |
#   Shared by the rules on SBOMs and provenance. A document counts when its content could be read, it is about
#   this image, and it is of the right kind; who signed it is another question.
package auditor.lib.attestations

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.images
import data.auditor.lib.verdict as build

# METADATA
# description: The fact itself, also of a snapshot that was written before it was collected.
of(image) := object.get(image, "attestations", facts.not_collected("a registry of kind oci"))

# METADATA
# description: The attestations; none where they are not known.
list(image) := fact.value if {
	fact := of(image)
	facts.known(fact)
}

list(image) := [] if {
	fact := of(image)
	not facts.known(fact)
}

# METADATA
# description: Pointer to the attestations of the image at position `i`, or to one of them.
path(i) := sprintf("/images/value/%d/attestations", [i])

item(i, k) := sprintf("/images/value/%d/attestations/value/%d", [i, k])

# METADATA
# description: At most twenty attestations at these positions, as evidence.
evidence(i, image, positions) := [facts.evidence(item(i, k), list(image)[k]) | some k in array.slice(positions, 0, 20)]

# METADATA
# description: Whether a document was read, is what it claims to be, and is about the image.
sound(attestation) if {
	attestation.content.state == "known"
	attestation.content.value == "valid"
	attestation.subject.state == "known"
	attestation.subject.value
}

# METADATA
# description: Whether a document is only listed, since nobody asked to read it.
only_listed(attestation) if {
	attestation.content.state == "unknown"
	attestation.content.reason == "not_requested"
}

# METADATA
# description: Whether it may be of a kind that its manifest does not tell, and that was not read.
unlabelled(attestation) if {
	attestation.predicate_type == ""
	attestation.kind == "other"
	attestation.content.state != "known"
}

# METADATA
# description: Why a document does not count, of one that was read.
why(attestation) := "it is about another image" if {
	attestation.content.state == "known"
	attestation.content.value == "valid"
	object.get(attestation.subject, "value", true) == false
} else := attestation.detail if {
	attestation.detail != ""
} else := "it is not what it claims to be"

# METADATA
# description: The platforms of an index that it names; none where they are not known.
platforms(image) := [child | some child in image.children.value; child.kind == "image"] if facts.known(image.children)

platforms(image) := [] if not facts.known(image.children)

# METADATA
# description: |
#   An unknown verdict because the list of attestations was not read. Where nobody asked for it the verdict is the
#   same for a snapshot that was written before it was collected.
unread(i, image) := object.union(unsettled, {"not_asked": true}) if {
	object.get(of(image), "reason", "") == "not_requested"
	message := sprintf("Cannot tell: the attestations of the image were not asked for; %s would settle it.", [of(image).source])
	unsettled := build.image_unsettled(image, message, [], [of(image).source])
} else := build.image_unknown(image, "the list of attestations", path(i), of(image))

# METADATA
# description: |
#   The digests that `params.scope` takes in: release (tags that match release_patterns), tagged, in_use or all.
scope(params) := {image.digest |
	pattern := globs.union(params.release_patterns)
	some image in input.images.value
	some tag in image.tags
	regex.match(pattern, tag)
} if {
	params.scope == "release"
}

scope(params) := images.scope(params) if params.scope != "release"
