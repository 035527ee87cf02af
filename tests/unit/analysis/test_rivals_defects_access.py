"""Known faults of other tools on policies, that must not occur here: defects 3 and 5 of the comparison, point by point."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.access import analyse_access
from auditor.analysis.effective.attempt import Bearing
from auditor.analysis.effective.decide import decide
from auditor.analysis.policy_layers import compile_text
from auditor.analysis.request_context import Caller, Target
from auditor.inventory.facts import Absent, Known
from auditor.inventory.identity import OrganizationPlacement
from tests.unit.analysis.test_access import PULL, O, conclude, root
from tests.unit.analysis.test_effective_vectors import EVERYTHING

TARGET = Target(O, "eu-west-1", "team/app", "aws", Known({}), Absent("org"), "2026-11-25T00:00:00Z")
STRANGER = Caller("arn:aws:iam::555555555555:role/x", "555555555555", "role", "AROA5")
MEMBER = Caller(
    "arn:aws:iam::333333333333:role/x", "333333333333", "role", "AROA3",
    placement=Known(OrganizationPlacement("o-own", "o-own/r-1/ou-1/")),
)  # fmt: skip


def both(document: Any, caller: Caller = STRANGER) -> tuple[str, str]:
    """(open to any account, whether the caller pulls), as the two analyses say."""
    text = json.dumps(document)
    public, _foreign = conclude(analyse_access(text, owner_account=O, scope="repository"))
    bearing = Bearing((EVERYTHING,), None, (), (compile_text(text, "policy", "repository"),))
    return public, decide(bearing, caller, TARGET, "ecr:BatchGetImage").state


def allow(principal: Any = "*", action: Any = PULL, **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def test_defect_3_prowler_statement_as_an_object_is_read() -> None:
    assert both({"Version": "2012-10-17", "Statement": allow()}) == ("yes", "yes")


def test_defect_3_prowler_principal_arn_star_is_public() -> None:
    for operator in ("StringLike", "ArnLike"):
        condition = {operator: {"aws:PrincipalArn": "*"}}
        found = both({"Version": "2012-10-17", "Statement": [allow(Condition=condition)]})

        assert found[0] == "yes"
        # ArnLike compares part by part: `*` alone has no parts, and is not guessed at.
        assert found[1] == ("yes" if operator == "StringLike" else "unknown")


def test_defect_3_prowler_allow_with_not_principal_is_public() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": root(O), "Action": PULL}

    assert both({"Version": "2012-10-17", "Statement": [statement]}) == ("yes", "yes")


def test_defect_3_prowler_principal_org_paths_is_not_public() -> None:
    condition = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-own/*"}}
    document = {"Version": "2012-10-17", "Statement": [allow(Condition=condition)]}

    assert both(document) == ("no", "no")
    assert both(document, MEMBER) == ("no", "yes")


def test_defect_5_trivy_deny_to_everybody_is_no_grant() -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}

    assert both({"Version": "2012-10-17", "Statement": [deny]}) == ("no", "no")
    assert both({"Version": "2012-10-17", "Statement": [allow(), deny]}) == ("no", "no")


@pytest.mark.parametrize("action", ["ecr:*", ["*"], "*", ["ecr:*"]])
def test_defect_5_trivy_action_as_a_string_or_a_star(action: Any) -> None:
    assert both({"Version": "2012-10-17", "Statement": [allow(action=action)]}) == ("yes", "yes")


@pytest.mark.parametrize("principal", [{"AWS": "*"}, {"AWS": ["*"]}, "*"])
def test_defect_5_trivy_principal_star_in_any_form(principal: Any) -> None:
    assert both({"Version": "2012-10-17", "Statement": [allow(principal)]}) == ("yes", "yes")


def test_defect_5_trivy_not_principal_is_seen() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": f"arn:aws:iam::{O}:role/x"}, "Action": "ecr:*"}

    assert both({"Version": "2012-10-17", "Statement": [statement]}) == ("yes", "yes")


def test_defect_5_trivy_condition_is_heeded() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-own"}}

    assert both({"Version": "2012-10-17", "Statement": [allow(Condition=condition)]}) == ("no", "no")


def test_defect_6_powerpipe_not_action_and_condition_are_heeded() -> None:
    but_delete = {"Effect": "Allow", "Principal": "*", "NotAction": "ecr:DeleteRepository"}

    assert both({"Version": "2012-10-17", "Statement": [but_delete]}) == ("yes", "yes")


def test_defect_7_checkov_registry_policy_open_to_everybody_is_seen() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": [allow(action="ecr:*", Resource="*")]})
    public, _ = conclude(analyse_access(text, owner_account=O, scope="registry", registry_scope="all_actions"))
    bearing = Bearing((EVERYTHING,), None, (), (compile_text(text, "policy", "registry"),))

    assert (public, decide(bearing, STRANGER, TARGET, "ecr:PutImage").state) == ("yes", "yes")
