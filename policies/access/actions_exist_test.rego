package auditor.rules.access.actions_exist_test

import data.auditor.lib.fixtures_test as f
import data.auditor.lib.identity_fixtures_test as i
import data.auditor.rules.access.actions_exist

_on(record) := v if v := actions_exist.verdicts with input as record

_status(record) := f.only(_on(record)).status

_problems(codes) := f.record({"access_policy": f.policy}, f.known([]), {"access": f.access([], problems)}) if {
	problems := [f.problem(code) | some code in codes]
}

test_no_policy if _status(f.repository({})) == "not_applicable"

test_clean_policy_passes if _status(_problems([])) == "pass"

test_every_failing_code_fails if {
	every code in ["action_unknown", "action_malformed", "action_wrong_service", "action_not_for_repository"] {
		_status(_problems([code])) == "fail"
		not f.only(_on(_problems([code]))).severity
	}
}

test_minor_code_fails_low if f.only(_on(_problems(["action_suspicious"]))).severity == "low"

test_other_rules_codes_do_not_matter if _status(_problems(["other"])) == "pass"

test_denied_is_unknown_and_names_the_call if {
	v := f.only(_on(f.repository({"access_policy": f.unknown("ecr:GetRepositoryPolicy")})))
	v.settle == ["ecr:GetRepositoryPolicy"]
}

test_unparsable_is_unknown if {
	_status(f.record({"access_policy": f.policy}, f.known([]), {"access": f.unknown("ecr:GetRepositoryPolicy")})) == "unknown"
}

test_platform_without_it_is_not_applicable if _status(f.repository({"access_policy": f.unsupported})) == "not_applicable"

test_what_cannot_be_decided_is_unknown if _status(_problems(["action_unlisted"])) == "unknown"

test_fail_beats_unknown if _status(_problems(["action_unlisted", ["action_unknown", "action_malformed", "action_wrong_service", "action_not_for_repository"][0]])) == "fail"

test_registry_policy_is_judged_as_well if {
	record := f.registry({"access_policy": f.policy}, {"access": f.access([], [f.problem(["action_unknown", "action_malformed", "action_wrong_service", "action_not_for_repository"][0])])})
	_status(record) == "fail"
}

# ---------------------------------------------------------------- identity policies
_account(code) := i.held(i.identity_policy(i.managed("push"), {}), [i.role("ci")], {"problems": f.known(problems)}) if {
	problems := [i.located(i.managed("push"), code)]
}

test_identity_policy_is_judged_by_itself if {
	v := f.only(_on(_account("action_unknown")))
	v.status == "fail"
	v.resource_id == "urn:cr:iam:111111111111:global:policy/push"
	v.evidence == [{"path": "/derived/problems/value/0/problem", "value": f.problem("action_unknown")}]
}

test_clean_identity_policy_passes if {
	f.only(_on(_account("other"))).status == "pass"
}

test_policies_of_the_platform_and_of_nobody_are_not_judged if {
	provided := i.identity_policy(i.provided("X"), {"kind": "provider"})
	f.only(_on(i.held(provided, [i.role("ci")], {}))).status == "not_applicable"
	f.only(_on(f.account({"policies": f.known([i.identity_policy(i.managed("push"), {})])}, {}))).status == "not_applicable"
}

test_unread_identities_are_unknown if {
	unread := f.unknown("iam:GetAccountAuthorizationDetails")
	every record in [
		f.account({"policies": unread}, {}), f.account({"principals": unread}, {}), f.account({}, {"problems": unread}),
	] {
		v := f.only(_on(record))
		[v.status, v.resource_id] == ["unknown", "urn:cr:iam:111111111111:global"]
	}
}

test_unreadable_identity_policy_is_unknown if {
	broken := i.identity_policy(i.managed("push"), {"unread": "not JSON"})
	f.only(_on(i.held(broken, [i.role("ci")], {}))).status == "unknown"
}

test_minor_code_of_an_identity_policy_fails_low if f.only(_on(_account("action_suspicious"))).severity == "low"

test_minor_fail_beats_unknown if {
	v := f.only(_on(_problems(["action_unlisted", "action_suspicious"])))
	[v.status, v.severity] == ["fail", "low"]
}
