package auditor.rules.waivers.expired_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.waivers.expired

_on(record) := v if v := expired.verdicts with input as record

_status(record) := f.only(_on(record)).status

_waiver(changes) := {"entity": "waivers", "id": "waivers", "now": "2026-11-24T00:00:00Z", "waivers": [f.override(
	{
		"id": "w1", "resource_id": "waiver:w1", "rules": ["REG-IMM-001"], "resource": "urn:cr:ecr:1:r:app",
		"expires": "2026-11-24", "matched": 1,
	},
	changes,
)]}

test_through_its_last_day_passes if _status(_waiver({})) == "pass"

test_after_it_fails if _status(_waiver({"expires": "2026-11-23"})) == "fail"
