"""Access keys: only of those whose keys open a registry, and never more of a key than its ending."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.fake_aws import FakeAws, RefusedError
from tests.support.identity_world import (
    DETAILS,
    WHEN,
    allow,
    arn_of,
    identities,
    inline,
    no_organization,
    policy,
    read,
    record,
    role,
    user,
)

PULL = inline(p=policy(allow("ecr:BatchGetImage")))
KEYS = {
    "ann": [
        ("AKIAANNAAAAAAAAA1111", "Active"),
        ("AKIAANNAAAAAAAAA2222", "Inactive"),
        ("AKIAANNAAAAAAAAA3333", "Active"),
    ],
    "bob": [("AKIABOBAAAAAAAAA4444", "Active")],
    "eve": [("AKIAEVEAAAAAAAAA5555", "Active")],
}
USERS = [
    user("ann", UserPolicyList=PULL),
    user("bob", UserPolicyList=inline(p=policy(allow("*")))),
    user("eve", UserPolicyList=inline(p=policy(allow("s3:*")))),
    user("dee", UserPolicyList=inline(p=policy({"Effect": "Deny", "Action": "ecr:*", "Resource": "*"}))),
]


@pytest.fixture
def world() -> FakeAws:
    world = FakeAws(page_size=1)
    no_organization(world)
    world[DETAILS] = identities(users=USERS, roles=[role("r", RolePolicyList=PULL)])
    world["iam:ListAccessKeys"] = lambda params: {
        "AccessKeyMetadata": [
            {"UserName": params["UserName"], "AccessKeyId": key, "Status": status, "CreateDate": WHEN}
            for key, status in KEYS[params["UserName"]]
        ],
    }

    def used(params: dict[str, Any]) -> dict[str, Any]:
        never = params["AccessKeyId"].endswith("2222")
        found = {"ServiceName": "N/A", "Region": "N/A"}
        return {"AccessKeyLastUsed": found if never else {**found, "LastUsedDate": WHEN}}

    world["iam:GetAccessKeyLastUsed"] = used
    return world


def test_keys_of_users_with_registry_rights_by_ending(world: FakeAws, tmp_path: Path) -> None:
    read(world, tmp_path)
    keys = record(tmp_path)["access_keys"]["value"]

    assert [(k["principal"], k["ending"], k["active"], k["last_used_at"]["state"]) for k in keys] == [
        (arn_of("user", "ann"), "1111", True, "known"),
        (arn_of("user", "ann"), "2222", False, "absent"),
        (arn_of("user", "ann"), "3333", True, "known"),
        (arn_of("user", "bob"), "4444", True, "known"),
    ]
    # Every page, of two users.
    assert world.calls["iam:ListAccessKeys"] == 4
    assert world.calls["iam:GetAccessKeyLastUsed"] == 4


def test_no_key_is_written_in_full(world: FakeAws, tmp_path: Path) -> None:
    world.refuse("iam:GetAccessKeyLastUsed")
    read(world, tmp_path)

    for path in (tmp_path / "snapshot").rglob("*.json*"):
        assert b"AKIA" not in path.read_bytes(), path


def test_denied_list_is_unknown_and_asked_once(world: FakeAws, tmp_path: Path) -> None:
    world.refuse("iam:ListAccessKeys")
    [scope] = read(world, tmp_path).scopes
    fact = record(tmp_path)["access_keys"]

    assert (fact["reason"], fact["source"]) == ("access_denied", "iam:ListAccessKeys")
    assert world.calls["iam:ListAccessKeys"] == 1
    assert (scope.wanted, scope.answered) == (5, 4)


def test_denied_for_one_user_leaves_no_half_list(world: FakeAws, tmp_path: Path) -> None:
    inner: Any = world._answers["iam:ListAccessKeys"]

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        if params["UserName"] == "bob":
            raise RefusedError
        found: dict[str, Any] = inner(params)
        return found

    world["iam:ListAccessKeys"] = answer
    read(world, tmp_path)

    assert record(tmp_path)["access_keys"]["reason"] == "access_denied"


def test_denied_last_use_is_unknown_per_key(world: FakeAws, tmp_path: Path) -> None:
    world.refuse("iam:GetAccessKeyLastUsed")
    [scope] = read(world, tmp_path).scopes
    keys = record(tmp_path)["access_keys"]["value"]

    assert {k["last_used_at"]["reason"] for k in keys} == {"access_denied"}
    assert {k["created_at"]["value"] for k in keys} == {"2026-01-02T03:04:05Z"}
    assert scope.wanted - scope.answered == 4


def test_user_deleted_meanwhile_is_a_note(world: FakeAws, tmp_path: Path) -> None:
    inner: Any = world._answers["iam:ListAccessKeys"]

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        if params["UserName"] == "ann":
            raise RefusedError("NoSuchEntity", 404)
        found: dict[str, Any] = inner(params)
        return found

    world["iam:ListAccessKeys"] = answer
    [scope] = read(world, tmp_path).scopes

    assert [key["ending"] for key in record(tmp_path)["access_keys"]["value"]] == ["4444"]
    assert scope.notes == [f"{arn_of('user', 'ann')} was deleted while it was read"]
    assert scope.errors == []
