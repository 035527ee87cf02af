"""The built-in rules fit the schema of their METADATA, and their parameters' defaults fit: loading does not check it."""

from __future__ import annotations

from auditor.policy.bundle import load_bundle
from auditor.policy.resources import policy_root


def test_the_built_in_rules_would_be_taken_from_anybody() -> None:
    ours = load_bundle()
    anybodys = load_bundle((policy_root(),), builtin=False)

    assert len(ours.rules) > 50
    assert [(rule.id, rule.params) for rule in ours.rules] == [(rule.id, rule.params) for rule in anybodys.rules]


def test_only_rules_that_judge_an_image_by_itself_are_for_the_gate() -> None:
    alone = {rule.id for rule in load_bundle().rules if rule.judges_alone}

    assert {"REG-SIG-001", "REG-SIG-002", "REG-VUL-001", "REG-TAG-002", "REG-TAG-003", "REG-SCN-003"} <= alone
    assert alone.isdisjoint({"REG-RET-007", "REG-REP-004", "REG-TAG-001", "REG-ACC-001"})


def test_no_rule_reads_another_one() -> None:
    """So the gate may leave out those that do not judge: a reference to one that is not there is undefined, no error."""
    reading = [path for path, text in load_bundle().modules.items() if "data.auditor.rules" in text]

    assert reading == ["policies/main.rego"]
