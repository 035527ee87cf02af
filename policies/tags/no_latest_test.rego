package auditor.rules.tags.no_latest_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.tags.no_latest

_params := {"REG-TAG-001": {"floating_tags": ["latest"], "prod_selectors": {"names": ["*prod*"], "resource_tags": {"env": ["prod"]}, "tags": ["v*"]}, "nonprod_selectors": {"names": ["dev/*"], "resource_tags": {}, "tags": []}}}

_on(record) := v if v := no_latest.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_latest := [f.image(1, ["latest", "v1.0.0"], {})]

test_no_floating_tag_passes if _status(f.repository({})) == "pass"

test_latest_fails_and_says_where if {
	v := f.only(_on(f.with_images({}, _latest)))
	v.status == "fail"
	v.evidence == [{"path": "/images/value/0/tags/0", "value": "latest"}]
}

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"

test_not_production_is_not_applicable if {
	_status(f.with_images({"name": "dev/app"}, [f.image(1, ["latest"], {})])) == "not_applicable"
}

test_cache_is_not_applicable if {
	_status(f.with_images({"hosting": f.known("proxy")}, _latest)) == "not_applicable"
}

test_latest_in_what_may_be_a_cache_is_unknown if {
	_status(f.with_images({"hosting": f.unknown("ecr:DescribePullThroughCacheRules")}, _latest)) == "unknown"
}

test_undecided_production_is_unknown_where_it_would_fail if {
	changes := {"name": "dev/app", "resource_tags": f.unknown("ecr:ListTagsForResource")}
	_status(f.with_images(changes, [f.image(1, ["latest"], {})])) == "unknown"
	_status(f.with_images(changes, [f.image(1, ["x"], {})])) == "pass"
}

test_one_tag_and_several_are_worded if {
	params := {"REG-TAG-001": f.override(_params["REG-TAG-001"], {"floating_tags": ["latest", "stable"]})}
	one := no_latest.verdicts with input as f.with_images({}, _latest) with data.params as params
	f.only(one).message == "A production repository carries the tag latest."
	two := no_latest.verdicts with input as f.with_images({}, [f.image(1, ["latest", "stable"], {})]) with data.params as params
	f.only(two).message == "A production repository carries the tags latest, stable."
}
