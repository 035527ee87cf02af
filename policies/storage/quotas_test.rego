package auditor.rules.storage.quotas_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.storage.quotas

_defaults := {"warn_ratio": 0.8, "max_growth_pct": 50, "max_repositories": null, "max_images_per_repository": null}

_on(record, changes) := v if {
	params := {"REG-STO-002": f.override(_defaults, changes)}
	v := quotas.verdicts with input as record with data.params as params
}

_quota(code, name, value) := {"code": code, "name": name, "value": value, "unit": "None", "applied": true}

_quotas := f.known([_quota("L-03A36CE1", "Images per repository", 1000), _quota("L-CFEB8E8D", "Registered repositories", 100)])

_totals(changes) := f.known(f.override(
	{"repositories": 10, "images": 500, "size_bytes": 1000, "largest": "team/app", "largest_images": 90, "uncounted": 0},
	changes,
))

_growth(changes) := f.known(f.override(
	{
		"since": "2026-10-25T00:00:00Z", "repositories_before": 10, "repositories": 10,
		"images_before": 100, "images": 110, "size_bytes_before": 1000, "size_bytes": 1100,
	},
	changes,
))

_registry(found, totals, growth) := f.registry({"quotas": found}, {"totals": totals, "growth": growth})

_verdict(found, totals, growth) := f.only(_on(_registry(found, totals, growth), {}))

test_below_everything_passes if _verdict(_quotas, _totals({}), _growth({})).status == "pass"

test_many_repositories_fail if {
	v := _verdict(_quotas, _totals({"repositories": 80}), _growth({}))
	v.status == "fail"
	v.message == "80 repositories of a quota of 100, from 80% on is too near."
	v.evidence == [
		{"path": "/derived/totals/value/repositories", "value": 80},
		{"path": "/registry/quotas/value/1/value", "value": 100},
	]
}

test_just_below_the_ratio_passes if _verdict(_quotas, _totals({"repositories": 79}), _growth({})).status == "pass"

test_many_images_in_one_repository_fail_and_it_is_named if {
	v := _verdict(_quotas, _totals({"largest_images": 900}), _growth({}))
	v.message == "900 images in one repository (team/app) of a quota of 1000, from 80% on is too near."
}

test_an_uncounted_repository_makes_images_unknown_but_hides_no_failure if {
	_verdict(_quotas, _totals({"uncounted": 2}), _growth({})).status == "unknown"
	_verdict(_quotas, _totals({"uncounted": 2, "largest_images": 900}), _growth({})).status == "fail"
}

test_quotas_by_name_where_the_code_is_another if {
	found := f.known([_quota("L-1", "Images per repository", 1000), _quota("L-2", "Registered Repositories", 100)])
	_verdict(found, _totals({}), _growth({})).status == "pass"
}

test_denied_quotas_are_unknown if {
	v := _verdict(f.unknown("servicequotas:ListServiceQuotas"), _totals({}), _growth({}))
	v.status == "unknown"
	v.settle == ["servicequotas:ListServiceQuotas"]
}

test_a_quota_that_is_not_in_the_answer_is_unknown if _verdict(f.known([]), _totals({}), _growth({})).status == "unknown"

test_parameters_take_the_place_of_quotas if {
	record := _registry(f.unknown("servicequotas:ListServiceQuotas"), _totals({}), _growth({}))
	f.only(_on(record, {"max_repositories": 100, "max_images_per_repository": 1000})).status == "pass"
	f.only(_on(record, {"max_repositories": 11, "max_images_per_repository": 1000})).status == "fail"
}

test_not_counted_is_unknown if _verdict(_quotas, f.not_requested("auditor:collect"), _growth({})).status == "unknown"

test_first_snapshot_is_unknown if {
	v := _verdict(_quotas, _totals({}), f.not_requested("auditor:since"))
	[v.status, v.settle] == ["unknown", ["auditor collect --since"]]
}

test_new_registry_is_unknown if _verdict(_quotas, _totals({}), f.absent).status == "unknown"

test_fail_wins_over_unknown if _verdict(_quotas, _totals({"repositories": 99}), f.not_requested("auditor:since")).status == "fail"

test_fast_growth_fails if {
	v := _verdict(_quotas, _totals({}), _growth({"images": 160}))
	v.message == "images grew by 60% in 30 days, the limit is 50%."
}

test_growth_is_brought_to_thirty_days if {
	# A fifth in ten days is three fifths in thirty.
	v := _verdict(_quotas, _totals({}), _growth({"since": "2026-11-14T00:00:00Z", "size_bytes": 1200, "images": 100}))
	v.message == "bytes stored grew by 60% in 30 days, the limit is 50%."
	_verdict(_quotas, _totals({}), _growth({"since": "2026-08-26T00:00:00Z", "images": 200})).status == "pass"
}

test_less_than_a_week_is_unknown if {
	_verdict(_quotas, _totals({}), _growth({"since": "2026-11-20T00:00:00Z", "images": 900})).status == "unknown"
}

test_from_nothing_there_is_no_percentage if {
	_verdict(_quotas, _totals({}), _growth({"images_before": 0, "size_bytes_before": 0})).status == "pass"
}

test_growth_can_be_left_out if {
	record := _registry(_quotas, _totals({}), f.not_requested("auditor:since"))
	f.only(_on(record, {"max_growth_pct": null})).status == "pass"
}

test_registry_without_quotas_is_not_applicable if {
	_verdict(f.unsupported, f.not_requested("auditor:collect"), f.not_requested("auditor:since")).status == "not_applicable"
}

test_snapshot_from_before_quotas_were_collected_is_unknown_without_evidence if {
	record := f.registry({}, {})
	older := object.union(
		object.remove(record, ["registry", "derived"]),
		{"registry": object.remove(record.registry, ["quotas"]), "derived": {}},
	)
	v := f.only(_on(older, {}))
	[v.status, v.evidence] == ["unknown", []]
}
