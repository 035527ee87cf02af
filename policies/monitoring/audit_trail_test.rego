package auditor.rules.monitoring.audit_trail_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.monitoring.audit_trail

_params := {"REG-MON-001": {"min_retention_days": 365}}

_on(record) := v if v := audit_trail.verdicts with input as record with data.params as _params

_trail(changes) := f.override(
	{
		"id": "urn:cr:cloudtrail:222222222222:us-east-1:trail/organisation",
		"logging": f.known(true),
		"multi_region": true,
		"organization": true,
		"home_region": "us-east-1",
		"management_events": f.known(true),
		"validation": true,
		"destinations": ["s3://logs"],
		"delivery_error": "",
		"retention_days": f.not_requested("s3:GetBucketLifecycleConfiguration"),
	},
	changes,
)

_verdict(trails) := f.only(_on(f.registry({"trails": trails}, {})))

_of(changes) := _verdict(f.known([_trail(changes)]))

test_trail_of_another_account_and_region_passes if {
	v := _of({})
	v.status == "pass"
	contains(v.message, "how long it is kept was not read")
}

test_no_trail_fails if {
	_verdict(f.known([])).status == "fail"
	_verdict(f.absent).status == "fail"
}

test_denied_is_unknown if _verdict(f.unknown("cloudtrail:DescribeTrails")).status == "unknown"

test_not_asked_is_unknown if _verdict(f.not_requested("cloudtrail:DescribeTrails")).status == "unknown"

test_each_defect_fails_and_is_named if {
	every changes, words in {
		{"logging": f.known(false)}: "is switched off",
		{"management_events": f.known(false)}: "does not record management events, read and write",
		{"validation": false}: "does not protect its files against change",
		{"delivery_error": "AccessDenied"}: "could not deliver its files",
		{"retention_days": f.known(90)}: "does not keep its files long enough",
	} {
		v := _of(changes)
		v.status == "fail"
		not v.severity
		contains(v.message, words)
		v.evidence[0].path == "/registry/trails/value/0"
	}
}

test_long_enough_or_for_ever_passes if {
	every retention in [f.known(365), f.absent] {
		v := _of({"retention_days": retention})
		v.status == "pass"
		not contains(v.message, "kept")
	}
}

test_trail_of_this_region_alone_fails_low if {
	v := _of({"multi_region": false})
	[v.status, v.severity] == ["fail", "low"]
}

test_trail_of_this_region_alone_with_another_defect_fails_in_full if {
	v := _of({"multi_region": false, "validation": false})
	v.status == "fail"
	not v.severity
}

test_one_good_trail_is_enough if {
	_verdict(f.known([_trail({"logging": f.known(false)}), _trail({}), _trail({"logging": f.unknown("cloudtrail:GetTrailStatus")})])).status == "pass"
}

test_unread_status_or_selectors_are_unknown if {
	every field in ["logging", "management_events"] {
		v := _of({field: f.unknown("cloudtrail:GetX")})
		v.status == "unknown"
		v.settle == ["cloudtrail:GetX"]
		v.evidence[0].path == sprintf("/registry/trails/value/0/%s", [field])
	}
}

test_unread_part_of_a_trail_that_fails_anyway_is_no_doubt if {
	_of({"logging": f.unknown("cloudtrail:GetTrailStatus"), "validation": false}).status == "fail"
}

test_other_kinds_are_not_applicable if {
	f.only(_on(f.registry({"kind": "ghcr", "trails": f.unsupported}, {}))).status == "not_applicable"
	_verdict(f.unsupported).status == "not_applicable"
}

test_snapshot_from_before_trails_were_collected_is_unknown_without_evidence if {
	record := f.registry({}, {})
	older := object.union(object.remove(record, ["registry"]), {"registry": object.remove(record.registry, ["trails"])})
	v := f.only(_on(older))
	[v.status, v.evidence, v.settle] == ["unknown", [], ["cloudtrail:DescribeTrails"]]
}
