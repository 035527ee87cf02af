package auditor.rules.scanning.continuous_for_production_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.scanning.continuous_for_production

_params := {"REG-SCN-002": {"prod_selectors": {"names": ["*prod*"], "resource_tags": {"env": ["prod"]}, "tags": ["v*"]}, "nonprod_selectors": {"names": ["dev/*"], "resource_tags": {}, "tags": []}}}

_on(record) := v if v := continuous_for_production.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_scanning(tier, frequency) := f.repository({"scanning": f.known({"tier": tier, "frequency": frequency})})

test_enhanced_and_continuous_passes if _status(_scanning("enhanced", "continuous")) == "pass"

test_basic_fails if _status(_scanning("basic", "on_push")) == "fail"

test_enhanced_on_push_fails if _status(_scanning("enhanced", "on_push")) == "fail"

test_absent_fails if _status(f.repository({"scanning": f.absent})) == "fail"

test_denied_is_unknown if _status(f.repository({"scanning": f.unknown("ecr:X")})) == "unknown"

test_not_production_is_not_applicable if {
	_status(f.with_images({"name": "dev/app", "scanning": f.absent}, [])) == "not_applicable"
}

test_platform_without_it_is_not_applicable if {
	_status(f.repository({"registry": {"kind": "oci", "account": "a", "region": ""}})) == "not_applicable"
}

_may_be_production(changes) := f.record(f.override({"name": "dev/app"}, changes), f.unknown("ecr:DescribeImages"), {})

test_undecided_production_is_unknown_where_it_would_fail if {
	v := f.only(_on(_may_be_production({"scanning": f.absent})))
	v.status == "unknown"
	v.settle == ["ecr:DescribeImages"]
}

test_undecided_production_passes_where_it_is_scanned if _status(_may_be_production({})) == "pass"

_with_scanner(active) := f.only(verdicts).status if {
	context := {"registry": {"scanning": f.known({"tier": "enhanced", "rules": [], "active": active})}}
	verdicts := continuous_for_production.verdicts with input as _scanning("enhanced", "continuous")
		with data.params as _params
		with data.context as context
}

test_scanner_that_is_on_passes if _with_scanner(f.known(true)) == "pass"

test_scanner_that_is_off_fails if _with_scanner(f.known(false)) == "fail"

test_scanner_that_was_not_read_is_unknown if {
	_with_scanner(f.unknown("inspector2:BatchGetAccountStatus")) == "unknown"
	_with_scanner(f.not_requested("inspector2:BatchGetAccountStatus")) == "unknown"
}

_outside(changes) := f.only(verdicts).status if {
	scan := f.known(f.override(f.scan({}, []).value, f.override({"external": true, "completed_at": f.known("2026-11-23T12:00:00Z")}, changes)))
	record := f.with_images({"scanning": f.known({"tier": "none", "frequency": "manual"})}, [f.image(1, ["a"], {"scan": scan})])
	params := {"REG-SCN-002": object.union(_params["REG-SCN-002"], {"max_external_age_days": 1})}
	verdicts := continuous_for_production.verdicts with input as record with data.params as params
}

test_scanned_outside_lately_passes if _outside({}) == "pass"

test_scanned_outside_long_ago_or_in_the_future_or_at_no_time_fails if {
	_outside({"completed_at": f.known("2026-11-22T12:00:00Z")}) == "fail"
	_outside({"completed_at": f.known("2026-11-25T12:00:00Z")}) == "fail"
	_outside({"completed_at": f.absent}) == "fail"
	_outside({"external": false}) == "fail"
}
