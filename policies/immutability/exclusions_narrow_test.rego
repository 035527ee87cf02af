package auditor.rules.immutability.exclusions_narrow_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.immutability.exclusions_narrow

_params := {"REG-IMM-002": {"allowed_exclusions": ["latest", "dev-*"], "release_patterns": ["v*", "release*"]}}

_on(record) := v if v := exclusions_narrow.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_with(patterns) := f.repository({"immutability": f.known({"mode": "all_except", "rules": rules})}) if {
	rules := [{"kind": "glob", "pattern": p} | some p in patterns]
}

test_allowed_exclusions_pass if _status(_with(["latest", "dev-*"])) == "pass"

test_star_fails if _status(_with(["*"])) == "fail"

test_filter_that_reaches_releases_fails if _status(_with(["*-rc"])) == "fail"

test_allowed_filter_that_reaches_releases_fails if {
	params := {"REG-IMM-002": {"allowed_exclusions": ["v*"], "release_patterns": ["v*"]}}
	verdicts := exclusions_narrow.verdicts with input as _with(["v*"]) with data.params as params
	f.only(verdicts).status == "fail"
	not f.only(verdicts).severity
}

test_star_fails_without_release_patterns if {
	params := {"REG-IMM-002": {"allowed_exclusions": ["*"], "release_patterns": []}}
	verdicts := exclusions_narrow.verdicts with input as _with(["*"]) with data.params as params
	f.only(verdicts).status == "fail"
}

test_many_filters_are_named_up_to_ten if {
	v := f.only(_on(_with([sprintf("v%d*", [n]) | some n in numbers.range(1, 24)])))
	endswith(v.message, " and 14 more.")
	count(v.evidence) == 20
}

test_exact_release_tag_fails if _status(_with(["v1.2.3"])) == "fail"

test_unlisted_filter_fails_low if f.only(_on(_with(["cache"]))).severity == "low"

test_evidence_names_the_filter if {
	v := f.only(_on(_with(["latest", "v*"])))
	v.evidence == [{"path": "/repository/immutability/value/rules/1/pattern", "value": "v*"}]
}

test_without_exclusions_is_not_applicable if _status(f.repository({})) == "not_applicable"

test_unread_is_unknown if {
	_status(f.repository({"immutability": f.unknown("ecr:DescribeRepositories")})) == "unknown"
}

test_platform_without_it_is_not_applicable if {
	_status(f.repository({"immutability": f.unsupported})) == "not_applicable"
}
