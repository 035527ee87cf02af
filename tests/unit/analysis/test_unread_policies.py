"""A policy whose document could not be read may allow and deny anything: the answer is unknown, in every layer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from auditor.analysis.effective.attempt import Bearing, Level
from auditor.analysis.effective.decide import decide
from auditor.analysis.policy_layers import Policy, compile_identity, compile_text
from auditor.analysis.request_context import Caller, Target
from auditor.inventory.facts import Absent, Known
from auditor.inventory.identity import IdentityPolicy

ACCOUNT = "111111111111"
CALLER = Caller(f"arn:aws:iam::{ACCOUNT}:role/ci", ACCOUNT, "role", "AROA")
TARGET = Target(ACCOUNT, "eu-west-1", "app", "aws", Known({}), Absent("organizations"), "2026-11-24T12:00:00Z")
UNREAD = IdentityPolicy("p", "p", "managed", "", [], 0, unread="the policy is not JSON")
ALLOW = '{"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}'


def broken(layer: Any) -> Policy:
    return compile_identity(UNREAD, layer)


FULL_RCP = ALLOW.replace('"Effect"', '"Principal": "*", "Effect"')


OPEN = Bearing((compile_text(ALLOW, "all", "identity"),), None, (), ())
CASES = {
    "identity, alone": replace(OPEN, identity=(broken("identity"),)),
    "identity, beside one that allows": replace(OPEN, identity=(*OPEN.identity, broken("identity"))),
    "boundary": replace(OPEN, boundary=Level("boundary", "b", (broken("boundary"),))),
    "service control policy": replace(OPEN, guardrails=(Level("scp", "r-1", (broken("scp"),)),)),
    "resource control policy": replace(
        OPEN,
        guardrails=(Level("rcp", "r-1", (compile_text(FULL_RCP, "full", "rcp"), broken("rcp"))),),
    ),
}


def test_the_rest_alone_allows_it() -> None:
    bound = replace(OPEN, guardrails=(Level("rcp", "r-1", (compile_text(FULL_RCP, "full", "rcp"),)),))

    for bearing in (OPEN, bound):
        assert decide(bearing, CALLER, TARGET, "ecr:PutImage").state == "yes"


@pytest.mark.parametrize("case", CASES)
def test_unread_policy_leaves_the_answer_unknown(case: str) -> None:
    answer = decide(CASES[case], CALLER, TARGET, "ecr:PutImage")

    assert answer.state == "unknown"
    assert "not JSON" in answer.reason or "cannot be told" in answer.reason
