package auditor.rules.vulnerabilities.suppressions_bounded_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.vulnerabilities.suppressions_bounded

_params := {"REG-VUL-005": {"max_days": 180}}

_on(record) := v if v := suppressions_bounded.verdicts with input as record with data.params as _params

_suppression(changes) := f.override(
	{
		"id": "urn:cr:inspector2:111111111111:eu-west-1:suppression/a",
		"name": "no shell in it",
		"reason": "not reachable",
		"owner": "team-a",
		"created_at": f.known("2026-11-01T00:00:00Z"),
		"expires": f.known("2027-01-31T23:59:59Z"),
		"vulnerabilities": ["CVE-1"],
		"repositories": [],
		"packages": [],
		"images": [],
		"criteria": ["vulnerabilityId EQUALS CVE-1"],
	},
	changes,
)

_registry(suppressions) := f.registry({"suppressions": suppressions}, {})

_verdict(changes) := f.only(_on(_registry(f.known([_suppression(changes)]))))

test_bounded_passes if {
	_verdict({}) == {"status": "pass", "resource_id": "urn:cr:inspector2:111111111111:eu-west-1:suppression/a"}
}

test_no_reason_fails if _verdict({"reason": ""}).message == "The suppression no shell in it gives no reason."

test_no_owner_fails if _verdict({"owner": ""}).message == "The suppression no shell in it names no owner."

test_no_end_fails if _verdict({"expires": f.absent}).message == "The suppression no shell in it has no end."

test_too_far_an_end_fails if {
	_verdict({"expires": f.known("2027-06-30T23:59:59Z")}).message == "The suppression no shell in it ends more than 180 days from now, on 2027-06-30."
}

test_over_and_still_hiding_fails if {
	_verdict({"expires": f.known("2026-11-01T23:59:59Z")}).message == "The suppression no shell in it ended on 2026-11-01 and still hides findings."
}

test_everything_everywhere_fails if {
	_verdict({"vulnerabilities": []}).message == "The suppression no shell in it is for all vulnerabilities of all images."
	_verdict({"vulnerabilities": [], "repositories": ["*"]}).status == "fail"
}

test_one_repository_or_package_or_image_is_narrow if {
	every field in ["repositories", "packages", "images"] {
		_verdict({"vulnerabilities": [], field: ["x"]}).status == "pass"
	}
}

test_all_that_is_wrong_is_said_at_once if {
	v := _verdict({"reason": "", "expires": f.absent})
	v.message == "The suppression no shell in it gives no reason, has no end."
	v.evidence[0].path == "/registry/suppressions/value/0"
}

test_unreadable_end_is_unknown if {
	fact := {"state": "unknown", "reason": "parse_error", "source": "inspector2:ListFilters", "detail": "no date"}
	_verdict({"expires": fact}).status == "unknown"
	_verdict({"expires": fact, "owner": ""}).status == "fail"
}

test_denied_is_unknown if f.only(_on(_registry(f.unknown("inspector2:ListFilters")))).status == "unknown"

test_not_asked_is_unknown if f.only(_on(_registry(f.not_requested("inspector2:ListFilters")))).status == "unknown"

test_none_is_not_applicable if {
	every fact in [f.known([]), f.absent, f.unsupported] {
		f.only(_on(_registry(fact))).status == "not_applicable"
	}
}

_waiver(changes) := f.only(_on({"entity": "waivers", "id": "waivers", "now": "2026-11-24T00:00:00Z", "waivers": [f.override(
	{
		"id": "w1", "resource_id": "waiver:w1", "rules": ["REG-VUL-001"], "resource": "urn:cr:ecr:1:r:app*",
		"reason": "no shell", "owner": "team-a", "cve": "", "expires": "2027-01-31", "matched": 1,
	},
	changes,
)]}))

test_bounded_waiver_passes if _waiver({}).status == "pass"

test_waiver_of_other_rules_is_not_applicable if _waiver({"rules": ["REG-IMM-001"], "expires": "2027-11-01"}).status == "not_applicable"

test_waiver_of_every_rule_is_judged if _waiver({"rules": ["*"], "expires": "2027-11-01"}).status == "fail"

test_waiver_with_a_far_end_fails if {
	v := _waiver({"expires": "2027-11-01"})
	v.message == "The waiver w1 ends more than 180 days from now, on 2027-11-01."
	v.evidence[0].path == "/waivers/0"
}

test_waiver_without_reason_or_owner_fails if {
	_waiver({"reason": " "}).status == "fail"
	_waiver({"owner": ""}).status == "fail"
}

test_waiver_for_everything_fails_unless_it_names_one_vulnerability if {
	_waiver({"resource": "urn:cr:*"}).status == "fail"
	_waiver({"resource": "urn:cr:*", "cve": "CVE-1"}).status == "pass"
}

test_expired_waiver_is_the_other_rules_matter if _waiver({"expires": "2026-01-01"}).status == "pass"

# ---------------------------------------------------------------- VEX statements
_vex(changes) := [v |
	statement := _suppression(f.override({"id": "urn:cr:vex:111111111111:eu-west-1:suppression/a", "name": "CVE-1 in vex.json"}, changes))
	some v in _on(f.registry({"suppressions": f.absent}, {"vex": f.known([statement])}))
	startswith(v.resource_id, "urn:cr:vex:")
]

test_bounded_vex_passes if f.statuses(_vex({})) == ["pass"]

test_vex_without_end_or_owner_fails if {
	v := f.only(_vex({"expires": f.absent, "owner": ""}))
	v.message == "The suppression CVE-1 in vex.json has no end, names no owner."
	v.evidence[0].path == "/derived/vex/value/0"
}

test_registry_without_vex_has_its_own_verdict_only if {
	f.statuses(_on(f.registry({"suppressions": f.absent}, {"vex": f.known([])}))) == ["not_applicable"]
	f.statuses(_on(f.registry({"suppressions": f.absent}, {"vex": f.not_requested("scan_results in auditor.yaml")}))) == ["not_applicable"]
}
