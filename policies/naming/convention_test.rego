package auditor.rules.naming.convention_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.naming.convention

_params := {"REG-NAM-001": {"min_components": 2, "organisations": ["team", "cache"]}}

_on(record) := v if v := convention.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

test_organisation_and_name_pass if _status(f.repository({})) == "pass"

test_one_component_fails if _status(f.repository({"name": "app"})) == "fail"

test_other_organisation_fails if _status(f.repository({"name": "others/app"})) == "fail"

test_cache_prefix_counts_as_organisation if {
	_status(f.repository({"name": "docker-hub/library/nginx", "hosting": f.known("proxy")})) == "pass"
}

test_name_outside_the_grammar_fails if _status(f.repository({"name": "team/App"})) == "fail"

test_own_organisation_passes_whatever_the_hosting if _status(f.repository({"hosting": f.unknown("x")})) == "pass"

test_foreign_first_component_may_be_a_cache_prefix if {
	v := f.only(_on(f.repository({"name": "docker-hub/nginx", "hosting": f.unknown("ecr:DescribePullThroughCacheRules")})))
	v.status == "unknown"
	v.settle == ["ecr:DescribePullThroughCacheRules"]
}

test_too_few_components_fail_whatever_the_hosting if {
	_status(f.repository({"name": "app", "hosting": f.unknown("x")})) == "fail"
}

test_grammar_holds_for_caches_too if {
	_status(f.repository({"name": "docker-hub/Nginx", "hosting": f.known("proxy")})) == "fail"
	_status(f.repository({"name": "docker-hub/Nginx", "hosting": f.unknown("x")})) == "fail"
}

_of_length(n) := concat("", ["team/", concat("", ["a" | some _ in numbers.range(6, n)])])

test_length_up_to_256_passes if {
	count(_of_length(256)) == 256
	_status(f.repository({"name": _of_length(256)})) == "pass"
}

test_longer_name_fails_and_says_how_long if {
	v := f.only(_on(f.repository({"name": _of_length(257)})))
	v.status == "fail"
	v.message == "The name has 257 characters, the registry takes 2 to 256."
}

test_one_character_is_too_short if {
	v := f.only(_on(f.repository({"name": "a"})))
	v.message == "The name has 1 character, the registry takes 2 to 256."
}

test_one_component_is_said_in_the_singular if {
	v := f.only(_on(f.repository({"name": "app"})))
	v.message == "The name app has 1 component of the 2 that are needed."
}

_public(name) := f.repository({"name": name, "registry": {"kind": "ecr_public", "host": "public.ecr.aws/team"}})

test_alias_of_a_public_registry_is_an_organisation if _status(_public("app")) == "pass"

test_public_names_are_shorter if {
	_status(_public(_of_length(205))) == "pass"
	_status(_public(_of_length(206))) == "fail"
}

test_organisation_below_a_foreign_alias_passes if {
	registry := {"kind": "ecr_public", "host": "public.ecr.aws/a1b2c3d4"}
	_status(f.repository({"name": "team/app", "registry": registry})) == "pass"
	_status(f.repository({"name": "others/app", "registry": registry})) == "fail"
}

test_other_registries_have_grammars_of_their_own if {
	_status(f.repository({"name": "team/App", "registry": {"kind": "harbor", "host": "harbor.example.com:5000"}})) == "pass"
}
