package auditor.rules.replication.releases_complete_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.replication.releases_complete

_params := {"REG-REP-004": {"max_minutes": 60, "newest": 2, "prod_selectors": {"names": ["*prod*"], "resource_tags": {}, "tags": ["v*"]}, "nonprod_selectors": {"names": ["dev/*"], "resource_tags": {}, "tags": []}}}

_rules := f.known([{"filters": [], "destinations": [{"account": "111111111111", "region": "us-east-1"}], "deletes": false}])

_judged(record, rules) := v if {
	v := releases_complete.verdicts with input as record with data.params as _params with data.context as {"registry": {"replication": rules}}
}

replica(changes) := f.override(
	{
		"account": "111111111111",
		"region": "us-east-1",
		"repository": "urn:cr:ecr:111111111111:us-east-1:team/app",
		"state": "found",
		"reason": "",
		"differences": [],
		"missing_digests": [],
		"missing_count": 0,
		"moved_tags": [],
		"moved_count": 0,
		"missing_tags": [],
		"missing_tags_count": 0,
		"listed_after": "",
		"images_unread": "",
		"relayed_from": [],
	},
	changes,
)

_of(name, images, replicas) := _judged(f.record({"name": name}, f.known(images), {"replicas": f.known(replicas)}), _rules)

_statuses(images, replicas) := f.statuses(_of("team/app", images, replicas))

_one(images, replicas) := f.only(_of("team/app", images, replicas))

_image := f.image(1, ["v1.0.0"], {})

_missing := {"missing_digests": [f.digest(1)], "missing_count": 1}

_status(status) := {"replicas": f.known([{"account": "111111111111", "region": "us-east-1", "status": status, "failure_code": "CMK"}])}

test_complete_passes if _statuses([_image], [replica({})]) == ["pass"]

test_missing_fails if {
	v := _one([_image], [replica(_missing)])
	v.status == "fail"
	contains(v.message, "us-east-1 of account 111111111111 does not hold it.")
}

test_missing_repository_fails if _statuses([_image], [replica(f.override(_missing, {"state": "missing"}))]) == ["fail"]

test_missing_in_one_of_two_fails if {
	_statuses([_image], [replica({}), replica(f.override(_missing, {"region": "ap-south-1"}))]) == ["fail"]
}

test_missing_names_a_relay if {
	v := _one([_image], [replica(f.override(_missing, {"relayed_from": ["urn:cr:ecr:1:eu-west-1"]}))])
	contains(v.message, "what arrives as a copy is not copied on")
}

test_missing_outside_production_is_not_applicable if {
	f.statuses(_of("dev/app", [f.image(1, ["x"], {})], [replica(_missing)])) == ["not_applicable"]
}

test_moved_tag_fails_everywhere if {
	v := f.only(_of("dev/app", [f.image(1, ["x"], {})], [replica({"moved_tags": ["x"], "moved_count": 1})]))
	v.status == "fail"
	contains(v.message, "x means another image in us-east-1")
}

test_missing_tag_fails if {
	_statuses([_image], [replica({"missing_tags": ["v1.0.0"], "missing_tags_count": 1})]) == ["fail"]
}

test_tag_of_another_image_does_not_matter if _statuses([_image], [replica({"moved_tags": ["v9"], "moved_count": 1})]) == ["pass"]

_new := {"pushed_at": f.known("2026-11-23T23:30:00Z")}

test_just_pushed_is_unknown if {
	v := _one([f.image(1, ["v1.0.0"], _new)], [replica(_missing)])
	v.status == "unknown"
	v.settle == ["auditor collect again once the copies had their time"]
}

test_just_moved_is_unknown if {
	_statuses([f.image(1, ["v1"], _new)], [replica({"moved_tags": ["v1"], "moved_count": 1})]) == ["unknown"]
}

test_just_pushed_and_there_passes if _statuses([f.image(1, ["v1.0.0"], _new)], [replica({})]) == ["pass"]

test_no_push_time_counts_as_old if _statuses([f.image(1, ["v1"], {"pushed_at": f.absent})], [replica(_missing)]) == ["fail"]

test_unread_destination_is_unknown if {
	v := _one([_image], [replica({"state": "unread", "reason": "ecr/1/us-east-1 is not in the snapshot"})])
	v.status == "unknown"
	v.message == "Cannot tell whether every destination is complete: ecr/1/us-east-1 is not in the snapshot."
}

