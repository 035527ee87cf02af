package auditor.rules.scanning.scan_complete_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.scanning.scan_complete

_params := {"REG-SCN-003": {"scope": "tagged", "newest_count": 10, "pending_hours": 24}}

_on(record) := v if v := scan_complete.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_images(images) := f.statuses(_on(f.with_images({}, images)))

test_complete_and_active_pass if {
	_images([f.image(1, ["a"], {}), f.image(2, ["b"], {"scan": f.scan_state("active")})]) == ["pass", "pass"]
}

test_never_scanned_fails if _images([f.image(1, ["a"], {"scan": f.absent})]) == ["fail"]

test_unusable_states_fail if {
	every state in ["failed", "unsupported", "expired"] {
		_images([f.image(1, ["a"], {"scan": f.scan_state(state)})]) == ["fail"]
	}
}

test_denied_is_unknown if _images([f.image(1, ["a"], {"scan": f.unknown("ecr:DescribeImageScanFindings")})]) == ["unknown"]

test_pending_after_a_push_is_unknown if {
	changes := {"scan": f.scan_state("pending"), "pushed_at": f.known("2026-11-23T12:00:00Z")}
	_images([f.image(1, ["a"], changes)]) == ["unknown"]
}

test_pending_for_days_fails if _images([f.image(1, ["a"], {"scan": f.scan_state("pending")})]) == ["fail"]

test_archived_is_not_applicable if {
	_images([f.image(1, ["a"], {"status": "archived"}), f.image(2, ["b"], {"scan": f.scan_state("archived")})]) == [
		"not_applicable", "not_applicable",
	]
}

test_untagged_is_not_applicable if _images([f.image(1, [], {"scan": f.absent})]) == ["not_applicable"]

test_index_passes_with_its_platforms if {
	_images([f.index(1, ["a"], f.known([f.child(2), f.attestation(9)])), f.image(2, [], {})]) == ["pass", "pass"]
}

test_index_fails_with_a_platform if {
	images := [f.index(1, ["a"], f.known([f.child(2), f.child(3)])), f.image(2, [], {}), f.image(3, [], {"scan": f.absent})]
	_images(images) == ["fail", "fail", "pass"]
}

test_index_with_a_missing_platform_is_unknown if _images([f.index(1, ["a"], f.known([f.child(2)]))]) == ["unknown"]

test_unread_index_is_unknown if _images([f.index(1, ["a"], f.unknown("ecr:BatchGetImage"))]) == ["unknown"]

test_untagged_beside_an_unread_index_is_judged if {
	images := [f.index(1, ["a"], f.unknown("ecr:BatchGetImage")), f.image(2, [], {"scan": f.absent})]
	_images(images) == ["fail", "unknown"]
}

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"

test_scope_all_takes_untagged if {
	params := {"REG-SCN-003": {"scope": "all", "newest_count": 10, "pending_hours": 24}}
	record := f.with_images({}, [f.image(1, [], {"scan": f.absent})])
	verdicts := scan_complete.verdicts with input as record with data.params as params
	f.statuses(verdicts) == ["fail"]
}

test_scope_newest_leaves_older_out if {
	params := {"REG-SCN-003": {"scope": "newest", "newest_count": 1, "pending_hours": 24}}
	older := f.image(1, ["a"], {"scan": f.absent, "pushed_at": f.known("2026-11-01T00:00:00Z")})
	record := f.with_images({}, [older, f.image(2, ["b"], {})])
	verdicts := scan_complete.verdicts with input as record with data.params as params
	f.statuses(verdicts) == ["not_applicable", "pass"]
}

test_registry_that_does_not_scan_is_not_applicable if {
	record := f.with_images({"scanning": f.unsupported}, [f.image(1, ["a"], {"scan": f.unsupported}), f.index(2, ["b"], f.unknown("oci:GetManifest"))])
	_status(record) == "not_applicable"
}

test_scan_made_elsewhere_is_judged if {
	record := f.with_images({"scanning": f.unsupported}, [f.image(1, ["a"], {})])
	_status(record) == "pass"
}

_external(n) := f.image(n, ["a"], {"scan": f.known(f.override(f.scan({}, []).value, {"external": true}))})

test_scan_outside_the_registry_counts_only_where_accepted if {
	record := f.with_images({}, [_external(1)])
	every accepted, status in {true: "pass", false: "fail"} {
		params := {"REG-SCN-003": {"scope": "tagged", "newest_count": 10, "pending_hours": 24, "accept_external": accepted}}
		verdicts := scan_complete.verdicts with input as record with data.params as params
		f.statuses(verdicts) == [status]
	}
}

test_messages_count_one_and_many if {
	params := {"REG-SCN-003": {"scope": "tagged", "newest_count": 10, "pending_hours": 1, "accept_external": true}}
	record := f.with_images({}, [f.image(1, ["a"], {"scan": f.scan_state("pending")})])
	verdicts := scan_complete.verdicts with input as record with data.params as params
	f.only(verdicts).message == "The scan is pending more than 1 hour after the push."
	images := [f.index(1, ["a"], f.known([f.child(2)])), f.image(2, [], {"scan": f.absent})]
	"1 platform without a completed scan." in {v.message | some v in _on(f.with_images({}, images))}
}

test_in_use_is_said if {
	record := f.record({}, f.known([f.image(1, ["a"], {"scan": f.absent})]), {"usage": f.usage([f.use(1)])})
	startswith(f.only(_on(record)).message, "The image was never scanned; in use by ")
}

test_registry_unread_and_nothing_else_usable_is_unknown if {
	denied := f.unknown("ecr:DescribeImageScanFindings")
	scan := f.known(f.override(f.scan_state("unread").value, {"registry": [denied], "external": true}))
	v := f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": scan, "pushed_at": f.known("2020-01-01T00:00:00Z")})])))
	v.status == "unknown"
	v.evidence == [{"path": "/images/value/0/scan/value/registry/0", "value": denied}]
}
