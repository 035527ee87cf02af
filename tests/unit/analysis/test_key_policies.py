"""Whether a key policy lets in everybody."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.key_policies import derive_key_access
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.keys import EncryptionKey
from auditor.inventory.parts import PolicyDocument

KEY = "arn:aws:kms:eu-west-1:111111111111:key/a"
ROOT = {"Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::111111111111:root"}, "Action": "kms:*", "Resource": "*"}


def key(policy: Any) -> EncryptionKey:
    absent = Absent("kms:X")
    return EncryptionKey(KEY, absent, absent, absent, absent, absent, "eu-west-1", policy, [])


def everybody(condition: Any = None, **more: Any) -> dict[str, Any]:
    statement = {
        "Sid": "S",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "kms:Decrypt",
        "Resource": "*",
        **more,
    }
    return {**statement, "Condition": condition} if condition else statement


def judge(*statements: Any, text: str = "") -> list[tuple[int, str]]:
    document = PolicyDocument("aws_iam", text or json.dumps({"Statement": [ROOT, *statements]}), "sha256:0")
    found = derive_key_access(Known([key(Known(document))]))
    assert isinstance(found, Known)
    return [(grant.statement, grant.certainty) for grant in found.value]


CASES: list[tuple[str, Any, list[tuple[int, str]]]] = [
    ("open", None, [(1, "exact")]),
    ("as a platform's key is written", {"StringEquals": {"kms:CallerAccount": "111111111111", "kms:ViaService": "ecr.eu-west-1.amazonaws.com"}}, []),
    ("through a service, whoever calls", {"StringEquals": {"kms:ViaService": "ecr.eu-west-1.amazonaws.com"}}, [(1, "exact")]),
    ("for a context, whoever calls", {"StringEquals": {"kms:EncryptionContext:aws:ecr:arn": "x"}}, [(1, "exact")]),
    ("organisation", {"StringEquals": {"aws:PrincipalOrgID": "o-own"}}, []),
    ("any organisation", {"StringLike": {"aws:PrincipalOrgID": "*"}}, [(1, "exact")]),
    ("any account", {"StringLike": {"kms:CallerAccount": "*"}}, [(1, "exact")]),
    ("not understood", {"StringEquals": {"aws:Unheard": "x"}}, [(1, "unknown")]),
    ("not understood beside a narrow one", {"StringEquals": {"aws:Unheard": "x", "kms:CallerAccount": "111111111111"}}, []),
]  # fmt: skip


@pytest.mark.parametrize(("case", "condition", "wanted"), CASES, ids=[case[0] for case in CASES])
def test_conditions(case: str, condition: Any, wanted: list[tuple[int, str]]) -> None:
    assert judge(everybody(condition)) == wanted


def test_account_root_and_roles_are_narrow() -> None:
    assert judge() == []


def test_all_but_somebody_is_everybody() -> None:
    statement = {"Effect": "Allow", "NotPrincipal": {"AWS": "222222222222"}, "Action": "kms:*", "Resource": "*"}

    assert judge(statement) == [(1, "exact")]


def test_deny_beside_an_open_statement_leaves_it_in_doubt() -> None:
    assert judge(everybody(), {**everybody(), "Effect": "Deny"}) == [(1, "unknown")]


def test_what_cannot_be_read_is_in_doubt() -> None:
    assert judge(text="{") == [(0, "unknown")]
    assert judge(text='{"Statement": [], "Statment": []}') == [(0, "unknown")]
    assert judge({**everybody(), "Effect": "allow"}) == [(1, "unknown")]


def test_unread_policy_says_nothing_and_unread_keys_stay_unknown() -> None:
    gap = Unknown(Reason.ACCESS_DENIED, "kms:GetKeyPolicy")

    assert derive_key_access(Known([key(gap)])) == Known([])
    assert derive_key_access(gap) == gap
