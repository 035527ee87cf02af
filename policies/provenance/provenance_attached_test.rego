package auditor.rules.provenance.provenance_attached_test

import data.auditor.lib.attestation_fixtures_test as a
import data.auditor.lib.fixtures_test as f
import data.auditor.rules.provenance.provenance_attached

_params := {"min_level": 1, "scope": "release", "release_patterns": ["v*"]}

_on(record, params) := v if {
	v := provenance_attached.verdicts with input as record with data.params as {"REG-PRV-002": f.override(_params, params)}
}

_images(images) := _on(f.with_images({}, images), {})

_one(attestations) := f.only(_images([a.with_attestations(1, ["v1"], attestations)]))

_level2(attestations) := f.only(_on(f.with_images({}, [a.with_attestations(1, ["v1"], attestations)]), {"min_level": 2}))

_good := a.provenance("https://builder", "https://source", {})

test_provenance_passes if _one([_good]).status == "pass"

test_unsigned_is_level_1 if {
	unsigned := a.provenance("", "", {"verification": f.unsigned})
	_one([unsigned]).status == "pass"
	v := _level2([unsigned])
	v.status == "fail"
	contains(v.message, "nobody who is trusted signed it")
}

test_signed_is_level_2 if _level2([_good]).status == "pass"

test_an_unchecked_signature_is_unknown_at_level_2 if {
	v := _level2([a.provenance("b", "s", {"verification": f.unknown("cosign verify")})])
	v.status == "unknown"
	v.settle == ["cosign verify"]
}

test_none_fails if _one([]).message == "The image has no build provenance."

test_an_sbom_is_no_provenance if _one([a.sbom({})]).status == "fail"

test_another_subject_fails if {
	v := _one([a.provenance("b", "s", {"subject": f.known(false)})])
	v.status == "fail"
	contains(v.message, "it is about another image")
}

test_what_cannot_be_parsed_fails_with_the_reason if {
	v := _one([a.provenance("b", "s", {"content": f.known("invalid"), "detail": "the provenance lacks builder"})])
	v.status == "fail"
	contains(v.message, "lacks builder")
}

test_unread_is_unknown if {
	_one([a.provenance("b", "s", {"content": f.unread_attestation})]).status == "unknown"
	_one([a.provenance("b", "s", {"content": f.unknown("oci:GetBlob")})]).status == "unknown"
	_one([a.attestation("other", {"predicate_type": "", "content": f.unread_attestation})]).status == "unknown"
}

test_attestations_that_were_not_asked_for_are_unknown if {
	f.only(_images([f.image(1, ["v1"], {"attestations": f.not_requested("a registry of kind oci")})])).status == "unknown"
	f.only(_images([json.remove(f.image(1, ["v1"], {}), ["attestations"])])).status == "unknown"
}

test_scope_and_archive if {
	f.statuses(_images([f.image(1, ["dev"], {}), f.image(2, ["v1"], {"status": "archived"})])) == ["not_applicable", "not_applicable"]
}

test_images_not_read_is_unknown if f.only(_on(f.record({}, f.unknown("oci:ListTags"), {}), {})).status == "unknown"

_index(own) := f.override(f.index(1, ["v1"], f.known([f.child(2), f.attestation(4)])), {"attestations": f.known(own)})

_index_status(own, platform) := v.status if {
	some v in _images([_index(own), a.with_attestations(2, [], platform)])
	endswith(v.resource_id, f.digest(1))
}

test_an_index_is_covered_by_its_own_or_by_its_platforms if {
	_index_status([_good], []) == "pass"
	_index_status([], [_good]) == "pass"
	_index_status([], []) == "fail"
	_index_status([a.provenance("b", "s", {"subject": f.known(false)})], []) == "fail"
}

test_a_platform_is_covered_by_its_index if {
	found := _on(f.with_images({}, [_index([_good]), a.with_attestations(2, ["v1-amd64"], [])]), {})
	f.statuses(found) == ["pass", "pass"]
}

test_an_unread_index_is_unknown if f.only(_images([f.index(1, ["v1"], f.unknown("oci:GetManifest"))])).status == "unknown"
