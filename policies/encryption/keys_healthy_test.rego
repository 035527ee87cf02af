package auditor.rules.encryption.keys_healthy_test

import data.auditor.lib.fixtures_test as f
import data.auditor.lib.identity_fixtures_test as i
import data.auditor.rules.encryption.keys_healthy

_params := {"REG-ENC-002": {"require_rotation": true}}

_on(record) := v if v := keys_healthy.verdicts with input as record with data.params as _params

_keys(keys) := _on(f.registry({"keys": keys}, {}))

_key(changes) := f.only(_keys(f.known([i.encryption_key(changes)])))

test_good_key_passes if {
	v := _key({})
	v.status == "pass"
	v.resource_id == "urn:cr:kms:111111111111:eu-west-1:key/a"
}

test_no_keys_is_not_applicable if {
	v := f.only(_keys(f.known([])))
	v.status == "not_applicable"
	v.resource_id == "urn:cr:ecr:111111111111:eu-west-1"
}

test_absent_and_unsupported_are_not_applicable if {
	f.only(_keys(f.absent)).status == "not_applicable"
	f.only(_keys(f.unsupported)).status == "not_applicable"
}

test_unread_keys_are_unknown if f.only(_keys(f.not_requested("kms:DescribeKey"))).status == "unknown"

test_every_bad_state_fails if {
	every state in ["disabled", "pending_deletion", "unavailable", "missing"] {
		v := _key({"state": f.known(state)})
		v.status == "fail"
		v.evidence[0].path == "/registry/keys/value/0/state"
	}
}

test_message_says_what_and_whose if {
	_key({"state": f.known("disabled"), "rotation": f.known(false)}).message == "The key does not rotate, is disabled, so that pulls fail; it encrypts team/app."
}

test_unread_state_is_unknown_and_names_the_call if {
	v := _key({"state": f.unknown("kms:DescribeKey")})
	v.status == "unknown"
	v.settle == ["kms:DescribeKey"]
}

test_key_that_does_not_rotate_fails if _key({"rotation": f.known(false)}).status == "fail"

test_rotation_may_be_left_out if {
	verdicts := keys_healthy.verdicts with input as f.registry({"keys": f.known([i.encryption_key({"rotation": f.known(false)})])}, {})
		with data.params as {"REG-ENC-002": {"require_rotation": false}}
	f.only(verdicts).status == "pass"
}

test_denied_rotation_is_unknown if _key({"rotation": f.unknown("kms:GetKeyRotationStatus")}).settle == ["kms:GetKeyRotationStatus"]

test_keys_that_cannot_rotate_pass if {
	_key({"origin": f.known("external"), "rotation": f.absent}).status == "pass"
	_key({"origin": f.known("key_store"), "rotation": f.absent}).status == "pass"
	_key({"symmetric": f.known(false), "rotation": f.absent}).status == "pass"
}

test_platforms_key_passes if _key({"manager": f.known("provider"), "rotation": f.absent, "policy": f.absent}).status == "pass"

test_key_in_another_region_fails if {
	contains(_key({"region": "us-east-1"}).message, "stands in us-east-1, the registry in eu-west-1")
}

test_placeholder_fails_whatever_else if {
	v := _key({
		"id": "arn:aws:kms:us-east-1:123456789012:key/12345678-1234-1234-1234-123456789012",
		"state": f.unknown("kms:DescribeKey"),
	})
	v.status == "fail"
	contains(v.message, "placeholder")
	v.resource_id == "urn:cr:kms:123456789012:us-east-1:key/12345678-1234-1234-1234-123456789012"
}

test_denied_policy_is_unknown if _key({"policy": f.unknown("kms:GetKeyPolicy")}).settle == ["kms:GetKeyPolicy"]

_open(certainty) := {
	"key": "arn:aws:kms:eu-west-1:111111111111:key/a", "statement": 1, "sid": "", "certainty": certainty,
	"reason": "x",
}

_with_access(access) := f.only(_on(f.registry({"keys": f.known([i.encryption_key({})])}, {"key_access": access})))

test_key_open_to_everybody_fails if {
	v := _with_access(f.known([_open("exact")]))
	v.status == "fail"
	contains(v.message, "lets in everybody (statement 1)")
	v.evidence[0].path == "/derived/key_access/value/0"
}

test_key_that_may_be_open_is_unknown if _with_access(f.known([_open("unknown")])).status == "unknown"

test_policy_that_was_not_analysed_is_unknown if _with_access(f.not_requested("kms:GetKeyPolicy")).status == "unknown"

test_another_keys_statement_does_not_matter if {
	_with_access(f.known([f.override(_open("exact"), {"key": "arn:aws:kms:eu-west-1:111111111111:key/b"})])).status == "pass"
}

test_fail_beats_unknown if _key({"state": f.known("disabled"), "rotation": f.unknown("kms:GetKeyRotationStatus")}).status == "fail"

test_key_of_another_account_is_unknown if {
	gap := f.unknown("kms:DescribeKey")
	v := _key({
		"id": "arn:aws:kms:eu-west-1:999999999999:key/x",
		"manager": gap, "state": gap, "origin": gap, "symmetric": gap, "rotation": gap, "policy": gap,
	})
	v.status == "unknown"
	v.resource_id == "urn:cr:kms:999999999999:eu-west-1:key/x"
}

test_one_verdict_for_each_key if {
	second := i.encryption_key({"id": "arn:aws:kms:eu-west-1:111111111111:key/b", "state": f.known("disabled")})
	f.statuses(_keys(f.known([i.encryption_key({}), second]))) == ["fail", "pass"]
}
