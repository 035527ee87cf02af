package auditor.lib.fixtures_test

# Builders of records for the tests of rules: a repository in good order, changed where a test says so.

# Shallow, unlike object.union: a changed fact replaces the old one.
override(base, changes) := {key: value |
	some key in (object.keys(base) | object.keys(changes))
	value := object.get(changes, key, object.get(base, key, null))
}

known(value) := {"state": "known", "value": value}

absent := {"state": "absent", "source": "ecr:Call", "code": "NotFoundException"}

unknown(call) := {"state": "unknown", "reason": "access_denied", "source": call, "detail": ""}

not_requested(call) := {"state": "unknown", "reason": "not_requested", "source": call, "detail": ""}

unsigned := {"state": "absent", "source": "oci:GetManifest", "code": "unsigned"}

unread_attestation := {"state": "unknown", "reason": "not_requested", "source": "read_attestations: true", "detail": "read_attestations is off"}

unsupported := {"state": "unknown", "reason": "unsupported_by_platform", "source": "none", "detail": ""}

digest(n) := sprintf("sha256:%064d", [n])

scan(counts, vulnerabilities) := known({
	"state": "complete",
	"detail": "COMPLETE",
	"counts": known(counts),
	"vulnerabilities": known(vulnerabilities),
})

scan_state(state) := known({
	"state": state,
	"detail": upper(state),
	"counts": absent,
	"vulnerabilities": absent,
})

vulnerability(id, severity, fix) := {
	"id": id,
	"severity": severity,
	"title": "a flaw",
	"packages": [],
	"fix": fix,
}

image(n, tags, changes) := override(
	{
		"digest": digest(n),
		"kind": "image",
		"tags": tags,
		"status": "active",
		"subject": absent,
		"size_bytes": known(1000),
		"pushed_at": known("2026-11-20T00:00:00Z"),
		"children": absent,
		"scan": scan({}, []),
		"signatures": known([]),
		"signing_status": absent,
		"last_pulled_at": absent,
		"archived_at": absent,
		"activated_at": absent,
		"config": not_requested("ecr:GetDownloadUrlForLayer"),
		"replicas": not_requested("ecr:DescribeImageReplicationStatus"),
		"attestations": known([]),
	},
	changes,
)

index(n, tags, children) := image(n, tags, {"kind": "index", "children": children, "scan": absent})

child(n) := {"digest": digest(n), "kind": "image", "platform": "linux/amd64"}

attestation(n) := {"digest": digest(n), "kind": "attestation", "platform": "unknown/unknown"}

# `changes` are put over the repository's own settings.
repository(changes) := with_images(changes, [image(1, ["v1.0.0"], {})])

with_images(changes, images) := record(changes, known(images), {})

record(changes, images, derived) := {
	"entity": "repository",
	"id": "urn:cr:ecr:111111111111:eu-west-1:team/app",
	"now": "2026-11-24T00:00:00Z",
	"repository": override(
		{
			"name": "team/app",
			"registry": {
				"kind": "ecr",
				"host": "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
				"other_hosts": [],
				"account": "111111111111",
				"region": "eu-west-1",
			},
			"hosting": known("hosted"),
			"immutability": known({"mode": "all", "rules": []}),
			"encryption": known({
				"type": "kms",
				"key_id": known("arn:aws:kms:eu-west-1:111111111111:key/a"),
				"key_manager": known("customer"),
			}),
			"scanning": known({"tier": "enhanced", "frequency": "continuous", "decided_by": "registry"}),
			"resource_tags": known({"Name": "app"}),
			"access_policy": absent,
			"retention_policy": known({"text": "{}"}),
			"size_bytes": known(1000),
			"visibility": known("private"),
			"created_at": known("2026-01-01T00:00:00Z"),
		},
		changes,
	),
	"derived": override(
		{
			"access": absent,
			"retention": known({"rules": [expire("untagged", "since_pushed", 7)], "errors": [], "warnings": []}),
			"reference": known({"repository_error": "", "components": ["team", "app"], "bad_tags": []}),
			"usage": not_requested("auditor:workloads"),
			"history": not_requested("auditor:since"),
			"outlook": absent,
			"replicas": not_requested("auditor:join"),
			"published": not_requested("auditor:join"),
		},
		derived,
	),
	"images": images,
}

