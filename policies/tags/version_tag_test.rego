package auditor.rules.tags.version_tag_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.tags.version_tag

_params := {"REG-TAG-002": {"version_regex": "^v?(0|[1-9]\\d*)\\.(0|[1-9]\\d*)\\.(0|[1-9]\\d*)(-[0-9A-Za-z.-]+)?$", "prod_selectors": {"names": ["*prod*"], "resource_tags": {"env": ["prod"]}, "tags": ["v*"]}, "nonprod_selectors": {"names": ["dev/*"], "resource_tags": {}, "tags": []}}}

_on(record) := v if v := version_tag.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_images(images) := f.statuses(_on(f.with_images({"name": "prod/app"}, images)))

test_version_tags_pass if {
	_images([f.image(1, ["v1.2.3"], {}), f.image(2, ["1.0.0-rc.1", "x"], {})]) == ["pass", "pass"]
}

test_other_tags_fail if _images([f.image(1, ["latest"], {}), f.image(2, ["v1.2"], {})]) == ["fail", "fail"]

test_untagged_fails if _images([f.image(1, [], {})]) == ["fail"]

test_child_of_versioned_index_passes if {
	_images([f.index(1, ["v1.0.0"], f.known([f.child(2)])), f.image(2, [], {})]) == ["pass", "pass"]
}

test_untagged_beside_unread_index_is_unknown if {
	_images([f.index(1, ["v1.0.0"], f.unknown("ecr:BatchGetImage")), f.image(2, [], {})]) == ["pass", "unknown"]
}

test_untagged_beside_unread_index_without_version_fails if {
	_images([f.index(1, ["latest"], f.unknown("ecr:BatchGetImage")), f.image(2, [], {})]) == ["fail", "fail"]
}

test_tagged_child_of_versioned_index_needs_its_own_version if {
	_images([f.index(1, ["v1.0.0"], f.known([f.child(2)])), f.image(2, ["amd64"], {})]) == ["fail", "pass"]
}

test_tagged_image_beside_unread_index_fails if {
	_images([f.index(1, ["v1.0.0"], f.unknown("ecr:BatchGetImage")), f.image(2, ["amd64"], {})]) == ["fail", "pass"]
}

test_undecided_production_is_unknown_where_it_would_fail if {
	record := f.with_images(
		{"name": "dev/app", "resource_tags": f.unknown("ecr:ListTagsForResource")},
		[f.image(1, ["x"], {}), f.image(2, ["1.0.0"], {})],
	)
	f.statuses(_on(record)) == ["pass", "unknown"]
	some v in _on(record)
	v.settle == ["ecr:ListTagsForResource"]
}

test_archived_is_not_applicable if _images([f.image(1, ["x"], {"status": "archived"})]) == ["not_applicable"]

test_signatures_are_no_images if _images([f.image(1, ["sha256-a.sig"], {"kind": "signature"})]) == []

test_not_production_is_not_applicable if _status(f.with_images({"name": "dev/app"}, [f.image(1, ["x"], {})])) == "not_applicable"

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"

# ---------------------------------------------------------------- only named images were read
_others := f.not_requested("oci:ListTags")

_named(images, extent) := f.statuses(_on(object.union(f.with_images({"name": "prod/app"}, images), {"extent": extent})))

_gate := {"named": [], "other_images": _others, "other_tags": _others}

test_a_version_among_unread_tags_is_enough if _named([f.image(1, ["v1.2.3"], {})], _gate) == ["pass"]

test_another_tag_among_unread_tags_is_unknown if {
	_named([f.image(1, ["latest"], {}), f.image(2, [], {})], _gate) == ["unknown", "unknown"]
}

test_a_named_index_lends_its_version if {
	_named([f.index(1, ["v1.0.0"], f.known([f.child(2)])), f.image(2, [], {})], _gate) == ["pass", "pass"]
}

test_where_all_tags_are_known_only_an_untagged_image_may_be_part_of_an_index if {
	extent := object.union(_gate, {"other_tags": f.known("read")})
	_named([f.image(1, ["latest"], {}), f.image(2, [], {})], extent) == ["fail", "unknown"]
}
