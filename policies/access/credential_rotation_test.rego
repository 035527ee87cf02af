package auditor.rules.access.credential_rotation_test

import data.auditor.lib.fixtures_test as f
import data.auditor.lib.identity_fixtures_test as i
import data.auditor.rules.access.credential_rotation

_params := {"REG-ACC-012": {"max_age_days": 90, "unused_days": 30}}

_on(record) := v if v := credential_rotation.verdicts with input as record with data.params as _params

_key(changes) := f.only(_on(f.account({"access_keys": f.known([i.key(changes)])}, {})))

test_no_keys_is_not_applicable if f.only(_on(f.account({}, {}))).status == "not_applicable"

test_denied_is_unknown if {
	f.only(_on(f.account({"access_keys": f.unknown("iam:ListAccessKeys")}, {}))).settle == ["iam:ListAccessKeys"]
}

test_young_used_key_passes if _key({}).status == "pass"

test_old_key_fails if {
	v := _key({"created_at": f.known("2026-01-01T00:00:00Z")})
	v.status == "fail"
	v.message == "The key …WXYZ of user/ann is 327 days old; the limit is 90 days."
	not v.severity
}

test_exactly_the_limit_passes if _key({"created_at": f.known("2026-08-26T00:00:00Z")}).status == "pass"

test_a_day_over_the_limit_fails if _key({"created_at": f.known("2026-08-25T00:00:00Z")}).status == "fail"

test_unused_key_is_low if {
	v := _key({"created_at": f.known("2026-09-15T00:00:00Z"), "last_used_at": f.known("2026-10-01T00:00:00Z")})
	[v.status, v.severity] == ["fail", "low"]
	v.message == "The key …WXYZ of user/ann has not been used for 54 days."
}

test_never_used_counts_from_its_making if {
	_key({"created_at": f.known("2026-09-15T00:00:00Z"), "last_used_at": f.absent}).severity == "low"
	_key({"last_used_at": f.absent}).status == "pass"
}

test_unread_times_are_unknown if {
	_key({"created_at": f.unknown("iam:ListAccessKeys")}).settle == ["iam:ListAccessKeys"]
	_key({"last_used_at": f.unknown("iam:GetAccessKeyLastUsed")}).settle == ["iam:GetAccessKeyLastUsed"]
}

test_old_key_fails_whether_or_not_its_use_was_read if {
	_key({"created_at": f.known("2026-01-01T00:00:00Z"), "last_used_at": f.unknown("iam:GetAccessKeyLastUsed")}).status == "fail"
}

test_inactive_key_is_not_applicable if _key({"active": false, "created_at": f.known("2020-01-01T00:00:00Z")}).status == "not_applicable"

# ---------------------------------------------------------------- cache rules
_secret := "arn:aws:secretsmanager:eu-west-1:111111111111:secret:ecr-pullthroughcache/hub-AbCdEf"

_rule(prefix, since) := {"prefix": prefix, "upstream": "registry-1.docker.io", "credential": f.known(_secret), "credential_since": since}

_rules(rules) := _on(f.registry({"cache_rules": rules}, {}))

test_registry_without_credentials_is_not_applicable if {
	f.only(_rules(f.known([]))).status == "not_applicable"
	f.only(_rules(f.absent)).status == "not_applicable"
	f.only(_rules(f.unsupported)).status == "not_applicable"
	f.only(_rules(f.known([{"prefix": "ecr", "upstream": "public.ecr.aws", "credential": f.absent}]))).status == "not_applicable"
}

test_unread_cache_rules_are_unknown if f.only(_rules(f.unknown("ecr:DescribePullThroughCacheRules"))).status == "unknown"

test_old_secret_fails_once_for_all_its_rules if {
	old := f.known("2026-01-01T00:00:00Z")
	v := f.only(_rules(f.known([_rule("a", old), _rule("b", old)])))
	v.status == "fail"
	v.resource_id == "urn:cr:secretsmanager:111111111111:eu-west-1:credential/ecr-pullthroughcache/hub-AbCdEf"
	v.message == "The credential for registry-1.docker.io is 327 days old; the limit is 90 days."
	v.evidence[0].path == "/registry/cache_rules/value/0/credential_since"
}

test_young_secret_passes if f.only(_rules(f.known([_rule("a", f.known("2026-11-01T00:00:00Z"))]))).status == "pass"

test_secret_that_was_not_read_is_unknown if {
	f.only(_rules(f.known([_rule("a", f.unknown("secretsmanager:ListSecretVersionIds"))]))).settle == ["secretsmanager:ListSecretVersionIds"]
}

test_secret_that_does_not_exist_is_not_applicable if f.only(_rules(f.known([_rule("a", f.absent)]))).status == "not_applicable"
