package auditor.rules.replication.configuration_exact_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.replication.configuration_exact

_params := {"REG-REP-002": {"max_rules": 2, "max_destinations": 2, "max_filters": 2}}

_on(record) := v if v := configuration_exact.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_rule(patterns, account, region) := {
	"filters": [{"kind": "prefix", "pattern": p} | some p in patterns],
	"destinations": [{"account": account, "region": region}],
	"deletes": false,
}

_own(patterns) := _rule(patterns, "111111111111", "us-east-1")

_with(rules, names) := f.registry({"replication": f.known(rules), "repository_names": f.known(names)}, {})

test_exact_passes if _status(_with([_own(["team/"])], ["team/app"])) == "pass"

test_prefix_that_takes_more_is_low if {
	v := f.only(_on(_with([_own(["myapp"])], ["myapp", "myapp-internal"])))
	v.severity == "low"
	contains(v.message, "myapp-internal")
}

test_dead_prefix_is_low if f.only(_on(_with([_own(["gone/"])], ["team/app"]))).severity == "low"

test_deletions_are_low if {
	f.only(_on(_with([f.override(_own(["team/"]), {"deletes": true})], ["team/app"]))).severity == "low"
}

test_own_registry_as_destination_fails if {
	_status(_with([_rule(["team/"], "111111111111", "eu-west-1")], ["team/app"])) == "fail"
}

test_too_many_rules_fail if _status(_with([_own(["a"]), _own(["b"]), _own(["c"])], [])) == "fail"

test_too_many_filters_fail if _status(_with([_own(["a", "b", "c"])], [])) == "fail"

test_too_many_destinations_fail if {
	destinations := [{"account": "111111111111", "region": r} | some r in ["a", "b", "c"]]
	_status(_with([f.override(_own(["team/"]), {"destinations": destinations})], ["team/app"])) == "fail"
}

test_other_account_is_unknown if _status(_with([_rule(["team/"], "999999999999", "us-east-1")], ["team/app"])) == "unknown"

_target(changes) := f.override({"account": "999999999999", "region": "us-east-1", "state": "found", "accepts": "yes", "reason": "", "onward": []}, changes)

_linked(account, target) := f.only(_on(record)) if {
	changes := {"replication": f.known([_rule(["team/"], account, "us-east-1")]), "repository_names": f.known(["team/app"])}
	record := f.registry(changes, {"replication": f.known({"targets": [target], "sources": [], "unread": []})})
}

test_other_account_that_accepts_passes if _linked("999999999999", _target({})).status == "pass"

test_other_account_without_registry_policy_fails if {
	v := _linked("999999999999", _target({"accepts": "no"}))
	v.status == "fail"
	not v.severity
	contains(v.message, "the registry policy of account 999999999999 in us-east-1 does not let copies in")
}

test_other_account_that_was_not_read_is_unknown if {
	v := _linked("999999999999", _target({"accepts": "unknown", "reason": "it is not in the snapshot"}))
	v.status == "unknown"
	v.message == "Cannot tell whether 999999999999 accepts the copies: it is not in the snapshot."
}

test_target_of_another_region_decides_nothing if _linked("999999999999", _target({"region": "eu-north-1"})).status == "unknown"

test_chain_is_low if {
	target := _target({"account": "111111111111", "onward": [{"account": "111111111111", "region": "ap-south-1"}]})
	v := _linked("111111111111", target)
	v.severity == "low"
	contains(v.message, "us-east-1 of account 111111111111 copies on to ap-south-1 of account 111111111111, but not what comes from here")
}

test_other_partition_fails if {
	every region in ["cn-north-1", "us-gov-west-1", "us-iso-east-1", "eusc-de-east-1"] {
		v := f.only(_on(_with([_rule(["team/"], "111111111111", region)], ["team/app"])))
		v.status == "fail"
		contains(v.message, "which is in another partition")
	}
}

test_names_not_read_is_unknown if {
	changes := {"replication": f.known([_own(["team/"])]), "repository_names": f.unknown("ecr:DescribeRepositories")}
	_status(f.registry(changes, {})) == "unknown"
}

test_denied_is_unknown if _status(f.registry({"replication": f.unknown("ecr:DescribeRegistry")}, {})) == "unknown"

test_no_rules_is_not_applicable if _status(f.registry({}, {})) == "not_applicable"

test_platform_without_it_is_not_applicable if _status(f.registry({"replication": f.unsupported}, {})) == "not_applicable"
