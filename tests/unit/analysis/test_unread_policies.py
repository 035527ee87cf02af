"""A policy whose document could not be read may allow and deny anything: the answer is unknown, in every layer."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.effective.bearing import AccountSide, Place, bearing_of
from auditor.analysis.effective.decide import decide
from auditor.analysis.request_context import Target
from auditor.inventory.facts import Absent, Fact, Known
from auditor.inventory.identity import (
    AccountDerived,
    AccountRecord,
    GuardrailLevel,
    Guardrails,
    IdentityPolicy,
    PolicyStatement,
    PrincipalRecord,
)

ACCOUNT = "111111111111"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/ci"
TARGET = Target(ACCOUNT, "eu-west-1", "app", "aws", Known({}), Absent("organizations"), "2026-11-24T12:00:00Z")
UNREAD = IdentityPolicy("broken", "broken", "managed", "", [], 0, unread="the policy is not JSON")


def allowing(name: str, *, principal: bool = False) -> IdentityPolicy:
    text = '{"Effect": "Allow", "Action": "*", "Resource": "*"%s}' % (', "Principal": "*"' if principal else "")
    return IdentityPolicy(name, name, "managed", "2012-10-17", [PolicyStatement(0, text)], 1)


def account(policies: list[str], boundary: str = "", guardrails: Fact[Guardrails] | None = None) -> AccountRecord:
    return AccountRecord(
        id="urn:cr:iam:111111111111:global",
        scope="iam/111111111111/global",
        now="2026-11-24T12:00:00Z",
        account=ACCOUNT,
        placement=Absent("organizations:DescribeOrganization"),
        principals=Known([PrincipalRecord(ROLE, "role", "AROA", policies, boundary)]),
        policies=Known([UNREAD, allowing("all"), allowing("everybody", principal=True)]),
        guardrails=guardrails or Absent("organizations:DescribeOrganization"),
        access_keys=Known([]),
        derived=AccountDerived(Known([]), Known([])),
    )


def over(principal_levels: list[str], resource_levels: list[str]) -> Known[Guardrails]:
    def levels(names: list[str]) -> list[GuardrailLevel]:
        return [GuardrailLevel("r-1", names)] if names else []

    return Known(Guardrails("999999999999", levels(principal_levels), levels(resource_levels)))


CASES: dict[str, AccountRecord] = {
    "identity, alone": account(["broken"]),
    "identity, beside one that allows": account(["all", "broken"]),
    "boundary": account(["all"], boundary="broken"),
    "service control policy": account(["all"], guardrails=over(["broken"], [])),
    "resource control policy": account(["all"], guardrails=over([], ["everybody", "broken"])),
}


def answer(record: AccountRecord) -> Any:
    side = AccountSide(record)
    [asked] = [one for one in side.callers() if one.caller.kind == "role"]
    place = Place("app", TARGET, (), side.control_levels("rcp"))
    return decide(bearing_of(asked, place), asked.caller, TARGET, "ecr:PutImage")


@pytest.mark.parametrize(
    "record",
    [account(["all"]), account(["all"], boundary="all"), account(["all"], guardrails=over(["all"], ["everybody"]))],
)
def test_the_rest_alone_allows_it(record: AccountRecord) -> None:
    assert answer(record).state == "yes"


@pytest.mark.parametrize("case", CASES)
def test_unread_policy_leaves_the_answer_unknown(case: str) -> None:
    found = answer(CASES[case])

    assert found.state == "unknown"
    assert "not JSON" in found.reason
