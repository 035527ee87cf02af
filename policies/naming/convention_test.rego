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

test_always_decided if _status(f.repository({"hosting": f.unknown("x")})) == "pass"
