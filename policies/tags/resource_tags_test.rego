package auditor.rules.tags.resource_tags_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.tags.resource_tags

_params := {"REG-TAG-004": {"required_keys": ["Name", "owner"]}}

_on(record) := v if v := resource_tags.verdicts with input as record with data.params as _params

_status(record) := f.only(_on(record)).status

_tags(tags) := f.repository({"resource_tags": f.known(tags)})

test_all_there_passes if _status(_tags({"Name": "a", "owner": "b"})) == "pass"

test_missing_fails if _status(_tags({"Name": "a"})) == "fail"

test_blank_fails if _status(_tags({"Name": "a", "owner": "  "})) == "fail"

test_case_matters if _status(_tags({"name": "a", "owner": "b"})) == "fail"

test_no_tags_fails if _status(f.repository({"resource_tags": f.absent})) == "fail"

test_denied_is_unknown_and_names_the_call if {
	v := f.only(_on(f.repository({"resource_tags": f.unknown("ecr:ListTagsForResource")})))
	v.status == "unknown"
	v.settle == ["ecr:ListTagsForResource"]
}

test_platform_without_them_is_not_applicable if {
	_status(f.repository({"resource_tags": f.unsupported})) == "not_applicable"
}

_any(record) := f.only(verdicts).status if {
	params := {"REG-TAG-004": {"required_keys": []}}
	verdicts := resource_tags.verdicts with input as record with data.params as params
}

test_without_required_keys_any_tag_will_do if _any(_tags({"x": "y"})) == "pass"

test_without_required_keys_system_tags_do_not_count if _any(_tags({"aws:x": "y"})) == "fail"
