package auditor.rules.signing.signatures_trusted_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.signing.signatures_trusted

_params := {"REG-SIG-002": {"scope": "tagged"}}

_on(record) := v if v := signatures_trusted.verdicts with input as record with data.params as _params

_images(images) := _on(f.with_images({}, images))

_signature(n, verification) := {
	"kind": "cosign",
	"found_via": "referrers",
	"digest": f.digest(n),
	"artifact_type": "",
	"verification": verification,
	"detail": "",
	"signer": "",
}

_is(n, state, detail) := f.override(_signature(n, f.known(state)), {"detail": detail})

_unchecked := {"state": "unknown", "reason": "not_requested", "source": "trust in auditor.yaml", "detail": "no trust is configured"}

_keyless := {"state": "unknown", "reason": "unsupported_by_collector", "source": "cosign verify", "detail": "keyless"}

_unread := {"state": "unknown", "reason": "timeout", "source": "oci:GetBlob", "detail": ""}

_with(signatures) := v if v := f.only(_images([f.image(1, ["v1"], {"signatures": f.known(signatures)})]))

test_verified_passes if _with([_is(8, "verified", "")]).status == "pass"

test_one_good_one_is_enough if {
	every others in [[_is(8, "untrusted", "x")], [_is(8, "invalid", "x")], [_signature(8, _unread)], [_signature(8, _unchecked)]] {
		_with(array.concat(others, [_is(9, "verified", "")])).status == "pass"
	}
}

test_each_bad_state_fails_and_is_named if {
	every state in ["invalid", "untrusted", "expired", "revoked"] {
		v := _with([_is(8, state, "no trusted key made it")])
		v.status == "fail"
		contains(v.message, sprintf("is %s (no trusted key made it).", [state]))
		v.evidence[0].path == "/images/value/0/signatures/value/0"
	}
}

test_a_failure_without_detail_reads_well if {
	v := _with([_is(8, "untrusted", "")])
	v.message == "No signature of the image is to be trusted: the cosign signature sha256:000000000000 is untrusted."
}

test_a_failure_counts_the_others if {
	contains(_with([_is(7, "untrusted", ""), _is(8, "invalid", "")]).message, ", and 1 other is no better.")
	contains(_with([_is(n, "untrusted", "") | some n in [7, 8, 9]]).message, ", and 2 others are no better.")
}

test_a_gap_beside_a_bad_one_is_unknown_for_it_may_be_the_good_one if {
	v := _with([_is(8, "untrusted", "x"), _signature(9, _unread)])
	v.status == "unknown"
	v.settle == ["oci:GetBlob"]
	v.evidence == [{"path": "/images/value/0/signatures/value/1/verification", "value": _unread}]
}

test_keyless_is_unknown_and_says_so if {
	v := _with([_signature(8, _keyless)])
	v.status == "unknown"
	contains(v.message, "keyless; cosign verify would settle it.")
}

test_without_trust_it_is_unknown_for_want_of_asking if {
	v := _with([_signature(8, _unchecked), _signature(9, _unchecked)])
	v.status == "unknown"
	v.message == "The image is signed, but its signatures were not checked: no trust is configured."
	v.settle == ["trust in auditor.yaml"]
	v.evidence[0].value.reason == "not_requested"
}

test_a_list_without_contents_was_not_checked if {
	listed := {"state": "unknown", "reason": "not_requested", "source": "signature verification", "detail": ""}
	v := _with([_signature(8, listed)])
	v.status == "unknown"
	v.message == "The image is signed, but its signatures were not checked."
}

test_what_was_not_asked_does_not_hide_a_bad_one if {
	v := _with([_signature(8, _unchecked), _is(9, "untrusted", "")])
	v.status == "fail"
	count(v.evidence) == 1
}

test_unsigned_is_not_applicable if {
	f.statuses(_images([f.image(1, ["v1"], {}), f.image(2, ["v2"], {"signatures": f.absent})])) == ["not_applicable", "not_applicable"]
}

test_a_list_that_was_not_read_is_unknown if {
	v := f.only(_images([f.image(1, ["v1"], {"signatures": f.unknown("oci:ListReferrers")})]))
	[v.status, v.settle] == ["unknown", ["oci:ListReferrers"]]
}

test_untagged_is_not_applicable_but_the_platforms_of_a_tagged_index_are_judged if {
	bad := {"signatures": f.known([_is(9, "untrusted", "")])}
	f.statuses(_images([f.image(1, [], bad)])) == ["not_applicable"]
	f.statuses(_images([f.index(1, ["v1"], f.known([f.child(2)])), f.image(2, [], bad)])) == ["fail", "not_applicable"]
}

test_archived_is_not_applicable if {
	changes := {"status": "archived", "signatures": f.known([_is(9, "untrusted", "")])}
	f.statuses(_images([f.image(1, ["v1"], changes)])) == ["not_applicable"]
}

test_images_not_read_is_unknown if f.only(_on(f.record({}, f.unknown("oci:ListTags"), {}))).status == "unknown"

test_artefacts_are_not_judged if _images([f.image(1, ["v1"], {"kind": "signature"})]) == set()

test_an_older_snapshot_without_details_is_judged if {
	old := object.remove(_is(8, "untrusted", ""), ["detail", "signer"])
	_with([old]).status == "fail"
}

test_a_platform_whose_own_signatures_nobody_asked_for_is_judged_with_its_index if {
	child := f.image(2, [], {"signatures": f.not_requested("oci:ListReferrers")})
	index := f.override(f.index(1, ["v1"], f.known([f.child(2)])), {"signatures": f.known([_is(8, "verified", "")])})
	f.statuses(_images([index, child])) == ["not_applicable", "pass"]
}

test_a_tagged_image_whose_signatures_nobody_asked_for_is_unknown if {
	f.statuses(_images([f.image(1, ["v1"], {"signatures": f.not_requested("oci:ListReferrers")})])) == ["unknown"]
}
