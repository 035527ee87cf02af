package auditor.rules.vulnerabilities.no_high_test

import data.auditor.lib.attestation_fixtures_test as a
import data.auditor.lib.fixtures_test as f
import data.auditor.rules.vulnerabilities.no_high

_params := {"REG-VUL-002": {"scope": "tagged", "newest_count": 10, "max_high": 0, "only_fixable": true, "treat_undefined_as": "unknown"}}

_on(record) := v if v := no_high.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_images(images) := f.statuses(_on(f.with_images({}, images)))

_bad := f.scan({"HIGH": 1}, [f.vulnerability("CVE-1", "HIGH", f.known({"available": "yes", "version": "2"}))])

test_no_finding_passes if _images([f.image(1, ["a"], {})]) == ["pass"]

test_other_severities_pass if {
	scan := f.scan({"CRITICAL": 3}, [f.vulnerability("CVE-1", "CRITICAL", f.absent)])
	_images([f.image(1, ["a"], {"scan": scan})]) == ["pass"]
}

test_finding_fails_and_is_named if {
	v := f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": _bad})])))
	v.status == "fail"
	v.vulnerabilities == ["CVE-1"]
	v.evidence == [{"path": "/images/value/0/scan/value/counts", "value": f.known({"HIGH": 1})}]
}

test_fix_not_told_counts if {
	fix := f.unknown("ecr:DescribeImageScanFindings")
	_images([f.image(1, ["a"], {"scan": f.scan({"HIGH": 1}, [f.vulnerability("CVE-1", "HIGH", fix)])})]) == ["fail"]
}

test_never_scanned_is_unknown if _images([f.image(1, ["a"], {"scan": f.absent})]) == ["unknown"]

test_denied_is_unknown if _images([f.image(1, ["a"], {"scan": f.unknown("ecr:DescribeImageScanFindings")})]) == ["unknown"]

test_unfinished_is_unknown if {
	every state in ["pending", "failed", "unsupported", "expired"] {
		_images([f.image(1, ["a"], {"scan": f.scan_state(state)})]) == ["unknown"]
	}
}

test_counts_not_told_is_unknown if {
	scan := f.known({"state": "complete", "detail": "", "counts": f.absent, "vulnerabilities": f.absent})
	count(_images([f.image(1, ["a"], {"scan": scan})])) == 1
	not "pass" in _images([f.image(1, ["a"], {"scan": scan})])
}

test_archived_and_untagged_are_not_applicable if {
	images := [f.image(1, ["a"], {"status": "archived", "scan": _bad}), f.image(2, [], {"scan": _bad})]
	_images(images) == ["not_applicable", "not_applicable"]
}

test_index_is_as_bad_as_its_worst_platform if {
	images := [f.index(1, ["a"], f.known([f.child(2), f.child(3)])), f.image(2, [], {}), f.image(3, [], {"scan": _bad})]
	_images(images) == ["fail", "fail", "pass"]
}

test_index_with_clean_platforms_passes if {
	_images([f.index(1, ["a"], f.known([f.child(2), f.attestation(9)])), f.image(2, [], {})]) == ["pass", "pass"]
}

test_index_with_an_unscanned_platform_is_unknown if {
	_images([f.index(1, ["a"], f.known([f.child(2)])), f.image(2, [], {"scan": f.absent})]) == ["unknown", "unknown"]
}

test_unread_index_is_unknown if _images([f.index(1, ["a"], f.unknown("ecr:BatchGetImage"))]) == ["unknown"]

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"

test_without_a_severity_counts_where_asked if {
	params := {"REG-VUL-002": {"scope": "tagged", "newest_count": 10, "max_high": 0, "only_fixable": false, "treat_undefined_as": "high"}}
	record := f.with_images({}, [f.image(1, ["a"], {"scan": f.scan({"UNKNOWN": 1}, [])})])
	verdicts := no_high.verdicts with input as record with data.params as params
	f.statuses(verdicts) == ["fail"]
}

_fixable(record) := f.statuses(verdicts) if {
	params := {"REG-VUL-002": {"scope": "tagged", "newest_count": 10, "max_high": 0, "only_fixable": true, "treat_undefined_as": "unknown"}}
	verdicts := no_high.verdicts with input as record with data.params as params
}

test_only_fixable_leaves_out_what_has_no_fix if {
	fix := f.known({"available": "no", "version": ""})
	scan := f.scan({"HIGH": 1}, [f.vulnerability("CVE-1", "HIGH", fix)])
	_fixable(f.with_images({}, [f.image(1, ["a"], {"scan": scan})])) == ["pass"]
}

test_only_fixable_without_details_is_unknown if {
	details := f.unknown("ecr:DescribeImageScanFindings")
	scan := f.known({"state": "complete", "detail": "", "counts": f.known({"HIGH": 1}), "vulnerabilities": details})
	_fixable(f.with_images({}, [f.image(1, ["a"], {"scan": scan})])) == ["unknown"]
}

test_registry_that_does_not_scan_is_not_applicable if {
	record := f.with_images({"scanning": f.unsupported}, [f.image(1, ["a"], {"scan": f.unsupported}), f.index(2, ["b"], f.unknown("oci:GetManifest"))])
	_status(record) == "not_applicable"
}

test_scan_made_elsewhere_is_judged if {
	record := f.with_images({"scanning": f.unsupported}, [f.image(1, ["a"], {})])
	_status(record) == "pass"
}

# ---------------------------------------------------------------- results from elsewhere
_elsewhere(changes) := f.known(f.override(
	{"state": "complete", "detail": "", "counts": f.known({"HIGH": 1}), "vulnerabilities": f.known([]), "external": true, "registry": [f.absent]},
	changes,
))

test_fixable_elsewhere_fails_though_the_registry_lists_nothing if {
	found := [f.vulnerability("CVE-1", "HIGH", f.known({"available": "yes", "version": "2"}))]
	scan := _elsewhere({"partial": true, "vulnerabilities": f.known(found)})
	f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": scan})]))).status == "fail"
}

test_not_fixable_elsewhere_is_unknown_while_the_registry_lists_nothing if {
	found := [f.vulnerability("CVE-1", "HIGH", f.known({"available": "no", "version": ""}))]
	partial := _elsewhere({"partial": true, "vulnerabilities": f.known(found)})
	whole := _elsewhere({"vulnerabilities": f.known(found)})
	f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": partial})]))).status == "unknown"
	f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": whole})]))).status == "pass"
}

test_cleared_by_verified_vex_passes_and_unverified_does_not if {
	image := f.image(1, ["a"], {"scan": _bad, "attestations": f.known([a.vex([a.said("CVE-1", "fixed", {})], {})])})
	v := f.only(_on(f.with_images({}, [image])))
	v.status == "pass"
	contains(v.message, "CVE-1 (fixed")
	unsigned := f.override(image, {"attestations": f.known([a.vex([a.said("CVE-1", "fixed", {})], {"verification": f.unsigned})])})
	_images([unsigned]) == ["fail"]
}
