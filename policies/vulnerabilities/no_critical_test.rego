package auditor.rules.vulnerabilities.no_critical_test

import data.auditor.lib.attestation_fixtures_test as a
import data.auditor.lib.fixtures_test as f
import data.auditor.rules.vulnerabilities.no_critical

_params := {"REG-VUL-001": {"scope": "tagged", "newest_count": 10, "max_critical": 0, "only_fixable": false, "treat_undefined_as": "unknown"}}

_on(record) := v if v := no_critical.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_images(images) := f.statuses(_on(f.with_images({}, images)))

_bad := f.scan({"CRITICAL": 1}, [f.vulnerability("CVE-1", "CRITICAL", f.known({"available": "yes", "version": "2"}))])

test_no_finding_passes if _images([f.image(1, ["a"], {})]) == ["pass"]

test_other_severities_pass if {
	scan := f.scan({"HIGH": 3}, [f.vulnerability("CVE-1", "HIGH", f.absent)])
	_images([f.image(1, ["a"], {"scan": scan})]) == ["pass"]
}

test_finding_fails_and_is_named if {
	v := f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": _bad})])))
	v.status == "fail"
	v.vulnerabilities == ["CVE-1"]
	v.evidence == [{"path": "/images/value/0/scan/value/counts", "value": f.known({"CRITICAL": 1})}]
}

test_fix_not_told_counts if {
	fix := f.unknown("ecr:DescribeImageScanFindings")
	_images([f.image(1, ["a"], {"scan": f.scan({"CRITICAL": 1}, [f.vulnerability("CVE-1", "CRITICAL", fix)])})]) == ["fail"]
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
	params := {"REG-VUL-001": {"scope": "tagged", "newest_count": 10, "max_critical": 0, "only_fixable": false, "treat_undefined_as": "critical"}}
	record := f.with_images({}, [f.image(1, ["a"], {"scan": f.scan({"UNKNOWN": 1}, [])})])
	verdicts := no_critical.verdicts with input as record with data.params as params
	f.statuses(verdicts) == ["fail"]
}

_fixable(record) := f.statuses(verdicts) if {
	params := {"REG-VUL-001": {"scope": "tagged", "newest_count": 10, "max_critical": 0, "only_fixable": true, "treat_undefined_as": "unknown"}}
	verdicts := no_critical.verdicts with input as record with data.params as params
}

test_only_fixable_leaves_out_what_has_no_fix if {
	fix := f.known({"available": "no", "version": ""})
	scan := f.scan({"CRITICAL": 1}, [f.vulnerability("CVE-1", "CRITICAL", fix)])
	_fixable(f.with_images({}, [f.image(1, ["a"], {"scan": scan})])) == ["pass"]
}

