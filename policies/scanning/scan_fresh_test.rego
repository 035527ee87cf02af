package auditor.rules.scanning.scan_fresh_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.scanning.scan_fresh

_params := {"REG-SCN-004": {"max_scan_age_days": 7, "newest": 2}}

_on(record) := v if v := scan_fresh.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_images(images) := f.statuses(_on(f.with_images({}, images)))

_scan(changes) := f.known(f.override(f.scan({}, []).value, changes))

_at(moment) := _scan({"completed_at": f.known(moment)})

_scanned(moment) := f.image(1, ["a"], {"scan": _at(moment)})

_message(images) := f.only(_on(f.with_images({}, images))).message

test_recent_passes if _images([_scanned("2026-11-20T00:00:00Z")]) == ["pass"]

test_to_the_second_passes if _images([_scanned("2026-11-17T00:00:00Z")]) == ["pass"]

test_a_second_over_fails if _images([_scanned("2026-11-16T23:59:59Z")]) == ["fail"]

test_old_fails_and_says_how_old if {
	_message([_scanned("2026-11-12T00:00:00Z")]) == "The last scan is 12 days old, the limit is 7 days."
}

test_limit_of_one_day_reads_well if {
	params := {"REG-SCN-004": {"max_scan_age_days": 1, "newest": 2}}
	record := f.with_images({}, [_scanned("2026-11-22T00:00:00Z")])
	verdicts := scan_fresh.verdicts with input as record with data.params as params
	f.only(verdicts).message == "The last scan is 2 days old, the limit is 1 day."
}

test_scanned_all_the_time_passes if _images([f.image(1, ["a"], {"scan": f.scan_state("active")})]) == ["pass"]

test_eligibility_expired_fails if _images([f.image(1, ["a"], {"scan": f.scan_state("expired")})]) == ["fail"]

test_no_time_is_unknown if _images([f.image(1, ["a"], {"scan": _scan({"completed_at": f.absent})})]) == ["unknown"]

test_a_time_in_the_future_is_unknown if _images([_scanned("2026-11-25T00:00:00Z")]) == ["unknown"]

test_never_scanned_is_unknown if _images([f.image(1, ["a"], {"scan": f.absent})]) == ["unknown"]

test_denied_is_unknown if _images([f.image(1, ["a"], {"scan": f.unknown("ecr:DescribeImageScanFindings")})]) == ["unknown"]

test_unfinished_is_unknown if {
	every state in ["pending", "failed", "unsupported"] {
		_images([f.image(1, ["a"], {"scan": f.scan_state(state)})]) == ["unknown"]
	}
}

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"

test_archived_is_not_applicable if {
	_images([f.image(1, ["a"], {"status": "archived"}), f.image(2, ["b"], {"scan": f.scan_state("archived")})]) == [
		"not_applicable", "not_applicable",
	]
}

_old(n, day) := f.image(n, [sprintf("t%d", [n])], {"scan": _at("2026-01-01T00:00:00Z"), "pushed_at": f.known(day)})

_three := [_old(1, "2026-11-01T00:00:00Z"), _old(2, "2026-11-02T00:00:00Z"), _old(3, "2026-11-03T00:00:00Z")]

test_only_the_newest_are_judged if _images(_three) == ["fail", "fail", "not_applicable"]

test_in_use_is_judged_however_old if {
	record := f.record({}, f.known(_three), {"usage": f.usage([f.use(1)])})
	f.statuses(_on(record)) == ["fail", "fail", "fail"]
	some v in _on(record)
	endswith(v.resource_id, f.digest(1))
	contains(v.message, "; in use by ")
}

test_untagged_is_not_applicable if {
	_images([f.image(1, [], {"scan": _at("2026-01-01T00:00:00Z")}), f.image(2, ["a"], {"scan": f.scan_state("active")})]) == [
		"not_applicable", "pass",
	]
}

test_external_scan_goes_by_its_database if {
	scan := _scan({
		"external": true, "completed_at": f.known("2026-11-23T00:00:00Z"),
		"database_at": f.known("2026-11-01T00:00:00Z"),
	})
	v := f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": scan})])))
	v.status == "fail"
	v.evidence[0].path == "/images/value/0/scan/value/database_at"
}

test_external_scan_without_a_database_date_goes_by_its_own if {
	scan := _scan({"external": true, "completed_at": f.known("2026-11-23T00:00:00Z"), "database_at": f.absent})
	_images([f.image(1, ["a"], {"scan": scan})]) == ["pass"]
}

test_index_is_as_stale_as_its_worst_platform if {
	stale := f.image(3, [], {"scan": _at("2026-01-01T00:00:00Z")})
	fresh := f.image(2, [], {"scan": f.scan_state("active")})
	verdicts := _on(f.with_images({}, [f.index(1, ["a"], f.known([f.child(2), f.child(3)])), fresh, stale]))
	f.statuses(verdicts) == ["fail", "fail", "pass"]
	some v in verdicts
	v.message == "1 platform without a fresh scan."
}

test_unread_index_is_unknown if {
	_images([f.index(1, ["a"], f.unknown("ecr:BatchGetImage"))]) == ["unknown"]
}

test_index_with_a_missing_platform_is_unknown if _images([f.index(1, ["a"], f.known([f.child(2)]))]) == ["unknown"]

test_outdated_elsewhere_fails_and_says_whose if {
	scan := _scan({"state": "expired", "external": true, "detail": "trivy: of 2026-01-01, more than 30 days old"})
	_message([f.image(1, ["a"], {"scan": scan})]) == "No scan is recent enough: trivy: of 2026-01-01, more than 30 days old."
}

test_registry_unread_is_unknown if _images([f.image(1, ["a"], {"scan": _scan({"state": "unread"})})]) == ["unknown"]