expire(tag_status, count_type, number) := {
	"priority": 1,
	"tag_status": tag_status,
	"patterns": [],
	"count_type": count_type,
	"count": number,
	"action": "expire",
	"storage_class": "standard",
}

registry(changes, derived) := {
	"entity": "registry",
	"id": "urn:cr:ecr:111111111111:eu-west-1",
	"now": "2026-11-24T00:00:00Z",
	"registry": override(
		{
			"kind": "ecr",
			"account": "111111111111",
			"region": "eu-west-1",
			"organization": unknown("organizations:DescribeOrganization"),
			"repository_names": known(["team/app"]),
			"access_policy": absent,
			"replication": known([]),
			"cache_rules": known([]),
			"keys": not_requested("kms:DescribeKey"),
			"suppressions": not_requested("inspector2:ListFilters"),
			"trails": not_requested("cloudtrail:DescribeTrails"),
			"event_rules": not_requested("events:ListRules"),
			"quotas": not_requested("servicequotas:ListServiceQuotas"),
			"visibility": known("private"),
		},
		changes,
	),
	"derived": override({"access": absent, "growth": not_requested("auditor:since"), "key_access": known([])}, derived),
}

# What runs out of the repository; `uses` as in RepositoryUsage.
usage(uses) := known({"complete": true, "missing": [], "uses": uses, "users": users}) if {
	users := {digest: _users(same) |
		some one in uses
		digest := one.digest
		same := [other | some other in uses; other.digest == digest]
	}
}

# Of one image, as `auditor.analysis.usage` groups them.
_users(uses) := {"running": true, "first": names[0], "others": count(names) - 1} if {
	names := sort({one.label | some one in uses; one.running})
	count(names) > 0
} else := {"running": false, "first": names[0], "others": count(names) - 1} if {
	names := sort({one.label | some one in uses})
}

use(n) := {
	"digest": digest(n),
	"reference": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1.0.0",
	"workload": "urn:cr:ecs:111111111111:eu-west-1:service/prod/app/app",
	"running": true,
	"label": "service prod/app",
}

account(changes, derived) := override(
	{
		"entity": "account",
		"id": "urn:cr:iam:111111111111:global",
		"scope": "iam/111111111111/global",
		"now": "2026-11-24T00:00:00Z",
		"account": "111111111111",
		"placement": absent,
		"principals": known([]),
		"policies": known([]),
		"guardrails": absent,
		"access_keys": known([]),
		"derived": override({"grants": known([]), "problems": known([]), "effective": known([])}, derived),
	},
	changes,
)

workload(changes, resolution) := {
	"entity": "workload",
	"id": "urn:cr:ecs:111111111111:eu-west-1:service/prod/app/app",
	"scope": "workloads/111111111111/eu-west-1",
	"now": "2026-11-24T00:00:00Z",
	"workload": override(
		{
			"platform": "ecs",
			"kind": "service",
			"cluster": "prod",
			"namespace": "",
			"name": "app",
			"container": "app",
			"image": "111111111111.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1.0.0",
			"digest": known(digest(1)),
			"running": true,
			"pull_policy": "",
			"pull_secrets": [],
			"service_account": "",
			"tags": {},
		},
		changes,
	),
	"derived": {"resolution": resolution},
}

grant(audience, principals, changes) := override(
	{
		"audience": audience,
		"principals": principals,
		"capabilities": ["pull"],
		"partial": false,
		"actions": ["ecr:BatchGetImage"],
		"statement": 0,
		"sid": "",
		"guarded": false,
		"certainty": "exact",
		"reason": "",
		"resources": [],
	},
	changes,
)

policy := known({"text": "{}"})

access(grants, problems) := known({"grants": grants, "problems": problems})

problem(code) := {"code": code, "statement": 0, "pointer": "", "value": "x", "message": code, "suggestions": []}

statuses(verdicts) := sort([v.status | some v in verdicts])

# The one verdict there must be.
only(verdicts) := v if {
	count(verdicts) == 1
	some v in verdicts
}
