package auditor.rules.access.registry_policy_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.access.registry_policy

_params := {"REG-ACC-005": {"trusted_accounts": ["222222222222"], "allow_prefixes": []}}

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

test_doubt_does_not_hide_every_action if {
	v := f.only(_on(_grants([f.grant("account", ["222222222222"], {
		"actions": ["ecr:*"],
		"certainty": "unknown",
		"reason": "a variable",
	})])))
	v.status == "fail"
	contains(v.message, "allows every action (ecr:*)")
	endswith(v.message, "It cannot be told who else is let in: a variable.")
}

test_undecided_document_that_names_every_action_is_unknown if {
	_status(_grants([f.grant("any_account", [], {
		"actions": ["ecr:*"],
		"capabilities": [],
		"certainty": "unknown",
		"reason": "Effect is neither Allow nor Deny",
	})])) == "unknown"
}

test_unguarded_service_is_medium if {
	v := f.only(_on(_grants([f.grant("service", ["x.amazonaws.com"], _replicate)])))
	[v.status, v.severity] == ["fail", "medium"]
	contains(v.message, "x.amazonaws.com")
}

test_guarded_service_passes if {
	_status(_grants([f.grant("service", ["x.amazonaws.com"], object.union(_replicate, {"guarded": true}))])) == "pass"
}

test_unguarded_service_beats_undecided if {
	unclear := f.grant("account", ["222222222222"], object.union(_replicate, {"certainty": "unknown", "reason": "x"}))
	_status(_grants([unclear, f.grant("service", ["x.amazonaws.com"], _replicate)])) == "fail"
}

# ---------------------------------------------------------------- prefixes
_prefixed := {"REG-ACC-005": {"trusted_accounts": ["222222222222"], "allow_prefixes": ["mirror/", "vendor"]}}

_filling(resources) := f.only(verdicts) if {
	grant := f.grant("account", ["222222222222"], object.union(_replicate, {"resources": resources}))
	verdicts := registry_policy.verdicts with input as _grants([grant]) with data.params as _prefixed
}

_arn(name) := sprintf("arn:aws:ecr:eu-west-1:111111111111:repository/%s", [name])

test_allowed_prefixes_pass if _filling([_arn("mirror/*"), _arn("vendor-a")]).status == "pass"

test_everything_beyond_the_prefixes_fails if {
	every resources in [["*"], [_arn("*")], [_arn("mirr*")], [_arn("mirror/*"), _arn("team/*")], [sprintf("NotResource %s", [_arn("mirror/*")])], []] {
		v := _filling(resources)
		v.status == "fail"
		contains(v.message, "beyond the allowed prefixes")
	}
}

test_other_capabilities_need_no_prefix if {
	verdicts := registry_policy.verdicts with input as _grants([f.grant("account", ["222222222222"], {"resources": ["*"]})])
		with data.params as _prefixed
	f.only(verdicts).status == "pass"
}

test_prefixes_of_an_earlier_snapshot_are_unknown if {
	grant := object.remove(f.grant("account", ["222222222222"], _replicate), ["resources"])
	verdicts := registry_policy.verdicts with input as _grants([grant]) with data.params as _prefixed
	f.only(verdicts).status == "unknown"
}

test_several_faults_are_said_together if {
	verdicts := registry_policy.verdicts with input as _grants([f.grant("account", ["999999999999"], {
		"capabilities": ["replicate"],
		"actions": ["ecr:*"],
		"resources": ["*"],
	})])
		with data.params as _prefixed
	message := f.only(verdicts).message
	contains(message, "others than the trusted: 999999999999. The registry policy lets repositories")
	contains(message, "allows every action")
}
