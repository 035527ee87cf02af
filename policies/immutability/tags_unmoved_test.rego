package auditor.rules.immutability.tags_unmoved_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.immutability.tags_unmoved

_params := {"REG-IMM-003": {"release_patterns": ["v*", "release*"], "floating_tags": ["latest", "dev"], "exempt_ptc": true}}

_on(changes, history) := f.only(verdicts) if {
	record := f.record(changes, f.known([]), {"history": history})
	verdicts := tags_unmoved.verdicts with input as record with data.params as _params
}

_move(tag, before, after) := {"tag": tag, "before": f.digest(before), "after": f.digest(after)}

_gone(tag) := {"tag": tag, "before": f.digest(1), "after": ""}

_moved(moves) := _on({}, f.known({"since": "2026-11-20T00:00:00Z", "images_before": 1, "size_bytes_before": 1, "moved": moves}))

test_nothing_moved_passes if _moved([]).status == "pass"

# Deleted and pushed again is the same to see: immutability does not stop it.
test_release_tag_fails if {
	v := _moved([_move("latest", 1, 2), _move("v1.0.0", 1, 2)])
	v.status == "fail"
	not v.severity
	contains(v.message, "The release tag v1.0.0 means another image than at 2026-11-20T00:00:00Z: sha256:000000000000, now sha256:")
	[e.path | some e in v.evidence] == ["/derived/history/value/moved/1"]
}

test_several_release_tags_fail_in_one_verdict if {
	v := _moved([_move("v1", 1, 2), _move("v2", 1, 2)])
	v.message == "2 release tags mean other images than at 2026-11-20T00:00:00Z: v1, v2."
	count(v.evidence) == 2
}

test_floating_tag_is_info if {
	v := _moved([_move("latest", 1, 2), _gone("v1")])
	v.status == "fail"
	v.severity == "info"
}

test_other_tag_is_low if _moved([_move("latest", 1, 2), _move("1.2.3", 1, 2)]).severity == "low"

test_deleted_release_tag_passes_and_is_noted if {
	v := _moved([_gone("v1"), _gone("latest")])
	v.status == "pass"
	v.message == "No tag means another image since 2026-11-20T00:00:00Z; gone: v1."
}

test_no_earlier_snapshot_is_unknown if {
	v := _on({}, f.not_requested("auditor:since"))
	v.status == "unknown"
	contains(v.message, "no earlier snapshot was given")
}

test_new_repository_is_unknown if contains(_on({}, f.absent).message, "does not hold this repository")

test_unread_images_are_unknown if {
	fact := {"state": "unknown", "reason": "pending", "source": "ecr:DescribeImages", "detail": "the list of images was not read"}
	_on({}, fact).message == "Cannot tell whether tags moved: the list of images was not read."
}

test_other_reason_is_unknown if contains(_on({}, f.unknown("x")).message, "(access_denied)")

test_cache_is_not_applicable if _on({"hosting": f.known("proxy")}, f.absent).status == "not_applicable"

_history(moves) := f.known({"since": "2026-11-20T00:00:00Z", "images_before": 1, "size_bytes_before": 1, "moved": moves})

test_moved_and_maybe_a_cache_is_unknown if {
	_on({"hosting": f.unknown("x")}, _history([_move("v1", 1, 2)])).status == "unknown"
	_on({"hosting": f.unknown("x")}, _history([])).status == "pass"
}

test_caches_are_judged_when_asked if {
	record := f.record({"hosting": f.known("proxy")}, f.known([]), {"history": _history([_move("v1", 1, 2)])})
	params := {"REG-IMM-003": f.override(_params["REG-IMM-003"], {"exempt_ptc": false})}
	verdicts := tags_unmoved.verdicts with input as record with data.params as params
	f.only(verdicts).status == "fail"
}

_signed(tag, state) := object.union(_move(tag, 1, 2), {"signature": state})

test_a_tag_that_lost_its_signature_says_so if {
	v := _moved([_signed("v1", "lost")])
	v.status == "fail"
	endswith(v.message, "; the image was signed, and is not any more.")
	v.evidence[0].value.signature == "lost"
}

