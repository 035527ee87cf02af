"""Every rule on a well-read public registry: a real verdict, or it does not apply; never unknown, never a free pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.policy.bundle import load_bundle
from auditor.policy.catalogue import find_rule
from auditor.run.judging import EvaluateOptions, evaluate
from tests.support.public_world import (
    ACCOUNT,
    PRIVATE,
    PUBLIC,
    detail,
    private_world,
    public_world,
    read,
)

BUNDLE = load_bundle()
RULES = sorted(rule.id for rule in BUNDLE.rules if {"repository", "registry"} & set(rule.inputs))
OF_THE_PLATFORM = {
    "REG-ACC-002", "REG-ACC-007", "REG-ACC-008", "REG-ACC-009", "REG-NAM-001", "REG-NAM-002", "REG-SIG-001",
    "REG-STO-001", "REG-TAG-001", "REG-TAG-002", "REG-TAG-004", "REG-USE-004",
}  # fmt: skip
"""Rules that surely have something to say of a public registry."""
UNASKED = {
    "REG-IMM-003", "REG-PRV-001", "REG-PRV-002", "REG-PRV-003", "REG-PRV-004", "REG-SEC-001", "REG-STO-002", "REG-TAG-003",
    "REG-WRK-006",
}  # fmt: skip
"""Unknown for want of what nobody asked for: an earlier snapshot, labels, attestations, layers. That is no gap: see `decided` below."""
POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "ecr-public:DescribeImages"}],
}


@pytest.fixture(scope="module", params=["embedded", "opa"])
def verdicts(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Rule -> how many verdicts of each status there are."""
    folder = tmp_path_factory.mktemp("public")
    world = public_world({"prod/app": [detail(1, "v1.0.0"), detail(2, "latest")]})
    world["ecr-public:GetRepositoryPolicy"] = {"policyText": json.dumps(POLICY)}
    read(world, folder)
    evaluate(folder / "snapshot", folder / "results.json", EvaluateOptions(engine=request.param))
    results = json.loads((folder / "results.json").read_bytes())
    assert results["coverage"]["decided"] == 1.0
    found: dict[str, dict[str, Any]] = results["summary"]["by_rule"]
    return found


@pytest.mark.parametrize("rule", RULES)
def test_each_rule_has_a_verdict_or_does_not_apply(verdicts: dict[str, dict[str, Any]], rule: str) -> None:
    counts = verdicts[rule]

    assert counts["unknown"] == 0 or rule in UNASKED
    if rule in OF_THE_PLATFORM:
        assert counts["pass"] + counts["fail"] > 0
    elif not find_rule(BUNDLE.rules, rule).is_for("ecr_public"):
        assert (counts["pass"], counts["fail"]) == (0, 0)
        assert counts["not_applicable"] > 0


def test_a_rule_for_other_registries_does_not_apply_whatever_it_reads(tmp_path: Path) -> None:
    # It would pass: there is no policy. But everybody has access.
    read(public_world({"app": []}), tmp_path)
    evaluate(tmp_path / "snapshot", tmp_path / "results.json", EvaluateOptions(check=("REG-ACC-001",)))

    summary = json.loads((tmp_path / "results.json").read_bytes())["summary"]
    assert (summary["pass"], summary["not_applicable"]) == (0, 1)


def test_a_private_registry_beside_it_is_judged_as_ever(tmp_path: Path) -> None:
    world = private_world({"team/app": [detail(1, "v1")]}, public_world({"app": []}))
    read(world, tmp_path, PUBLIC, PRIVATE)
    evaluate(tmp_path / "snapshot", tmp_path / "results.json", EvaluateOptions(check=("REG-IMM-001",)))

    summary = json.loads((tmp_path / "results.json").read_bytes())["summary"]
    assert (summary["pass"], summary["not_applicable"]) == (1, 1)


def test_an_unread_public_registry_is_unknown_for_its_rules_only(tmp_path: Path) -> None:
    world = public_world({})
    world.refuse("ecr-public:DescribeRepositories")
    read(world, tmp_path)
    evaluate(tmp_path / "snapshot", tmp_path / "results.json", EvaluateOptions())

    found = json.loads((tmp_path / "results.json").read_bytes())["findings"]
    rules = {finding["rule"] for finding in found}
    assert {finding["status"] for finding in found} == {"unknown"}
    assert rules >= {"REG-ACC-002", "REG-USE-004", "REG-TAG-004"}
    assert not rules & {"REG-IMM-001", "REG-RET-001", "REG-ENC-001", "REG-SCN-001"}
