package auditor.rules.replication.same_controls_test

import data.auditor.lib.fixtures_test as f
import data.auditor.rules.replication.releases_complete_test as complete
import data.auditor.rules.replication.same_controls

_params := {"REG-REP-003": {"compare": ["mutability", "encryption", "lifecycle", "policy", "scanning"]}}

_context(rules) := {"registry": {"replication": rules}}

_rules := f.known([{"filters": [], "destinations": [{"account": "111111111111", "region": "us-east-1"}], "deletes": false}])

_of(replicas, rules) := f.only(verdicts) if {
	record := f.record({}, f.known([]), {"replicas": replicas})
	verdicts := same_controls.verdicts with input as record with data.params as _params with data.context as _context(rules)
}

_verdict(replicas) := _of(f.known(replicas), _rules)

_difference(setting, certain) := {"setting": setting, "source": "S", "copy": "C", "certain": certain}

_drift(setting) := complete.replica({"differences": [_difference(setting, true)]})

# -------------------------------------------------------------------- repositories

test_same_settings_pass if {
	v := _verdict([complete.replica({})])
	v.status == "pass"
	v.message == "Every copy is under the same controls (us-east-1 of account 111111111111)."
}

test_every_setting_that_differs_fails if {
	every setting in ["immutability", "encryption", "retention", "policy", "scanning"] {
		_verdict([_drift(setting)]).status == "fail"
	}
}

test_difference_is_told_with_both_values if {
	v := _verdict([_drift("retention")])
	v.message == "Copies are not under the same controls: lifecycle of us-east-1 of account 111111111111 is C, here S."
	v.evidence[0].path == "/derived/replicas/value/0/differences/0"
}

test_setting_that_is_not_compared_passes if {
	record := f.record({}, f.known([]), {"replicas": f.known([_drift("policy")])})
	params := {"REG-REP-003": {"compare": ["mutability"]}}
	verdicts := same_controls.verdicts with input as record with data.params as params with data.context as _context(_rules)
	f.only(verdicts).status == "pass"
}

test_uncertain_difference_is_unknown if {
	_verdict([complete.replica({"differences": [_difference("policy", false)]})]).status == "unknown"
}

test_certain_wins_over_uncertain if {
	differences := [_difference("policy", false), _difference("encryption", true)]
	_verdict([complete.replica({"differences": differences})]).status == "fail"
}

test_unread_destination_is_unknown if {
	v := _verdict([complete.replica({}), complete.replica({"state": "unread", "reason": "ecr/1/x is not in the snapshot"})])
	v.status == "unknown"
	v.message == "Cannot compare every copy: ecr/1/x is not in the snapshot."
}

test_missing_repository_fails if {
	v := _verdict([complete.replica({"state": "missing", "missing_count": 3})])
	v.status == "fail"
	contains(v.message, "us-east-1 of account 111111111111 has no such repository")
}

test_missing_repository_of_an_empty_one_passes if _verdict([complete.replica({"state": "missing"})]).status == "pass"

test_missing_with_unread_images_is_unknown if {
	_verdict([complete.replica({"state": "missing", "images_unread": "not read"})]).status == "unknown"
}

test_not_copied_is_not_applicable if _verdict([]).status == "not_applicable"

test_no_rules_is_not_applicable if _of(f.not_requested("auditor:join"), f.known([])).status == "not_applicable"

test_not_joined_is_unknown if _of(f.not_requested("auditor:join"), _rules).status == "unknown"

test_rules_not_read_is_unknown if _of(f.known([]), f.unknown("ecr:DescribeRegistry")).status == "unknown"

test_platform_without_it_is_not_applicable if _of(f.known([]), f.unsupported).status == "not_applicable"

# -------------------------------------------------------------------- registries

_template(changes) := f.override(
	{
		"prefix": "team",
		"applied_for": ["REPLICATION"],
		"immutability": f.known({"mode": "all", "rules": []}),
		"encryption": f.known({"type": "kms", "key_id": f.absent, "key_manager": f.not_requested("kms:DescribeKey")}),
		"retention_policy": f.known({"text": "{}"}),
	},
	changes,
)

_links(sources) := f.known({"targets": [], "sources": sources, "unread": []})

_source(patterns) := {"account": "222222222222", "region": "eu-north-1", "filters": [{"kind": "prefix", "pattern": p} | some p in patterns]}

