# METADATA
# title: Attach build provenance that names the image digest
# description: |
#   Provenance links an image to its source and builder. It has to be SLSA provenance (v0.2 or v1) whose subject
#   is the image, or the platform of an index. Unsigned provenance, as BuildKit's, is level 1.
# custom:
#   id: REG-PRV-002
#   severity: medium
#   since: 0.3.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     slsa: ["Build-L1"]
#     nist-800-53r5: ["SR-4", "CM-14"]
#     iso-27001-2022: ["A.5.21"]
#     soc2: ["CC8.1"]
#     fedramp: ["KSI-SCR-MIT"]
#   low_confidence: ["nist-800-53r5:CM-14", "fedramp:KSI-SCR-MIT"]
#   params:
#     min_level:
#       type: integer
#       minimum: 1
#       maximum: 2
#       description: "SLSA Build level: 1 asks for provenance, 2 for a signature on it that verifies."
#       default: 1
#     scope:
#       type: string
#       enum: [release, tagged, in_use, all]
#       description: "release: images with a tag that matches release_patterns; tagged: every tagged image, and the platforms of a tagged index; in_use: those that run or are kept ready (tagged ones too while that is not known completely); all: untagged ones too."
#       default: release
#     release_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of the tags that releases carry.
#       default: ["v*", "release*"]
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Build with docker buildx build --provenance=mode=max, or let the builder sign it
#       (slsa-github-generator, actions/attest-build-provenance).
package auditor.rules.provenance.provenance_attached

import data.auditor.lib.attestations
import data.auditor.lib.facts
import data.auditor.lib.indexes
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-PRV-002"]

_scope := attestations.scope(_params)

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if not facts.known(input.images)

verdicts contains _verdict(i, image) if {
	facts.known(input.images)
	some i, image in input.images.value
	image.kind in {"image", "index"}
}

_verdict(i, image) := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_not_applicable(image) if {
	not image.digest in _scope
} else := verdict.image_pass(image) if {
	image.digest in _covered
} else := verdict.image_unknown(image, "the list of platforms", sprintf("/images/value/%d/children", [i]), image.children) if {
	image.kind == "index"
	not facts.known(image.children)
} else := indexes.worst(i, image, _judged, "without provenance") if {
	image.kind == "index"
	count(attestations.platforms(image)) > 0
	count(_candidates(image)) == 0
	facts.known(attestations.of(image))
} else := _image(i, image)

# Provenance of an index is about all that it names.
_covered contains image.digest if {
	some image in input.images.value
	count(_good(image)) > 0
}

_covered contains child.digest if {
	some image in input.images.value
	image.kind == "index"
	count(_good(image)) > 0
	some child in image.children.value
}

_judged[image.digest] := _image(i, image) if {
	some i, image in input.images.value
	image.kind == "image"
}

_image(i, image) := verdict.image_pass(image) if {
	image.digest in _covered
} else := attestations.unread(i, image) if {
	not facts.known(attestations.of(image))
} else := _unsettled(i, image, open[0]) if {
	open := _open(image)
	count(open) > 0
} else := verdict.image(image, "fail", message, attestations.evidence(i, image, bad)) if {
	bad := _candidates(image)
	count(bad) > 0
	message := sprintf("The image has no provenance that counts: %s%s.", [_why(attestations.list(image)[bad[0]]), usage.phrase(image.digest)])
} else := verdict.image(image, "fail", message, [facts.evidence(attestations.path(i), attestations.of(image))]) if {
	message := sprintf("The image has no build provenance%s.", [usage.phrase(image.digest)])
}

_good(image) := [k |
	some k, one in attestations.list(image)
	one.kind == "provenance"
	attestations.sound(one)
	_high_enough(one)
]

_high_enough(_) if _params.min_level == 1

_high_enough(one) if {
	one.verification.state == "known"
	one.verification.value == "verified"
}

# What is provenance, or may be.
_candidates(image) := [k | some k, one in attestations.list(image); _may_be(one)]

_may_be(one) if one.kind == "provenance"

_may_be(one) if attestations.unlabelled(one)

_open(image) := [[k, part] |
	some k, one in attestations.list(image)
	_may_be(one)
	part := _missing(one)
	part != ""
]

# Which fact is missing to judge it; empty: none.
_missing(one) := "content" if {
	one.content.state != "known"
} else := "verification" if {
	attestations.sound(one)
	_params.min_level > 1
	one.verification.state == "unknown"
} else := ""

_unsettled(i, image, open) := verdict.image_unsettled(image, message, [facts.evidence(path, fact)], [fact.source]) if {
	[k, part] := open
	fact := attestations.list(image)[k][part]
	path := sprintf("%s/%s", [attestations.item(i, k), part])
	message := sprintf("Cannot tell whether the provenance counts: %s.", [_reason(fact)])
}

_reason(fact) := fact.detail if object.get(fact, "detail", "") != ""

_reason(fact) := sprintf("it was not read (%s)", [object.get(fact, "reason", fact.state)]) if object.get(fact, "detail", "") == ""

_why(attestation) := "nobody who is trusted signed it" if {
	attestations.sound(attestation)
} else := attestations.why(attestation)
