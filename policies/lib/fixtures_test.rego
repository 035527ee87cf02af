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
			"registry": {"kind": "ecr", "account": "111111111111", "region": "eu-west-1"},
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
		},
		changes,
	),
	"derived": override(
		{
			"access": absent,
			"retention": known({"rules": [expire("untagged", "since_pushed", 7)], "errors": [], "warnings": []}),
			"reference": known({"repository_error": "", "components": ["team", "app"], "bad_tags": []}),
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
		},
		changes,
	),
	"derived": override({"access": absent}, derived),
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