_registry(templates, caches, links) := f.only(verdicts) if {
	record := f.registry({"creation_templates": templates, "cache_rules": caches}, {"replication": links})
	verdicts := same_controls.verdicts with input as record with data.params as _params
}

_templates(list) := _registry(f.known(list), f.known([]), _links([]))

test_strict_template_passes if _templates([_template({})]).status == "pass"

test_template_without_mutability_is_mutable_and_fails if {
	v := _templates([_template({"immutability": f.absent})])
	v.status == "fail"
	v.message == "Repositories that the registry creates itself lack controls: the template for team leaves tags mutable."
}

test_mutable_template_fails if _templates([_template({"immutability": f.known({"mode": "none", "rules": []})})]).status == "fail"

test_template_with_exclusions_passes if {
	_templates([_template({"immutability": f.known({"mode": "all_except", "rules": []})})]).status == "pass"
}

test_cache_template_may_be_mutable if {
	_templates([_template({"applied_for": ["PULL_THROUGH_CACHE"], "immutability": f.absent})]).status == "pass"
}

test_template_for_both_may_not_be_mutable if {
	_templates([_template({"applied_for": ["PULL_THROUGH_CACHE", "CREATE_ON_PUSH"], "immutability": f.absent})]).status == "fail"
}

test_template_without_key_fails if {
	_templates([_template({"encryption": f.absent})]).status == "fail"
	_templates([_template({"encryption": f.known({"type": "platform"})})]).status == "fail"
}

test_template_without_lifecycle_fails if _templates([_template({"retention_policy": f.absent})]).status == "fail"

test_template_for_nothing_automatic_is_not_applicable if {
	_templates([_template({"applied_for": [], "retention_policy": f.absent})]).status == "not_applicable"
}

test_unread_mutability_of_template_is_unknown if {
	_templates([_template({"immutability": f.unknown("ecr:DescribeRepositoryCreationTemplates")})]).status == "unknown"
}

test_copies_without_template_fail if {
	v := _registry(f.known([]), f.known([]), _links([_source(["team/"])]))
	v.status == "fail"
	contains(v.message, "eu-north-1 of account 222222222222 copies team here, and no template for REPLICATION takes it in")
	v.evidence[0].path == "/derived/replication/value/sources/0"
}

test_copies_with_template_pass if {
	_registry(f.known([_template({})]), f.known([]), _links([_source(["team/", "team/app"])])).status == "pass"
	_registry(f.known([_template({"prefix": "ROOT"})]), f.known([]), _links([_source([])])).status == "pass"
}

test_copies_beside_the_template_fail if {
	_registry(f.known([_template({})]), f.known([]), _links([_source([])])).status == "fail"
	_registry(f.known([_template({})]), f.known([]), _links([_source(["teams/"])])).status == "fail"
	_registry(f.known([_template({"applied_for": ["CREATE_ON_PUSH"]})]), f.known([]), _links([_source(["team/"])])).status == "fail"
}

test_cache_without_template_fails if {
	v := _registry(f.known([]), f.known([{"prefix": "hub"}]), _links([]))
	v.status == "fail"
	contains(v.message, "a cache fills hub, and no template for PULL_THROUGH_CACHE takes it in")
}

test_cache_with_template_passes if {
	template := _template({"prefix": "hub", "applied_for": ["PULL_THROUGH_CACHE"]})
	_registry(f.known([template]), f.known([{"prefix": "hub"}]), _links([])).status == "pass"
}

test_nothing_automatic_is_not_applicable if _templates([]).status == "not_applicable"

test_templates_not_read_is_unknown if {
	_registry(f.unknown("ecr:DescribeRepositoryCreationTemplates"), f.known([]), _links([])).status == "unknown"
}

test_caches_not_read_is_unknown if _registry(f.known([]), f.unknown("ecr:X"), _links([])).status == "unknown"

test_templates_are_judged_without_knowing_who_copies_here if {
	_registry(f.known([_template({})]), f.known([]), f.not_requested("auditor:join")).status == "pass"
	_registry(f.known([_template({"encryption": f.absent})]), f.known([]), f.not_requested("auditor:join")).status == "fail"
}

test_registry_without_templates_as_a_feature_is_not_applicable if {
	_registry(f.unsupported, f.unsupported, f.not_requested("auditor:join")).status == "not_applicable"
}
