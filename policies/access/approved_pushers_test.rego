package auditor.rules.access.approved_pushers_test

import data.auditor.lib.fixtures_test as f
import data.auditor.lib.identity_fixtures_test as i
import data.auditor.rules.access.approved_pushers

_params := {"REG-ACC-004": {
	"approved_pushers": ["arn:aws:iam::111111111111:role/ci-*", "222222222222", "codebuild.amazonaws.com"],
	"runtime_role_patterns": ["*TaskExecution*", "*pull*"],
}}

_on(record) := v if v := approved_pushers.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

# ---------------------------------------------------------------- repository policies
_grants(grants) := f.record({"access_policy": f.policy}, f.known([]), {"access": f.access(grants, [])})

_push := {"capabilities": ["pull", "push"]}

_one(audience, principals) := _grants([f.grant(audience, principals, _push)])

test_no_policy_passes if _status(f.repository({})) == "pass"

test_denied_is_unknown if _status(f.repository({"access_policy": f.unknown("ecr:GetRepositoryPolicy")})) == "unknown"

test_platform_without_it_is_not_applicable if _status(f.repository({"access_policy": f.unsupported})) == "not_applicable"

test_unparsable_is_unknown if {
	_status(f.record({"access_policy": f.policy}, f.known([]), {"access": f.unknown("ecr:GetRepositoryPolicy")})) == "unknown"
}

test_pull_alone_passes if _status(_grants([f.grant("account", ["999999999999"], {})])) == "pass"

test_every_write_capability_fails if {
	every capability in ["push", "delete", "administer"] {
		_status(_grants([f.grant("account", ["999999999999"], {"capabilities": [capability]})])) == "fail"
	}
}

test_approved_role_account_and_service_pass if {
	_status(_one("own_account", [i.role("ci-app")])) == "pass"
	_status(_one("account", ["222222222222"])) == "pass"
	_status(_one("account", ["arn:aws:iam::222222222222:role/x"])) == "pass"
	_status(_one("service", ["codebuild.amazonaws.com"])) == "pass"
}

test_other_role_fails_and_is_named if {
	v := f.only(_on(_one("own_account", [i.role("ci-app"), i.role("web")])))
	v.status == "fail"
	v.message == sprintf("Write access for others than approved pushers: %s.", [i.role("web")])
	v.evidence[0].path == "/derived/access/value/grants/0"
}

test_any_account_organisation_network_and_service_fail if {
	_status(_one("any_account", [])) == "fail"
	_status(_one("organization", ["o-own"])) == "fail"
	_status(_one("network", ["vpce-1"])) == "fail"
	_status(_one("service", ["lambda.amazonaws.com"])) == "fail"
}

test_own_account_as_a_whole_is_left_to_the_account_record if {
	_status(_one("own_account", ["arn:aws:iam::111111111111:root"])) == "pass"
}

test_everybody_in_the_own_account_fails if {
	contains(f.only(_on(_one("own_account", ["111111111111"]))).message, "everybody in the own account 111111111111")
}

test_nobody_passes if _status(_one("nobody", ["AROAXXXXXXXX"])) == "pass"

test_runtime_role_fails_even_when_approved if {
	v := f.only(_on(_one("own_account", [i.role("ci-pull")])))
	v.status == "fail"
	startswith(v.message, "Write access for roles that workloads run with")
}

test_both_kinds_are_told_apart if {
	v := f.only(_on(_one("own_account", [i.role("EcsTaskExecutionRole"), i.role("web")])))
	contains(v.message, "; of these, workloads run with arn:aws:iam::111111111111:role/EcsTaskExecutionRole.")
}

test_undecided_is_unknown_and_does_not_hide_a_fail if {
	unclear := f.grant("account", ["999999999999"], {"capabilities": ["push"], "certainty": "unknown", "reason": "a variable"})
	_status(_grants([unclear])) == "unknown"
	_status(_grants([unclear, f.grant("any_account", [], _push)])) == "fail"
}

test_doubt_about_the_approved_does_not_matter if {
	_status(_grants([f.grant("account", ["222222222222"], {"capabilities": ["push"], "certainty": "unknown", "reason": "x"})])) == "pass"
}

test_undecided_document_is_unknown if {
	_status(_grants([f.grant("any_account", [], {"certainty": "unknown", "reason": "no object", "capabilities": []})])) == "unknown"
}

# ---------------------------------------------------------------- accounts
_effective(entries) := f.account({}, {"effective": f.known(entries)})

test_nobody_holding_write_passes_on_the_account if {
	v := f.only(_on(_effective([])))
	v.status == "pass"
	v.resource_id == "urn:cr:iam:111111111111:global"
}

test_unjoined_access_is_unknown if {
	v := f.only(_on(f.account({}, {"effective": f.not_requested("auditor:join")})))
	v.status == "unknown"
	v.settle == ["auditor:join"]
}

test_one_verdict_for_each_principal if {
	verdicts := _on(_effective([
		i.access(i.role("ci-app"), {}), i.access(i.role("ci-app"), {"capability": "delete"}),
		i.access(i.role("web"), {"count": 3}), i.access(i.user("ann"), {"certainty": "unknown", "reason": "a tag was not read"}),
	]))
	{v.resource_id: v.status | some v in verdicts} == {
		"urn:cr:iam:111111111111:global:principal/role/ci-app": "pass",
		"urn:cr:iam:111111111111:global:principal/role/web": "fail",
		"urn:cr:iam:111111111111:global:principal/user/ann": "unknown",
	}
}

test_message_says_what_and_where if {
	v := f.only(_on(_effective([i.access(i.role("web"), {}), i.access(i.role("web"), {"capability": "delete", "count": 3})])))
	v.message == "role/web can delete 3 repositories, push urn:cr:ecr:111111111111:eu-west-1:team/app, and is no approved pusher."
	count(v.evidence) == 2
}

test_sure_beats_doubtful if {
	doubtful := {"capability": "delete", "certainty": "unknown", "reason": "x"}
	v := f.only(_on(_effective([i.access(i.role("web"), doubtful), i.access(i.role("web"), {})])))
	v.status == "fail"
	v.evidence[0].path == "/derived/effective/value/1"
}

test_runtime_role_that_is_approved_fails if {
	v := f.only(_on(_effective([i.access(i.role("ci-pull"), {})])))
	v.status == "fail"
	endswith(v.message, "and workloads run with it.")
}

test_role_of_the_platform_is_not_applicable if {
	_status(_effective([i.access(i.role("aws-service-role/ecr.amazonaws.com/AWSServiceRoleForECR"), {})])) == "not_applicable"
}

test_pull_alone_is_no_matter if _status(_effective([i.access(i.role("web"), {"capability": "pull"})])) == "pass"
