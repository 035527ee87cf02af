"""Defects of other auditors that must not be ours, each on the whole path: answers of the service to verdicts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.run.judging import EvaluateOptions, evaluate
from tests.support.fake_aws import FakeAws
from tests.support.public_world import ACCOUNT, PRIVATE, PUBLIC, detail, private_world, public_world, read

APP = f"urn:cr:ecr:{ACCOUNT}:eu-west-1:team/app"
REGISTRY = f"urn:cr:ecr:{ACCOUNT}:eu-west-1"
PUBLIC_APP = f"urn:cr:ecr_public:{ACCOUNT}:us-east-1:app"
ANYBODY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "ecr:*"}]}
FILTERS = [{"filterType": "WILDCARD", "filter": "v*"}]


def private(**settings: Any) -> FakeAws:
    return private_world({"team/app": [detail(1, "v1.0.0")]}, **settings)


def judge(world: FakeAws, folder: Path, *rules: str, target: dict[str, Any] = PRIVATE) -> dict[str, dict[str, Any]]:
    """`rule resource` -> the finding, passed ones included."""
    read(world, folder, target)
    options = EvaluateOptions(check=rules, include_passed=True)
    evaluate(folder / "snapshot", folder / "results.json", options)
    findings = json.loads((folder / "results.json").read_bytes())["findings"]
    return {f"{finding['rule']} {finding['resource']['id']}": finding for finding in findings}


# ---------------------------------------------------------------- 2: Prowler swallows errors
def test_2_prowler_denied_lifecycle_policy_is_not_a_missing_one(tmp_path: Path) -> None:
    world = private()
    world.refuse("ecr:GetLifecyclePolicy")
    found = judge(world, tmp_path, "REG-RET-001", "REG-RET-002", "REG-RET-004")

    assert {f"{rule} {APP}": "unknown" for rule in ("REG-RET-001", "REG-RET-002", "REG-RET-004")} == {
        key: finding["status"] for key, finding in found.items()
    }
    assert found[f"REG-RET-001 {APP}"]["settle"] == ["ecr:GetLifecyclePolicy"]


def test_2_prowler_a_lifecycle_policy_that_is_really_missing_fails(tmp_path: Path) -> None:
    assert judge(private(), tmp_path, "REG-RET-001")[f"REG-RET-001 {APP}"]["status"] == "fail"


def test_2_prowler_denied_repository_policy_does_not_drop_the_repository(tmp_path: Path) -> None:
    world = private()
    world.refuse("ecr:GetRepositoryPolicy")
    found = judge(world, tmp_path, "REG-ACC-001", "REG-IMM-001")

    assert found[f"REG-ACC-001 {APP}"]["status"] == "unknown"
    assert found[f"REG-ACC-001 {APP}"]["settle"] == ["ecr:GetRepositoryPolicy"]
    assert found[f"REG-IMM-001 {APP}"]["status"] == "pass"


# ---------------------------------------------------------------- 3: Prowler takes MUTABLE_WITH_EXCLUSION for immutable
def test_3_prowler_mutable_with_exclusion_is_not_immutable(tmp_path: Path) -> None:
    filters = [{"filterType": "WILDCARD", "filter": "base-*"}]
    world = private(imageTagMutability="MUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters)

    assert judge(world, tmp_path, "REG-IMM-001")[f"REG-IMM-001 {APP}"]["status"] == "fail"


def test_3_prowler_mutable_passes_only_where_the_exclusions_hold_every_release(tmp_path: Path) -> None:
    filters = [*FILTERS, {"filterType": "WILDCARD", "filter": "release*"}]
    world = private(imageTagMutability="MUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters)

    assert judge(world, tmp_path, "REG-IMM-001")[f"REG-IMM-001 {APP}"]["status"] == "pass"


# ---------------------------------------------------------------- 7: Checkov
def test_7_checkov_immutable_with_exclusion_is_immutable_and_its_filters_are_graded(tmp_path: Path) -> None:
    def found(folder: str, pattern: str) -> tuple[str, str]:
        filters = [{"filterType": "WILDCARD", "filter": pattern}]
        world = private(imageTagMutability="IMMUTABLE_WITH_EXCLUSION", imageTagMutabilityExclusionFilters=filters)
        both = judge(world, tmp_path / folder, "REG-IMM-001", "REG-IMM-002")
        return both[f"REG-IMM-001 {APP}"]["status"], both[f"REG-IMM-002 {APP}"]["status"]

    assert found("narrow", "latest") == ("pass", "pass")
    assert found("wide", "v*") == ("pass", "fail")


@pytest.mark.parametrize("kind", ["KMS", "KMS_DSSE"])
def test_7_checkov_double_encryption_with_an_own_key_passes(tmp_path: Path, kind: str) -> None:
    key = f"arn:aws:kms:eu-west-1:{ACCOUNT}:key/own"
    world = private(encryptionConfiguration={"encryptionType": kind, "kmsKey": key})

    assert judge(world, tmp_path, "REG-ENC-001")[f"REG-ENC-001 {APP}"]["status"] == "pass"


def test_7_checkov_registry_policy_for_anybody_is_found(tmp_path: Path) -> None:
    world = private()
    statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:ReplicateImage", "Resource": "*"}
    text = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    world["ecr:GetRegistryPolicy"] = {"registryId": ACCOUNT, "policyText": text}

    assert judge(world, tmp_path, "REG-ACC-005")[f"REG-ACC-005 {REGISTRY}"]["status"] == "fail"


def test_7_checkov_public_repositories_are_found(tmp_path: Path) -> None:
    world = public_world({"app": [detail(1, "v1.0.0")]})
    found = judge(world, tmp_path, "REG-ACC-002", "REG-USE-004", target=PUBLIC)

    assert {key: finding["status"] for key, finding in found.items()} == {
        f"REG-ACC-002 {PUBLIC_APP}": "fail",
        f"REG-USE-004 {PUBLIC_APP}": "fail",
    }


def test_7_checkov_policies_of_public_repositories_are_checked(tmp_path: Path) -> None:
    world = public_world({"app": [detail(1, "v1.0.0")]})
    world["ecr-public:GetRepositoryPolicy"] = {"policyText": json.dumps(ANYBODY)}
    found = judge(world, tmp_path, "REG-ACC-007", target=PUBLIC)[f"REG-ACC-007 {PUBLIC_APP}"]

    assert found["status"] == "fail"
    assert "ecr:* does nothing here" in found["message"]
