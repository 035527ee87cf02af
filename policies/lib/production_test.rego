package auditor.lib.production_test

import data.auditor.lib.fixtures_test as f
import data.auditor.lib.production

_params := {
	"prod_selectors": {"names": ["*prod*"], "resource_tags": {"env": ["prod"]}, "tags": ["v*"]},
	"nonprod_selectors": {"names": ["dev/*"], "resource_tags": {"env": ["dev"]}, "tags": []},
}

_by_name := {
	"prod_selectors": {"names": ["*prod*"], "resource_tags": {}, "tags": []},
	"nonprod_selectors": {"names": ["dev/*"], "resource_tags": {}, "tags": []},
}

_tags_unread := f.unknown("ecr:ListTagsForResource")

_images_unread := f.unknown("ecr:DescribeImages")

_images(tags) := f.known([{"tags": tags}])

_record(name, resource_tags, images) := {
	"id": "urn",
	"repository": {"name": name, "resource_tags": resource_tags},
	"images": images,
}

_state(name, resource_tags, images) := found if {
	found := production.state(_params) with input as _record(name, resource_tags, images)
}

_of(name, resource_tags, tags) := _state(name, f.known(resource_tags), _images(tags))

test_by_name if _of("team/prod-app", {}, []) == "production"

test_by_resource_tag if _of("app", {"env": "prod"}, []) == "production"

test_by_image_tag if _of("dev/app", {}, ["v1.2.3"]) == "production"

test_production_wins if _of("dev/prod-app", {"env": "dev"}, []) == "production"

test_not_by_name if _of("dev/app", {}, ["latest"]) == "non-production"

test_not_by_resource_tag if _of("app", {"env": "dev"}, []) == "non-production"

test_nothing_matches_is_production if _of("app", {}, ["latest"]) == "production"

test_no_tags_at_all_is_read if _state("dev/app", f.absent, _images([])) == "non-production"

test_unread_tags_may_say_production if _state("dev/app", _tags_unread, _images([])) == "undecided"

test_unread_images_may_say_production if _state("dev/app", f.known({}), _images_unread) == "undecided"

test_unread_tags_may_say_that_it_is_not if _state("app", _tags_unread, _images(["latest"])) == "undecided"

test_what_is_surely_production_needs_nothing_more if {
	_state("prod/app", _tags_unread, _images_unread) == "production"
	_state("dev/app", _tags_unread, _images(["v1"])) == "production"
}

test_images_matter_only_where_a_selector_asks_for_them if {
	# No image tag makes a repository non-production here.
	_state("app", f.known({}), _images_unread) == "production"
}

test_unread_facts_do_not_matter_where_no_selector_asks if {
	record := _record("dev/app", _tags_unread, _images_unread)
	found := production.state(_by_name) with input as record
	found == "non-production"
}

test_a_platform_without_tags_has_none_that_match if _state("dev/app", f.unsupported, _images([])) == "non-production"

test_undecided_names_what_would_settle_it if {
	v := production.unknown(_params) with input as _record("dev/app", _tags_unread, _images([]))
	v.status == "unknown"
	v.settle == ["ecr:ListTagsForResource"]
	v.evidence == [{"path": "/repository/resource_tags", "value": _tags_unread}]
}

test_decided_has_nothing_to_settle if {
	not production.unknown(_params) with input as _record("dev/app", f.known({}), _images([]))
}

test_undecided_may_be_production if {
	production.is_production(_params) with input as _record("dev/app", _tags_unread, _images([]))
}
