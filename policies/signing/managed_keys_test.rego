package auditor.rules.signing.managed_keys_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.signing.managed_keys

_selectors := {"names": [], "resource_tags": {}, "tags": []}

_dev := object.union(_selectors, {"names": ["dev/*"], "resource_tags": {"env": ["dev"]}})

_params := {"REG-SIG-004": {"scope": "tagged", "prod_selectors": _selectors, "nonprod_selectors": _dev}}

_on(record) := v if v := managed_keys.verdicts with input as record with data.params as _params

_images(images) := _on(f.with_images({}, images))

_signature(kind, certificate) := {"kind": kind, "digest": "sha256:9", "verification": f.known("verified"), "certificate": certificate}

_is(certificate) := _signature("notation", f.known(certificate))

_key := _signature("cosign", f.absent)

_with(signatures) := f.only(_images([f.image(1, ["v1"], {"signatures": f.known(signatures)})]))

test_a_certificate_of_an_authority_passes if _with([_is("issued")]).status == "pass"

test_a_test_certificate_fails if {
	v := _with([_is("test")])
	v.status == "fail"
	v.message == "The image is signed with a certificate that notation made for testing: its key is a file, and nobody can revoke it."
	v.evidence == [{"path": "/images/value/0/signatures/value/0", "value": _is("test")}]
}

test_a_certificate_that_signs_itself_fails if contains(_with([_is("self_signed")]).message, "that signs itself")

test_one_by_an_authority_is_enough if _with([_is("test"), _is("issued")]).status == "pass"

test_a_bare_key_beside_it_does_not_help if _with([_key, _is("test")]).status == "fail"

test_a_bare_key_alone_cannot_be_judged if _with([_key]).status == "not_applicable"

test_an_unsigned_image_is_not_applicable if f.statuses(_images([f.image(1, ["v1"], {}), f.image(2, ["v2"], {"signatures": f.absent})])) == ["not_applicable", "not_applicable"]

test_a_certificate_that_was_not_read_is_unknown if {
	v := _with([_is("test"), _signature("notation", f.unknown("oci:GetBlob"))])
	[v.status, v.settle] == ["unknown", ["oci:GetBlob"]]
	v.evidence[0].path == "/images/value/0/signatures/value/1/certificate"
}

test_an_older_snapshot_without_certificates_is_unknown if {
	v := _with([object.remove(_is("test"), ["certificate"])])
	v.status == "unknown"
	v.settle == ["a new snapshot"]
	v.evidence[0].path == "/images/value/0/signatures/value/0"
}

test_a_key_that_was_not_read_says_nothing_anyway if _with([_signature("cosign", f.unknown("oci:GetBlob"))]).status == "not_applicable"

test_an_envelope_without_a_certificate_is_left_to_other_rules if _with([_signature("notation", f.absent)]).status == "not_applicable"

test_a_list_that_was_not_read_is_unknown if {
	f.only(_images([f.image(1, ["v1"], {"signatures": f.unknown("oci:ListReferrers")})])).status == "unknown"
}

test_a_platform_whose_own_signatures_nobody_asked_for_is_judged_with_its_index if {
	child := f.image(2, [], {"signatures": f.not_requested("oci:ListReferrers")})
	index := f.override(f.index(1, ["v1"], f.known([f.child(2)])), {"signatures": f.known([_is("issued")])})
	f.statuses(_images([index, child])) == ["not_applicable", "pass"]
}

_test := f.known([_is("test")])

test_untagged_and_archived_are_not_applicable if {
	f.statuses(_images([f.image(1, [], {"signatures": _test}), f.image(2, ["v1"], {"status": "archived", "signatures": _test})])) == ["not_applicable", "not_applicable"]
}

test_outside_production_it_is_not_applicable if {
	record := f.with_images({"name": "dev/app"}, [f.image(1, ["v1"], {"signatures": _test})])
	f.statuses(_on(record)) == ["not_applicable"]
}

test_production_that_cannot_be_told_is_unknown if {
	record := f.with_images({"resource_tags": f.unknown("ecr:ListTagsForResource")}, [f.image(1, ["v1"], {"signatures": _test})])
	v := f.only(_on(record))
	[v.status, v.settle] == ["unknown", ["ecr:ListTagsForResource"]]
}

test_what_passes_needs_no_production if {
	record := f.with_images({"resource_tags": f.unknown("ecr:ListTagsForResource")}, [f.image(1, ["v1"], {"signatures": f.known([_is("issued")])})])
	f.only(_on(record)).status == "pass"
}

test_artefacts_are_not_judged if _images([f.image(1, ["v1"], {"kind": "signature"})]) == set()

test_images_not_read_is_unknown if f.only(_on(f.record({}, f.unknown("oci:ListTags"), {}))).status == "unknown"
