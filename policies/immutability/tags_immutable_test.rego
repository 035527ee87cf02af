package auditor.rules.immutability.tags_immutable_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.immutability.tags_immutable

_params := {"REG-IMM-001": {"release_patterns": ["v*", "release*"], "exempt_ptc": true}}

_on(record) := v if v := tags_immutable.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_mode(mode, rules) := f.repository({"immutability": f.known({"mode": mode, "rules": rules})})

test_immutable_passes if _status(_mode("all", [])) == "pass"

test_immutable_with_exclusions_passes_here if _status(_mode("all_except", [])) == "pass"

test_mutable_fails if _status(_mode("none", [])) == "fail"

test_per_tag_fails if _status(_mode("per_tag", [])) == "fail"

test_mutable_except_releases_passes if {
	rules := [{"kind": "glob", "pattern": "v*"}, {"kind": "glob", "pattern": "rel*"}]
	_status(_mode("none_except", rules)) == "pass"
}

test_mutable_except_some_releases_fails if {
	_status(_mode("none_except", [{"kind": "glob", "pattern": "v1*"}])) == "fail"
}

test_mutable_except_suffixed_releases_fails if {
	rules := [{"kind": "glob", "pattern": "v*-final"}, {"kind": "glob", "pattern": "release*"}]
	_status(_mode("none_except", rules)) == "fail"
}

test_mutable_except_everything_passes if {
	every pattern in ["*", "**"] {
		_status(_mode("none_except", [{"kind": "glob", "pattern": pattern}])) == "pass"
	}
}

test_prefixes_that_hold_the_releases_pass if {
	rules := [{"kind": "prefix", "pattern": "v"}, {"kind": "prefix", "pattern": "rel"}]
	_status(_mode("rules", rules)) == "pass"
}

test_longer_prefix_fails if {
	rules := [{"kind": "prefix", "pattern": "v1"}, {"kind": "prefix", "pattern": "release"}]
	_status(_mode("rules", rules)) == "fail"
}

test_rules_that_cannot_be_compared_are_unknown if {
	every rule in [
		{"kind": "regex", "pattern": "^(v|release).*$"}, {"kind": "doublestar", "pattern": "{v,release}**"},
		{"kind": "doublestar", "pattern": "[rv]*"}, {"kind": "glob", "pattern": "v?*"},
	] {
		v := f.only(_on(_mode("rules", [rule])))
		v.status == "unknown"
		v.evidence == [{"path": "/repository/immutability/value/rules/0/pattern", "value": rule.pattern}]
		count(v.settle) == 1
	}
}

test_rule_that_holds_all_releases_passes_beside_one_that_cannot_be_compared if {
	rules := [{"kind": "regex", "pattern": "^dev$"}, {"kind": "glob", "pattern": "*"}]
	_status(_mode("rules", rules)) == "pass"
}

test_no_release_pattern_leaves_nothing_to_cover if {
	record := _mode("none_except", [{"kind": "glob", "pattern": "v*"}])
	params := {"REG-IMM-001": {"release_patterns": [], "exempt_ptc": true}}
	verdicts := tags_immutable.verdicts with input as record with data.params as params
	f.only(verdicts).status == "fail"
}

test_cache_that_is_not_exempt_is_judged if {
	record := f.repository({"hosting": f.known("proxy"), "immutability": f.known({"mode": "none"})})
	params := {"REG-IMM-001": {"release_patterns": ["v*"], "exempt_ptc": false}}
	verdicts := tags_immutable.verdicts with input as record with data.params as params
	f.only(verdicts).status == "fail"
}

test_evidence_is_the_mode if {
	f.only(_on(_mode("none", []))).evidence == [{"path": "/repository/immutability/value/mode", "value": "none"}]
}

test_denied_is_unknown if {
	v := f.only(_on(f.repository({"immutability": f.unknown("ecr:DescribeRepositories")})))
	v.status == "unknown"
	v.settle == ["ecr:DescribeRepositories"]
}

test_platform_without_it_is_not_applicable if {
	_status(f.repository({"immutability": f.unsupported})) == "not_applicable"
}

test_cache_is_not_applicable if {
	_status(f.repository({"hosting": f.known("proxy"), "immutability": f.known({"mode": "none"})})) == "not_applicable"
}

test_mutable_and_maybe_a_cache_is_unknown if {
	hosting := f.unknown("ecr:DescribePullThroughCacheRules")
	_status(f.repository({"hosting": hosting, "immutability": f.known({"mode": "none"})})) == "unknown"
}

test_immutable_and_maybe_a_cache_passes if {
	_status(f.repository({"hosting": f.unknown("ecr:DescribePullThroughCacheRules")})) == "pass"
}
