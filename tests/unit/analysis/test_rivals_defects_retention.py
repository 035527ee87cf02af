"""What another tool gets wrong about lifecycle policies: c7n's lifecycle filter and action (rivals, defect 4)."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.analysis.lifecycle.simulation import simulate
from auditor.errors import InputError
from auditor.run.judging import EvaluateOptions, evaluate
from auditor.run.simulating import SimulateOptions
from auditor.run.simulating import simulate as run_simulate
from tests.support.lifecycle_worlds import NOW, analysis, digest, image, rule
from tests.support.retention_snapshots import write

UNTAGGED = {**rule("untagged", "sinceImagePushed", 7), "rulePriority": 1}
TAGGED = {**rule("tagged", "imageCountMoreThan", 1, prefixes=["v"]), "rulePriority": 2}
ANY = {**rule("any", "imageCountMoreThan", 100), "rulePriority": 3}


def verdict(folder: Path, rules: list[dict[str, Any]], check: str) -> str:
    write(folder / "snapshot", {"app": ({"rules": rules}, [image(1, ["v1"], 1)])})
    evaluate(folder / "snapshot", folder / "r.json", EvaluateOptions(check=(check,), include_passed=True))
    [finding] = json.loads((folder / "r.json").read_bytes())["findings"]
    return str(finding["status"])


@pytest.mark.parametrize("rules", [[UNTAGGED, ANY], [ANY, UNTAGGED]], ids=["written in order", "last one first"])
def test_defect_4_an_untagged_rule_is_seen_whatever_follows_it(tmp_path: Path, rules: list[dict[str, Any]]) -> None:
    assert verdict(tmp_path, rules, "RET-002") == "pass"


def test_defect_4_the_written_order_of_rules_has_no_influence() -> None:
    images = [image(1, ["v1"], 9), image(2, ["v2"], 8), image(3, [], 20)]
    answers = {
        json.dumps([[r.digest, r.priority] for r in simulate(parsed.rules, images, now=NOW, horizon_days=90).removals])
        for order in itertools.permutations([UNTAGGED, TAGGED, ANY])
        for parsed in [analysis({"rules": list(order)})]
    }

    assert answers == {json.dumps([[digest(1), 2], [digest(3), 1]])}


def test_defect_4_a_repository_without_a_policy_does_not_break_anything(tmp_path: Path) -> None:
    snapshot = write(tmp_path / "snapshot", {"app": (None, [image(1, ["v1"], 1)]), "b": ({"rules": [UNTAGGED]}, [])})

    found = run_simulate(SimulateOptions(snapshot=snapshot))

    assert [(r.policy, r.reason, r.forecast is None) for r in found.repositories] == [
        ("none", "has no lifecycle policy", True),
        ("present", "", False),
    ]


def test_defect_4_a_document_without_rules_is_refused(tmp_path: Path) -> None:
    snapshot = write(tmp_path / "snapshot", {"app": (None, [])})
    (tmp_path / "p.json").write_text("{}")

    with pytest.raises(InputError, match="there is no list of rules"):
        run_simulate(SimulateOptions(snapshot=snapshot, policy=tmp_path / "p.json"))
