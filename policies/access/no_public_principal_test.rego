package auditor.rules.access.no_public_principal_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.access.no_public_principal

_params := {"REG-ACC-001": {"trusted_vpces": ["vpce-own"], "trusted_cidrs": ["203.0.113.0/24"]}}

_on(record) := v if v := no_public_principal.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_grants(grants) := f.record({"access_policy": f.policy}, f.known([]), {"access": f.access(grants, [])})

test_no_policy_passes if _status(f.repository({})) == "pass"

test_own_account_passes if _status(_grants([f.grant("own_account", ["x"], {})])) == "pass"

test_foreign_account_is_another_rules_matter if _status(_grants([f.grant("account", ["9"], {})])) == "pass"

test_any_account_fails_and_does_not_say_anonymous if {
	v := f.only(_on(_grants([f.grant("any_account", [], {"capabilities": ["pull", "push"]})])))
	v.status == "fail"
	startswith(v.message, "Any AWS account can pull, push")
	v.evidence[0].path == "/derived/access/value/grants/0"
	not v.severity
}

test_metadata_only_is_high if {
	f.only(_on(_grants([f.grant("any_account", [], {"capabilities": ["metadata"]})]))).severity == "high"
}

test_own_network_is_information if {
	f.only(_on(_grants([f.grant("network", ["vpce-other"], {})]))).severity == "info"
}

test_address_range_is_medium if {
	f.only(_on(_grants([f.grant("network", ["198.51.100.0/24"], {})]))).severity == "medium"
}

test_trusted_networks_pass if {
	_status(_grants([f.grant("network", ["vpce-own"], {}), f.grant("network", ["203.0.113.0/24"], {})])) == "pass"
}

test_undecided_is_unknown if {
	_status(_grants([f.grant("any_account", [], {"certainty": "unknown", "reason": "a variable"})])) == "unknown"
}

test_public_beats_undecided if {
	unclear := f.grant("any_account", [], {"certainty": "unknown", "reason": "a variable"})
	_status(_grants([unclear, f.grant("any_account", [], {})])) == "fail"
}

test_denied_is_unknown_and_names_the_call if {
	v := f.only(_on(f.repository({"access_policy": f.unknown("ecr:GetRepositoryPolicy")})))
	v.status == "unknown"
	v.settle == ["ecr:GetRepositoryPolicy"]
}

test_unparsable_is_unknown if {
	_status(f.record({"access_policy": f.policy}, f.known([]), {"access": f.unknown("ecr:GetRepositoryPolicy")})) == "unknown"
}

test_platform_without_it_is_not_applicable if _status(f.repository({"access_policy": f.unsupported})) == "not_applicable"
