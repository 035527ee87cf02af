package auditor.rules.vulnerabilities.deadline_test

import data.auditor.lib.attestation_fixtures_test as a
import data.auditor.lib.fixtures_test as f
import data.auditor.rules.vulnerabilities.deadline

_params := {"REG-VUL-003": {
	"scope": "tagged", "newest_count": 10,
	"sla_days": {"CRITICAL": 15, "HIGH": 30, "MEDIUM": 90, "LOW": 180},
}}

_on(record) := v if v := deadline.verdicts with input as record with data.params as _params

_fixed := f.known({"available": "yes", "version": "2"})

_since(id, severity, moment) := f.override(f.vulnerability(id, severity, _fixed), {"first_seen_at": f.known(moment)})

_image(n, details) := f.image(n, ["a"], {"scan": f.scan({"CRITICAL": count(details)}, details)})

_verdict(details) := f.only(_on(f.with_images({}, [_image(1, details)])))

_status(details) := _verdict(details).status

test_nothing_found_passes if f.statuses(_on(f.with_images({}, [f.image(1, ["a"], {})]))) == ["pass"]

test_within_the_deadline_passes if _status([_since("CVE-1", "CRITICAL", "2026-11-20T00:00:00Z")]) == "pass"

test_on_its_last_day_passes if _status([_since("CVE-1", "CRITICAL", "2026-11-09T00:00:00Z")]) == "pass"

test_past_it_fails if {
	v := _verdict([_since("CVE-1", "CRITICAL", "2026-11-08T00:00:00Z")])
	v.status == "fail"
	v.message == "1 vulnerability past the deadline: CVE-1; the longest by 1 day."
	v.vulnerabilities == ["CVE-1"]
	v.evidence[0].path == "/images/value/0/scan/value/vulnerabilities/value/0"
}

test_several_are_counted_once_each if {
	v := _verdict([
		_since("CVE-1", "CRITICAL", "2026-11-01T00:00:00Z"), _since("CVE-1", "CRITICAL", "2026-10-01T00:00:00Z"),
		_since("CVE-2", "HIGH", "2026-01-01T00:00:00Z"),
	])
	startswith(v.message, "2 vulnerabilities past the deadline: CVE-1, CVE-2; the longest by ")
}

test_each_severity_has_its_own_deadline if {
	every severity in ["HIGH", "MEDIUM", "LOW"] {
		_status([_since("CVE-1", severity, "2026-11-08T00:00:00Z")]) == "pass"
	}
	_status([_since("CVE-1", "MEDIUM", "2026-01-01T00:00:00Z")]) == "fail"
}

test_a_severity_without_a_deadline_is_never_late if {
	_status([_since("CVE-1", "NEGLIGIBLE", "2020-01-01T00:00:00Z")]) == "pass"
}

test_without_a_fix_it_is_not_late if {
	v := f.override(_since("CVE-1", "CRITICAL", "2020-01-01T00:00:00Z"), {"fix": f.known({"available": "no", "version": ""})})
	_status([v]) == "pass"
}

test_without_a_fix_it_does_not_matter_since_when if {
	v := f.override(f.vulnerability("CVE-1", "CRITICAL", f.known({"available": "no", "version": ""})), {"first_seen_at": f.not_requested("auditor:since")})
	_status([v]) == "pass"
}

test_a_partial_fix_is_one if {
	v := f.override(_since("CVE-1", "CRITICAL", "2020-01-01T00:00:00Z"), {"fix": f.known({"available": "partial", "version": ""})})
	_status([v]) == "fail"
}

test_late_with_a_fix_that_is_not_told_is_unknown if {
	v := f.override(_since("CVE-1", "CRITICAL", "2020-01-01T00:00:00Z"), {"fix": f.unsupported})
	_status([v]) == "unknown"
}

test_not_late_yet_needs_no_fix_to_be_told if {
	v := f.override(_since("CVE-1", "CRITICAL", "2026-11-20T00:00:00Z"), {"fix": f.unsupported})
	_status([v]) == "pass"
}

test_first_seen_not_known_is_unknown_and_says_what_settles_it if {
	v := _verdict([f.override(f.vulnerability("CVE-1", "HIGH", _fixed), {"first_seen_at": f.not_requested("auditor:since")})])
	v.status == "unknown"
	"auditor collect --since" in v.settle
}

test_first_seen_in_the_future_is_unknown if _status([_since("CVE-1", "HIGH", "2026-12-01T00:00:00Z")]) == "unknown"

test_fail_wins_over_unknown if {
	_status([
		f.vulnerability("CVE-1", "HIGH", _fixed),
		_since("CVE-2", "CRITICAL", "2020-01-01T00:00:00Z"),
	]) == "fail"
}

test_suppressed_is_not_late if {
	v := f.override(_since("CVE-1", "CRITICAL", "2020-01-01T00:00:00Z"), {"suppressed_by": "urn:cr:inspector2:1:r:suppression/a"})
	_status([v]) == "pass"
}

