# METADATA
# title: Detect tags whose digest changed
# description: |
#   Compares tags with an earlier snapshot (auditor collect --since). A release tag that means another
#   image now was tampered with or pushed again; immutability does not keep a tag from being deleted
#   and pushed anew. A tag that replication put on the same image did not move. The message says where
#   a tag led to a signed image and leads to an unsigned one, or to one that nobody trusted has signed.
#   Without an earlier snapshot a tag has moved, too, when a verified signature gives it to another image
#   than the one that it means, and no verified signature gives it to that one.
# custom:
#   id: REG-IMM-003
#   severity: high
#   since: 0.2.0
#   inputs: [repository]
#   entity: repository
#   registries: [all]
#   frameworks:
#     nist-800-53r5: ["SI-7", "SI-7(1)", "CM-3"]
#     pci-dss-4: ["11.5.2"]
#     soc2: ["CC7.1"]
#     iso-27001-2022: ["A.8.32"]
#     fedramp: ["KSI-SVC-VRI"]
#   low_confidence: ["pci-dss-4:11.5.2"]
#   params:
#     release_patterns:
#       type: array
#       items: {type: string}
#       description: Globs of the tags that releases carry; when one moves, the verdict has full severity.
#       default: ["v*", "release*"]
#     floating_tags:
#       type: array
#       items: {type: string}
#       description: Globs of tags that are meant to move, and are no release tags; when only these move it is info.
#       default: [latest, stable, edge, nightly, main, master, dev]
#     exempt_ptc:
#       type: boolean
#       description: Leave pull-through cache repositories out.
#       default: true
#   remediation:
#     action: manual
#     mode: manual
#     text: |
#       Look for the tag's PutImage and BatchDeleteImage events in the audit trail, find out who moved
#       it, and deploy by the digest that was reviewed.
package auditor.rules.immutability.tags_unmoved

import data.auditor.lib.facts
import data.auditor.lib.globs
import data.auditor.lib.platform
import data.auditor.lib.text
import data.auditor.lib.verdict

_params := data.params["REG-IMM-003"]

_fact := input.derived.history

_path := "/derived/history"

verdicts contains _verdict

_verdict := verdict.record("not_applicable", "A pull-through cache follows its upstream.", []) if {
	_params.exempt_ptc
	platform.is_proxy
} else := _or_proxy(verdict.record("fail", _message(_release, "release "), _evidence(_release))) if {
	count(_release) > 0
} else := _or_proxy(verdict.record("fail", _signed_message(_signed_release, "release "), _signed_evidence(_signed_release))) if {
	count(_signed_release) > 0
} else := _or_proxy(object.union(verdict.record("fail", _message(_other, ""), _evidence(_other)), {"severity": "low"})) if {
	count(_other) > 0
} else := _or_proxy(object.union(verdict.record("fail", _signed_message(_signed_other, ""), _signed_evidence(_signed_other)), {"severity": "low"})) if {
	count(_signed_other) > 0
} else := {
	"status": "unknown",
	"resource_id": input.id,
	"message": sprintf("Cannot tell whether tags moved: %s.", [_missing]),
	"evidence": [facts.evidence(_path, _fact)],
	"settle": ["auditor collect --since with an earlier snapshot that holds this repository"],
} if {
	not facts.known(_fact)
} else := _or_proxy(object.union(failure, {"severity": "info"})) if {
	count(_floating) > 0
	failure := verdict.record("fail", _message(_floating, "floating "), _evidence(_floating))
} else := verdict.record("pass", message, _evidence(_gone)) if {
	count(_gone) > 0
	message := sprintf("No tag means another image since %s; gone: %s.", [_fact.value.since, text.names(_tags(_gone))])
} else := verdict.record("pass", sprintf("No tag means another image since %s.", [_fact.value.since]), [])

_missing := "the earlier snapshot does not hold this repository" if facts.absent(_fact)

_missing := "no earlier snapshot was given" if {
	facts.unknown(_fact)
	_fact.reason == "not_requested"
	object.get(_fact, "detail", "") == ""
}

_missing := _fact.detail if {
	facts.unknown(_fact)
	object.get(_fact, "detail", "") != ""
}

_missing := sprintf("the history was not read (%s)", [_fact.reason]) if {
	facts.unknown(_fact)
	_fact.reason != "not_requested"
	object.get(_fact, "detail", "") == ""
}

# What may be a cache is not failed for following its upstream.
_or_proxy(failure) := failure if not _params.exempt_ptc

