package auditor.rules.usage.not_published_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.usage.not_published

_with(record, allowed) := f.only(v) if {
	v := not_published.verdicts with input as record with data.params as {"REG-USE-004": {"allow_public": allowed}}
}

_public(published) := f.record(
	{
		"registry": {"kind": "ecr_public", "host": "public.ecr.aws/acme", "other_hosts": []},
		"visibility": f.known("public"),
	},
	f.known([f.image(1, ["v1.0.0"], {})]),
	{"published": published},
)

_shared := f.known({"images": [_image], "missing": []})

_image := {"digest": f.digest(1), "tags": ["v1.0.0"], "private": ["urn:cr:ecr:111111111111:eu-west-1:team/app"]}

_clean := f.known({"images": [], "missing": []})

_incomplete := f.known({"images": [], "missing": ["ecr/1/r: ecr:DescribeImages: access_denied"]})

_harbor(visibility) := f.repository({"registry": {"kind": "harbor", "host": "harbor.example.com"}, "visibility": visibility})

test_private_repository_is_not_applicable if {
	_with(_harbor(f.known("private")), []).status == "not_applicable"
	_with(f.repository({}), []).status == "not_applicable"
}

test_private_registry_of_an_earlier_snapshot_is_not_applicable if {
	_with(f.repository({"visibility": f.not_requested("x")}), []).status == "not_applicable"
}

test_listed_repository_passes if _with(_public(_shared), ["team/app"]).status == "pass"

test_internal_image_fails_and_says_where if {
	v := _with(_public(_shared), ["other"])
	v.status == "fail"
	not v.severity
	v.message == "1 image of this public repository is in a private registry too (urn:cr:ecr:111111111111:eu-west-1:team/app)."
	v.evidence == [{"path": "/derived/published/value/images/0", "value": _image}]
}

test_shared_images_fail_also_where_not_all_was_read if {
	_with(_public(f.known({"images": [_image], "missing": ["x"]})), []).status == "fail"
}

test_unlisted_without_internal_images_fails_lower if {
	v := _with(_public(_clean), [])
	v.status == "fail"
	v.severity == "medium"
}

test_severity_is_lowered_only_where_all_was_read if {
	every published in [_incomplete, f.not_requested("auditor:join"), f.unknown("ecr-public:DescribeImages")] {
		v := _with(_public(published), [])
		v.status == "fail"
		not v.severity
	}
}

test_visibility_not_read_is_unknown if {
	_with(_harbor(f.unknown("harbor:GetProject")), ["*"]).settle == ["harbor:GetProject"]
}
