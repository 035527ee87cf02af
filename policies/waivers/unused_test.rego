package auditor.rules.waivers.unused_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.waivers.unused

_on(record) := v if v := unused.verdicts with input as record

_status(record) := f.only(_on(record)).status

_waiver(changes) := {"entity": "waivers", "id": "waivers", "now": "2026-11-24T00:00:00Z", "waivers": [f.override(
	{
		"id": "w1", "resource_id": "waiver:w1", "rules": ["REG-IMM-001"], "resource": "urn:cr:ecr:1:r:app",
		"expires": "2026-11-24", "matched": 1,
	},
	changes,
)]}

test_used_passes if _status(_waiver({})) == "pass"

test_unused_fails if _status(_waiver({"matched": 0})) == "fail"

test_expired_is_the_other_rules_matter if _status(_waiver({"matched": 0, "expires": "2026-01-01"})) == "pass"
