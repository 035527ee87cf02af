package auditor.rules.replication.allowed_destinations_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.replication.allowed_destinations

_on(fact, regions, accounts) := f.only(verdicts) if {
	params := {"REG-REP-005": {"allowed_regions": regions, "allowed_accounts": accounts}}
	verdicts := allowed_destinations.verdicts with input as f.registry({"replication": fact}, {}) with data.params as params
}

_to(places) := f.known([{"filters": [], "destinations": [{"account": a, "region": r} | some [a, r] in places], "deletes": false}])

_own := ["111111111111", "us-east-1"]

_foreign := ["999999999999", "us-east-1"]

test_allowed_region_passes if {
	v := _on(_to([_own]), ["us-east-1"], [])
	v.status == "pass"
	v.message == "Images are copied to allowed places only (us-east-1 of account 111111111111)."
}

test_allowed_account_passes if _on(_to([_own, _foreign]), ["us-east-1"], ["999999999999"]).status == "pass"

test_other_region_fails if {
	v := _on(_to([_own, ["111111111111", "ap-northeast-1"]]), ["us-east-1"], [])
	v.status == "fail"
	v.message == "Images are copied to where they may not be: region ap-northeast-1."
	v.evidence == [{"path": "/registry/replication/value/0/destinations/1", "value": {"account": "111111111111", "region": "ap-northeast-1"}}]
}

test_other_account_fails if _on(_to([_foreign]), ["us-east-1"], ["222222222222"]).status == "fail"

test_other_region_of_an_unlisted_account_fails if _on(_to([_foreign]), ["eu-north-1"], []).status == "fail"

test_no_lists_is_unknown if {
	v := _on(_to([_own]), [], [])
	v.status == "unknown"
	v.settle == ["parameter allowed_regions of REG-REP-005"]
}

test_no_accounts_is_unknown_for_another_account if {
	v := _on(_to([_foreign]), ["us-east-1"], [])
	v.status == "unknown"
	v.settle == ["parameter allowed_accounts of REG-REP-005"]
}

test_no_regions_is_unknown_for_an_allowed_account if _on(_to([_foreign]), [], ["999999999999"]).status == "unknown"

test_forbidden_account_wins_over_no_regions if _on(_to([_foreign]), [], ["222222222222"]).status == "fail"

test_no_rules_is_not_applicable if _on(f.known([]), [], []).status == "not_applicable"

test_denied_is_unknown if _on(f.unknown("ecr:DescribeRegistry"), ["us-east-1"], []).status == "unknown"

test_platform_without_it_is_not_applicable if _on(f.unsupported, [], []).status == "not_applicable"