test_only_fixable_without_details_is_unknown if {
	details := f.unknown("ecr:DescribeImageScanFindings")
	scan := f.known({"state": "complete", "detail": "", "counts": f.known({"CRITICAL": 1}), "vulnerabilities": details})
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

_message(counts, details) := f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": f.scan(counts, details)})]))).message

test_one_reads_as_one if {
	_message({"CRITICAL": 1}, [f.vulnerability("CVE-1", "CRITICAL", f.absent)]) == "1 critical vulnerability: CVE-1."
}

test_two_read_as_two_with_those_without_a_severity if {
	details := [f.vulnerability("CVE-1", "CRITICAL", f.absent), f.vulnerability("CVE-2", "CRITICAL", f.absent)]
	_message({"CRITICAL": 2, "UNKNOWN": 1}, details) == "2 critical vulnerabilities: CVE-1, CVE-2; 1 more without a severity."
}

test_suppressed_is_neither_counted_nor_named if {
	hidden := f.override(f.vulnerability("CVE-2", "CRITICAL", f.absent), {"suppressed_by": "urn:cr:inspector2:1:r:suppression/a"})
	_message({"CRITICAL": 1}, [f.vulnerability("CVE-1", "CRITICAL", f.absent), hidden]) == "1 critical vulnerability: CVE-1."
	_images([f.image(1, ["a"], {"scan": f.scan({}, [hidden])})]) == ["pass"]
}

test_in_use_is_said if {
	scan := f.scan({"CRITICAL": 1}, [f.vulnerability("CVE-1", "CRITICAL", f.absent)])
	record := f.record({}, f.known([f.image(1, ["a"], {"scan": scan})]), {"usage": f.usage([f.use(1)])})
	startswith(f.only(_on(record)).message, "1 critical vulnerability: CVE-1; in use by ")
}

test_one_platform_reads_as_one if {
	scan := f.scan({"CRITICAL": 1}, [f.vulnerability("CVE-1", "CRITICAL", f.absent)])
	images := [f.index(1, ["a"], f.known([f.child(2)])), f.image(2, [], {"scan": scan})]
	"1 platform with critical vulnerabilities above the limit." in {v.message | some v in _on(f.with_images({}, images))}
}

# ---------------------------------------------------------------- results from elsewhere
_unread := f.unknown("ecr:DescribeImageScanFindings")

_joined(state, counts, details, changes) := f.known(f.override(
	{"state": state, "detail": "old", "counts": counts, "vulnerabilities": f.known(details), "external": true, "registry": [f.absent]},
	changes,
))

_from(v, changes) := f.override(v, changes)

_critical := f.vulnerability("CVE-1", "CRITICAL", f.known({"available": "yes", "version": "2"}))

_verdict(scan) := f.only(_on(f.with_images({}, [f.image(1, ["a"], {"scan": scan})])))

test_sources_are_named_and_likely_exploits_come_first if {
	details := [
		_from(_critical, {"sources": ["trivy"], "epss": f.known(0.02)}),
		_from(_critical, {"id": "CVE-2", "sources": ["grype", "trivy"], "epss": f.known(0.915)}),
		_from(_critical, {"id": "CVE-0", "sources": ["trivy"]}),
	]
	v := _verdict(_joined("complete", f.known({"CRITICAL": 3}), details, {}))
	v.message == "3 critical vulnerabilities: CVE-2 (EPSS 91 percent), CVE-1, CVE-0, found by grype, trivy."
}

test_found_by_an_old_scan_fails if {
	every state in ["expired", "failed", "pending", "unread"] {
		_verdict(_joined(state, f.known({"CRITICAL": 1}), [_critical], {})).status == "fail"
	}
}

test_clean_but_old_is_unknown if {
	every state in ["expired", "failed", "pending", "unread"] {
		_verdict(_joined(state, f.known({}), [], {})).status == "unknown"
	}
}

test_registry_unread_and_clean_elsewhere_is_unknown if {
	v := _verdict(_joined("complete", _unread, [], {"partial": true, "registry": [_unread]}))
	v.status == "unknown"
	v.settle == ["ecr:DescribeImageScanFindings"]
}

test_registry_unread_and_found_elsewhere_fails if {
	v := _verdict(_joined("complete", _unread, [_critical], {"partial": true, "registry": [_unread]}))
	v.status == "fail"
	v.evidence[0].path == "/images/value/0/scan/value/vulnerabilities/value/0"
}

test_within_the_limit_but_more_may_be_there_is_unknown if {
	params := {"REG-VUL-001": f.override(_params["REG-VUL-001"], {"max_critical": 5})}
	scan := _joined("complete", f.known({"CRITICAL": 2}), [_critical], {"partial": true})
	record := f.with_images({}, [f.image(1, ["a"], {"scan": scan})])
	v := f.only(no_critical.verdicts) with input as record with data.params as params
	v.status == "unknown"
	v.evidence == [{"path": "/images/value/0/scan/value/registry/0", "value": f.absent}]
}

test_none_of_the_severity_passes_though_others_were_not_listed if {
	_verdict(_joined("complete", f.known({"HIGH": 2}), [], {"partial": true})).status == "pass"
}

test_hidden_by_vex_passes_and_says_why if {
	hidden := _from(_critical, {"suppressed_by": "VEX (not affected, Team): not reachable"})
	v := _verdict(_joined("complete", f.known({}), [hidden], {}))
	v.status == "pass"
	v.message == "No critical vulnerability above the limit; hidden: CVE-1 (VEX (not affected, Team): not reachable)."
}

test_no_given_result_is_of_the_image if {
	scanning := {"state": "unknown", "reason": "unsupported_by_platform", "source": "oci", "detail": ""}
	other := {"state": "unknown", "reason": "pending", "source": "scan_results in auditor.yaml", "detail": ""}
	record := f.with_images({"scanning": scanning}, [f.image(1, ["a"], {"scan": other})])
	f.statuses(_on(record)) == ["unknown"]
}

# ---------------------------------------------------------------- VEX
_two := f.scan({"CRITICAL": 2}, [f.vulnerability("CVE-1", "CRITICAL", f.absent), f.vulnerability("CVE-2", "CRITICAL", f.absent)])

_vexed(scan, changes) := f.only(_on(f.with_images({}, [f.image(1, ["a"], {
	"scan": scan,
	"attestations": f.known([a.vex([a.said("CVE-1", "not_affected", {})], changes)]),
})])))

test_cleared_by_verified_vex_passes_with_the_reason if {
	v := _vexed(_bad, {})
	v.status == "pass"
	v.message == "Cleared by VEX: CVE-1 (not affected: vulnerable_code_not_present)."
}

test_unverified_vex_suppresses_nothing if {
	_vexed(_bad, {"verification": f.unsigned}).status == "fail"
	_vexed(_bad, {"verification": f.known("untrusted")}).status == "fail"
	_vexed(_bad, {"subject": f.known(false)}).status == "fail"
}

test_the_rest_fails_and_says_what_was_cleared if {
	v := _vexed(_two, {})
	v.status == "fail"
	v.vulnerabilities == ["CVE-2"]
	v.message == "1 critical vulnerability: CVE-2; cleared by VEX: CVE-1 (not affected: vulnerable_code_not_present)."
}

test_counts_without_details_are_not_cleared if {
	counts := f.known({"state": "complete", "detail": "", "counts": f.known({"CRITICAL": 1}), "vulnerabilities": f.absent})
	_vexed(counts, {}).status == "fail"
}
