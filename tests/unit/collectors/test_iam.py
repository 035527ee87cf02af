"""What the collector of identities makes of IAM's answers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.aws.iam import IamCollector
from tests.support.fake_aws import FakeAws, RefusedError
from tests.support.identity_world import (
    ACCOUNT,
    DETAILS,
    allow,
    arn_of,
    attached,
    group,
    identities,
    inline,
    managed,
    no_organization,
    policy,
    read,
    record,
    role,
    trust,
    user,
)

PUSH = policy(allow(["ecr:PutImage", "ecr:GetAuthorizationToken"]))
OTHER = policy(allow("s3:GetObject"))


def account(folder: Path, **lists: Any) -> dict[str, Any]:
    world = FakeAws()
    no_organization(world)
    world["iam:ListAccessKeys"] = {"AccessKeyMetadata": [], "IsTruncated": False}
    world[DETAILS] = identities(**lists)
    read(world, folder)
    return record(folder)


def principals(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {p["arn"].rpartition(":")[2]: p for p in found["principals"]["value"]}


def policies(found: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {p["id"]: p for p in found["policies"]["value"]}


def test_every_page_is_read_and_entries_are_sorted(tmp_path: Path) -> None:
    world = FakeAws()
    no_organization(world)
    world[DETAILS] = identities(roles=[role(name) for name in ("c", "a", "b")])
    manifest = read(world, tmp_path)

    assert world.calls[DETAILS] == 3
    assert manifest.scopes[0].calls_by_operation[DETAILS] == 3
    assert list(principals(record(tmp_path))) == ["role/a", "role/b", "role/c"]


def test_groups_are_folded_into_their_members(tmp_path: Path) -> None:
    shared = arn_of("policy", "push")
    found = account(
        tmp_path,
        users=[user("ann", GroupList=["dev"], UserPolicyList=inline(own=PUSH)), user("bob")],
        groups=[group("dev", AttachedManagedPolicies=attached(shared), GroupPolicyList=inline(more=PUSH))],
        policies=[managed("push", PUSH)],
    )

    ann = principals(found)["user/ann"]
    assert ann["policies"] == sorted([shared, f"{arn_of('group', 'dev')}#more", f"{arn_of('user', 'ann')}#own"])
    assert ann["groups"] == ["dev"]
    assert principals(found)["user/bob"]["policies"] == []
    assert {p["id"]: p["kind"] for p in found["policies"]["value"]}[f"{arn_of('group', 'dev')}#more"] == "inline"


def test_only_the_default_version_counts_and_only_statements_on_registries_are_kept(tmp_path: Path) -> None:
    mixed = policy(
        allow("s3:*"), allow("ecr:PutImage", Sid="Push"), {"Effect": "Deny", "NotAction": "s3:*", "Resource": "*"}
    )
    found = account(
        tmp_path,
        roles=[role("ci", AttachedManagedPolicies=attached(arn_of("policy", "mixed"), arn_of("policy", "other")))],
        policies=[managed("mixed", mixed, old=policy(allow("*"))), managed("other", OTHER), managed("unused", PUSH)],
    )

    [kept] = found["policies"]["value"]
    assert (kept["id"], kept["size"], kept["version"], kept["kind"]) == (
        arn_of("policy", "mixed"),
        3,
        "2012-10-17",
        "managed",
    )
    assert [(s["index"], json.loads(s["text"])["Effect"]) for s in kept["statements"]] == [(1, "Allow"), (2, "Deny")]
    assert principals(found)["role/ci"]["policies"] == [kept["id"]]


def test_a_platforms_policy_is_told_from_ones_own(tmp_path: Path) -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    found = account(
        tmp_path,
        roles=[role("ops", AttachedManagedPolicies=attached(arn))],
        policies=[managed("AdministratorAccess", policy(allow("*")), account="aws")],
    )

    assert policies(found)[arn]["kind"] == "provider"


def test_a_boundary_that_says_nothing_of_registries_is_kept(tmp_path: Path) -> None:
    arn = arn_of("policy", "limit")
    boundary = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": arn}
    found = account(
        tmp_path,
        roles=[
            role("a", AttachedManagedPolicies=attached(arn)),
            role("b", PermissionsBoundary=boundary),
            role("c", AttachedManagedPolicies=attached(arn)),
        ],
        policies=[managed("limit", OTHER)],
    )

    assert principals(found)["role/b"]["boundary"] == arn
    assert policies(found)[arn]["statements"] == []
    # Whether it is met before or after as a boundary.
    assert principals(found)["role/a"]["policies"] == principals(found)["role/c"]["policies"] == []


def test_role_details(tmp_path: Path) -> None:
    from tests.support.identity_world import WHEN

    found = account(
        tmp_path,
        roles=[role("ci", Tags=[{"Key": "team", "Value": "a"}], RoleLastUsed={"LastUsedDate": WHEN, "Region": "x"})],
    )

    ci = principals(found)["role/ci"]
    assert ci["tags"] == {"team": "a"}
    assert ci["last_used_at"] == ci["created_at"] == "2026-01-02T03:04:05Z"
    assert ci["unique_id"] == "AROAciXXXXXXXXXXXXXX"
    assert ci["trusts"] == ["service:ecs-tasks.amazonaws.com"]
    assert ci["session_tags"] is False


CONDITION = {"Condition": {"StringEquals": {"sts:ExternalId": "x"}}}
TRUSTS: dict[str, tuple[dict[str, Any], list[str], bool]] = {
    "account": (trust({"AWS": "arn:aws:iam::222222222222:root"}), ["account:222222222222"], False),
    "bare account": (trust({"AWS": "222222222222"}), ["account:222222222222"], False),
    "role": (trust({"AWS": arn_of("role", "x")}), [f"principal:{arn_of('role', 'x')}"], False),
    "anyone": (trust("*"), ["anyone"], False),
    "anyone with a condition": (trust({"AWS": "*"}, **CONDITION), ["anyone if"], False),
    "federated": (
        trust({"Federated": "accounts.google.com"}, "sts:AssumeRoleWithWebIdentity", **CONDITION),
        ["federated:accounts.google.com if"],
        False,
    ),
    "all but one": (
        policy({"Effect": "Allow", "NotPrincipal": {"AWS": ACCOUNT}, "Action": "sts:*"}),
        ["anyone"],
        True,
    ),
    "session tags": (
        trust({"Service": "a.amazonaws.com"}, ["sts:AssumeRole", "sts:TagSession"]),
        ["service:a.amazonaws.com"],
        True,
    ),
    "deny is not counted": (
        policy({"Effect": "Deny", "Principal": "*", "Action": "sts:*"}),
        [],
        False,
    ),
    "not about taking on": (trust("*", "sts:SetSourceIdentity"), [], False),
}


@pytest.mark.parametrize("case", TRUSTS)
def test_trust_policies(case: str, tmp_path: Path) -> None:
    document, trusts, session_tags = TRUSTS[case]
    found = principals(account(tmp_path, roles=[role("r", trust=document)]))["role/r"]

    assert (found["trusts"], found["session_tags"]) == (trusts, session_tags)


def test_unreadable_trust_policy_may_be_anyone(tmp_path: Path) -> None:
    found = principals(account(tmp_path, roles=[role("r", trust="{broken")]))["role/r"]

    assert (found["trusts"], found["session_tags"]) == (["anyone if"], True)


def test_one_unreadable_policy_is_a_gap_of_its_own(tmp_path: Path) -> None:
    world = FakeAws()
    no_organization(world)
    world[DETAILS] = identities(roles=[role("r", RolePolicyList=inline(good=PUSH, bad="{broken"))])
    [scope] = read(world, tmp_path).scopes
    found = policies(record(tmp_path))

    assert found[f"{arn_of('role', 'r')}#bad"]["unread"].startswith("the policy is not JSON")
    assert found[f"{arn_of('role', 'r')}#good"]["unread"] == ""
    assert [(error.reason, error.affects) for error in scope.errors] == [("parse_error", f"{arn_of('role', 'r')}#bad")]
    assert scope.answered == scope.wanted - 1


def test_oversized_policy_is_not_kept(tmp_path: Path) -> None:
    huge = policy(allow(["ecr:PutImage"] * 10_000))
    found = account(tmp_path, roles=[role("r", RolePolicyList=inline(huge=huge))])

    [kept] = found["policies"]["value"]
    assert "larger than 64 KiB" in kept["unread"]
    assert kept["statements"] == []


def test_text_that_is_no_unicode_is_written_all_the_same(tmp_path: Path) -> None:
    hostile = policy(allow("ecr:PutImage", Sid="\ud800<script>"))
    found = account(tmp_path, roles=[role("r", RolePolicyList=inline(p=hostile))])

    assert found["derived"]["grants"]["value"][0]["sid"] == "?<script>"


def test_reference_to_a_policy_that_is_not_there_is_unknown(tmp_path: Path) -> None:
    found = account(tmp_path, roles=[role("r", AttachedManagedPolicies=attached(arn_of("policy", "gone")))])

    assert found["principals"]["reason"] == found["policies"]["reason"] == "truncated"
    assert "gone is not in the answer" in found["policies"]["detail"]
    assert found["derived"]["grants"]["state"] == "unknown"


def test_denied_details_are_unknown_and_the_organisation_is_read_all_the_same(tmp_path: Path) -> None:
    world = FakeAws()
    no_organization(world)
    [scope] = read(world, tmp_path).scopes
    found = record(tmp_path)

    for name in ("principals", "policies", "access_keys"):
        assert (found[name]["reason"], found[name]["source"]) == ("access_denied", DETAILS)
    assert found["placement"]["state"] == found["guardrails"]["state"] == "absent"
    assert found["derived"]["problems"]["state"] == "unknown"
    assert (scope.id, scope.answered, scope.wanted) == (f"iam/{ACCOUNT}/global", 2, 5)
    assert [error.operation for error in scope.errors] == [DETAILS]


def test_failure_on_a_later_page_leaves_nothing_half_read(tmp_path: Path) -> None:
    world = FakeAws()
    no_organization(world)
    pages = identities(roles=[role("a"), role("b")])

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        if params.get("Marker"):
            raise RefusedError("Throttling")
        found: dict[str, Any] = pages(params)
        return found

    world[DETAILS] = answer
    read(world, tmp_path)

    assert record(tmp_path)["principals"]["reason"] == "throttled"


def test_full_coverage_is_five_facts(tmp_path: Path) -> None:
    world = FakeAws()
    no_organization(world)
    world[DETAILS] = identities()
    [scope] = read(world, tmp_path).scopes

    assert (scope.answered, scope.wanted, scope.errors) == (5, 5, [])


def test_every_call_is_declared(tmp_path: Path) -> None:
    from tests.support.identity_world import organization

    world = FakeAws()
    organization(world)
    world[DETAILS] = identities(users=[user("ann", UserPolicyList=inline(p=PUSH))])
    world["iam:ListAccessKeys"] = {"AccessKeyMetadata": [{"AccessKeyId": "AKIAAAAAAAAAAAAA", "Status": "Active"}]}
    world["iam:GetAccessKeyLastUsed"] = {"AccessKeyLastUsed": {"ServiceName": "N/A", "Region": "N/A"}}
    read(world, tmp_path)

    assert set(world.calls) | {"sts:AssumeRole"} == IamCollector.calls


def test_account_that_cannot_be_entered_is_a_scope_that_says_why(tmp_path: Path) -> None:
    world = FakeAws()
    world.refuse("sts:GetCallerIdentity")
    [scope] = read(world, tmp_path, accounts=[{"account_id": ACCOUNT}]).scopes

    assert (scope.id, scope.context, scope.errors[0].operation) == (
        f"iam/{ACCOUNT}/global",
        None,
        "sts:GetCallerIdentity",
    )
