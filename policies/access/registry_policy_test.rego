package auditor.rules.access.registry_policy_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.access.registry_policy

_params := {"REG-ACC-005": {"trusted_accounts": ["222222222222"]}}

_on(record) := v if v := registry_policy.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_grants(grants) := f.registry({"access_policy": f.policy}, {"access": f.access(grants, [])})

_replicate := {"capabilities": ["replicate"], "actions": ["ecr:ReplicateImage"]}

test_no_policy_passes if _status(f.registry({}, {})) == "pass"

test_trusted_account_passes if _status(_grants([f.grant("account", ["222222222222"], _replicate)])) == "pass"

test_stranger_fails if _status(_grants([f.grant("account", ["999999999999"], _replicate)])) == "fail"

test_everybody_fails if _status(_grants([f.grant("any_account", [], _replicate)])) == "fail"

test_every_action_fails if {
	_status(_grants([f.grant("account", ["222222222222"], {"actions": ["ecr:*"]})])) == "fail"
}

test_undecided_is_unknown if {
	_status(_grants([f.grant("account", ["222222222222"], {"certainty": "unknown", "reason": "x"})])) == "unknown"
}

test_denied_is_unknown if _status(f.registry({"access_policy": f.unknown("ecr:GetRegistryPolicy")}, {})) == "unknown"

test_unparsable_is_unknown if {
	_status(f.registry({"access_policy": f.policy}, {"access": f.unknown("ecr:GetRegistryPolicy")})) == "unknown"
}

test_platform_without_it_is_not_applicable if _status(f.registry({"access_policy": f.unsupported}, {})) == "not_applicable"
