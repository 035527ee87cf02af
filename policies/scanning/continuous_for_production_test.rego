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
