# METADATA
# title: Attach an SBOM to every release image
# description: |
#   Without a bill of materials nobody can answer where a vulnerable package is. An index needs one for each of
#   its platforms, since their packages differ. One for another image, or without any package, does not count;
#   one whose content was not read (read_attestations) counts as present, and the verdict says so.
# custom:
#   id: REG-PRV-001
#   severity: medium
#   since: 0.3.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CM-8", "SR-4", "SR-3"]
#     pci-dss-4: ["6.3.2"]
#     iso-27001-2022: ["A.5.9", "A.5.21"]
#     fedramp: ["KSI-PIY-GIV", "KSI-SCR-MON"]
#     nis2: ["5.1.4.f"]
#   low_confidence: ["fedramp:KSI-PIY-GIV", "nis2:5.1.4.f"]
#   params:
#     formats:
#       type: array
#       minItems: 1
#       items: {type: string, enum: [spdx, cyclonedx, syft]}
#       description: The formats that count.
#       default: [spdx, cyclonedx]
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
#       Build with docker buildx build --sbom=true, or make one of the pushed digest (syft REF -o spdx-json)
#       and attach it: cosign attest --type spdxjson --predicate FILE REPO@sha256:…
package auditor.rules.provenance.sbom_attached

import data.auditor.lib.attestations
import data.auditor.lib.facts
import data.auditor.lib.indexes
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-PRV-001"]

_scope := attestations.scope(_params)

_formats := {format | some format in _params.formats}

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
} else := _noted(i, image, indexes.worst(i, image, _judged, "without an SBOM")) if {
	image.kind == "index"
	count(attestations.platforms(image)) > 0
} else := verdict.image_unknown(image, "the list of platforms", sprintf("/images/value/%d/children", [i]), image.children) if {
	image.kind == "index"
	not facts.known(image.children)
} else := _image(i, image)

_judged[image.digest] := _image(i, image) if {
	some i, image in input.images.value
	image.kind == "image"
}

_image(i, image) := verdict.image_pass(image) if {
	count(_good(image)) > 0
} else := verdict.image(image, "pass", _unread_note, attestations.evidence(i, image, listed)) if {
	listed := _listed(image)
	count(listed) > 0
} else := attestations.unread(i, image) if {
	not facts.known(attestations.of(image))
} else := _unsettled(i, image, open) if {
	open := _open(image)
	count(open) > 0
} else := verdict.image(image, "fail", message, attestations.evidence(i, image, bad)) if {
	bad := _named(image)
	count(bad) > 0
	message := sprintf("The image has no SBOM that counts: %s%s.", [_why(attestations.list(image)[bad[0]]), usage.phrase(image.digest)])
} else := verdict.image(image, "fail", message, [facts.evidence(attestations.path(i), attestations.of(image))]) if {
	message := sprintf("The image has no SBOM%s.", [usage.phrase(image.digest)])
}

_unread_note := "An SBOM is attached; its content was not read."

# Of an index whose platforms pass, and some of them only because an SBOM is there.
_noted(i, image, judged) := verdict.image(image, "pass", "Each platform has an SBOM; the content of some was not read.", [facts.evidence(path, image.children)]) if {
	judged.status == "pass"
	path := sprintf("/images/value/%d/children", [i])
	count([child |
		some child in attestations.platforms(image)
		object.get(_judged, [child.digest, "message"], "") != ""
	]) > 0
} else := judged

_is_sbom(attestation) if {
	attestation.kind == "sbom"
	attestation.format in _formats
}

_lists_packages(attestation) if {
	attestation.packages.state == "known"
	attestation.packages.value > 0
}

_named(image) := [k | some k, one in attestations.list(image); _is_sbom(one)]

_good(image) := [k |
	some k, one in attestations.list(image)
	_is_sbom(one)
	attestations.sound(one)
	_lists_packages(one)
]

_listed(image) := [k |
	some k, one in attestations.list(image)
	_is_sbom(one)
	attestations.only_listed(one)
]

# Not read, or not to be told from its manifest: it may be the SBOM that is missed.
_open(image) := [k |
	some k, one in attestations.list(image)
	_may_be(one)
]

_may_be(one) if {
	_is_sbom(one)
	one.content.state != "known"
}

_may_be(one) if attestations.unlabelled(one)

_unsettled(i, image, open) := verdict.image_unsettled(image, message, [facts.evidence(path, fact)], [fact.source]) if {
	fact := attestations.list(image)[open[0]].content
	path := sprintf("%s/content", [attestations.item(i, open[0])])
	message := sprintf("Cannot tell whether the SBOM counts: %s.", [_reason(fact)])
}

_reason(fact) := fact.detail if object.get(fact, "detail", "") != ""

_reason(fact) := sprintf("it was not read (%s)", [object.get(fact, "reason", fact.state)]) if object.get(fact, "detail", "") == ""

_why(attestation) := "it lists no package" if {
	attestations.sound(attestation)
} else := attestations.why(attestation)
