"""Access analysis against a brute-force evaluator that asks each concrete request: never less than is allowed."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.access import analyse_access

OWN, TRUSTED, STRANGER = "111111111111", "222222222222", "999999999999"
CALLERS: dict[str, dict[str, str]] = {
    "stranger in no organisation": {"aws:principalaccount": STRANGER},
    "stranger of another organisation": {"aws:principalaccount": STRANGER, "aws:principalorgid": "o-other"},
    "member": {"aws:principalaccount": TRUSTED, "aws:principalorgid": "o-own"},
}
OPERATORS = [
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIfExists",
    "StringNotEqualsIfExists",
    "ForAllValues:StringEquals",
    "StringLike",
]


def holds(operator: str, key: str, value: str, caller: dict[str, str]) -> bool:
    """IAM's condition logic on single values."""
    actual = caller.get(key.lower())
    if operator == "Null":
        return (actual is None) == (value == "true")
    missing_true = operator.endswith("IfExists") or operator.startswith("ForAllValues") or "Not" in operator
    if actual is None:
        return missing_true
    same = actual == value or (operator == "StringLike" and value.endswith("*") and actual.startswith(value[:-1]))
    return same != ("Not" in operator)


def allowed(statements: list[dict[str, Any]], caller: dict[str, str]) -> bool:
    """Whether the policy lets the caller pull."""

    def meets(statement: dict[str, Any]) -> bool:
        account = caller["aws:principalaccount"]
        principal = statement["Principal"]
        if principal != "*" and principal["AWS"] != account:
            return False
        return all(
            holds(operator, key, value, caller)
            for operator, entry in statement.get("Condition", {}).items()
            for key, value in entry.items()
        )

    effects = {statement["Effect"] for statement in statements if meets(statement)}
    return "Allow" in effects and "Deny" not in effects


entries = st.one_of(
    st.tuples(st.sampled_from(OPERATORS), st.just("aws:PrincipalOrgID"), st.sampled_from(["o-own", "o-other", "o-*"])),
    st.tuples(
        st.sampled_from(OPERATORS[:4]), st.just("aws:PrincipalAccount"), st.sampled_from([OWN, TRUSTED, STRANGER])
    ),
    st.tuples(st.just("Null"), st.just("aws:PrincipalOrgID"), st.sampled_from(["true", "false"])),
)
conditions = st.lists(entries, max_size=2).map(lambda found: {operator: {key: value} for operator, key, value in found})
statements = st.builds(
    lambda effect, principal, condition: {
        "Effect": effect,
        "Principal": principal,
        "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        **({"Condition": condition} if condition else {}),
    },
    st.sampled_from(["Allow", "Allow", "Deny"]),
    st.sampled_from(["*", "*", {"AWS": STRANGER}, {"AWS": TRUSTED}]),
    conditions,
)


@settings(max_examples=1500, derandomize=True, deadline=None)
@given(st.lists(statements, min_size=1, max_size=3))
def test_nobody_gets_in_unseen(policy: list[dict[str, Any]]) -> None:
    grants = analyse_access(json.dumps({"Statement": policy}), owner_account=OWN, scope="repository").grants

    for name, caller in CALLERS.items():
        if allowed(policy, caller):
            organisation = caller.get("aws:principalorgid")
            seen = any(
                grant.certainty == "unknown"
                or grant.audience == "any_account"
                or (grant.audience == "organization" and organisation in grant.principals)
                or (grant.audience == "account" and caller["aws:principalaccount"] in grant.principals)
                for grant in grants
            )
            assert seen, (name, policy, grants)
