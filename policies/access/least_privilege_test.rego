package auditor.rules.access.least_privilege_test

import data.auditor.lib.fixtures_test as f
import data.auditor.lib.identity_fixtures_test as i
import data.auditor.rules.access.least_privilege

_params := {"REG-ACC-006": {"exempt_principals": ["*OrganizationAccountAccessRole"]}}

_on(record) := v if v := least_privilege.verdicts with input as record with data.params as _params

_id := i.managed("team/push")

_granting(changes) := _held(i.identity_policy(_id, {}), changes, [i.role("ci")])

_held(policy, changes, holders) := i.held(policy, holders, {"grants": f.known([i.identity_grant(policy.id, changes)])})

_verdict(changes) := f.only(_on(_granting(changes)))

test_limited_policy_passes if {
	v := _verdict({"writes": true})
	v.status == "pass"
	v.resource_id == "urn:cr:iam:111111111111:global:policy/team/push"
}

test_every_action_fails_high if {
	v := _verdict({"every_action": true, "sid": "All"})
	v.status == "fail"
	v.severity == "high"
	v.message == "a-policy allows every action (statement All); it is held by role/ci."
	v.evidence[0].path == "/derived/grants/value/0"
}

test_write_on_every_repository_fails_high if {
	v := _verdict({"writes": true, "every_repository": true, "capabilities": ["push"]})
	v.severity == "high"
	contains(v.message, "push on every repository (statement 0)")
}

test_pull_on_every_repository_is_medium if {
	v := _verdict({"every_repository": true})
	[v.status, v.severity] == ["fail", "medium"]
}

test_metadata_on_every_repository_passes if {
	_verdict({"every_repository": true, "capabilities": ["metadata"]}).status == "pass"
}

test_unread_guardrails_make_it_an_upper_bound if {
	record := f.override(_granting({"every_action": true}), {"guardrails": f.unknown("organizations:ListParents")})
	endswith(f.only(_on(record)).message, "this is an upper bound.")
}

test_administrator_access_is_information if {
	policy := i.identity_policy(i.provided("AdministratorAccess"), {"name": "AdministratorAccess", "kind": "provider"})
	v := f.only(_on(_held(policy, {"every_action": true}, [i.role("ops")])))
	[v.status, v.severity] == ["fail", "info"]
	v.resource_id == "urn:cr:iam:111111111111:global:policy/aws:policy/AdministratorAccess"
}

test_own_policy_of_that_name_is_no_exception if {
	policy := i.identity_policy(i.managed("AdministratorAccess"), {"name": "AdministratorAccess"})
	f.only(_on(_held(policy, {"every_action": true}, [i.role("ops")]))).severity == "high"
}

test_break_glass_is_information_unless_others_hold_it_too if {
	policy := i.identity_policy(_id, {})
	glass := i.role("OrganizationAccountAccessRole")
	f.only(_on(_held(policy, {"every_action": true}, [glass]))).severity == "info"
	f.only(_on(_held(policy, {"every_action": true}, [glass, i.role("ci")]))).severity == "high"
}

test_platforms_own_wide_policy_counts if {
	policy := i.identity_policy(i.provided("AmazonEC2ContainerRegistryFullAccess"), {"kind": "provider"})
	f.only(_on(_held(policy, {"every_action": true}, [i.role("ci")]))).severity == "high"
}

test_roles_of_the_platform_are_not_applicable if {
	role := i.role("aws-service-role/ecr.amazonaws.com/AWSServiceRoleForECR")
	f.only(_on(_held(i.identity_policy(_id, {}), {"every_action": true}, [role]))).status == "not_applicable"
}

test_inline_policy_has_an_id_of_its_own if {
	policy := i.identity_policy(sprintf("%s#push", [i.role("ci")]), {"kind": "inline"})
	f.only(_on(_held(policy, {}, [i.role("ci")]))).resource_id == "urn:cr:iam:111111111111:global:policy/role/ci#push"
}

test_boundaries_and_guardrails_are_no_grants if {
	policies := [i.identity_policy(_id, {}), i.identity_policy("arn:aws:organizations::1:policy/o-1/scp/p-1", {"kind": "guardrail"})]
	v := f.only(_on(f.account({"policies": f.known(policies)}, {})))
	v.status == "not_applicable"
	v.resource_id == "urn:cr:iam:111111111111:global"
}

test_unread_parts_are_unknown if {
	unread := f.unknown("iam:GetAccountAuthorizationDetails")
	every record in [
		f.account({"policies": unread}, {}), f.account({"principals": unread}, {}), f.account({}, {"grants": unread}),
	] {
		v := f.only(_on(record))
		v.status == "unknown"
		v.settle == ["iam:GetAccountAuthorizationDetails"]
	}
}

test_unreadable_document_is_unknown_for_that_policy_only if {
	broken := i.identity_policy(_id, {"unread": "not JSON"})
	other := i.identity_policy(i.managed("b"), {})
	record := f.account(
		{"policies": f.known([broken, other]), "principals": f.known([i.principal(i.role("ci"), [broken.id, other.id])])},
		{},
	)
	f.statuses(_on(record)) == ["pass", "unknown"]
}
