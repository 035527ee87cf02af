package auditor.rules.retention.untagged_expire_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.retention.untagged_expire

_params := {"REG-RET-002": {"keep_untagged_days": 7, "max_untagged": 50, "lag_days": 2}}

_on(record) := v if v := untagged_expire.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_rules(rules, images) := f.record({}, f.known(images), {"retention": f.known({"rules": rules, "errors": [], "warnings": []})})

_old := {"pushed_at": f.known("2026-11-01T00:00:00Z")}

test_rule_by_age_passes if _status(_rules([f.expire("untagged", "since_pushed", 7)], [])) == "pass"

test_rule_by_number_passes if _status(_rules([f.expire("untagged", "count", 50)], [])) == "pass"

test_rule_on_any_passes if _status(_rules([f.expire("any", "since_pushed", 3)], [])) == "pass"

test_too_late_fails if _status(_rules([f.expire("untagged", "since_pushed", 8)], [])) == "fail"

test_archiving_keeps_them if {
	_status(_rules([f.override(f.expire("untagged", "since_pushed", 7), {"action": "archive"})], [])) == "fail"
}

test_rule_on_tagged_does_not_count if _status(_rules([f.expire("tagged", "since_pushed", 7)], [])) == "fail"

test_no_policy_fails if _status(f.record({"retention_policy": f.absent}, f.known([]), {"retention": f.absent})) == "fail"

test_old_untagged_left_fails if _status(_rules([f.expire("untagged", "since_pushed", 7)], [f.image(1, [], _old)])) == "fail"

test_within_the_lag_passes if {
	recent := {"pushed_at": f.known("2026-11-15T00:00:01Z")}
	_status(_rules([f.expire("untagged", "since_pushed", 7)], [f.image(1, [], recent)])) == "pass"
}

test_children_of_an_index_do_not_count if {
	images := [f.index(1, ["v1"], f.known([f.child(2)])), f.image(2, [], _old)]
	_status(_rules([f.expire("untagged", "since_pushed", 7)], images)) == "pass"
}

test_referrers_do_not_count if {
	referrer := f.image(2, [], f.override(_old, {"subject": f.known("sha256:1")}))
	_status(_rules([f.expire("untagged", "since_pushed", 7)], [referrer])) == "pass"
}

test_perhaps_a_child_is_unknown if {
	images := [f.index(1, ["v1"], f.unknown("ecr:BatchGetImage")), f.image(2, [], _old)]
	_status(_rules([f.expire("untagged", "since_pushed", 7)], images)) == "unknown"
}

test_one_left_is_said_in_the_singular if {
	v := f.only(_on(_rules([f.expire("untagged", "since_pushed", 7)], [f.image(1, [], _old)])))
	v.message == "1 untagged image is older than the rule allows."
}

test_push_time_not_read_is_unknown if {
	undated := f.image(1, [], {"pushed_at": f.unknown("ecr:DescribeImages")})
	_status(_rules([f.expire("untagged", "since_pushed", 7)], [undated])) == "unknown"
}

test_perhaps_a_referrer_is_unknown if {
	unplaced := f.image(1, [], f.override(_old, {"subject": f.unknown("ecr:DescribeImages")}))
	_status(_rules([f.expire("untagged", "since_pushed", 7)], [unplaced])) == "unknown"
}

test_one_left_fails_beside_one_that_may_be_a_referrer if {
	unplaced := f.image(1, [], f.override(_old, {"subject": f.unknown("ecr:DescribeImages")}))
	_status(_rules([f.expire("untagged", "since_pushed", 7)], [unplaced, f.image(2, [], _old)])) == "fail"
}

test_denied_is_unknown if _status(f.repository({"retention_policy": f.unknown("ecr:GetLifecyclePolicy")})) == "unknown"

test_unparsable_is_unknown if _status(f.record({}, f.known([]), {"retention": f.unknown("ecr:GetLifecyclePolicy")})) == "unknown"

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"

test_cache_is_not_applicable if _status(f.repository({"hosting": f.known("proxy")})) == "not_applicable"

test_failing_and_maybe_a_cache_is_unknown if {
	changes := {"hosting": f.unknown("x"), "retention_policy": f.absent}
	_status(f.record(changes, f.known([]), {"retention": f.absent})) == "unknown"
}

test_platform_without_it_is_not_applicable if {
	_status(f.repository({"registry": {"kind": "ghcr", "account": "a", "region": ""}})) == "not_applicable"
}

test_numbers_are_worded if {
	rules := [f.expire("untagged", "since_pushed", 7)]
	f.only(_on(_rules(rules, [f.image(1, [], _old)]))).message == "1 untagged image is older than the rule allows."
	two := [f.image(1, [], _old), f.image(2, [], _old)]
	f.only(_on(_rules(rules, two))).message == "2 untagged images are older than the rule allows."
}
