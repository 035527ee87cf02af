package auditor.lib.identity_fixtures_test

# Builders of what an account record holds, for the tests of rules on identities.

import data.auditor.lib.fixtures_test as f

role(name) := sprintf("arn:aws:iam::111111111111:role/%s", [name])

user(name) := sprintf("arn:aws:iam::111111111111:user/%s", [name])

managed(name) := sprintf("arn:aws:iam::111111111111:policy/%s", [name])

provided(name) := sprintf("arn:aws:iam::aws:policy/%s", [name])

principal(arn, policies) := {"arn": arn, "kind": "role", "unique_id": "AROA", "policies": policies, "boundary": ""}

identity_policy(id, changes) := f.override({"id": id, "name": "a-policy", "kind": "managed", "version": "2012-10-17", "statements": [], "size": 1, "unread": ""}, changes)

identity_grant(policy, changes) := f.override(
	{
		"policy": policy,
		"statement": 0,
		"sid": "",
		"holders": [],
		"holder_count": 1,
		"capabilities": ["pull"],
		"writes": false,
		"every_action": false,
		"resources": ["arn:aws:ecr:eu-west-1:111111111111:repository/team/*"],
		"every_repository": false,
		"conditional": false,
		"actions": ["ecr:BatchGetImage"],
	},
	changes,
)

# An account with one policy that one role holds.
held(policy, holders, derived) := f.account(
	{
		"policies": f.known([policy]),
		"principals": f.known([principal(arn, [policy.id]) | some arn in holders]),
	},
	derived,
)

located(policy, code) := {"policy": policy, "problem": f.problem(code)}

access(arn, changes) := f.override(
	{
		"principal": arn,
		"capability": "push",
		"repositories": ["urn:cr:ecr:111111111111:eu-west-1:team/app"],
		"count": 1,
		"certainty": "exact",
		"reason": "",
		"witness": [],
	},
	changes,
)

key(changes) := f.override(
	{
		"principal": user("ann"),
		"ending": "WXYZ",
		"active": true,
		"created_at": f.known("2026-11-01T00:00:00Z"),
		"last_used_at": f.known("2026-11-20T00:00:00Z"),
		"consumers": f.not_requested("cloudtrail:LookupEvents"),
	},
	changes,
)

encryption_key(changes) := f.override(
	{
		"id": "arn:aws:kms:eu-west-1:111111111111:key/a",
		"manager": f.known("customer"),
		"state": f.known("enabled"),
		"origin": f.known("provider"),
		"symmetric": f.known(true),
		"rotation": f.known(true),
		"region": "eu-west-1",
		"policy": f.known({"text": "{}"}),
		"repositories": ["team/app"],
	},
	changes,
)
