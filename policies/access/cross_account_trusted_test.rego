package auditor.rules.access.cross_account_trusted_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.access.cross_account_trusted

_params := {"REG-ACC-003": {"trusted_accounts": ["222222222222"], "trusted_org_ids": ["o-trusted"]}}

_on(record) := v if v := cross_account_trusted.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_grants(grants) := f.record({"access_policy": f.policy}, f.known([]), {"access": f.access(grants, [])})

test_no_policy_passes if _status(f.repository({})) == "pass"

test_trusted_account_passes if {
	_status(_grants([f.grant("account", ["222222222222", "arn:aws:iam::222222222222:role/x"], {})])) == "pass"
}

test_stranger_fails if _status(_grants([f.grant("account", ["arn:aws:iam::999999999999:role/ci"], {})])) == "fail"

test_trusted_organisation_passes if _status(_grants([f.grant("organization", ["o-trusted"], {})])) == "pass"

test_foreign_organisation_fails if _status(_grants([f.grant("organization", ["o-other"], {})])) == "fail"

test_any_account_fails_here_too if _status(_grants([f.grant("any_account", [], {})])) == "fail"

test_unguarded_service_is_medium if f.only(_on(_grants([f.grant("service", ["lambda"], {})]))).severity == "medium"

test_guarded_service_passes if _status(_grants([f.grant("service", ["lambda"], {"guarded": true})])) == "pass"

test_deleted_principal_is_low if f.only(_on(_grants([f.grant("nobody", ["AROAXXXXXXXX"], {})]))).severity == "low"

test_undecided_is_unknown if {
	_status(_grants([f.grant("account", ["9"], {"certainty": "unknown", "reason": "a variable"})])) == "unknown"
}

test_stranger_beside_a_trusted_account_fails_and_is_named if {
	v := f.only(_on(_grants([f.grant("account", ["222222222222", "999999999999"], {})])))
	v.status == "fail"
	contains(v.message, "999999999999")
	v.evidence[0].path == "/derived/access/value/grants/0"
}

test_own_account_passes if {
	own := ["111111111111", "arn:aws:iam::111111111111:role/ci"]
	_status(_grants([f.grant("account", own, {}), f.grant("own_account", own, {})])) == "pass"
}

test_fail_beats_undecided if {
	unclear := f.grant("account", ["888888888888"], {"certainty": "unknown", "reason": "a variable"})
	_status(_grants([unclear, f.grant("account", ["999999999999"], {})])) == "fail"
}

test_undecided_document_is_unknown if {
	doubt := {"certainty": "unknown", "reason": "an element is not known", "capabilities": []}
	_status(_grants([f.grant("any_account", [], doubt)])) == "unknown"
}

test_undecided_service_is_unknown if {
	_status(_grants([f.grant("service", ["lambda"], {"certainty": "unknown", "reason": "x"})])) == "unknown"
}

test_doubt_about_the_trusted_does_not_matter if {
	unclear := {"certainty": "unknown", "reason": "a variable"}
	_status(_grants([
		f.grant("account", ["222222222222"], unclear), f.grant("organization", ["o-trusted"], unclear),
		f.grant("own_account", ["111111111111"], unclear),
	])) == "pass"
}

test_any_account_is_said_in_words if {
	v := f.only(_on(_grants([f.grant("any_account", [], {}), f.grant("account", ["999999999999"], {})])))
	contains(v.message, "any AWS account")
	count(v.evidence) == 2
}

test_networks_are_left_to_the_other_rule_and_it_says_so if {
	v := f.only(_on(_grants([f.grant("network", ["vpce-own"], {})])))
	v.status == "pass"
	contains(v.message, "REG-ACC-001")
}

test_denied_is_unknown if {
	_status(f.repository({"access_policy": f.unknown("ecr:GetRepositoryPolicy")})) == "unknown"
}

test_unparsable_is_unknown if {
	_status(f.record({"access_policy": f.policy}, f.known([]), {"access": f.unknown("ecr:GetRepositoryPolicy")})) == "unknown"
}

test_platform_without_it_is_not_applicable if _status(f.repository({"access_policy": f.unsupported})) == "not_applicable"

test_organisation_beside_an_unread_own_one_fails if {
	record := _grants([f.grant("organization", ["o-own"], {})])
	verdicts := cross_account_trusted.verdicts with input as record
		with data.params as _params
		with data.context as f.registry({}, {})
	f.only(verdicts).status == "fail"
}

test_own_organisation_passes if {
	record := _grants([f.grant("organization", ["o-own"], {})])
	context := {"registry": {"organization": f.known("o-own")}}
	verdicts := cross_account_trusted.verdicts with input as record
		with data.params as _params
		with data.context as context
	f.only(verdicts).status == "pass"
}

test_lesser_fail_beats_undecided_and_says_so if {
	unclear := f.grant("account", ["888888888888"], {"certainty": "unknown", "reason": "a variable"})
	every grant in [f.grant("service", ["lambda"], {}), f.grant("nobody", ["AROAXXXXXXXX"], {})] {
		v := f.only(_on(_grants([unclear, grant])))
		v.status == "fail"
		endswith(v.message, "It cannot be told who else is let in: a variable.")
	}
}
