package auditor.rules.provenance.trusted_builder_test

import data.auditor.lib.attestation_fixtures_test as a
import data.auditor.lib.fixtures_test as f
import data.auditor.rules.provenance.trusted_builder

_params := {
	"min_level": 2,
	"trusted_builders": ["https://builder/*"],
	"trusted_sources": ["https://source/acme/*"],
	"l3_builders": ["https://builder/three"],
	"scope": "release",
	"release_patterns": ["v*"],
}

_on(record, params) := v if {
	v := trusted_builder.verdicts with input as record with data.params as {"REG-PRV-003": f.override(_params, params)}
}

_with(attestations, params) := f.only(_on(f.with_images({}, [a.with_attestations(1, ["v1"], attestations)]), params))

_one(attestations) := _with(attestations, {})

_made(changes) := a.provenance("https://builder/two", "git+https://source/acme/app", changes)

test_signed_by_a_trusted_builder_passes if _one([_made({})]).status == "pass"

test_unsigned_fails_but_at_level_1 if {
	v := _one([_made({"verification": f.unsigned})])
	v.status == "fail"
	contains(v.message, "nobody signed it")
	_with([_made({"verification": f.unsigned})], {"min_level": 1}).status == "pass"
}

test_a_signature_that_is_not_trusted_fails if {
	v := _one([_made({"verification": f.known("untrusted"), "detail": "no trusted key made it"})])
	v.status == "fail"
	v.message == "No provenance of the image is to be trusted: its signature is untrusted (no trusted key made it)."
}

test_another_builder_or_source_fails if {
	contains(_one([a.provenance("https://elsewhere", "https://source/acme/app", {})]).message, "the builder https://elsewhere is not trusted")
	contains(_one([a.provenance("https://builder/two", "https://source/evil/app", {})]).message, "the source https://source/evil/app is not trusted")
	contains(_one([a.provenance("", "https://source/acme/app", {})]).message, "the builder (not named) is not trusted")
}

test_level_3_is_claimed_only_for_its_builders if {
	_with([_made({})], {"min_level": 3}).status == "fail"
	_with([a.provenance("https://builder/three", "https://source/acme/app", {})], {"min_level": 3}).status == "pass"
}

test_empty_lists_are_unknown_and_were_not_asked_for if {
	every empty in [{"trusted_builders": []}, {"trusted_sources": []}] {
		v := _with([_made({})], empty)
		v.status == "unknown"
		v.not_asked
	}
}

test_one_good_beside_a_bad_one_passes if _one([_made({"verification": f.unsigned}), _made({})]).status == "pass"

test_an_unchecked_signature_is_unknown if {
	v := _one([_made({"verification": f.unknown("cosign verify")})])
	v.status == "unknown"
	v.settle == ["cosign verify"]
}

test_another_builder_fails_whoever_signed if {
	_one([a.provenance("https://elsewhere", "s", {"verification": f.unknown("cosign verify")})]).status == "fail"
}

test_unread_is_unknown if {
	_one([_made({"content": f.unread_attestation})]).status == "unknown"
	_one([a.attestation("other", {"predicate_type": "", "content": f.unknown("oci:GetBlob")})]).status == "unknown"
}

test_another_subject_or_an_unreadable_one_fails if {
	contains(_one([_made({"subject": f.known(false)})]).message, "it is about another image")
	contains(_one([_made({"content": f.known("invalid")})]).message, "it is not what it claims to be")
}

test_none_is_not_applicable if _one([a.sbom({})]).status == "not_applicable"

test_attestations_that_were_not_asked_for_are_unknown if {
	image := f.image(1, ["v1"], {"attestations": f.not_requested("a registry of kind oci")})
	f.only(_on(f.with_images({}, [image]), {})).status == "unknown"
	f.only(_on(f.with_images({}, [json.remove(image, ["attestations"])]), {})).status == "unknown"
}

test_scope_and_archive if {
	images := [f.image(1, ["dev"], {}), f.image(2, ["v1"], {"status": "archived"})]
	f.statuses(_on(f.with_images({}, images), {})) == ["not_applicable", "not_applicable"]
}

test_images_not_read_is_unknown if f.only(_on(f.record({}, f.unknown("oci:ListTags"), {}), {})).status == "unknown"

_index(own) := f.override(f.index(1, ["v1"], f.known([f.child(2)])), {"attestations": f.known(own)})

_index_status(own, platform) := v.status if {
	some v in _on(f.with_images({}, [_index(own), a.with_attestations(2, [], platform)]), {})
	endswith(v.resource_id, f.digest(1))
}

test_an_index_is_judged_by_its_own_or_by_its_platforms if {
	_index_status([_made({})], []) == "pass"
	_index_status([], [_made({})]) == "pass"
	_index_status([], [_made({"verification": f.unsigned})]) == "fail"
	_index_status([], []) == "not_applicable"
}

test_an_unread_index_is_unknown if {
	f.only(_on(f.with_images({}, [f.index(1, ["v1"], f.unknown("oci:GetManifest"))]), {})).status == "unknown"
}
