package auditor.rules.access.resources_match_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.access.resources_match

_on(record) := v if v := resources_match.verdicts with input as record

_status(record) := f.only(_on(record)).status

_problems(codes) := f.record({"access_policy": f.policy}, f.known([]), {"access": f.access([], problems)}) if {
	problems := [f.problem(code) | some code in codes]
}

test_no_policy if _status(f.repository({})) == "not_applicable"

test_clean_policy_passes if _status(_problems([])) == "pass"

test_every_failing_code_fails if {
	every code in ["resource_element", "resource_empty", "resource_arn_invalid", "principal_invalid", "network_private_useless"] {
		_status(_problems([code])) == "fail"
		not f.only(_on(_problems([code]))).severity
	}
}

test_minor_code_fails_low if f.only(_on(_problems(["pull_incomplete"]))).severity == "low"

test_other_rules_codes_do_not_matter if _status(_problems(["other"])) == "pass"

test_denied_is_unknown_and_names_the_call if {
	v := f.only(_on(f.repository({"access_policy": f.unknown("ecr:GetRepositoryPolicy")})))
	v.settle == ["ecr:GetRepositoryPolicy"]
}

test_unparsable_is_unknown if {
	_status(f.record({"access_policy": f.policy}, f.known([]), {"access": f.unknown("ecr:GetRepositoryPolicy")})) == "unknown"
}

test_platform_without_it_is_not_applicable if _status(f.repository({"access_policy": f.unsupported})) == "not_applicable"