test_unread_images_are_unknown if {
	_statuses([_image], [replica({"images_unread": "the images of the copy were not read"})]) == ["unknown"]
}

test_missing_wins_over_unread if {
	unread := replica({"state": "unread", "reason": "not read", "region": "ap-south-1"})
	_statuses([_image], [unread, replica(_missing)]) == ["fail"]
}

test_complete_status_settles_an_unread_destination if {
	unread := replica({"state": "unread", "reason": "not read"})
	_statuses([f.image(1, ["v1"], _status("complete"))], [unread]) == ["pass"]
	_statuses([f.image(1, ["v1"], _status("complete"))], [unread, f.override(unread, {"region": "ap-south-1"})]) == ["unknown"]
}

test_failed_status_fails if {
	v := _one([f.image(1, ["v1"], _status("failed"))], [replica({})])
	v.status == "fail"
	contains(v.message, "copying to us-east-1 of account 111111111111 failed (CMK)")
}

test_slow_status_fails if _statuses([f.image(1, ["v1"], _status("in_progress"))], [replica({})]) == ["fail"]

test_status_in_its_time_passes if {
	_statuses([f.image(1, ["v1"], f.override(_new, _status("in_progress")))], [replica({})]) == ["pass"]
}

test_status_of_a_former_destination_does_not_matter if {
	_statuses([f.image(1, ["v1"], _status("failed"))], [replica({"region": "ap-south-1"})]) == ["pass"]
}

test_cut_lists_are_unknown_only_for_what_is_older if {
	cut := {"missing_digests": [f.digest(7)], "missing_count": 2000, "listed_after": "2026-11-20T00:00:00Z"}
	_statuses([_image], [replica(cut)]) == ["unknown"]
	_statuses([_image], [replica(f.override(cut, {"listed_after": "2026-11-19T23:59:59Z"}))]) == ["pass"]
	_statuses([f.image(1, ["v1"], {"pushed_at": f.absent})], [replica(cut)]) == ["unknown"]
}

test_image_that_is_coming_back_from_the_archive_is_not_applicable if {
	_statuses([f.image(1, ["v1"], {"status": "activating"})], [replica(_missing)]) == ["not_applicable"]
}

test_only_the_newest_are_judged if {
	old := f.image(3, ["v0"], {"pushed_at": f.known("2025-01-01T00:00:00Z")})
	found := _of("team/app", [_image, f.image(2, ["v2"], {}), old], [replica({"missing_digests": [f.digest(3)], "missing_count": 1})])
	f.statuses(found) == ["not_applicable", "pass", "pass"]
}

test_children_are_judged_and_untagged_are_not if {
	images := [f.index(1, ["v1"], f.known([f.child(2)])), f.image(2, [], {}), f.image(3, [], {})]
	found := _of("team/app", images, [replica({"missing_digests": [f.digest(2)], "missing_count": 1})])
	f.statuses(found) == ["fail", "not_applicable", "pass"]
}

test_untagged_beside_unread_index_is_unknown if {
	_statuses([f.index(1, ["v1"], f.unknown("ecr:BatchGetImage")), f.image(2, [], {})], [replica({})]) == ["pass", "unknown"]
}

test_archived_is_not_applicable if _statuses([f.image(1, ["v1"], {"status": "archived"})], [replica(_missing)]) == ["not_applicable"]

test_signatures_are_no_images if _statuses([f.image(1, ["sha256-a.sig"], {"kind": "signature"})], [replica({})]) == []

_whole(images, derived, rules) := f.only(_judged(f.record({}, images, derived), rules)).status

test_no_rules_is_not_applicable if _whole(f.known([_image]), {}, f.known([])) == "not_applicable"

test_not_copied_is_not_applicable if _whole(f.known([_image]), {"replicas": f.known([])}, _rules) == "not_applicable"

test_platform_without_it_is_not_applicable if _whole(f.known([_image]), {}, f.unsupported) == "not_applicable"

test_replication_not_read_is_unknown if _whole(f.known([_image]), {}, f.unknown("ecr:DescribeRegistry")) == "unknown"

test_copies_not_joined_is_unknown if _whole(f.known([_image]), {}, _rules) == "unknown"

test_images_not_read_is_unknown if _whole(f.unknown("ecr:DescribeImages"), {"replicas": f.known([replica({})])}, _rules) == "unknown"
