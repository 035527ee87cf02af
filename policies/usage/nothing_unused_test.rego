package auditor.rules.usage.nothing_unused_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.usage.nothing_unused

# Now is 2026-11-24.
_params := {"REG-USE-001": {"unused_days": 90, "unused_repo_days": 180}}

_settings(fact) := f.registry({"settings": fact}, {})

_known := _settings(f.known({"PULL_TIME_UPDATE_EXCLUSIONS": "arn:aws:iam::111111111111:role/scanner"}))

_in(record, context) := v if {
	found := nothing_unused.verdicts with input as record with data.params as _params with data.context as context
	v := f.only(found)
}

_on(images, usage) := _in(f.record({}, f.known(images), {"usage": usage}), _known)

_nothing := f.usage([])

_pulled(n, tags, date) := f.image(n, tags, {"pushed_at": f.known("2026-01-01T00:00:00Z"), "last_pulled_at": f.known(date)})

_recent(n) := _pulled(n, ["v1"], "2026-11-20T00:00:00Z")

_stale(n) := _pulled(n, ["v1"], "2026-08-01T00:00:00Z")

_ancient(n) := _pulled(n, ["v1"], "2026-02-01T00:00:00Z")

test_pulled_lately_passes_whatever_runs if {
	_on([_recent(1)], _nothing).status == "pass"
	_on([_recent(1)], f.not_requested("auditor:workloads")).status == "pass"
}

test_not_pulled_and_not_used_fails if {
	v := _on([_recent(1), _stale(2), _stale(3)], _nothing)
	v.status == "fail"
	v.message == "2 of 3 images were not pulled in the last 90 days, and nothing uses them."
	[e.path | some e in v.evidence] == ["/images/value/1/last_pulled_at", "/images/value/2/last_pulled_at"]
}

test_one_unused_image_is_spoken_of_in_the_singular if {
	v := _on([_recent(1), _stale(2)], _nothing)
	v.message == "1 of 2 images was not pulled in the last 90 days, and nothing uses it."
}

test_an_image_in_use_is_not_unused if _on([_stale(1)], f.usage([f.use(1)])).status == "pass"

test_a_repository_of_old_images_is_unused if {
	v := _on([_ancient(1), _ancient(2)], _nothing)
	v.message == "None of its 2 images was pulled in the last 180 days, and nothing uses them: the repository is unused."
}

test_a_single_old_image_is_spoken_of_in_the_singular if {
	v := _on([_ancient(1)], _nothing)
	v.message == "Its only image was not pulled in the last 180 days, and nothing uses it: the repository is unused."
}

test_a_repository_that_is_stale_but_not_old_is_not_called_unused if {
	v := _on([_stale(1)], _nothing)
	v.message == "1 of 1 images was not pulled in the last 90 days, and nothing uses it."
}

test_never_pulled_counts_from_the_push if {
	old := f.image(1, ["v1"], {"pushed_at": f.known("2026-01-01T00:00:00Z")})
	_on([old], _nothing).status == "fail"
	_on([f.image(1, ["v1"], {})], _nothing).status == "pass"
}

test_a_restored_image_counts_from_its_restore if {
	restored := f.image(1, ["v1"], {"pushed_at": f.known("2026-01-01T00:00:00Z"), "activated_at": f.known("2026-11-01T00:00:00Z")})
	_on([restored], _nothing).status == "pass"
}

test_archived_images_are_not_judged if {
	_on([f.override(_ancient(1), {"status": "archived"})], _nothing).status == "not_applicable"
}

test_signatures_are_not_judged if {
	_on([_recent(1), f.override(_ancient(2), {"kind": "signature"})], _nothing).status == "pass"
}

test_platforms_go_with_their_index if {
	index := f.override(_recent(9), {"kind": "index", "children": f.known([f.child(1)])})
	_on([index, _ancient(1)], _nothing).status == "pass"
}

test_an_index_goes_with_a_platform_that_is_pulled if {
	index := f.override(_ancient(9), {"kind": "index", "children": f.known([f.child(1)])})
	_on([index, _recent(1)], _nothing).status == "pass"
}

test_an_unread_index_leaves_untagged_images_unknown if {
	index := f.override(_recent(9), {"kind": "index", "children": f.unknown("ecr:BatchGetImage")})
	v := _on([index, f.override(_ancient(1), {"tags": []})], _nothing)
	v.status == "unknown"
	v.evidence[0].path == "/images/value/0/children"
}

test_usage_that_was_not_read_is_unknown if {
	v := _on([_stale(1)], f.not_requested("auditor:workloads"))
	v.status == "unknown"
	v.settle == ["auditor:workloads"]
}

test_usage_that_is_incomplete_is_unknown if {
	v := _on([_stale(1)], f.known({"complete": false, "missing": ["ecs:ListClusters (access_denied)"], "uses": []}))
	v.status == "unknown"
	v.settle == ["ecs:ListClusters (access_denied)"]
	v.message == "Cannot tell: 1 of 1 images was not pulled in the last 90 days, and what runs was not read completely (ecs:ListClusters (access_denied))."
}

test_pull_times_that_were_not_read_are_unknown if {
	v := _on([_recent(1), f.image(2, ["v1"], {"last_pulled_at": f.unknown("ecr:DescribeImages")})], _nothing)
	v.status == "unknown"
	v.evidence[0].path == "/images/value/1/last_pulled_at"
}

test_push_times_that_are_missing_are_unknown if {
	v := _on([f.image(1, ["v1"], {"pushed_at": f.absent})], _nothing)
	v.status == "unknown"
	v.evidence[0].path == "/images/value/0/pushed_at"
}

test_an_unused_image_weighs_more_than_an_unknown_one if {
	_on([_stale(1), f.image(2, ["v1"], {"last_pulled_at": f.unknown("ecr:DescribeImages")})], _nothing).status == "fail"
}

test_exclusions_that_were_not_read_are_unknown if {
	record := f.record({}, f.known([_stale(1)]), {"usage": _nothing})
	v := _in(record, _settings(f.unknown("ecr:GetAccountSetting")))
	v.status == "unknown"
	v.settle == ["ecr:ListPullTimeUpdateExclusions"]
	_in(record, {}).status == "unknown"
}

test_images_that_were_not_read_are_unknown if {
	_in(f.record({}, f.unknown("ecr:DescribeImages"), {}), _known).status == "unknown"
}

_empty(created, usage) := _in(f.record({"created_at": created}, f.known([]), {"usage": usage}), _known)

test_an_old_empty_repository_fails if {
	v := _empty(f.known("2026-01-01T00:00:00Z"), _nothing)
	v.status == "fail"
	v.message == "The repository holds no image, and was created more than 180 days ago."
}

test_a_new_empty_repository_passes if _empty(f.known("2026-11-01T00:00:00Z"), _nothing).status == "pass"

test_an_empty_repository_that_a_workload_names_passes if {
	_empty(f.known("2026-01-01T00:00:00Z"), f.usage([f.override(f.use(1), {"digest": ""})])).status == "pass"
}

test_an_empty_repository_of_unknown_age_is_unknown if _empty(f.unknown("ecr:DescribeRepositories"), _nothing).status == "unknown"

test_a_registry_without_pull_times_is_not_applicable if {
	record := f.record({"registry": {"kind": "ghcr"}}, f.known([_stale(1)]), {})
	_in(record, _known).status == "not_applicable"
}

test_other_registries_have_no_exclusions if {
	record := f.record({"registry": {"kind": "harbor"}}, f.known([_stale(1)]), {"usage": _nothing})
	_in(record, _settings(f.unknown("x"))).status == "fail"
}
