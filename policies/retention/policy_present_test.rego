package auditor.rules.retention.policy_present_test

import data.auditor.rules.retention.policy_present

_absent := {"state": "absent", "source": "ecr:GetLifecyclePolicy", "code": "LifecyclePolicyNotFoundException"}

_denied := {"state": "unknown", "reason": "access_denied", "source": "ecr:GetLifecyclePolicy", "detail": ""}

_known := {"state": "known", "value": {"format": "ecr_lifecycle", "text": "{}", "digest": "sha256:0"}}

_record(kind, policy, analysis) := {
	"entity": "repository",
	"id": "urn:cr:ecr:1:r:app",
	"repository": {"registry": {"kind": kind}, "retention_policy": policy},
	"derived": {"retention": analysis},
}

_statuses(record) := {v.status | some v in policy_present.verdicts with input as record}

test_absent_policy_fails if _statuses(_record("ecr", _absent, _absent)) == {"fail"}

test_denied_policy_is_unknown_and_names_the_call if {
	verdicts := policy_present.verdicts with input as _record("ecr", _denied, _denied)
	some v in verdicts
	count(verdicts) == 1
	v.status == "unknown"
	v.settle == ["ecr:GetLifecyclePolicy"]
}

test_policy_without_rules_fails if {
	_statuses(_record("ecr", _known, {"state": "known", "value": {"rules": []}})) == {"fail"}
}

test_policy_with_a_rule_passes if {
	_statuses(_record("ecr", _known, {"state": "known", "value": {"rules": [{"priority": 1}]}})) == {"pass"}
}

test_unparsable_policy_is_unknown if {
	broken := {"state": "unknown", "reason": "parse_error", "source": "ecr:GetLifecyclePolicy", "detail": ""}
	_statuses(_record("ecr", _known, broken)) == {"unknown"}
}

test_registry_without_the_feature_is_not_applicable if {
	_statuses(_record("ghcr", _denied, _denied)) == {"not_applicable"}
}