test_a_tag_whose_signature_verifies_no_more_says_so if {
	endswith(_moved([_signed("v1", "untrusted")]).message, "; its signature was verified, and no signature is now.")
}

test_several_tags_say_it_once if {
	v := _moved([_signed("v1", "lost"), _signed("v2", "lost"), _signed("v3", "untrusted"), _move("v4", 1, 2)])
	endswith(v.message, ": v1, v2, v3, v4; among them signed images that are not signed any more; among them images whose signatures do not verify any more.")
}

test_a_tag_that_was_not_signed_says_nothing_of_signatures if {
	not contains(_moved([_signed("v1", "")]).message, ";")
	not contains(_moved([_move("v1", 1, 2)]).message, ";")
}

test_only_the_tags_in_question_are_meant if {
	not contains(_moved([_move("v1", 1, 2), _signed("latest", "lost")]).message, "signed")
}

_signature(tag, state) := {
	"kind": "cosign", "digest": "sha256:9", "signed_tag": tag,
	"verification": f.known(state),
}

_holds(images, history) := f.only(verdicts) if {
	verdicts := tags_unmoved.verdicts with input as f.record({}, f.known(images), {"history": history}) with data.params as _params
}

_gave(n, tags, tag, state) := f.image(n, tags, {"signatures": f.known([_signature(tag, state)])})

test_a_release_tag_that_was_signed_as_another_image_fails_without_history if {
	v := _holds([_gave(1, [], "v1", "verified"), f.image(2, ["v1"], {})], f.not_requested("auditor:since"))
	v.status == "fail"
	not v.severity
	v.message == "The release tag v1 means another image than the one that was signed as it: sha256:000000000000, now sha256:000000000000."
	v.evidence == [{"path": "/images/value/0/signatures/value/0", "value": _signature("v1", "verified")}]
}

test_several_tags_that_were_signed_as_others_are_one_verdict if {
	images := [_gave(1, [], "v1", "verified"), _gave(2, [], "v2", "verified"), f.image(3, ["v1", "v2"], {})]
	_holds(images, _history([])).message == "2 release tags mean other images than those that were signed as them: v1, v2."
}

test_another_tag_that_was_signed_as_another_image_is_low if {
	_holds([_gave(1, [], "1.0", "verified"), f.image(2, ["1.0"], {})], _history([])).severity == "low"
}

test_a_floating_tag_may_have_been_signed_as_another_image if {
	_holds([_gave(1, [], "latest", "verified"), f.image(2, ["latest"], {})], _history([])).status == "pass"
}

test_a_tag_that_was_signed_anew_has_not_moved_by_itself if {
	images := [_gave(1, [], "v1", "verified"), _gave(2, ["v1"], "v1", "verified")]
	_holds(images, _history([])).status == "pass"
}

test_a_signature_that_does_not_verify_says_nothing if {
	every state in ["untrusted", "invalid"] {
		_holds([_gave(1, [], "v1", state), f.image(2, ["v1"], {})], _history([])).status == "pass"
	}
}

test_a_signature_that_names_a_tag_that_is_gone_or_none_says_nothing if {
	_holds([_gave(1, [], "v1", "verified"), f.image(2, ["v2"], {})], _history([])).status == "pass"
	_holds([_gave(1, [], "", "verified"), f.image(2, ["v1"], {})], _history([])).status == "pass"
}

test_a_tag_that_means_what_was_signed_as_it_passes if {
	_holds([_gave(1, ["v1", "v1.0"], "v1", "verified")], _history([])).status == "pass"
	_holds([_gave(1, ["v1"], "v1", "verified")], f.not_requested("auditor:since")).status == "unknown"
}

test_what_the_history_says_of_releases_comes_first if {
	images := [_gave(1, [], "v1", "verified"), f.image(2, ["v1"], {})]
	contains(_holds(images, _history([_move("v2", 1, 2)])).message, "v2 means another image than at")
	contains(_holds(images, _history([_move("other", 1, 2)])).message, "v1 means another image than the one that was signed")
}
