package auditor.rules.signing.release_signed_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.signing.release_signed

_params := {"REG-SIG-001": {"scope": "release", "release_patterns": ["v*"], "inherit_index": true, "require_upstream": false}}

_on(record) := v if v := release_signed.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_images(images) := f.statuses(_on(f.with_images({}, images)))

_signed := {"signatures": f.known([{"kind": "cosign", "digest": "sha256:9"}])}

test_signed_passes if _images([f.image(1, ["v1"], _signed)]) == ["pass"]

test_unsigned_fails if _images([f.image(1, ["v1"], {})]) == ["fail"]

test_not_a_release_is_not_applicable if _images([f.image(1, ["dev"], {}), f.image(2, [], {})]) == ["not_applicable", "not_applicable"]

test_archived_is_not_applicable if _images([f.image(1, ["v1"], {"status": "archived"})]) == ["not_applicable"]

test_unread_is_unknown if _images([f.image(1, ["v1"], {"signatures": f.unknown("ecr:ListImageReferrers")})]) == ["unknown"]

test_tagged_child_inherits_from_a_signed_index if {
	index := f.override(f.index(1, ["v1"], f.known([f.child(2)])), _signed)
	_images([index, f.image(2, ["v1-amd64"], {})]) == ["pass", "pass"]
}

test_failed_signing_fails_with_its_code if {
	status := f.known([{"profile": "p", "status": "failed", "failure_code": "KEY"}])
	v := f.only(_on(f.with_images({}, [f.image(1, ["v1"], {"signing_status": status})])))
	v.status == "fail"
	contains(v.message, "KEY")
}

test_cache_is_not_applicable if {
	_status(f.with_images({"hosting": f.known("proxy")}, [f.image(1, ["v1"], {})])) == "not_applicable"
}

test_unsigned_and_maybe_a_cache_is_unknown if {
	record := f.with_images({"hosting": f.unknown("x")}, [f.image(1, ["v1"], {})])
	f.statuses(_on(record)) == ["unknown"]
}

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"

test_signatures_themselves_are_not_judged if _images([f.image(1, ["v1"], {"kind": "signature"})]) == []

_used(images, scope) := verdicts if {
	verdicts := release_signed.verdicts with input as f.record({}, f.known(images), {"usage": f.usage([f.use(1)])})
		with data.params as {"REG-SIG-001": f.override(_params["REG-SIG-001"], {"scope": scope})}
}

test_an_unsigned_image_in_use_says_who_uses_it if {
	v := f.only(_used([f.image(1, ["v1"], {})], "release"))
	v.message == "The image has no signature; in use by service prod/app."
	v.in_use
}

test_an_unsigned_image_that_nobody_uses_says_nothing_of_use if {
	v := f.only(_used([f.image(2, ["v1"], {})], "release"))
	v.message == "The image has no signature."
	v.in_use == false
}

test_scope_in_use_judges_what_runs_whatever_its_tags if {
	found := _used([f.image(1, ["dev"], {}), f.image(2, ["v1"], {})], "in_use")
	{v.resource_id: v.status | some v in found} == {
		concat("@", ["urn:cr:ecr:111111111111:eu-west-1:team/app", f.digest(1)]): "fail",
		concat("@", ["urn:cr:ecr:111111111111:eu-west-1:team/app", f.digest(2)]): "not_applicable",
	}
}

test_what_is_named_by_digest_counts_as_a_release if {
	others := f.not_requested("oci:ListTags")
	image := f.image(1, [], {})
	named := [{"reference": "r", "tag": "", "digest": f.known(image.digest)}]
	extent := {"extent": {"named": named, "other_images": others, "other_tags": others}}
	f.statuses(_on(f.with_images({}, [image]))) == ["not_applicable"]
	f.statuses(_on(object.union(f.with_images({}, [image]), extent))) == ["fail"]
}
