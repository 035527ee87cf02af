# METADATA
# title: Verify signatures against those you trust
# description: |
#   Anyone who can push can attach a signature: only one that verifies, and by somebody who is trusted, proves
#   anything. Of several signatures one good one is enough. Whom you trust stands in auditor.yaml (trust); a
#   signature that was not checked is unknown. That an image has a signature at all is REG-SIG-001's concern.
# custom:
#   id: REG-SIG-002
#   severity: critical
#   since: 0.2.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-190: ["4.1.5"]
#     nist-800-53r5: ["CM-14", "SI-7(15)", "SR-4(3)"]
#     cis-docker: ["4.5"]
#     soc2: ["CC6.8"]
#     iso-27001-2022: ["A.8.19"]
#     fedramp: ["KSI-SVC-VRI"]
#     nis2: ["6.9.2"]
#   params:
#     scope:
#       type: string
#       enum: [tagged, in_use, all]
#       description: "tagged: every tagged image, and the platforms of a tagged index as far as their own signatures were asked for; in_use: those that run or are kept ready (tagged ones too while that is not known completely); all: untagged ones too."
#       default: tagged
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Find out who made the signature, and whether the image is what you built. Then remove the
#       bogus signature, or sign the digest again with a trusted key or certificate
#       (cosign sign REPO@sha256:… or notation sign REPO@sha256:…).
package auditor.rules.signing.signatures_trusted

import data.auditor.lib.facts
import data.auditor.lib.images
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-SIG-002"]

_in_scope := images.scope(_params)

verdicts contains verdict.record_unknown("the list of images", "/images", input.images) if not facts.known(input.images)

verdicts contains _judge(i, image) if {
	facts.known(input.images)
	some i, image in input.images.value
	image.kind in {"image", "index"}
}

_judge(i, image) := verdict.image_not_applicable(image) if {
	not image.digest in _in_scope
} else := verdict.image_not_applicable(image) if {
	image.status == "archived"
} else := verdict.image_not_applicable(image) if {
	i in _judged_with_their_index
} else := verdict.image_unknown(image, "the list of signatures", sprintf("/images/value/%d/signatures", [i]), image.signatures) if {
	facts.unknown(image.signatures)
} else := verdict.image_not_applicable(image) if {
	not i in _signed
} else := verdict.image_pass(image) if {
	i in _verified
} else := _unsettled(i, image, _gaps[i]) if {
	i in _with_gaps
} else := _untrusted(i, image, _bad[i]) if {
	i in _with_bad
} else := _unasked(i, image)

# Positions of the images by what their signatures say; a signature that was not asked about decides nothing
# beside one that was.
_signed contains i if {
	some i, image in input.images.value
	facts.known(image.signatures)
	count(image.signatures.value) > 0
}

# A platform without a tag, of which nobody asked for signatures of its own: those of its index are judged there.
_judged_with_their_index contains i if {
	_params.scope == "tagged"
	some i, image in input.images.value
	image.tags == []
	image.signatures.state == "unknown"
	object.get(image.signatures, "reason", "") == "not_requested"
}

_verified contains i if {
	some i in _signed
	some signature in input.images.value[i].signatures.value
	signature.verification.state == "known"
	signature.verification.value == "verified"
}

_gaps[i] := found if {
	some i in _signed
	found := [k |
		some k, signature in input.images.value[i].signatures.value
		not _judged(signature)
		not _not_asked(signature)
	]
}

_with_gaps contains i if {
	some i, found in _gaps
	count(found) > 0
}

_bad[i] := found if {
	some i in _signed
	found := [k |
		some k, signature in input.images.value[i].signatures.value
		_judged(signature)
	]
}

_with_bad contains i if {
	some i, found in _bad
	count(found) > 0
}

_judged(signature) if signature.verification.state == "known"

_not_asked(signature) if object.get(signature.verification, "reason", "") in {"not_requested", "unsupported_by_platform"}

_untrusted(i, image, bad) := verdict.image(image, "fail", message, evidence) if {
	message := sprintf("No signature of the image is to be trusted: %s%s%s.", [
		_said(image.signatures.value[bad[0]]),
		_others(count(bad) - 1),
		usage.phrase(image.digest),
	])
	evidence := [{"path": sprintf("/images/value/%d/signatures/value/%d", [i, k]), "value": image.signatures.value[k]} |
		some k in array.slice(bad, 0, 20)
	]
}

# The signer is quoted as the certificate or the key is named; both are cut when they are read.
_said(signature) := sprintf("%s is %s (%s)", [_name(signature), signature.verification.value, signature.detail]) if {
	object.get(signature, "detail", "") != ""
} else := sprintf("%s is %s", [_name(signature), signature.verification.value])

_name(signature) := sprintf("the %s signature %s", [_kinds[signature.kind], substring(signature.digest, 0, 19)])

_kinds := {"cosign": "cosign", "cosign_bundle": "cosign", "notation": "notation", "vendor": "registry's"}

_others(0) := ""

_others(1) := ", and 1 other is no better"

_others(n) := sprintf(", and %d others are no better", [n]) if n > 1

_unsettled(i, image, gaps) := verdict.image_unsettled(image, message, [facts.evidence(path, fact)], [fact.source]) if {
	fact := image.signatures.value[gaps[0]].verification
	path := sprintf("/images/value/%d/signatures/value/%d/verification", [i, gaps[0]])
	message := sprintf("Cannot tell whether %s is to be trusted: %s; %s would settle it.", [
		_name(image.signatures.value[gaps[0]]),
		_reason(fact),
		fact.source,
	])
}

_unasked(i, image) := verdict.image_unsettled(image, message, [facts.evidence(path, fact)], [fact.source]) if {
	fact := image.signatures.value[0].verification
	path := sprintf("/images/value/%d/signatures/value/0/verification", [i])
	message := sprintf("The image is signed, but its signatures were not checked%s.", [_because(fact)])
}

_because(fact) := sprintf(": %s", [fact.detail]) if object.get(fact, "detail", "") != ""

_because(fact) := "" if object.get(fact, "detail", "") == ""

_reason(fact) := fact.detail if object.get(fact, "detail", "") != ""

_reason(fact) := object.get(fact, "reason", fact.state) if object.get(fact, "detail", "") == ""
