package auditor.rules.retention.families_covered_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.retention.families_covered

_params := {"REG-RET-003": {"grace_days": 30, "protected_patterns": ["keep-*"]}}

_on(record) := v if v := families_covered.verdicts with input as record with data.params as _params

_only(record) := f.only(_on(record))

_status(record) := _only(record).status

_image(n, tags) := f.image(n, tags, {"pushed_at": f.known("2026-01-01T00:00:00Z")})

_outlook(numbers) := f.known({
	"horizon_days": 90,
	"removals": [],
	"rules": [],
	"uncovered": [f.digest(n) | some n in numbers],
	"doubts": [],
})

_record(images, numbers) := f.record({}, f.known(images), {"outlook": _outlook(numbers)})

test_all_selected_passes if _status(_record([_image(1, ["release-1"])], [])) == "pass"

test_uncovered_fails_and_names_families if {
	v := _only(_record([_image(1, ["v1.0.0", "latest"]), _image(2, ["1.2"]), _image(3, ["release-1"])], [1, 2]))
	v.status == "fail"
	v.message == "2 tagged images older than 30 days match no retention rule: tags like 1*, latest*, v*."
	v.evidence[0] == {"path": "/images/value/0/tags", "value": ["v1.0.0", "latest"]}
}

test_one_fails_in_the_singular if {
	v := _only(_record([_image(1, ["v1"])], [1]))
	v.message == "1 tagged image older than 30 days matches no retention rule: tags like v*."
}

test_within_grace_passes if _status(_record([f.image(1, ["v1"], {})], [1])) == "pass"

test_protected_passes if _status(_record([_image(1, ["keep-1", "v1"])], [1])) == "pass"

test_doubts_do_not_matter if {
	outlook := f.known(object.union(_outlook([1]).value, {"doubts": ["x"]}))
	_status(f.record({}, f.known([_image(1, ["v1"])]), {"outlook": outlook})) == "fail"
}

test_no_policy_covers_nothing_and_fails if {
	record := f.record({"retention_policy": f.absent}, f.known([_image(1, ["v1"]), _image(2, [])]), {"outlook": f.absent})
	v := _only(record)
	v.status == "fail"
	startswith(v.message, "1 tagged image ")
}

test_no_policy_and_signatures_only_passes if {
	signature := f.override(_image(1, ["sha256-00.sig"]), {"kind": "signature"})
	_status(f.record({"retention_policy": f.absent}, f.known([signature]), {"outlook": f.absent})) == "pass"
}

test_unknown_push_time_is_unknown if {
	undated := f.image(1, ["v1"], {"pushed_at": f.unknown("ecr:DescribeImages")})
	_status(_record([undated], [1])) == "unknown"
}

test_old_one_fails_beside_unknown_push_time if {
	undated := f.image(1, ["v1"], {"pushed_at": f.unknown("ecr:DescribeImages")})
	_status(_record([undated, _image(2, ["v2"])], [1, 2])) == "fail"
}

test_denied_policy_is_unknown if {
	_status(f.repository({"retention_policy": f.unknown("ecr:GetLifecyclePolicy")})) == "unknown"
}

test_images_not_read_is_unknown if {
	_status(f.record({}, f.unknown("ecr:DescribeImages"), {"outlook": f.unknown("ecr:DescribeImages")})) == "unknown"
}

test_outlook_not_made_is_unknown if {
	_status(f.record({}, f.known([]), {"outlook": f.not_requested("auditor:outlook")})) == "unknown"
}

test_other_registries_are_not_applicable if {
	_status(f.repository({"registry": {"kind": "acr", "account": "a", "region": ""}})) == "not_applicable"
}
