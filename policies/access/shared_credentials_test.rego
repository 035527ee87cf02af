package auditor.rules.access.shared_credentials_test

import data.auditor.lib.fixtures_test as f
import data.auditor.lib.identity_fixtures_test as i
import data.auditor.rules.access.shared_credentials

_params := {"REG-ACC-011": {"max_consumers": 1}}

_on(record) := v if v := shared_credentials.verdicts with input as record with data.params as _params

_key(changes) := f.only(_on(f.account({"access_keys": f.known([i.key(changes)])}, {})))

test_no_keys_is_not_applicable if f.only(_on(f.account({}, {}))).status == "not_applicable"

test_denied_is_unknown if {
	f.only(_on(f.account({"access_keys": f.unknown("iam:ListAccessKeys")}, {}))).settle == ["iam:ListAccessKeys"]
}

test_used_key_whose_consumers_nobody_knows_is_unknown if {
	v := _key({})
	v.status == "unknown"
	v.resource_id == "urn:cr:iam:111111111111:global:credential/user/ann/WXYZ"
	v.settle == ["cloudtrail:LookupEvents"]
}

test_unread_last_use_is_unknown if _key({"last_used_at": f.unknown("iam:GetAccessKeyLastUsed")}).status == "unknown"

test_shared_key_fails if {
	v := _key({"consumers": f.known(["k8s/prod/a", "k8s/prod/b"])})
	v.status == "fail"
	v.message == "The key …WXYZ of user/ann is shared by 2 consumers: k8s/prod/a, k8s/prod/b."
}

test_one_consumer_passes if _key({"consumers": f.known(["k8s/prod/a"])}).status == "pass"

test_key_that_was_never_used_passes if _key({"last_used_at": f.absent}).status == "pass"

test_inactive_key_is_not_applicable if _key({"active": false}).status == "not_applicable"
