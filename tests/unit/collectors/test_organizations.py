"""Where an account stands in its organisation, and which control policies are over it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.aws import organizations
from tests.support.fake_aws import FakeAws, RefusedError
from tests.support.identity_world import (
    ACCOUNT,
    DETAILS,
    MANAGEMENT,
    identities,
    no_organization,
    organization,
    read,
    record,
)

ARN = f"arn:aws:organizations::{MANAGEMENT}:policy/o-own/x/"


def world_with(**more: Any) -> FakeAws:
    world = FakeAws(page_size=1, **more)
    world[DETAILS] = identities()
    organization(world)
    return world


def test_path_and_levels_from_the_root_to_the_account(tmp_path: Path) -> None:
    read(world_with(), tmp_path)
    found = record(tmp_path)

    assert found["placement"]["value"] == {"id": "o-own", "path": "o-own/r-1/ou-a/ou-b/"}
    guardrails = found["guardrails"]["value"]
    assert guardrails["management_account"] == MANAGEMENT
    assert guardrails["resource_levels"] == []
    assert [
        (level["target"], [p.removeprefix(ARN) for p in level["policies"]]) for level in guardrails["principal_levels"]
    ] == [
        ("r-1", ["p-Full"]),
        ("ou-a", ["p-Full"]),
        ("ou-b", ["p-Deny", "p-Full", "p-S3"]),
        (ACCOUNT, ["p-Full"]),
    ]


def test_control_policies_are_kept_once_also_where_they_say_nothing_of_registries(tmp_path: Path) -> None:
    world = world_with()
    read(world, tmp_path)
    found = {p["name"]: p for p in record(tmp_path)["policies"]["value"]}

    assert {name: (p["kind"], len(p["statements"])) for name, p in found.items()} == {
        "p-Deny": ("guardrail", 1),
        "p-Full": ("guardrail", 1),
        "p-S3": ("guardrail", 0),
    }
    assert world.calls["organizations:DescribePolicy"] == 3


def test_resource_control_policies_where_they_are_enabled(tmp_path: Path) -> None:
    world = world_with()
    organization(world, enabled=("SERVICE_CONTROL_POLICY", "RESOURCE_CONTROL_POLICY", "TAG_POLICY"))
    read(world, tmp_path)

    levels = record(tmp_path)["guardrails"]["value"]["resource_levels"]
    assert [level["target"] for level in levels] == ["r-1", "ou-a", "ou-b", ACCOUNT]
    assert {policy for level in levels for policy in level["policies"]} == {f"{ARN}p-RCP"}


def test_a_type_that_is_not_enabled_binds_nobody_and_is_not_asked_for(tmp_path: Path) -> None:
    world = world_with()
    organization(world, enabled=())
    read(world, tmp_path)

    assert record(tmp_path)["guardrails"]["value"]["principal_levels"] == []
    assert world.calls["organizations:ListPoliciesForTarget"] == 0


def test_account_in_no_organisation(tmp_path: Path) -> None:
    world = world_with()
    no_organization(world)
    [scope] = read(world, tmp_path).scopes
    found = record(tmp_path)

    for name in ("placement", "guardrails"):
        assert found[name]["state"] == "absent"
        assert found[name]["code"] == "AWSOrganizationsNotInUseException"
    assert scope.errors == []


def test_member_that_may_not_ask_knows_its_organisation_and_no_more(tmp_path: Path) -> None:
    world = world_with()
    world.refuse("organizations:ListParents")
    [scope] = read(world, tmp_path).scopes
    found = record(tmp_path)

    assert found["placement"]["value"] == {"id": "o-own", "path": ""}
    assert (found["guardrails"]["reason"], found["guardrails"]["source"]) == (
        "access_denied",
        "organizations:ListParents",
    )
    assert [error.operation for error in scope.errors] == ["organizations:ListParents"]


@pytest.mark.parametrize("call", ["DescribeOrganization", "ListRoots", "ListPoliciesForTarget", "DescribePolicy"])
def test_each_denied_call_leaves_the_guardrails_unknown(call: str, tmp_path: Path) -> None:
    world = world_with()
    world.refuse(f"organizations:{call}")
    [scope] = read(world, tmp_path).scopes
    found = record(tmp_path)

    assert (found["guardrails"]["reason"], found["guardrails"]["source"]) == ("access_denied", f"organizations:{call}")
    assert found["policies"]["value"] == []
    assert scope.answered < scope.wanted
    assert found["placement"]["state"] == ("unknown" if call == "DescribeOrganization" else "known")


def test_management_account_is_bound_by_nothing(tmp_path: Path) -> None:
    world = world_with(account=MANAGEMENT)
    read(world, tmp_path)
    found = record(tmp_path)

    assert found["guardrails"]["value"] == {
        "management_account": MANAGEMENT,
        "principal_levels": [],
        "resource_levels": [],
    }
    assert found["placement"]["value"]["path"] == "o-own/r-1/"
    assert world.calls["organizations:ListPoliciesForTarget"] == 0


def test_account_of_another_organisation_is_unknown(tmp_path: Path) -> None:
    world = world_with(account="333333333333")
    read(world, tmp_path)
    found = record(tmp_path)

    assert found["placement"]["state"] == found["guardrails"]["state"] == "unknown"
    assert "is not in the organisation o-own" in found["guardrails"]["detail"]


def test_what_cannot_be_read_of_a_control_policy_is_a_gap(tmp_path: Path) -> None:
    world = world_with()
    world["organizations:DescribePolicy"] = lambda params: {
        "Policy": {
            "PolicySummary": {"Id": params["PolicyId"], "Arn": ARN + params["PolicyId"], "Name": "p"},
            "Content": "{",
        }
    }
    [scope] = read(world, tmp_path).scopes

    assert all(policy["unread"] for policy in record(tmp_path)["policies"]["value"])
    assert [error.reason for error in scope.errors] == ["parse_error"]


def test_delegated_credentials_read_the_organisation_once_for_all_accounts(tmp_path: Path) -> None:
    members = [f"{number}" * 12 for number in (1, 2, 4)]
    world = world_with()
    inner = world._answers["organizations:ListParents"]
    world["organizations:ListParents"] = lambda params: (
        {"Parents": [{"Id": "ou-b", "Type": "ORGANIZATIONAL_UNIT"}]} if params["ChildId"] in members else inner(params)  # type: ignore[operator]
    )
    attached = world._answers["organizations:ListPoliciesForTarget"]
    world["organizations:ListPoliciesForTarget"] = lambda params: attached(
        {**params, "TargetId": ACCOUNT} if params["TargetId"] in members else params
    )  # type: ignore[operator]
    accounts = iter([MANAGEMENT, *members])
    world["sts:GetCallerIdentity"] = lambda _params: {
        "Account": next(accounts),
        "Arn": f"arn:aws:iam::{ACCOUNT}:role/audit",
        "UserId": "u",
    }
    read(
        world,
        tmp_path,
        accounts=[{"session_tags": {"n": n}} for n in "123"],
        organization_account={"account_id": MANAGEMENT},
    )

    records = sorted((tmp_path / "snapshot" / "parts").glob("*.context.json"))
    assert len(records) == 3
    assert all(b'"path":"o-own/r-1/ou-a/ou-b/"' in path.read_bytes() for path in records)
    # Once: the organisation and its roots (two pages more for the roots of the fake).
    assert world.calls["organizations:DescribeOrganization"] == 1
    assert world.calls["organizations:DescribePolicy"] == 3
    assert world.calls["organizations:ListParents"] == len(members) + 2


def test_organisation_account_that_cannot_be_entered_leaves_the_rest_known(tmp_path: Path) -> None:
    world = world_with()
    answers = iter([None, {"Account": ACCOUNT, "Arn": f"arn:aws:iam::{ACCOUNT}:role/audit", "UserId": "u"}])

    def identity(_params: dict[str, Any]) -> dict[str, Any]:
        found = next(answers)
        if found is None:
            raise RefusedError
        return found

    world["sts:GetCallerIdentity"] = identity
    read(world, tmp_path, organization_account={"account_id": MANAGEMENT})
    found = record(tmp_path)

    assert found["guardrails"]["source"] == found["placement"]["source"] == "sts:GetCallerIdentity"
    assert found["principals"]["state"] == "known"


def test_memo_asks_again_after_a_failure_and_never_after_an_answer() -> None:
    memo = organizations.Memo()
    asked: list[int] = []

    def ask() -> int:
        asked.append(1)
        if len(asked) == 1:
            raise RefusedError
        return 7

    with pytest.raises(RefusedError):
        memo.get(("x",), ask)
    assert [memo.get(("x",), ask), memo.get(("x",), ask)] == [7, 7]
    assert len(asked) == 2
