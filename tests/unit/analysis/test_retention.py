"""Lifecycle policies: the vectors on validity, each by its id."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.analysis.retention import analyse_retention
from auditor.errors import InputError

sys.path.insert(0, str(Path(__file__).parents[3] / "fixtures" / "seed"))


def rule(priority: int = 1, status: str = "untagged", action: str = "expire", **selection: Any) -> dict[str, Any]:
    if "countType" not in selection:
        selection = {"countType": "sinceImagePushed", "countUnit": "days", "countNumber": 7, **selection}
    target = {"targetStorageClass": "archive"} if action == "transition" else {}
    return {
        "rulePriority": priority,
        "selection": {"tagStatus": status, **selection},
        "action": {"type": action, **target},
    }


def codes(*rules: Any) -> tuple[set[str], set[str]]:
    found = analyse_retention(json.dumps({"rules": list(rules)}))
    return {e.code for e in found.errors}, {w.code for w in found.warnings}


COUNT = {"countType": "imageCountMoreThan", "countNumber": 10}
VALID = {
    "L11-archive": [
        rule(1),
        rule(2, storageClass="archive", countType="sinceImageTransitioned", countUnit="days", countNumber=365),
    ],
    "L15-four": [rule(status="tagged", tagPatternList=["*test*1*2*3"])],
    "L27": [rule(status="any", action="transition", countType="sinceImagePulled", countUnit="days", countNumber=90)],
    "L29": [
        rule(1, "any", "transition", countType="sinceImagePulled", countUnit="days", countNumber=90),
        rule(2, "any", storageClass="archive", countType="sinceImageTransitioned", countUnit="days", countNumber=365),
    ],
    "any last": [rule(1, "tagged", tagPrefixList=["v1-"], **COUNT), rule(2, "any", **COUNT)],
}
INVALID = {
    "L10": ([rule(1, "any", **COUNT), rule(2, "tagged", tagPrefixList=["v"], **COUNT)], "any_not_last"),
    "L11": ([rule(1), rule(2)], "untagged_twice"),
    "L12-priority": ([rule(1, "tagged", tagPrefixList=["a"]), rule(1)], "priority_twice"),
    "L12-prefixes": ([rule(n, "tagged", tagPrefixList=["a"]) for n in (1, 2)], "selector_twice"),
    "L13-unit": ([rule(countType="imageCountMoreThan", countUnit="days", countNumber=1)], "unit_mismatch"),
    "L13-missing": ([rule(countType="sinceImagePushed", countNumber=1)], "unit_mismatch"),
    "L14-zero": ([rule(countNumber=0)], "count_too_small"),
    "L14-negative": ([rule(countNumber=-1)], "count_too_small"),
    "L14-text": ([rule(countNumber="20")], "field_type"),
    "L15-five": ([rule(status="tagged", tagPatternList=["*a*b*c*d*"])], "too_many_wildcards"),
    "L17": ([rule(status="tagged", tagPrefixList=["a"], tagPatternList=["b*"])], "prefix_and_pattern"),
    "L18-tagged": ([rule(status="tagged")], "tagged_without_list"),
    "L18-untagged": ([rule(tagPrefixList=["a"])], "list_without_tagged"),
    "L26": ([rule(countType="sinceImagePulled", countUnit="days", countNumber=90)], "pulled_needs_transition"),
    "L28": (
        [rule(storageClass="archive", countType="sinceImageTransitioned", countUnit="days", countNumber=60)],
        "count_too_small",
    ),
    "no rule object": (["x"], "not_an_object"),
    "unknown action": ([rule(action="delete")], "value_not_allowed"),
}


@pytest.mark.parametrize("case", VALID)
def test_vector_is_valid(case: str) -> None:
    assert codes(*VALID[case])[0] == set()


@pytest.mark.parametrize("case", INVALID)
def test_vector_is_invalid(case: str) -> None:
    rules, code = INVALID[case]

    assert code in codes(*rules)[0]


def test_l16_and_l3_several_patterns_are_a_warning() -> None:
    assert "several_prefixes" in codes(rule(status="tagged", tagPatternList=["v*", "prod*"]))[1]


def test_l34_shadowed_rule_is_a_warning() -> None:
    wide = rule(1, "tagged", tagPatternList=["v*"], **COUNT)

    assert "shadowed" in codes(wide, rule(2, "tagged", tagPatternList=["v1*"]))[1]
    assert "shadowed" not in codes(wide, rule(2, "tagged", tagPatternList=["w*"]))[1]
    # L20: patterns are case-sensitive.
    assert "shadowed" not in codes(wide, rule(2, "tagged", tagPatternList=["V1*"]))[1]


def test_l19_prefix_that_takes_more_is_a_warning() -> None:
    assert "prefix_overmatch" in codes(rule(status="tagged", tagPrefixList=["dev"]))[1]
    assert "prefix_overmatch" not in codes(rule(status="tagged", tagPrefixList=["dev-"]))[1]


def test_description_that_contradicts_is_a_warning() -> None:
    assert "description_number" in codes({**rule(), "description": "after 30 days"})[1]
    assert "description_number" not in codes({**rule(), "description": "after 7 days"})[1]


def test_l6_the_seed_policy_parses() -> None:
    from state import RETENTION

    found = analyse_retention(json.dumps(RETENTION))

    assert found.errors == []
    assert [(r.priority, r.tag_status, r.count_type, r.count) for r in found.rules] == [
        (1, "tagged", "count", 20),
        (2, "untagged", "since_pushed", 7),
        (3, "tagged", "since_pushed", 30),
    ]


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda c: (
            st.lists(c, max_size=3)
            | st.dictionaries(
                st.sampled_from(["rules", "selection", "rulePriority", "action", "tagStatus"]), c, max_size=3
            )
        ),
    )
)
def test_any_json_is_analysed_or_refused(document: Any) -> None:
    try:
        analyse_retention(json.dumps(document))
    except InputError:
        assert not isinstance(document, dict)
