package auditor.rules.retention.parts_together_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.retention.parts_together

_on(record) := v if v := parts_together.verdicts with input as record

_only(record) := f.only(_on(record))

_status(record) := _only(record).status

_with(images, rules) := f.record({}, f.known(images), {"retention": f.known({"rules": rules, "errors": [], "warnings": []})})

_images(images) := _with(images, [])

_scheme(n, suffix) := concat("", ["sha256-", substring(f.digest(n), 7, 64), suffix])

_signature(n, of) := f.image(n, [_scheme(of, ".sig")], {"kind": "signature"})

_referrer(n, of) := f.image(n, [], {"kind": "sbom", "subject": f.known(f.digest(of))})

test_plain_images_pass if _status(_images([f.image(1, ["v1"], {})])) == "pass"

test_everything_together_passes if {
	images := [f.index(1, ["v1"], f.known([f.child(2)])), f.image(2, [], {}), _signature(3, 1), _referrer(4, 2)]
	_status(_images(images)) == "pass"
}

test_missing_child_fails if {
	v := _only(_images([f.index(1, ["v1"], f.known([f.child(2), f.child(3)])), f.image(2, [], {})]))
	v.status == "fail"
	v.message == "1 index names a child that is gone."
	v.evidence == [{"path": "/images/value/0/children/value/1", "value": f.child(3)}]
}

test_signature_without_its_image_fails if {
	v := _only(_images([f.image(1, ["v1"], {}), _signature(3, 2)]))
	v.status == "fail"
	v.message == "1 artefact belongs to an image that is gone."
	v.evidence == [{"path": "/images/value/1/tags/0", "value": _scheme(2, ".sig")}]
}

test_attestation_and_index_of_referrers_fail if {
	index := f.image(4, [_scheme(9, "")], {"kind": "referrers_index"})
	v := _only(_images([f.image(3, [_scheme(9, ".att")], {"kind": "attestation"}), index]))
	v.message == "2 artefacts belong to an image that is gone."
}

test_referrer_without_its_subject_fails if {
	v := _only(_images([f.image(1, ["v1"], {}), _referrer(3, 2)]))
	v.status == "fail"
	v.evidence == [{"path": "/images/value/1/subject", "value": f.known(f.digest(2))}]
}

test_tag_that_is_no_digest_passes if _status(_images([f.image(1, ["sha256-zz.sig", "v1.sig"], {})])) == "pass"

test_image_with_such_a_tag_beside_its_own_passes if {
	_status(_images([f.image(1, [_scheme(9, ".sig"), "v1"], {})])) == "pass"
}

_signed := [f.image(1, ["v1"], {}), _signature(3, 1)]

test_counting_any_fails_with_signatures if {
	v := _only(_with(_signed, [f.expire("any", "count", 10)]))
	v.status == "fail"
	v.message == "rule 1 counts signatures as images."
	v.evidence[0].path == "/derived/retention/value/rules/0"
}

test_counting_any_passes_without_signatures if {
	_status(_with([f.image(1, ["v1"], {})], [f.expire("any", "count", 10)])) == "pass"
}

test_by_age_passes_with_signatures if _status(_with(_signed, [f.expire("any", "since_pushed", 10)])) == "pass"

_tagged(patterns, kind) := f.override(f.expire("tagged", "count", 10), {"patterns": patterns, "pattern_kind": kind})

test_counting_all_tags_fails_with_signatures if _status(_with(_signed, [_tagged(["*"], "glob")])) == "fail"

test_counting_their_prefix_fails if _status(_with(_signed, [_tagged(["sha256-"], "prefix")])) == "fail"

test_counting_other_tags_passes if _status(_with(_signed, [_tagged(["v"], "prefix")])) == "pass"

test_all_are_said_at_once_and_fail if {
	images := [f.index(1, ["v1"], f.known([f.child(2)])), _signature(3, 9)]
	v := _only(_with(images, [f.expire("any", "count", 10)]))
	v.message == "1 artefact belongs to an image that is gone; 1 index names a child that is gone; rule 1 counts signatures as images."
}

