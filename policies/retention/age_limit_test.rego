package auditor.rules.retention.age_limit_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.retention.age_limit

_params := {"REG-RET-007": {"max_image_age_days": 365, "archive_max_days": 1825, "legal_hold": ["case-*", "*@kept"]}}

_on(record) := v if v := age_limit.verdicts with input as record with data.params as _params

_only(record) := f.only(_on(record))

_status(record) := _only(record).status

_old := {"pushed_at": f.known("2025-11-23T23:59:59Z")}

_record(images, usage) := f.record({}, f.known(images), {"usage": usage})

_unread := f.not_requested("auditor:workloads")

_partly(uses) := f.known({"complete": false, "missing": ["kubernetes"], "uses": uses})

test_young_passes_whatever_runs if _status(_record([f.image(1, ["v1"], {})], _unread)) == "pass"

test_at_the_limit_passes if {
	exact := f.image(1, ["v1"], {"pushed_at": f.known("2025-11-24T00:00:00Z")})
	_status(_record([exact], f.usage([]))) == "pass"
}

test_old_and_unused_fails if {
	v := _only(_record([f.image(1, ["v1"], _old)], f.usage([])))
	v.status == "fail"
	v.message == "The image is 365 days old; the limit is 365."
	v.tag == "v1"
	v.evidence == [{"path": "/images/value/0/pushed_at", "value": f.known("2025-11-23T23:59:59Z")}]
}

test_old_and_in_use_passes if _status(_record([f.image(1, ["v1"], _old)], f.usage([f.use(1)]))) == "pass"

test_old_child_of_an_index_in_use_passes if {
	images := [f.index(1, ["v1"], f.known([f.child(2)])), f.image(2, [], _old)]
	f.statuses(_on(_record(images, f.usage([f.use(1)])))) == ["pass", "pass"]
}

test_old_without_workloads_is_unknown if {
	v := _only(_record([f.image(1, ["v1"], _old)], _unread))
	v.status == "unknown"
	v.settle == ["auditor:workloads"]
}

test_old_with_workloads_in_part_is_unknown if _status(_record([f.image(1, ["v1"], _old)], _partly([]))) == "unknown"

test_old_in_use_by_what_was_read_passes if _status(_record([f.image(1, ["v1"], _old)], _partly([f.use(1)]))) == "pass"

test_legal_hold_by_tag_is_not_applicable if {
	_status(_record([f.image(1, ["case-7"], _old)], f.usage([]))) == "not_applicable"
}

test_legal_hold_by_repository_is_not_applicable if {
	record := f.record({"name": "case-files"}, f.known([f.image(1, [], _old)]), {"usage": f.usage([])})
	_status(record) == "not_applicable"
}

test_legal_hold_of_a_young_one_passes if _status(_record([f.image(1, ["case-7"], {})], f.usage([]))) == "pass"

test_no_date_is_unknown if {
	undated := f.image(1, ["v1"], {"pushed_at": f.unknown("ecr:DescribeImages")})
	v := _only(_record([undated], f.usage([])))
	v.status == "unknown"
	v.settle == ["ecr:DescribeImages"]
}

test_1970_is_no_date_and_unknown if {
	_status(_record([f.image(1, ["v1"], {"pushed_at": f.known("1970-01-01T00:00:00Z")})], f.usage([]))) == "unknown"
}

_created(text) := f.image(1, ["v1"], {
	"pushed_at": f.absent,
	"config": f.known({"labels": {}, "created_at": f.known(text), "user": ""}),
})

test_date_of_the_configuration_fails if _status(_record([_created("2020-01-01T00:00:00Z")], f.usage([]))) == "fail"

test_1970_in_the_configuration_is_unknown if {
	_status(_record([_created("1970-01-01T00:00:00Z")], f.usage([]))) == "unknown"
}

test_words_for_a_date_are_unknown if _status(_record([_created("last summer")], f.usage([]))) == "unknown"

_archived(at) := f.image(1, ["v1"], f.override(_old, {"status": "archived", "archived_at": at}))

test_archived_has_its_own_limit_and_passes if {
	_status(_record([_archived(f.known("2025-01-01T00:00:00Z"))], f.usage([]))) == "pass"
}

test_archived_too_long_fails if {
	v := _only(_record([_archived(f.known("2021-11-24T00:00:00Z"))], f.usage([])))
	v.status == "fail"
	v.message == "The image was archived 1826 days ago; the limit is 1825."
}

test_archived_without_a_date_is_unknown if _status(_record([_archived(f.unsupported)], f.usage([]))) == "unknown"

test_other_artefacts_are_not_judged if {
	count(_on(_record([f.image(1, ["sha256-0.sig"], f.override(_old, {"kind": "signature"}))], f.usage([])))) == 0
}

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"
