package auditor.rules.encryption.customer_key_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.encryption.customer_key

_params := {"REG-ENC-001": {"allowed_keys": []}}

_on(record) := v if v := customer_key.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_key(manager) := f.repository({"encryption": f.known({"type": "kms", "key_id": f.known("arn:key/a"), "key_manager": manager})})

test_own_key_passes if _status(f.repository({})) == "pass"

test_dsse_passes if {
	value := {"type": "kms_dsse", "key_id": f.known("arn:key/a"), "key_manager": f.known("customer")}
	_status(f.repository({"encryption": f.known(value)})) == "pass"
}

test_platform_key_fails if {
	value := {"type": "platform", "key_id": f.absent, "key_manager": f.known("provider")}
	_status(f.repository({"encryption": f.known(value)})) == "fail"
}

test_providers_kms_key_fails if _status(_key(f.known("provider"))) == "fail"

test_missing_key_fails if _status(_key(f.absent)) == "fail"

test_denied_key_is_unknown_and_names_the_call if f.only(_on(_key(f.unknown("kms:DescribeKey")))).settle == ["kms:DescribeKey"]

test_unread_is_unknown if _status(f.repository({"encryption": f.unknown("ecr:DescribeRepositories")})) == "unknown"

test_no_setting_fails if _status(f.repository({"encryption": f.absent})) == "fail"

test_platform_without_it_is_not_applicable if _status(f.repository({"encryption": f.unsupported})) == "not_applicable"

test_key_outside_the_list_fails if {
	params := {"REG-ENC-001": {"allowed_keys": ["arn:key/b*"]}}
	verdicts := customer_key.verdicts with input as _key(f.known("customer")) with data.params as params
	f.only(verdicts).status == "fail"
}

test_key_of_the_list_passes if {
	params := {"REG-ENC-001": {"allowed_keys": ["arn:key/*"]}}
	verdicts := customer_key.verdicts with input as _key(f.known("customer")) with data.params as params
	f.only(verdicts).status == "pass"
}

_restricted(key_id, manager) := f.only(verdicts) if {
	params := {"REG-ENC-001": {"allowed_keys": ["arn:key/b*"]}}
	record := f.repository({"encryption": f.known({"type": "kms", "key_id": key_id, "key_manager": manager})})
	verdicts := customer_key.verdicts with input as record with data.params as params
}

test_unread_key_id_is_unknown_where_keys_are_restricted if {
	v := _restricted(f.unknown("ecr:DescribeRepositories"), f.known("customer"))
	v.status == "unknown"
	v.settle == ["ecr:DescribeRepositories"]
	_restricted(f.absent, f.known("customer")).status == "unknown"
}

test_unread_key_id_does_not_matter_where_every_key_is_allowed if {
	record := f.repository({"encryption": f.known({"type": "kms", "key_id": f.unknown("x"), "key_manager": f.known("customer")})})
	_status(record) == "pass"
}

test_key_outside_the_list_fails_whoever_manages_it if {
	_restricted(f.known("arn:key/a"), f.unknown("kms:DescribeKey")).status == "fail"
}

test_providers_key_fails_though_its_id_was_not_read if {
	_restricted(f.unknown("ecr:DescribeRepositories"), f.known("provider")).status == "fail"
}