_other(kind, images, rules) := f.record({"registry": {"kind": kind, "account": "a", "region": ""}}, f.known(images), {"retention": f.known({
	"rules": rules,
	"errors": [],
	"warnings": [],
})})

_multi := [f.index(1, ["v1"], f.known([f.child(2)])), f.image(2, [], {})]

test_untagged_cleanup_elsewhere_fails_with_children if {
	_status(_other("acr", _multi, [f.expire("untagged", "since_pushed", 7)])) == "fail"
}

test_untagged_cleanup_of_ecr_passes if _status(_with(_multi, [f.expire("untagged", "since_pushed", 7)])) == "pass"

test_untagged_cleanup_elsewhere_passes_without_children if {
	_status(_other("acr", [f.image(1, [], {})], [f.expire("untagged", "since_pushed", 7)])) == "pass"
}

test_children_not_read_is_unknown if {
	_status(_images([f.index(1, ["v1"], f.unknown("ecr:BatchGetImage"))])) == "unknown"
}

test_archived_index_passes if {
	archived := f.image(1, ["v1"], {"kind": "index", "status": "archived", "children": f.unknown("ecr:BatchGetImage")})
	_status(_images([archived])) == "pass"
}

test_dangling_fails_though_an_index_was_not_read if {
	_status(_images([f.index(1, ["v1"], f.unknown("ecr:BatchGetImage")), _signature(3, 9)])) == "fail"
}

test_subject_not_read_is_unknown if {
	_status(_images([f.image(1, [], {"kind": "artefact", "subject": f.unknown("ecr:DescribeImages")})])) == "unknown"
}

test_policy_not_read_is_unknown_with_signatures if {
	denied := {"retention_policy": f.unknown("ecr:GetLifecyclePolicy")}
	derived := {"retention": f.unknown("ecr:GetLifecyclePolicy")}
	_status(f.record(denied, f.known(_signed), derived)) == "unknown"
	_status(f.record(denied, f.known([f.image(1, ["v1"], {})]), derived)) == "pass"
}

test_a_platform_without_policies_has_none_that_counts_signatures if {
	none := {"state": "unknown", "reason": "unsupported_by_platform", "source": "oci", "detail": ""}
	_status(f.record({"retention_policy": none}, f.known(_signed), {"retention": none})) == "pass"
}

test_images_not_read_is_unknown if _status(f.record({}, f.unknown("ecr:DescribeImages"), {})) == "unknown"

test_cache_is_not_applicable if _status(f.repository({"hosting": f.known("proxy")})) == "not_applicable"

test_dangling_in_what_may_be_a_cache_is_unknown if {
	images := f.known([f.index(1, ["v1"], f.known([f.child(2)]))])
	_status(f.record({"hosting": f.unknown("ecr:DescribePullThroughCacheRules")}, images, {})) == "unknown"
}

_unread(n) := {"state": "known", "source": "auditor:collect", "value": [{"digest": f.digest(n), "why": f.unknown("oci:GetManifest")}]}

_with_unread(images, n) := object.union(_images(images), {"unread": _unread(n)})

test_child_that_could_not_be_read_is_unknown if {
	v := _only(_with_unread([f.index(1, ["v1"], f.known([f.child(2)]))], 2))
	v.status == "unknown"
	v.settle == ["oci:GetManifest"]
	v.evidence == [{"path": "/unread/value/0/why", "value": f.unknown("oci:GetManifest")}]
}

test_signature_whose_image_could_not_be_read_is_unknown if {
	_status(_with_unread([f.image(1, ["v1"], {}), _signature(3, 2)], 2)) == "unknown"
	_status(_with_unread([f.image(1, ["v1"], {}), _referrer(3, 2)], 2)) == "unknown"
}

test_what_is_gone_fails_beside_what_could_not_be_read if {
	_status(_with_unread([f.image(1, ["v1"], {}), _signature(3, 2), _signature(4, 5)], 2)) == "fail"
}

test_an_unread_manifest_that_belongs_to_nothing_says_nothing if _status(_with_unread([f.image(1, ["v1"], {})], 2)) == "pass"

test_everything_read_passes if {
	_status(object.union(_images([f.image(1, ["v1"], {})]), {"unread": {"state": "absent", "source": "auditor:collect"}})) == "pass"
}