test_details_not_read_is_unknown if {
	scan := f.known({"state": "complete", "detail": "", "counts": f.known({"LOW": 1}), "vulnerabilities": f.unknown("ecr:DescribeImageScanFindings")})
	f.statuses(_on(f.with_images({}, [f.image(1, ["a"], {"scan": scan})]))) == ["unknown"]
}

test_counts_of_zero_need_no_details if {
	scan := f.known({"state": "complete", "detail": "", "counts": f.known({}), "vulnerabilities": f.absent})
	f.statuses(_on(f.with_images({}, [f.image(1, ["a"], {"scan": scan})]))) == ["pass"]
}

test_unscanned_and_unread_are_unknown if {
	every scan in [f.absent, f.unknown("ecr:X"), f.scan_state("pending"), f.scan_state("failed"), f.scan_state("expired")] {
		f.statuses(_on(f.with_images({}, [f.image(1, ["a"], {"scan": scan})]))) == ["unknown"]
	}
}

test_images_not_read_is_unknown if f.only(_on(f.record({}, f.unknown("ecr:DescribeImages"), {}))).status == "unknown"

test_archived_and_untagged_are_not_applicable if {
	late := f.scan({"CRITICAL": 1}, [_since("CVE-1", "CRITICAL", "2020-01-01T00:00:00Z")])
	images := [f.image(1, ["a"], {"status": "archived", "scan": late}), f.image(2, [], {"scan": late})]
	f.statuses(_on(f.with_images({}, images))) == ["not_applicable", "not_applicable"]
}

test_index_names_the_vulnerabilities_of_its_platforms if {
	late := f.scan({"CRITICAL": 1}, [_since("CVE-1", "CRITICAL", "2020-01-01T00:00:00Z")])
	images := [f.index(1, ["a"], f.known([f.child(2), f.child(3)])), f.image(2, [], {}), f.image(3, [], {"scan": late})]
	verdicts := _on(f.with_images({}, images))
	f.statuses(verdicts) == ["fail", "fail", "pass"]
	count([v | some v in verdicts; object.get(v, "vulnerabilities", []) == ["CVE-1"]]) == 2
}

test_in_use_is_said if {
	record := f.record({}, f.known([_image(1, [_since("CVE-1", "CRITICAL", "2020-01-01T00:00:00Z")])]), {"usage": f.usage([f.use(1)])})
	contains(f.only(_on(record)).message, "; in use by ")
}

# ---------------------------------------------------------------- results from elsewhere
_elsewhere(details, changes) := f.known(f.override(
	{"state": "complete", "detail": "old", "counts": f.known({"CRITICAL": 1}), "vulnerabilities": f.known(details), "external": true, "registry": [f.absent]},
	changes,
))

_of(scan) := f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": scan})])))

test_late_by_an_old_scan_fails_and_names_it if {
	late := f.override(_since("CVE-1", "CRITICAL", "2026-11-08T00:00:00Z"), {"sources": ["trivy"]})
	v := _of(_elsewhere([late], {"state": "expired"}))
	v.status == "fail"
	v.message == "1 vulnerability past the deadline: CVE-1, found by trivy; the longest by 1 day."
}

test_late_elsewhere_fails_though_the_registry_was_not_read if {
	late := _since("CVE-1", "CRITICAL", "2026-11-08T00:00:00Z")
	_of(_elsewhere([late], {"partial": true})).status == "fail"
}

test_not_late_is_unknown_while_more_may_be_there if {
	recent := _since("CVE-1", "CRITICAL", "2026-11-20T00:00:00Z")
	v := _of(_elsewhere([recent], {"partial": true}))
	v.status == "unknown"
	v.message == "Cannot tell: what the registry's scanner found was not read in full."
	_of(_elsewhere([recent], {})).status == "pass"
	_of(_elsewhere([recent], {"state": "expired"})).status == "unknown"
}

test_cleared_by_verified_vex_is_never_late if {
	image := _image(1, [_since("CVE-1", "CRITICAL", "2026-01-01T00:00:00Z")])
	cleared := f.override(image, {"attestations": f.known([a.vex([a.said("CVE-1", "not_affected", {})], {})])})
	v := f.only(_on(f.with_images({}, [cleared])))
	v.status == "pass"
	contains(v.message, "CVE-1 (not affected: vulnerable_code_not_present)")
	unsigned := f.override(image, {"attestations": f.known([a.vex([a.said("CVE-1", "not_affected", {})], {"verification": f.unsigned})])})
	f.only(_on(f.with_images({}, [unsigned]))).status == "fail"
}

test_cleared_by_verified_vex_is_not_doubtful if {
	image := _image(1, [f.vulnerability("CVE-1", "CRITICAL", f.unknown("x"))])
	doubtful := f.override(image.scan.value.vulnerabilities.value[0], {"first_seen_at": f.unknown("x")})
	cleared := f.image(1, ["a"], {"scan": f.scan({"CRITICAL": 1}, [doubtful]), "attestations": f.known([a.vex([a.said("CVE-1", "fixed", {})], {})])})
	f.only(_on(f.with_images({}, [cleared]))).status == "pass"
}
