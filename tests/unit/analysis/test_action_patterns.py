"""The action patterns of the validity table, each by its pattern: what it matches, and what it is worth."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.access import analyse_access
from auditor.analysis.iam_actions import action_table, classify_action, match_actions, suggest_actions
from auditor.analysis.policy_layers import compile_text

# pattern: (how many of ecr's actions it matches, verdict in a policy of ecr)
PATTERNS: dict[str, tuple[int, str]] = {
    "ecr:*": (60, "valid"),
    "ecr:BatchGetImage": (1, "valid"),
    "ECR:getauthorizationtoken": (1, "valid"),
    "ecr:GetImage": (0, "invalid"),
    "ecr:GetImage*": (1, "suspicious"),
    "ecr:Put?mage": (1, "valid"),
    "ecr:BatchGet*": (2, "valid"),
    "ecr:Batch*": (5, "valid"),
    "ecr:Get*": (10, "valid"),
    "ecr:*Image": (5, "valid"),
    "ecr:*Policy": (9, "valid"),
    "ecr:ListImageReferrers": (0, "unknown"),
    "ecr-public:BatchGetImage": (0, "invalid"),
    "ecr:CreateRegistry": (0, "invalid"),
    "BatchGetImage": (0, "malformed"),
}


def ecr(pattern: str) -> list[str]:
    return [action for action in match_actions(pattern) if action.startswith("ecr:")]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_pattern_matches_as_many_and_is_worth_what_the_table_says(pattern: str) -> None:
    count, verdict = PATTERNS[pattern]

    assert (len(ecr(pattern)), classify_action(pattern)) == (count, verdict)


def test_table_is_whole() -> None:
    services = [action.partition(":")[0] for action in action_table().actions]

    assert (services.count("ecr"), services.count("ecr-public")) == (60, 23)
    assert len(match_actions("*")) == 83


def test_ecr_public_pulls_are_no_action_of_theirs() -> None:
    assert classify_action("ecr-public:BatchGetImage", service="ecr-public") == "invalid"


def test_ecr_get_image_suggests_what_is_meant() -> None:
    assert suggest_actions("ecr:GetImage") == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def test_ecr_get_image_star_matches_the_copy_status_only() -> None:
    assert ecr("ecr:GetImage*") == ["ecr:GetImageCopyStatus"]


@pytest.mark.parametrize(
    ("pattern", "some"),
    [
        ("ecr:Batch*", {"ecr:BatchDeleteImage", "ecr:BatchImportUpstreamImage"}),
        ("ecr:Get*", {"ecr:GetAuthorizationToken"}),
        ("ecr:*Image", {"ecr:BatchDeleteImage", "ecr:BatchGetImage", "ecr:BatchImportUpstreamImage", "ecr:PutImage", "ecr:ReplicateImage"}),
        ("ecr:*Policy", {"ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy", "ecr:PutRegistryPolicy", "ecr:DeleteRegistryPolicy"}),
        ("ecr:Put?mage", {"ecr:PutImage"}),
    ],
)  # fmt: skip
def test_pattern_takes_in(pattern: str, some: set[str]) -> None:
    assert some <= set(ecr(pattern))


@pytest.mark.parametrize(("pattern", "capabilities"), [("ecr:Batch*", {"pull", "delete", "create"}), ("ecr:*Image", {"pull", "push", "delete", "replicate", "create"})])  # fmt: skip
def test_write_through_a_wildcard_is_a_capability(pattern: str, capabilities: set[str]) -> None:
    statement: Any = {"Effect": "Allow", "Principal": "*", "Action": pattern, "Resource": "*"}
    [grant] = analyse_access(
        json.dumps({"Statement": [statement]}), owner_account="111111111111", scope="registry"
    ).grants

    assert capabilities <= set(grant.capabilities)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_evaluation_and_table_read_patterns_alike(pattern: str) -> None:
    statement = {"Effect": "Allow", "Action": pattern, "Resource": "*"}
    [clause] = compile_text(json.dumps({"Version": "2012-10-17", "Statement": statement}), "p", "identity").clauses

    assert sorted(action for action in clause.actions if action.startswith("ecr:")) == sorted(ecr(pattern))
