package auditor.lib.extent_test

import data.auditor.lib.extent
import data.auditor.lib.fixtures_test as f
import data.auditor.lib.images
import data.auditor.lib.production

_others := f.not_requested("oci:ListTags")

_digest(n) := f.image(n, [], {}).digest

_by_digest(n) := {"reference": "r", "tag": "", "digest": f.known(_digest(n))}

_record(found, named, other_tags) := object.union(
	f.with_images({}, found),
	{"extent": {"named": named, "other_images": _others, "other_tags": other_tags}},
)

_scope(record) := scope if scope := images.scope({"scope": "tagged"}) with input as record

test_a_record_that_says_nothing_is_whole if {
	extent.other_images.state == "known" with input as {}
	extent.other_tags.state == "known" with input as {}
	extent.named_by_digest == set() with input as {}
}

test_what_is_named_by_digest_counts_as_tagged if {
	found := [f.index(1, [], f.known([f.child(2)])), f.image(2, [], {}), f.image(3, [], {})]
	_scope(_record(found, [_by_digest(1)], _others)) == {_digest(1), _digest(2)}
}

test_what_is_named_by_tag_is_judged_by_it if {
	named := [{"reference": "r", "tag": "v1", "digest": f.known(_digest(1))}]
	found := [f.image(1, ["v1"], {}), f.image(2, [], {})]
	extent.named_by_digest == set() with input as _record(found, named, _others)
	_scope(_record(found, named, _others)) == {_digest(1)}
}

test_where_its_tags_are_known_only_an_untagged_one_may_be_part_of_more if {
	found := [f.image(1, ["main"], {}), f.image(2, [], {})]
	record := _record(found, [_by_digest(1), _by_digest(2)], f.known("read"))
	extent.named_by_digest == {_digest(2)} with input as record
}

test_a_reference_that_leads_nowhere_is_nothing if {
	named := [{"reference": "r", "tag": "", "digest": f.unknown("oci:GetManifest")}]
	extent.named_by_digest == set() with input as _record([f.image(1, [], {})], named, _others)
}

_selectors := {
	"prod_selectors": {"names": [], "resource_tags": {}, "tags": ["v*"]},
	"nonprod_selectors": {"names": ["team/*"], "resource_tags": {}, "tags": []},
}

test_an_unread_tag_may_make_it_production if {
	production.state(_selectors) == "undecided" with input as _record([f.image(1, ["main"], {})], [], _others)
	production.state(_selectors) == "non-production" with input as f.with_images({}, [f.image(1, ["main"], {})])
	production.state(_selectors) == "production" with input as _record([f.image(1, ["v1"], {})], [], _others)
}
