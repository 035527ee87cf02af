package auditor.rules.provenance.base_image_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.provenance.base_image

_defaults := {"approved_bases": [], "max_base_age_days": 90}

_on(images, changes) := v if {
	params := {"REG-PRV-004": object.union(_defaults, changes)}
	v := base_image.verdicts with input as f.record({}, f.known(images), {}) with data.params as params
}

_name := "docker.io/library/debian:12"

_base(changes) := f.known(f.override(
	{"name": _name, "digest": f.digest(9), "found_by": "layers", "created_at": f.known("2026-11-01"), "current_digest": f.digest(9)},
	changes,
))

_system(changes) := f.known(f.override(
	{"id": "debian", "version": "12", "name": "Debian GNU/Linux 12 (bookworm)", "support_ends": f.known("2028-06-30")},
	changes,
))

_image(base, system) := f.image(1, ["v1"], {"base": base, "distribution": system})

_judged(base, system, params) := f.only(_on([_image(base, system)], params))

_with_base(changes) := _judged(_base(changes), _system({}), {})

_with_system(changes) := _judged(_base({}), _system(changes), {})

test_current_base_passes if _with_base({}).status == "pass"

test_base_without_a_distribution_passes if _judged(_base({}), f.absent, {}).status == "pass"

test_approved_base_passes if {
	every glob in ["docker.io/library/debian:*", "docker.io/*", sprintf("%s@%s", [_name, f.digest(9)])] {
		_judged(_base({}), _system({}), {"approved_bases": ["other", glob]}).status == "pass"
	}
}

test_other_base_fails if {
	v := _judged(_base({}), _system({}), {"approved_bases": ["registry.example.com/*", "docker.io/library/debian"]})
	v.status == "fail"
	v.message == "It is built on docker.io/library/debian:12, which is not approved."
}

test_old_base_fails if {
	_with_base({"created_at": f.known("2026-08-26T00:00:00Z")}).status == "pass"
	v := _with_base({"created_at": f.known("2026-08-25T00:00:00Z")})
	v.status == "fail"
	v.message == "The build of docker.io/library/debian:12 that it is built on is 91 days old, 90 are allowed."
}

test_superseded_base_fails if {
	v := _with_base({"current_digest": f.digest(10)})
	v.status == "fail"
	contains(v.message, "There is a newer build of docker.io/library/debian:12")
}

test_nothing_is_superseded_by_what_is_not_known if _with_base({"current_digest": ""}).status == "pass"

test_ended_distribution_fails if {
	v := _with_system({"support_ends": f.known("2026-11-23")})
	v.status == "fail"
	v.message == "Debian GNU/Linux 12 (bookworm) gets no security updates since 2026-11-23."
	_with_system({"support_ends": f.known("2026-11-24")}).status == "pass"
	f.only(_on([_image(f.not_requested("known_bases"), _system({"support_ends": f.known("2020-01-01"), "name": ""}))], {})).message == "debian 12 gets no security updates since 2020-01-01."
}

test_rolling_distribution_passes if _with_system({"support_ends": f.absent}).status == "pass"

test_base_without_digest_is_low if {
	v := _with_base({"digest": "", "found_by": "annotation", "current_digest": ""})
	v.status == "fail"
	v.severity == "low"
}

test_worse_than_a_missing_digest_is_not_low if {
	v := _judged(_base({"digest": ""}), _system({}), {"approved_bases": ["x"]})
	v.status == "fail"
	not v.severity
}

test_unidentified_base_is_unknown if {
	v := _judged(f.unsupported, _system({}), {})
	v.status == "unknown"
	v.message == "Cannot tell: the base of the image could not be identified."
}

test_unknown_age_is_unknown if {
	every created in [f.not_requested("known_bases"), f.known("yesterday"), f.known("2026-02-30"), f.known("0001-01-01"), f.absent] {
		_with_base({"created_at": created}).status == "unknown"
	}
}

test_unread_distribution_is_unknown if {
	v := _judged(_base({}), f.not_requested("oci:GetBlob"), {})
	v.status == "unknown"
	v.settle == ["known_bases", "oci:GetBlob"]
}

test_distribution_beyond_the_table_is_unknown if {
	v := _with_system({"support_ends": f.unknown("os_support.json")})
	v.status == "unknown"
	contains(v.message, "until when Debian GNU/Linux 12 (bookworm) is supported")
}

test_nobody_asked_is_unknown_once if {
	images := [f.image(n, [], {"base": f.not_requested("known_bases"), "distribution": f.not_requested("oci:GetBlob")}) | some n in [1, 2]]
	v := f.only(_on(images, {}))
	v.status == "unknown"
	v.not_asked
	f.only(_on([f.image(1, ["v1"], {})], {})).not_asked
}

test_unread_images_are_unknown if {
	verdicts := base_image.verdicts with input as f.record({}, f.unknown("oci:ListTags"), {})
		with data.params as {"REG-PRV-004": _defaults}
	f.only(verdicts).status == "unknown"
}

test_index_and_archived_are_not_applicable if {
	images := [f.index(1, ["v1"], f.known([])), f.image(2, [], {"status": "archived"}), f.image(3, [], {"base": _base({}), "distribution": _system({})})]
	f.statuses(_on(images, {})) == ["not_applicable", "not_applicable", "pass"]
}