_or_proxy(failure) := failure if {
	_params.exempt_ptc
	not platform.may_be_proxy
}

_or_proxy(_) := verdict.record_unknown(_question, "/repository/hosting", input.repository.hosting) if {
	_params.exempt_ptc
	platform.may_be_proxy
}

_question := "whether this is a pull-through cache, whose tags may move,"

_releases := globs.union(_params.release_patterns)

_meant_to_move := globs.union(_params.floating_tags)

# Position -> a tag that means another image now.
_moved[i] := move if {
	some i, move in _fact.value.moved
	move.after != ""
}

_release[i] := move if {
	some i, move in _moved
	regex.match(_releases, move.tag)
}

_floating[i] := move if {
	some i, move in _moved
	not regex.match(_releases, move.tag)
	regex.match(_meant_to_move, move.tag)
}

_other[i] := move if {
	some i, move in _moved
	not regex.match(_releases, move.tag)
	not regex.match(_meant_to_move, move.tag)
}

_gone[i] := move if {
	some i, move in _fact.value.moved
	move.after == ""
	regex.match(_releases, move.tag)
}

_tags(moves) := {move.tag | some _, move in moves}

_message(moves, kind) := sprintf("The %stag %s means another image than at %s: %s, now %s%s.", [kind, move.tag, _fact.value.since, _short(move.before), _short(move.after), _signing(moves)]) if {
	count(moves) == 1
	some _, move in moves
}

_message(moves, kind) := sprintf("%d %stags mean other images than at %s: %s%s.", [count(moves), kind, _fact.value.since, text.names(_tags(moves)), _signing(moves)]) if {
	count(moves) > 1
}

# What became of signatures: a signed image whose tag now means an unsigned one was replaced, not rebuilt.
_signing(moves) := sprintf("; %s", [concat("; ", said)]) if {
	said := [phrase |
		some state in ["lost", "untrusted"]
		number := count([tag | some move in moves; object.get(move, "signature", "") == state; tag := move.tag])
		number > 0
		phrase := _lost[state][count(moves) == 1]
	]
	count(said) > 0
} else := ""

_lost := {
	"lost": {true: "the image was signed, and is not any more", false: "among them signed images that are not signed any more"},
	"untrusted": {true: "its signature was verified, and no signature is now", false: "among them images whose signatures do not verify any more"},
}

_short(digest) := substring(digest, 0, 19)

_evidence(moves) := text.capped([facts.evidence(sprintf("%s/value/moved/%d", [_path, i]), moves[i]) | some i in sort(object.keys(moves))])

# ---------------------------------------------------------------- what signatures say
_tagged[tag] contains image.digest if {
	some image in input.images.value
	some tag in image.tags
}

_given[tag] contains image.digest if {
	some image in input.images.value
	some signature in image.signatures.value
	_names_a_tag(signature)
	tag := signature.signed_tag
}

_names_a_tag(signature) if {
	object.get(signature, "signed_tag", "") != ""
	signature.verification.state == "known"
	signature.verification.value == "verified"
}

# Path of a verified signature -> the tag that it gives to an image which the tag does not mean.
_signed_elsewhere[path] := {"tag": tag, "before": image.digest, "after": min(_tagged[tag]), "signature": signature} if {
	some i, image in input.images.value
	some k, signature in image.signatures.value
	_names_a_tag(signature)
	tag := signature.signed_tag
	not tag in image.tags
	count(_tagged[tag] & _given[tag]) == 0
	path := sprintf("/images/value/%d/signatures/value/%d", [i, k])
}

_signed_release[path] := found if {
	some path, found in _signed_elsewhere
	regex.match(_releases, found.tag)
}

_signed_other[path] := found if {
	some path, found in _signed_elsewhere
	not regex.match(_releases, found.tag)
	not regex.match(_meant_to_move, found.tag)
}

_signed_message(found, kind) := sprintf("The %stag %s means another image than the one that was signed as it: %s, now %s.", [kind, one.tag, _short(one.before), _short(one.after)]) if {
	count(_tags(found)) == 1
	one := found[min(object.keys(found))]
}

_signed_message(found, kind) := sprintf("%d %stags mean other images than those that were signed as them: %s.", [count(_tags(found)), kind, text.names(_tags(found))]) if {
	count(_tags(found)) > 1
}

_signed_evidence(found) := text.capped([facts.evidence(path, found[path].signature) | some path in sort(object.keys(found))])
