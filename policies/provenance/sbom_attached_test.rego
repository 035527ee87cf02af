package auditor.rules.provenance.sbom_attached_test

import data.auditor.lib.attestation_fixtures_test as a
import data.auditor.lib.fixtures_test as f
import data.auditor.rules.provenance.sbom_attached

_params := {"formats": ["spdx", "cyclonedx"], "scope": "release", "release_patterns": ["v*"]}

_on(record, params) := v if {
	v := sbom_attached.verdicts with input as record with data.params as {"REG-PRV-001": f.override(_params, params)}
}

_images(images) := _on(f.with_images({}, images), {})

_one(attestations) := f.only(_images([a.with_attestations(1, ["v1"], attestations)]))

test_an_sbom_with_packages_passes if _one([a.sbom({})]).status == "pass"

test_an_unsigned_one_passes if _one([a.sbom({"verification": f.unsigned})]).status == "pass"

test_none_fails if {
	v := _one([])
	v.status == "fail"
	v.message == "The image has no SBOM."
}

test_one_about_another_image_fails if {
	v := _one([a.sbom({"subject": f.known(false)})])
	v.status == "fail"
	contains(v.message, "it is about another image")
}

test_one_without_packages_fails if {
	v := _one([a.sbom({"packages": f.known(0)})])
	v.status == "fail"
	contains(v.message, "it lists no package")
}

test_one_that_cannot_be_parsed_fails_with_the_reason if {
	v := _one([a.sbom({"content": f.known("invalid"), "packages": f.unknown("x"), "detail": "it is no SPDX document"})])
	v.status == "fail"
	contains(v.message, "it is no SPDX document")
}

test_one_good_beside_a_bad_one_passes if _one([a.sbom({"subject": f.known(false)}), a.sbom({})]).status == "pass"

test_presence_alone_passes_and_says_so if {
	v := _one([a.sbom({"content": f.unread_attestation, "subject": f.unread_attestation, "packages": f.unread_attestation})])
	v.status == "pass"
	v.message == "An SBOM is attached; its content was not read."
}

test_one_that_could_not_be_read_is_unknown if {
	_one([a.sbom({"content": f.unknown("oci:GetBlob"), "packages": f.unknown("oci:GetBlob")})]).status == "unknown"
}

test_an_unlabelled_document_that_was_not_read_is_unknown if {
	_one([a.attestation("other", {"predicate_type": "", "content": f.unread_attestation})]).status == "unknown"
}

test_provenance_is_no_sbom if _one([a.provenance("b", "s", {})]).status == "fail"

test_a_format_that_does_not_count_fails if {
	_one([a.sbom({"format": "syft"})]).status == "fail"
	image := a.with_attestations(1, ["v1"], [a.sbom({"format": "syft"})])
	f.only(_on(f.with_images({}, [image]), {"formats": ["syft"]})).status == "pass"
}

test_attestations_that_were_not_asked_for_are_unknown if {
	v := f.only(_images([f.image(1, ["v1"], {"attestations": f.not_requested("a registry of kind oci")})]))
	v.status == "unknown"
	v.settle == ["a registry of kind oci"]
}

test_an_older_snapshot_is_unknown if {
	image := json.remove(f.image(1, ["v1"], {}), ["attestations"])
	f.only(_images([image])).status == "unknown"
}

test_what_is_no_release_or_archived_is_not_applicable if {
	f.statuses(_images([f.image(1, ["dev"], {}), f.image(2, ["v1"], {"status": "archived"})])) == ["not_applicable", "not_applicable"]
}

test_images_not_read_is_unknown if {
	f.only(_on(f.record({}, f.unknown("oci:ListTags"), {}), {})).status == "unknown"
}

_index(own, children) := f.override(f.index(1, ["v1"], f.known(children)), {"attestations": f.known(own)})

test_an_index_needs_one_for_each_platform if {
	index := _index([], [f.child(2), f.child(3), f.attestation(4)])
	_status(index, [a.sbom({})], [a.sbom({})]) == "pass"
	_status(index, [a.sbom({})], []) == "fail"
}

_status(index, first, second) := v.status if {
	some v in _images([index, a.with_attestations(2, [], first), a.with_attestations(3, [], second)])
	endswith(v.resource_id, f.digest(1))
}

test_an_sbom_of_the_index_itself_is_not_one_of_its_platforms if {
	_status(_index([a.sbom({})], [f.child(2), f.child(3)]), [], []) == "fail"
}

test_a_platform_that_is_not_listed_is_unknown if {
	f.only(_images([_index([], [f.child(2)])])).status == "unknown"
}

test_an_index_without_platforms_is_judged_by_its_own if {
	f.only(_images([_index([a.sbom({})], [])])).status == "pass"
}

test_an_unread_index_is_unknown if {
	f.only(_images([f.index(1, ["v1"], f.unknown("oci:GetManifest"))])).status == "unknown"
}

test_presence_on_a_platform_is_noted_on_the_index if {
	listed := a.with_attestations(2, [], [a.sbom({"content": f.unread_attestation, "packages": f.unread_attestation})])
	some v in _images([_index([], [f.child(2)]), listed])
	v.status == "pass"
	contains(v.message, "was not read")
}
