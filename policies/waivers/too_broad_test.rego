package auditor.rules.waivers.too_broad_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.waivers.too_broad

_params := {"REG-WVR-003": {"max_matched": 50}}

_on(record) := v if v := too_broad.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_waiver(changes) := {"entity": "waivers", "id": "waivers", "now": "2026-11-24T00:00:00Z", "waivers": [f.override(
	{
		"id": "w1", "resource_id": "waiver:w1", "rules": ["REG-IMM-001"], "resource": "urn:cr:ecr:1:r:app",
		"expires": "2026-11-24", "matched": 1,
	},
	changes,
)]}

test_narrow_passes if _status(_waiver({})) == "pass"

test_every_rule_fails if _status(_waiver({"rules": ["*"]})) == "fail"

test_what_pins_down_nothing_fails if {
	every glob in [
		"*", "**", "urn:cr:*", "urn:cr:*:*:*:*", "urn:*", "u*", "*cr:*", "*@*", "?*", "*:*", "urn:cr:ecr:*", "urn:cr:ecr*",
		"*ecr*", "u?n:cr:ecr:111111111111:*", "*sha256*", "*@sha256:*", "*/*", "*a*", "ur*", "*:*@*",
	] {
		_status(_waiver({"resource": glob})) == "fail"
	}
}

test_an_account_without_a_name_fails if {
	every glob in [
		"urn:cr:ecr:111111111111:*", "urn:cr:ecr:111111111111:eu-west-1:*", "urn:cr:ecr:111111111111:*:*",
		"urn:cr:ecr:111111111111:eu-west-1:*@*", "urn:cr:ecr:111111111111:eu-west-1:*@sha256:*",
		"urn:cr:ecr:111111111111:eu-west-1:a*", "urn:cr:ecr:111111111111:eu-west-1:*/*", "urn:cr:ecr:111111111111:*team*",
		"urn:cr:kms:111111111111:eu-west-1:key/*", "urn:cr:iam:111111111111:global:principal/role/*",
		"urn:cr:iam:111111111111:global:principal/*", "urn:cr:ecs:111111111111:eu-west-1:service/*",
		"urn:cr:ecr:1111*:eu-west-1:team/*",
	] {
		_status(_waiver({"resource": glob})) == "fail"
	}
}

test_a_part_of_a_name_without_an_account_fails if {
	every glob in [
		"*team/app", "urn:cr:ecr:*:team/*", "urn:cr:ecr:*:*:team/app*", "urn:cr:*:111111111111:eu-west-1:team/*", "*:team/*",
		"urn:cr:ecr:????????????:eu-west-1:team/*", "urn:cr:ecr:*:eu-west-1", "urn:cr:iam:*:global", "urn:cr:kms:*:key/",
	] {
		_status(_waiver({"resource": glob})) == "fail"
	}
}

test_a_whole_name_passes_in_any_account if {
	every glob in [
		"urn:cr:ecr:*:myapp", "urn:cr:ecr:*:*:team/app", "urn:cr:*:111111111111:eu-west-1:team/app", "*:team/app",
		"urn:cr:ecr:*:team/app@sha256:*", "urn:cr:ecr:*:team/app@*", "urn:cr:kms:*:key/1234-abcd",
	] {
		_status(_waiver({"resource": glob})) == "pass"
	}
}

test_a_digest_passes_in_any_place if _status(_waiver({"resource": "*@sha256:0123456789ab*"})) == "pass"

test_account_and_name_pass if {
	every glob in [
		"urn:cr:ecr:111111111111:eu-west-1:legacy/*", "urn:cr:ecr:111111111111:*:team/app*", "urn:cr:ecr:111111111111:eu-west-1:*-legacy",
		"urn:cr:ecr:111111111111:eu-west-1:ui@*", "urn:cr:ecr:111111111111:eu-west-1:ui/*",
		"urn:cr:ecr:111111111111:eu-west-1:*@sha256:0123456789ab*", "urn:cr:ecr:111111111111:eu-west-1:team/app@sha256:*",
		"urn:cr:kms:111111111111:eu-west-1:key/1234*", "urn:cr:iam:111111111111:global:principal/role/ci-*",
		"urn:cr:ecs:111111111111:eu-west-1:service/staging/*",
	] {
		_status(_waiver({"resource": glob})) == "pass"
	}
}

test_one_resource_passes if {
	every resource in ["urn:cr:ecr:111111111111:eu-west-1", "urn:cr:ecr:1:r:a", "waiver:w2", "main.tf"] {
		_status(_waiver({"resource": resource})) == "pass"
	}
}

test_files_and_waivers_need_a_part_of_their_name if {
	every glob in ["infra/*.tf", "deploy/*", "waiver:legacy-*"] {
		_status(_waiver({"resource": glob})) == "pass"
	}
	every glob in ["waiver:*", "x/*", "k?*"] {
		_status(_waiver({"resource": glob})) == "fail"
	}
}

test_very_many_findings_fail if _status(_waiver({"matched": 51})) == "fail"

test_fifty_pass if _status(_waiver({"matched": 50, "resource": "urn:cr:ecr:1:r:team/*"})) == "pass"
