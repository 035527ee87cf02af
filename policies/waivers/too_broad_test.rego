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

test_every_resource_fails if {
	every glob in ["*", "urn:cr:*", "urn:cr:*:*:*:*", "**"] {
		_status(_waiver({"resource": glob})) == "fail"
	}
}

test_very_many_findings_fail if _status(_waiver({"matched": 51})) == "fail"

test_fifty_pass if _status(_waiver({"matched": 50, "resource": "urn:cr:ecr:1:r:team/*"})) == "pass"
