package auditor.rules.tags.labels_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.tags.labels

_params := {"REG-TAG-003": {"required_labels": ["org.opencontainers.image.source", "org.opencontainers.image.revision", "org.opencontainers.image.version", "org.opencontainers.image.created"]}}

_on(images) := v if {
	v := labels.verdicts with input as f.record({}, images, {}) with data.params as _params
}

_good := {
	"org.opencontainers.image.source": "https://example.com/app",
	"org.opencontainers.image.revision": "0a1b2c3",
	"org.opencontainers.image.version": "1.0.0",
	"org.opencontainers.image.created": "2026-11-01T10:00:00+02:00",
}

_config(changes) := {"config": f.known({"labels": f.override(_good, changes), "created_at": f.absent, "user": ""})}

_with(changes) := f.only(_on(f.known([f.image(1, ["v1"], _config(changes))])))

_created(value) := _with({"org.opencontainers.image.created": value}).status

test_all_labels_pass if _with({}).status == "pass"

test_missing_label_fails if {
	labels := object.remove(_good, ["org.opencontainers.image.source"])
	config := {"config": f.known({"labels": labels, "created_at": f.absent, "user": ""})}
	v := f.only(_on(f.known([f.image(1, ["v1"], config)])))
	v.status == "fail"
	v.message == "Labels are missing or wrong: org.opencontainers.image.source is not set."
}

test_empty_label_fails if _with({"org.opencontainers.image.version": " "}).status == "fail"

test_revision_is_hexadecimal_of_seven_or_more if {
	_with({"org.opencontainers.image.revision": "0a1b2c"}).status == "fail"
	_with({"org.opencontainers.image.revision": "main-branch"}).status == "fail"
	_with({"org.opencontainers.image.revision": "0A1B2C3D4E5F60718293a4b5c6d7e8f901234567"}).status == "pass"
}

test_times_that_pass if {
	every value in ["1970-01-01T00:00:00Z", "1970-01-01", "2026-11-24T00:00:00Z", "2024-02-29T00:00:00.123456789Z", "2013-01-01", "2026-10-31t23:59:59z"] {
		_created(value) == "pass"
	}
}

test_times_that_fail if {
	every value in ["2026-11-24T00:00:01Z", "2026-11-24T01:00:00+00:30", "9999-12-31T00:00:00Z", "2012-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2025-02-29", "2026-04-31", "yesterday", "2026-11-01 10:00:00", "1700000000"] {
		_created(value) == "fail"
	}
}

test_time_in_another_zone_counts_in_utc if _created("2026-11-24T01:30:00+02:00") == "pass"

test_unread_config_is_unknown if {
	denied := {"config": f.unknown("ecr:GetDownloadUrlForLayer")}
	verdicts := _on(f.known([f.image(1, ["v1"], denied), f.image(2, ["v2"], _config({}))]))
	f.statuses(verdicts) == ["pass", "unknown"]
}

test_configs_that_nobody_asked_for_are_one_unknown if {
	v := f.only(_on(f.known([f.image(1, ["v1"], {}), f.image(2, ["v2"], {}), f.index(3, ["v3"], f.known([]))])))
	v.status == "unknown"
	v.resource_id == "urn:cr:ecr:111111111111:eu-west-1:team/app"
	v.settle == ["ecr:GetDownloadUrlForLayer"]
}

test_image_without_config_fails if {
	f.statuses(_on(f.known([f.image(1, ["v1"], {"config": f.absent})]))) == ["fail"]
}

test_index_and_archived_are_not_applicable if {
	images := [f.index(1, ["v1"], f.known([f.child(3)])), f.image(2, ["v2"], {"status": "archived"}), f.image(3, [], _config({}))]
	f.statuses(_on(f.known(images))) == ["not_applicable", "not_applicable", "pass"]
}

test_artefacts_are_left_out if f.statuses(_on(f.known([f.image(1, ["s"], {"kind": "signature"})]))) == []

test_images_not_read_is_unknown if f.only(_on(f.unknown("ecr:DescribeImages"))).status == "unknown"

test_other_labels_may_be_required if {
	params := {"REG-TAG-003": {"required_labels": ["team"]}}
	config := {"config": f.known({"labels": {"team": "x", "org.opencontainers.image.created": "never"}, "created_at": f.absent, "user": ""})}
	verdicts := labels.verdicts with input as f.record({}, f.known([f.image(1, ["v1"], config)]), {}) with data.params as params
	f.statuses(verdicts) == ["pass"]
}
