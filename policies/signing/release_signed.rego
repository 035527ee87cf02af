# METADATA
# title: Sign every release image
# description: |
#   An unsigned image cannot be told from a planted one. This rule asks whether a signature is
#   there, by tag scheme or as a referrer; whether it is valid, and by somebody who is trusted, is
#   another question: REG-SIG-002 asks it.
# custom:
#   id: REG-SIG-001
#   severity: high
#   since: 0.1.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.5"]
#     nist-800-53r5: ["CM-14", "SI-7", "SI-7(6)", "SI-7(15)"]
#     cis-docker: ["4.5"]
#     soc2: ["CC6.8", "CC8.1"]
#     iso-27001-2022: ["A.8.19", "A.5.21"]
#     fedramp: ["KSI-SVC-VRI", "KSI-SCR-MIT"]
#     nis2: ["6.9.2"]
#   params:
#     scope:
#       type: string
#       enum: [release, tagged, in_use, all]
#       description: "release: images with a tag that matches release_patterns; tagged: every tagged image; in_use: those that run or are kept ready (tagged ones too while that is not known completely); all: untagged ones too."
#       default: release
#     release_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of the tags that releases carry.
#       default: ["v*", "release*"]
#     inherit_index:
#       type: boolean
#       description: Let the signature of an index count for its children.
#       default: true
#     require_upstream:
#       type: boolean
#       description: Judge pull-through caches too, whose signatures are their upstream's.
#       default: false
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Sign by digest in the pipeline (cosign sign REPO@sha256:… or notation sign
#       REPO@sha256:…), or let the registry sign new pushes (ecr:PutSigningConfiguration).
package auditor.rules.signing.release_signed

import data.auditor.lib.extent
import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.images
import data.auditor.lib.platform
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-SIG-001"]

_exempt if {
	platform.is_proxy
	not _params.require_upstream
}

_release := globs.union(_params.release_patterns)

verdicts contains verdict.record("not_applicable", "A pull-through cache carries its upstream's signatures.", []) if {
	_exempt
}

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if {
	not _exempt
	not facts.known(input.images)
}

verdicts contains {"status": "not_applicable", "resource_id": concat("@", [input.id, image.digest])} if {
	not _exempt
	some image in input.images.value
	image.kind in {"image", "index"}
	not image.digest in _scope
}

verdicts contains {"status": "pass", "resource_id": concat("@", [input.id, digest])} if some digest in _signed

verdicts contains _unsigned(i, image) if some i, image in _plainly_unsigned

verdicts contains _judge(i, image) if {
	not _exempt
	some i, image in input.images.value
	image.kind in {"image", "index"}
	image.digest in _scope
	not image.digest in _signed
	not _plainly_unsigned[i]
}

# The usual cases, found without calling a function for each image.
_signed contains image.digest if {
	not _exempt
	some image in input.images.value
	image.kind in {"image", "index"}
	image.status == "active"
	image.digest in _scope
	count(image.signatures.value) > 0
}

_plainly_unsigned[i] := image if {
	not _exempt
	input.repository.hosting.state == "known"
	some i, image in input.images.value
	image.kind in {"image", "index"}
	image.signatures.value == []
	image.signing_status.state == "absent"
	image.status == "active"
	image.digest in _scope
	not image.digest in _signed_children
}

_unsigned(i, image) := {
	"status": "fail",
	"resource_id": concat("@", [input.id, image.digest]),
	"message": sprintf("The image has no signature%s.", [usage.phrase(image.digest)]),
	"evidence": [{"path": sprintf("/images/value/%d/signatures", [i]), "value": image.signatures}],
	"tag": array.concat(image.tags, [""])[0],
	"in_use": image.digest in usage.digests,
}

_judge(i, image) := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_pass(image) if {
	count(image.signatures.value) > 0
} else := verdict.image_pass(image) if {
	_params.inherit_index
	image.digest in _signed_children
} else := _signing_failed[i] if {
	i in _failed
} else := verdict.image_unknown(image, "the list of signatures", sprintf("/images/value/%d/signatures", [i]), image.signatures) if {
	facts.unknown(image.signatures)
} else := verdict.image_unknown(image, "whether this is a pull-through cache", "/repository/hosting", input.repository.hosting) if {
	platform.may_be_proxy
	not _params.require_upstream
} else := verdict.image(image, "fail", message, [facts.evidence(path, image.signatures)]) if {
	message := sprintf("The image has no signature%s.", [usage.phrase(image.digest)])
	path := sprintf("/images/value/%d/signatures", [i])
}

_failed contains i if some i, _ in _signing_failed

_signing_failed[i] := verdict.image(image, "fail", message, [facts.evidence(path, status)]) if {
	some i, image in input.images.value
	failed := [[k, status] | some k, status in image.signing_status.value; status.status == "failed"]
	count(failed) > 0
	[k, status] := failed[0]
	message := sprintf("The registry failed to sign the image (%s)%s.", [status.failure_code, usage.phrase(image.digest)])
	path := sprintf("/images/value/%d/signing_status/value/%d", [i, k])
}

_scope contains image.digest if {
	_params.scope == "all"
	some image in input.images.value
}

_scope contains image.digest if {
	_params.scope == "tagged"
	some image in input.images.value
	image.tags != []
}

_scope contains digest if {
	_params.scope == "in_use"
	some digest in images.scope(_params)
}

_scope contains image.digest if {
	_params.scope == "release"
	some image in input.images.value
	some tag in image.tags
	regex.match(_release, tag)
}

_scope contains digest if some digest in extent.named_by_digest

_signed_children contains child.digest if {
	some image in input.images.value
	image.kind == "index"
	count(image.signatures.value) > 0
	some child in image.children.value
}
