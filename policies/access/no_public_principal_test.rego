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

test_partial_pull_is_high if {
	manifests := {"partial": true, "actions": ["ecr:BatchGetImage"]}
	v := f.only(_on(_grants([f.grant("any_account", [], manifests)])))
	v.severity == "high"
	startswith(v.message, "Any AWS account can pull in part")
}

test_two_halves_of_a_pull_are_critical if {
	halves := [
		f.grant("any_account", [], {"partial": true, "actions": ["ecr:BatchGetImage"]}),
		f.grant("any_account", [], {"partial": true, "actions": ["ecr:GetDownloadUrlForLayer"], "statement": 1}),
	]
	not f.only(_on(_grants(halves))).severity
}

test_metadata_beside_a_push_is_critical if {
	push := {"capabilities": ["push", "metadata"]}
	not f.only(_on(_grants([f.grant("any_account", [], push)]))).severity
}

test_grant_of_nothing_passes if {
	_status(_grants([f.grant("any_account", [], {"capabilities": []})])) == "pass"
}

test_message_names_statements_by_sid_or_position if {
	v := f.only(_on(_grants([f.grant("any_account", [], {"sid": "Open"}), f.grant("any_account", [], {"statement": 1})])))
	v.message == "Any AWS account can pull (statement 1, statement Open)."
	count(v.evidence) == 2
}

test_evidence_is_capped_and_in_order if {
	v := f.only(_on(_grants([f.grant("any_account", [], {"statement": n}) | some n in numbers.range(0, 29)])))
	count(v.evidence) == 20
	v.evidence[19].path == "/derived/access/value/grants/19"
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

test_only_untrusted_networks_are_named_and_graded if {
	v := f.only(_on(_grants([f.grant("network", ["203.0.113.0/24", "vpce-a", "vpce-b"], {})])))
	v.severity == "info"
	v.message == "Any AWS account can pull from vpce-a, vpce-b (statement 0)."
	count(v.evidence) == 1
}

test_undecided_network_is_unknown if {
	unclear := {"certainty": "unknown", "reason": "a variable"}
	_status(_grants([f.grant("network", ["vpce-other"], unclear)])) == "unknown"
}

test_undecided_but_trusted_network_passes if {
	unclear := {"certainty": "unknown", "reason": "a variable"}
	_status(_grants([f.grant("network", ["vpce-own"], unclear)])) == "pass"
}

test_undecided_grant_to_an_account_is_not_to_everybody if {
	unclear := {"certainty": "unknown", "reason": "a variable"}
	_status(_grants([f.grant("account", ["999999999999"], unclear)])) == "pass"
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

test_subnet_of_a_trusted_network_passes if {
	_status(_grants([f.grant("network", ["203.0.113.128/25", "203.0.113.7"], {})])) == "pass"
}

test_wider_network_than_the_trusted_one_is_medium if {
	f.only(_on(_grants([f.grant("network", ["203.0.112.0/23"], {})]))).severity == "medium"
}

test_single_address_is_medium if {
	f.only(_on(_grants([f.grant("network", ["198.51.100.7"], {})]))).severity == "medium"
}

test_lesser_fail_beats_undecided_and_says_so if {
	unclear := f.grant("any_account", [], {"certainty": "unknown", "reason": "a variable", "statement": 1})
	v := f.only(_on(_grants([f.grant("network", ["vpce-other"], {}), unclear])))
	[v.status, v.severity] == ["fail", "info"]
	endswith(v.message, "It cannot be told who is let in by statement 1.")
}
