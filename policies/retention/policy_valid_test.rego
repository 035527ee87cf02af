package auditor.rules.retention.policy_valid_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.retention.policy_valid

_on(record) := v if v := policy_valid.verdicts with input as record

_status(record) := f.only(_on(record)).status

_found(errors, warnings) := f.record({}, f.known([]), {"retention": f.known({
	"rules": [],
	"errors": errors,
	"warnings": warnings,
})})

test_clean_passes if _status(_found([], [])) == "pass"

test_error_fails if _status(_found([f.problem("any_not_last")], [])) == "fail"

test_warning_fails_low if f.only(_on(_found([], [f.problem("shadowed")]))).severity == "low"

test_error_beats_warning if not f.only(_on(_found([f.problem("x")], [f.problem("y")]))).severity

test_no_policy_is_not_applicable if _status(f.repository({"retention_policy": f.absent})) == "not_applicable"

test_denied_is_unknown if _status(f.repository({"retention_policy": f.unknown("ecr:GetLifecyclePolicy")})) == "unknown"

test_unparsable_is_unknown if _status(f.record({}, f.known([]), {"retention": f.unknown("ecr:GetLifecyclePolicy")})) == "unknown"

test_other_registries_are_not_applicable if {
	_status(f.repository({"registry": {"kind": "harbor", "account": "a", "region": ""}})) == "not_applicable"
}
