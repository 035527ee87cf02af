package auditor.lib.production_test

import data.auditor.lib.production

_params := {
	"prod_selectors": {"names": ["*prod*"], "resource_tags": {"env": ["prod"]}, "tags": ["v*"]},
	"nonprod_selectors": {"names": ["dev/*"], "resource_tags": {"env": ["dev"]}, "tags": []},
}

_is(name, resource_tags, image_tags) if {
	production.is_production(_params) with input as {
		"repository": {"name": name, "resource_tags": {"state": "known", "value": resource_tags}},
		"images": {"state": "known", "value": [{"tags": image_tags}]},
	}
}

test_by_name if _is("team/prod-app", {}, [])

test_by_resource_tag if _is("app", {"env": "prod"}, [])

test_by_image_tag if _is("dev/app", {}, ["v1.2.3"])

test_production_wins if _is("dev/prod-app", {"env": "dev"}, [])

test_not_by_name if not _is("dev/app", {}, ["latest"])

test_not_by_resource_tag if not _is("app", {"env": "dev"}, [])

test_nothing_matches_is_production if _is("app", {}, ["latest"])

test_unread_facts_are_production if {
	production.is_production(_params) with input as {
		"repository": {"name": "app", "resource_tags": {"state": "unknown"}},
		"images": {"state": "unknown"},
	}
}
