package auditor.rules.replication.cross_region_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.replication.cross_region

_params := {"REG-REP-001": {"min_destinations": 1, "single_region_ok": ["scratch/*"], "prod_selectors": {"names": ["*prod*"], "resource_tags": {"env": ["prod"]}, "tags": ["v*"]}, "nonprod_selectors": {"names": ["dev/*"], "resource_tags": {}, "tags": []}}}

_on(record) := v if v := cross_region.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_rule(pattern, region) := {
	"filters": [{"kind": "prefix", "pattern": pattern}],
	"destinations": [{"account": "111111111111", "region": region}],
	"deletes": false,
}

_replicated(record, rules) := f.only(verdicts).status if {
	context := {"registry": {"replication": rules}}
	verdicts := cross_region.verdicts with input as record with data.params as _params with data.context as context
}

test_matching_prefix_passes if _replicated(f.repository({}), f.known([_rule("team/", "us-east-1")])) == "pass"

test_rule_without_filters_passes if {
	rule := f.override(_rule("", "us-east-1"), {"filters": []})
	_replicated(f.repository({}), f.known([rule])) == "pass"
}

test_other_prefix_fails if _replicated(f.repository({}), f.known([_rule("other/", "us-east-1")])) == "fail"

test_own_region_does_not_count if _replicated(f.repository({}), f.known([_rule("team/", "eu-west-1")])) == "fail"

test_no_rules_fails if _replicated(f.repository({}), f.known([])) == "fail"

_message(rules, minimum) := f.only(verdicts).message if {
	params := {"REG-REP-001": f.override(_params["REG-REP-001"], {"min_destinations": minimum})}
	context := {"registry": {"replication": f.known(rules)}}
	verdicts := cross_region.verdicts with input as f.repository({}) with data.params as params with data.context as context
}

test_too_few_regions_are_counted_in_words if {
	_message([], 1) == "Replicated to no other region; the minimum is 1."
	_message([_rule("team/", "us-east-1")], 2) == "Replicated to one other region (us-east-1); the minimum is 2."
	both := [_rule("team/", "us-east-1"), _rule("team/", "ap-south-1")]
	_message(both, 3) == "Replicated to 2 other regions (ap-south-1, us-east-1); the minimum is 3."
}

test_same_region_of_another_account_does_not_count if {
	rule := f.override(_rule("team/", "eu-west-1"), {"destinations": [{"account": "222222222222", "region": "eu-west-1"}]})
	_replicated(f.repository({}), f.known([rule])) == "fail"
}

test_denied_is_unknown if _replicated(f.repository({}), f.unknown("ecr:DescribeRegistry")) == "unknown"

test_platform_without_it_is_not_applicable if _replicated(f.repository({}), f.unsupported) == "not_applicable"

test_allowed_in_one_region_is_not_applicable if {
	_replicated(f.repository({"name": "scratch/app"}), f.known([])) == "not_applicable"
}

test_cache_is_not_applicable if _replicated(f.repository({"hosting": f.known("proxy")}), f.known([])) == "not_applicable"

test_failing_and_maybe_a_cache_is_unknown if _replicated(f.repository({"hosting": f.unknown("x")}), f.known([])) == "unknown"

test_not_production_is_not_applicable if {
	_replicated(f.with_images({"name": "dev/app"}, []), f.known([])) == "not_applicable"
}

_may_be_production := f.with_images({"name": "dev/app", "resource_tags": f.unknown("ecr:ListTagsForResource")}, [])

test_undecided_production_is_unknown_where_it_would_fail if {
	_replicated(_may_be_production, f.known([])) == "unknown"
}

test_undecided_production_passes_where_it_is_replicated if {
	_replicated(_may_be_production, f.known([_rule("dev/", "us-east-1")])) == "pass"
}

test_numbers_are_worded if {
	context := {"registry": {"replication": f.known([_rule("team/", "us-east-1")])}}
	params := {"REG-REP-001": f.override(_params["REG-REP-001"], {"min_destinations": 2})}
	verdicts := cross_region.verdicts with input as f.repository({}) with data.params as params with data.context as context
	f.only(verdicts).message == "Replicated to one other region (us-east-1); the minimum is 2."
}
