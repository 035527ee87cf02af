package auditor.rules.access.no_anonymous_pull_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.access.no_anonymous_pull

_with(record, allowed) := f.only(v) if {
	v := no_anonymous_pull.verdicts with input as record with data.params as {"REG-ACC-002": {"allow_public": allowed}}
}

_status(record, allowed) := _with(record, allowed).status

_registry := {"kind": "ecr_public", "host": "public.ecr.aws/acme", "other_hosts": ["public.ecr.aws/a1b2c3d4"]}

_public := f.repository({"registry": _registry, "visibility": f.known("public")})

_harbor(visibility) := f.repository({"registry": {"kind": "harbor", "host": "harbor.example.com"}, "visibility": visibility})

test_public_fails if _status(_public, []) == "fail"

test_failure_shows_the_fact if _with(_public, []).evidence == [{"path": "/repository/visibility", "value": f.known("public")}]

test_allowed_by_name_by_alias_and_by_default_alias_passes if {
	every glob in ["team/app", "team/*", "public.ecr.aws/acme/*", "public.ecr.aws/a1b2c3d4/team/app"] {
		_status(_public, [glob]) == "pass"
	}
}

test_another_repository_being_allowed_does_not_help if _status(_public, ["team/other", "app", "public.ecr.aws/other/*"]) == "fail"

test_private_ecr_is_not_applicable if _status(f.repository({}), []) == "not_applicable"

test_public_registry_itself_is_not_applicable if {
	_status(f.registry({"kind": "ecr_public", "visibility": f.known("public")}, {}), []) == "not_applicable"
}

test_private_project_passes if _status(_harbor(f.known("private")), []) == "pass"

test_public_project_fails if _status(_harbor(f.known("public")), []) == "fail"

test_not_probed_is_unknown_and_names_the_call if {
	_with(_harbor(f.unknown("harbor:GetProject")), ["*"]).settle == ["harbor:GetProject"]
}

test_open_registry_fails if {
	_status(f.registry({"kind": "acr", "visibility": f.known("public")}, {}), ["*"]) == "fail"
}

test_unread_registry_is_unknown if {
	_status(f.registry({"kind": "acr", "visibility": f.unknown("acr:Get")}, {}), []) == "unknown"
}
