# METADATA
# title: Sign by digest with supported tools and managed keys
# description: |
#   What the registry shows of how images are signed: a certificate that signs itself has no authority that
#   could revoke it, and notation cert generate-test makes one for trying things out, with its key in a file.
#   A production image that has only signatures by such certificates fails. How the pipeline signs (by tag or by
#   digest, with which tool), and where a bare key is kept, cannot be seen here; nor can Notary v1 (Docker Content
#   Trust), whose signatures are on a server of their own.
# custom:
#   id: REG-SIG-004
#   severity: medium
#   since: 0.3.0
#   inputs: [repository]
#   entity: image
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["CM-14", "SC-12"]
#     soc2: ["CC6.8"]
#     iso-27001-2022: ["A.8.24"]
#   params:
#     scope:
#       type: string
#       enum: [tagged, in_use, all]
#       description: "tagged: every tagged image, and the platforms of a tagged index; in_use: those that run or are kept ready (tagged ones too while that is not known completely); all: untagged ones too."
#       default: tagged
#     prod_selectors:
#       type: object
#       description: A repository that one of these matches is production.
#       default: {names: ["*prod*"], resource_tags: {env: [prod, production], environment: [prod, production]}, tags: ["v*", "release*"]}
#       additionalProperties: false
#       required: [names, resource_tags, tags]
#       properties:
#         names: {type: array, items: {type: string}}
#         resource_tags: {type: object, additionalProperties: {type: array, items: {type: string}}}
#         tags: {type: array, items: {type: string}}
#     nonprod_selectors:
#       type: object
#       description: Otherwise, a repository that one of these matches is not production.
#       default:
#         names: ["dev/*", "*-dev", "test/*", "*-test", "sandbox/*", "*-sandbox", "staging/*", "*-staging"]
#         resource_tags: {env: [dev, development, test, testing, staging, sandbox, qa], environment: [dev, development, test, testing, staging, sandbox, qa]}
#         tags: []
#       additionalProperties: false
#       required: [names, resource_tags, tags]
#       properties:
#         names: {type: array, items: {type: string}}
#         resource_tags: {type: object, additionalProperties: {type: array, items: {type: string}}}
#         tags: {type: array, items: {type: string}}
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Sign with a key that a service keeps, under a certificate that an authority issued, and by digest:
#       notation sign --plugin com.amazonaws.signer.notation.plugin --id <profile-arn> REPO@sha256:…
#       Then take the self-signed certificate out of the trust store.
package auditor.rules.signing.managed_keys

import data.auditor.lib.facts
import data.auditor.lib.images
import data.auditor.lib.production
import data.auditor.lib.usage
import data.auditor.lib.verdict

_params := data.params["REG-SIG-004"]

_in_scope := images.scope(_params)

_state := production.state(_params)

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
	_state == "non-production"
} else := verdict.image_not_applicable(image) if {
	i in _judged_with_their_index
} else := verdict.image_unknown(image, "the list of signatures", sprintf("/images/value/%d/signatures", [i]), image.signatures) if {
	facts.unknown(image.signatures)
} else := verdict.image_pass(image) if {
	i in _issued
} else := _unread(i, image, _gaps[i]) if {
	i in _with_gaps
} else := _undecided(image) if {
	i in _by_itself
	_state == "undecided"
} else := _failed(i, image, _own[i]) if {
	i in _by_itself
} else := verdict.image_not_applicable(image)

# A platform without a tag, of which nobody asked for signatures of its own.
_judged_with_their_index contains i if {
	_params.scope == "tagged"
	some i, image in input.images.value
	image.tags == []
	image.signatures.state == "unknown"
	object.get(image.signatures, "reason", "") == "not_requested"
}

_signed contains i if {
	some i, image in input.images.value
	facts.known(image.signatures)
	count(image.signatures.value) > 0
}

# One signature by a certificate of an authority is enough: a verifier can ask for that one.
_issued contains i if {
	some i in _signed
	some signature in input.images.value[i].signatures.value
	_by(signature, {"issued"})
}

_by(signature, kinds) if {
	signature.certificate.state == "known"
	signature.certificate.value in kinds
}

# Signatures of notation whose certificate was not read.
_gaps[i] := found if {
	some i in _signed
	found := [k |
		some k, signature in input.images.value[i].signatures.value
		signature.kind == "notation"
		not _settled(signature)
	]
}

_settled(signature) if signature.certificate.state in {"known", "absent"}

_with_gaps contains i if {
	some i, found in _gaps
	count(found) > 0
}

_own[i] := found if {
	some i in _signed
	found := [k |
		some k, signature in input.images.value[i].signatures.value
		_by(signature, {"self_signed", "test"})
	]
}

_by_itself contains i if {
	some i, found in _own
	count(found) > 0
}

_unread(i, image, gaps) := verdict.image_unknown(image, "the certificate of a signature", path, fact) if {
	fact := object.get(image.signatures.value[gaps[0]], "certificate", _older)
	path := concat("", [sprintf("/images/value/%d/signatures/value/%d", [i, gaps[0]]), _part[fact == _older]])
}

_part := {true: "", false: "/certificate"}

# Of a snapshot that was made before certificates were kept.
_older := {"state": "unknown", "reason": "not_requested", "source": "a new snapshot", "detail": ""}

_undecided(image) := verdict.image_unknown(image, what, path, fact) if [what, path, fact] := production.undecided(_params)

_failed(i, image, own) := verdict.image(image, "fail", message, evidence) if {
	signature := image.signatures.value[own[0]]
	message := sprintf("%s%s.", [_said[signature.certificate.value], usage.phrase(image.digest)])
	evidence := [{"path": sprintf("/images/value/%d/signatures/value/%d", [i, k]), "value": image.signatures.value[k]} |
		some k in array.slice(own, 0, 20)
	]
}

_said := {
	"test": "The image is signed with a certificate that notation made for testing: its key is a file, and nobody can revoke it",
	"self_signed": "The image is signed with a certificate that signs itself: no authority can revoke it",
}
