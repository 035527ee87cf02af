package auditor.rules.retention.development_expires_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.retention.development_expires

_params := {"REG-RET-006": {"dev_patterns": ["dev*", "pr-*"], "keep_dev_days": 30, "lag_days": 2}}

_on(record) := v if v := development_expires.verdicts with input as record with data.params as _params

_only(record) := f.only(_on(record))

_status(record) := _only(record).status

_old := {"pushed_at": f.known("2026-10-22T00:00:00Z")}

_rule(patterns, changes) := f.override(
	f.override(f.expire("tagged", "since_pushed", 30), {"patterns": patterns, "pattern_kind": "prefix"}),
	changes,
)

_analysis(rules) := f.known({"rules": rules, "errors": [], "warnings": []})

_record(rules, images, usage) := f.record({}, f.known(images), {"retention": _analysis(rules), "usage": usage})

_plain(rules, images) := _record(rules, images, f.not_requested("auditor:workloads"))

_dev := [_rule(["dev"], {})]

test_rule_by_prefix_passes if _status(_plain(_dev, [])) == "pass"

test_rule_by_glob_passes if _status(_plain([_rule(["d*"], {"pattern_kind": "glob"})], [])) == "pass"

test_rule_on_any_passes if _status(_plain([f.expire("any", "since_pushed", 30)], [])) == "pass"

test_no_rule_fails_though_there_is_no_image if _status(_plain([], [])) == "fail"

test_no_policy_fails if {
	_status(f.record({"retention_policy": f.absent}, f.known([]), {"retention": f.absent})) == "fail"
}

test_too_late_fails if _status(_plain([_rule(["dev"], {"count": 31})], [])) == "fail"

test_archiving_fails if _status(_plain([_rule(["dev"], {"action": "archive"})], [])) == "fail"

test_counting_fails if _status(_plain([_rule(["dev"], {"count_type": "count"})], [])) == "fail"

test_two_patterns_in_one_rule_fail if _status(_plain([_rule(["dev", "pr-"], {})], [])) == "fail"

test_narrower_rule_that_takes_what_is_there_passes if {
	_status(_plain([_rule(["dev-a"], {})], [f.image(1, ["dev-a1"], {})])) == "pass"
}

test_old_image_fails_and_is_named if {
	v := _only(_plain(_dev, [f.image(1, ["dev-1"], _old)]))
	v.status == "fail"
	v.message == "1 development image is older than 30 days: dev-1."
	v.evidence == [{"path": "/images/value/0/pushed_at", "value": f.known("2026-10-22T00:00:00Z")}]
}

test_within_the_lag_passes if {
	recent := f.image(1, ["dev-1"], {"pushed_at": f.known("2026-10-23T00:00:00Z")})
	_status(_plain(_dev, [recent])) == "pass"
}

test_image_that_no_rule_takes_fails if {
	v := _only(_plain(_dev, [f.image(1, ["pr-7"], {})]))
	v.status == "fail"
	v.message == "No rule expires 1 development image in time: pr-7."
}

test_release_tag_beside_it_passes if _status(_plain(_dev, [f.image(1, ["dev-1", "v1"], _old)])) == "pass"

_signature := concat("", ["sha256-", substring("0000000000000000000000000000000000000000000000000000000000000000", 0, 64), ".sig"])

test_signature_tag_beside_it_fails if _status(_plain(_dev, [f.image(1, ["dev-1", _signature], _old)])) == "fail"

test_signature_alone_passes if _status(_plain(_dev, [f.image(1, [_signature], _old)])) == "pass"

test_untagged_passes if _status(_plain(_dev, [f.image(1, [], _old)])) == "pass"

test_in_use_is_information if {
	v := _only(_record(_dev, [f.image(1, ["dev-1"], _old)], f.usage([f.use(1)])))
	v.status == "fail"
	v.severity == "info"
}

test_one_of_two_in_use_fails_for_the_other if {
	v := _only(_record(_dev, [f.image(1, ["dev-1"], _old), f.image(2, ["dev-2"], _old)], f.usage([f.use(1)])))
	v.message == "1 development image is older than 30 days: dev-2."
	not v.severity
}

test_unknown_push_time_is_unknown if {
	_status(_plain(_dev, [f.image(1, ["dev-1"], {"pushed_at": f.unknown("ecr:DescribeImages")})])) == "unknown"
}

test_images_not_read_is_unknown if {
	_status(f.record({}, f.unknown("ecr:DescribeImages"), {"retention": _analysis(_dev)})) == "unknown"
}

test_no_rule_fails_though_images_were_not_read if {
	_status(f.record({}, f.unknown("ecr:DescribeImages"), {"retention": _analysis([])})) == "fail"
}

test_denied_policy_is_unknown if {
	_status(f.repository({"retention_policy": f.unknown("ecr:GetLifecyclePolicy")})) == "unknown"
}

test_unparsable_is_unknown if _status(f.record({}, f.known([]), {"retention": f.unknown("x:Y")})) == "unknown"

test_other_registries_are_not_applicable if {
	_status(f.repository({"registry": {"kind": "acr", "account": "a", "region": ""}})) == "not_applicable"
}
