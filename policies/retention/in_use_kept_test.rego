package auditor.rules.retention.in_use_kept_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.retention.in_use_kept

_params := {"REG-RET-005": {"horizon_days": 30, "keep_rollback": 1, "release_patterns": ["v*", "release*"]}}

_on(record) := v if v := in_use_kept.verdicts with input as record with data.params as _params

_only(record) := f.only(_on(record))

_status(record) := _only(record).status

_removal(n, days) := {"digest": f.digest(n), "action": "expire", "priority": 1, "after_days": days, "because_of": ""}

_outlook(removals, doubts) := f.known({
	"horizon_days": 90,
	"removals": removals,
	"rules": [],
	"uncovered": [],
	"doubts": doubts,
})

_old := f.image(1, ["release-1"], {"pushed_at": f.known("2026-01-01T00:00:00Z")})

_new := f.image(2, ["release-2"], {})

_record(removals, usage) := f.record({}, f.known([_old, _new]), {"outlook": _outlook(removals, []), "usage": usage})

_unread := f.unknown("auditor:workloads")

_partly(uses) := f.known({"complete": false, "missing": ["kubernetes"], "uses": uses})

test_nothing_taken_passes if _status(_record([], f.usage([f.use(1)]))) == "pass"

test_unused_taken_passes if _status(_record([_removal(1, 0)], f.usage([f.use(2)]))) == "pass"

test_used_taken_fails_and_is_named if {
	v := _only(_record([_removal(1, 0)], f.usage([f.use(1)])))
	v.status == "fail"
	v.message == "Retention takes 1 image that is needed within 30 days: release-1 (in use, expires at the next run)."
	[e.path | some e in v.evidence] == ["/derived/outlook/value/removals/0", "/derived/usage/value/uses/0"]
}

test_two_are_named_in_the_plural if {
	record := _record([_removal(1, 3), _removal(2, 1)], f.usage([f.use(1), f.use(2)]))
	startswith(_only(record).message, "Retention takes 2 images that are needed within 30 days: release-1 (in use, expires in 3 days), release-2 (in use, expires in 1 day).")
}

test_archiving_fails_too if {
	archived := object.union(_removal(1, 30), {"action": "archive"})
	contains(_only(_record([archived], f.usage([f.use(1)]))).message, "archived in 30 days")
}

test_after_the_horizon_passes if _status(_record([_removal(1, 31)], f.usage([f.use(1)]))) == "pass"

test_what_is_only_kept_ready_counts if {
	ready := object.union(f.use(1), {"running": false})
	_status(_record([_removal(1, 0)], f.usage([ready]))) == "fail"
}

test_used_digest_that_is_not_there_is_no_hit if {
	gone := object.union(f.use(1), {"digest": ""})
	_status(_record([_removal(1, 0)], f.usage([gone]))) == "pass"
}

test_index_around_a_used_child_fails if {
	images := [f.index(1, [], f.known([f.child(2)])), f.image(2, [], {})]
	record := f.record({}, f.known(images), {"outlook": _outlook([_removal(1, 5)], []), "usage": f.usage([f.use(2)])})
	v := _only(record)
	v.status == "fail"
	contains(v.message, "sha256:000000000000 (in use")
}

test_child_of_a_used_index_fails if {
	images := [f.index(1, ["app"], f.known([f.child(2)])), f.image(2, [], {})]
	record := f.record({}, f.known(images), {"outlook": _outlook([_removal(2, 5)], []), "usage": f.usage([f.use(1)])})
	_status(record) == "fail"
}

test_newest_release_fails_without_any_use if {
	v := _only(_record([_removal(2, 0)], f.usage([])))
	v.status == "fail"
	contains(v.message, "release-2 (a rollback, expires at the next run)")
}

test_newest_release_fails_though_uses_are_unknown if _status(_record([_removal(2, 0)], _unread)) == "fail"

test_older_release_is_no_rollback if _status(_record([_removal(1, 0)], f.usage([]))) == "pass"

test_without_workloads_is_unknown if {
	v := _only(_record([_removal(1, 0)], _unread))
	v.status == "unknown"
	v.settle == ["auditor:workloads"]
}

test_workloads_read_in_part_is_unknown if _status(_record([_removal(1, 0)], _partly([]))) == "unknown"

test_used_fails_though_workloads_were_read_in_part if _status(_record([_removal(1, 0)], _partly([f.use(1)]))) == "fail"

_doubtful(removals) := f.record({}, f.known([_old, _new]), {
	"outlook": _outlook(removals, ["1 image has no known push time"]),
	"usage": f.usage([f.use(1)]),
})

test_doubts_are_unknown if {
	v := _only(_doubtful([]))
	v.status == "unknown"
	v.settle == ["ecr:BatchGetImage", "ecr:DescribeImages"]
}

test_sure_hit_fails_beside_doubts if _status(_doubtful([_removal(1, 0)])) == "fail"

test_release_without_push_time_is_unknown if {
	images := [f.image(1, ["release-1"], {"pushed_at": f.unknown("ecr:DescribeImages")}), _new]
	derived := {"outlook": _outlook([_removal(2, 0)], []), "usage": f.usage([])}
	_status(f.record({}, f.known(images), derived)) == "unknown"
}

test_shorter_outlook_is_unknown if {
	short := f.known({"horizon_days": 7, "removals": [], "rules": [], "uncovered": [], "doubts": []})
	_status(f.record({}, f.known([]), {"outlook": short, "usage": f.usage([])})) == "unknown"
}

test_outlook_not_made_is_unknown if {
	_status(f.record({}, f.known([]), {"outlook": f.not_requested("auditor:outlook")})) == "unknown"
}

test_denied_policy_is_unknown if {
	_status(f.repository({"retention_policy": f.unknown("ecr:GetLifecyclePolicy")})) == "unknown"
}

test_no_policy_is_not_applicable if _status(f.repository({"retention_policy": f.absent})) == "not_applicable"

test_other_registries_are_not_applicable if {
	_status(f.repository({"registry": {"kind": "ghcr", "account": "a", "region": ""}})) == "not_applicable"
}
