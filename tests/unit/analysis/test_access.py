"""The table of `who is really let in`: P1 to P54, each by its id.

O is the owner, T an account that a rule may trust, E a stranger's. A case says what a rule would
conclude: `public` any account can do something, `foreign` whom else it lets in.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.access import account_of, analyse_access
from auditor.errors import InputError
from auditor.inventory.derived import AccessAnalysis

O, T, E = "111111111111", "222222222222", "999999999999"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def root(account: str) -> dict[str, str]:
    return {"AWS": f"arn:aws:iam::{account}:root"}


def allow(principal: Any = "*", action: Any = PULL, condition: Any = None, **more: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Principal": principal, "Action": action, **more}
    if condition:
        statement["Condition"] = condition
    return statement


def deny(principal: Any = "*", action: Any = "ecr:*", condition: Any = None) -> dict[str, Any]:
    return {**allow(principal, action, condition), "Effect": "Deny"}


def analyse(*statements: dict[str, Any], scope: Any = "repository", registry_scope: Any = None) -> AccessAnalysis:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return analyse_access(text, owner_account=O, scope=scope, registry_scope=registry_scope)


def conclude(analysis: AccessAnalysis) -> tuple[str, set[str]]:
    """(public: yes | no | unknown, foreign audiences) as the access rules read the grants."""
    public = "no"
    foreign: set[str] = set()
    for grant in analysis.grants:
        if grant.certainty == "unknown":
            public = "unknown" if public == "no" else public
        elif grant.audience == "any_account" and grant.capabilities:
            public = "yes"
        elif grant.audience in ("account", "organization", "network"):
            foreign |= set(grant.principals)
        elif grant.audience == "service":
            foreign |= {"guarded service" if grant.guarded else "service"}
    return public, foreign


org = {"aws:PrincipalOrgID": "o-own"}
CASES: dict[str, tuple[list[dict[str, Any]], str, set[str]]] = {
    "P1": ([allow()], "yes", set()),
    "P2": ([allow({"AWS": "*"})], "yes", set()),
    "P3": ([allow({"AWS": ["*"]}, "ecr:*")], "yes", set()),
    "P4": ([allow(root(O))], "no", set()),
    "P5": ([allow({"AWS": O})], "no", set()),
    "P6": ([allow(root(E))], "no", {E}),
    "P7": ([allow({"AWS": f"arn:aws:iam::{E}:role/ci"})], "no", {f"arn:aws:iam::{E}:role/ci"}),
    "P8": ([allow({"AWS": f"arn:aws:iam::{E}:role/*"})], "no", set()),
    "P9": ([allow({"AWS": "AROAXXXXXXXX"})], "no", set()),
    "P10": (
        [{"Effect": "Allow", "NotPrincipal": root(O), "Action": PULL}],
        "yes",
        set(),
    ),
    "P11": (
        [{"Effect": "Deny", "NotPrincipal": {"AWS": f"arn:aws:iam::{O}:role/a"}, "Action": "ecr:*"}],
        "no",
        set(),
    ),
    "P12": ([allow(), deny()], "no", set()),
    "P13": ([allow(), deny(action=PULL, condition={"StringNotEquals": org})], "no", {"o-own"}),
    "P14": ([allow(), deny(action=PULL, condition={"StringNotEqualsIfExists": org})], "no", {"o-own"}),
    "P15": ([allow(), deny(action=PULL, condition={"StringEquals": {"aws:PrincipalAccount": E}})], "yes", set()),
    "P16": ([allow(condition={"StringEquals": org})], "no", {"o-own"}),
    "P17": ([allow(condition={"StringEquals": {"aws:PrincipalOrgID": "o-other"}})], "no", {"o-other"}),
    "P18": ([allow(condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}})], "yes", set()),
    "P19": ([allow(condition={"StringLike": {"aws:PrincipalOrgID": "*"}})], "yes", set()),
    "P20": ([allow(condition={"StringEqualsIfExists": org})], "yes", set()),
    "P21": ([allow(condition={"ForAllValues:StringEquals": org})], "yes", set()),
    "P22": ([allow(condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-own/*"}})], "no", {"o-own"}),
    "P23": ([allow(condition={"ForAllValues:StringLike": {"aws:PrincipalOrgPaths": "o-own/*"}})], "yes", set()),
    "P24": (
        [allow(condition={"ForAllValues:StringEquals": org, "Null": {"aws:PrincipalOrgID": "false"}})],
        "no",
        {"o-own"},
    ),
    "P25": ([allow(condition={"Null": {"aws:PrincipalOrgID": "true"}})], "yes", set()),
    "P26": ([allow(condition={"StringEquals": {"aws:PrincipalAccount": O}})], "no", set()),
    "P27": ([allow(condition={"StringEquals": {"aws:PrincipalAccount": [O, T]}})], "no", {T}),
    "P28": ([allow(condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}})], "yes", set()),
    "P29": (
        [allow(condition={"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{T}:role/*"}})],
        "no",
        {f"arn:aws:iam::{T}:role/*"},
    ),
    "P30": ([allow(condition={"StringEquals": {"aws:SourceVpce": "vpce-own"}})], "no", {"vpce-own"}),
    "P31": ([allow(condition={"StringLike": {"aws:SourceVpce": "*"}})], "yes", set()),
    "P32": ([allow(condition={"StringEquals": {"aws:SourceVpc": "vpc-own"}})], "no", {"vpc-own"}),
    "P33": ([allow(condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})], "yes", set()),
    "P33-v6": ([allow(condition={"IpAddress": {"aws:SourceIp": "::/0"}})], "yes", set()),
    "P33-halves": ([allow(condition={"IpAddress": {"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}})], "yes", set()),
    "P34": ([allow(condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}})], "no", {"203.0.113.0/24"}),
    "P35": ([allow(condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}})], "no", set()),
    "P36": ([allow(condition={"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}})], "yes", set()),
    "P37": ([allow(condition={"Bool": {"aws:SecureTransport": "true"}})], "yes", set()),
    "P38": ([allow(condition={"StringLike": {"aws:UserAgent": "docker*"}})], "yes", set()),
    "P39": ([allow(condition={"StringEquals": {"aws:ResourceTag/env": "prod"}})], "yes", set()),
    "P40": ([allow(condition={"StringEquals": {"aws:PrincipalTag/team": "x"}})], "yes", set()),
    "P41": ([allow({"Service": "lambda.amazonaws.com"})], "no", {"service"}),
    "P42": (
        [
            allow(
                {"Service": "lambda.amazonaws.com"},
                condition={"StringLike": {"aws:sourceArn": f"arn:aws:lambda:eu-west-1:{O}:function:*"}},
            )
        ],
        "no",
        {"guarded service"},
    ),
    "P43": ([allow({"Federated": "arn:aws:iam::111111111111:saml-provider/x"})], "no", set()),
    "P43-canonical": ([allow({"CanonicalUser": "79a59d"})], "no", set()),
    "P44": ([allow(action="ecr:DescribeImages")], "yes", set()),
    "P45": ([allow(action="ecr:BatchGetImage")], "yes", set()),
    "P46": (
        [{"Effect": "Allow", "Principal": "*", "NotAction": "ecr:DeleteRepository"}],
        "yes",
        set(),
    ),
    "P47": ([allow(root(E), ["ecr:PutImage", "ecr:InitiateLayerUpload"])], "no", {E}),
    "P48": ([allow(action="ecr:GetImage")], "no", set()),
    "P51": (
        [allow(condition={"StringEquals": org, "IpAddress": {"aws:SourceIp": "0.0.0.0/0"}})],
        "no",
        {"o-own"},
    ),
    "P52": ([allow(condition={"StringEquals": {"AWS:principalorgid": "o-own"}})], "no", {"o-own"}),
}


@pytest.mark.parametrize("case", CASES)
def test_analyse_access_vector_concludes_as_the_table(case: str) -> None:
    statements, public, foreign = CASES[case]

    assert conclude(analyse(*statements)) == (public, foreign)


def test_p44_metadata_only_is_no_pull() -> None:
    [grant] = analyse(allow(action="ecr:DescribeImages")).grants

    assert grant.capabilities == ["metadata"]


def test_p45_one_of_two_pull_actions_is_partial() -> None:
    [grant] = analyse(allow(action="ecr:BatchGetImage")).grants

    assert (grant.capabilities, grant.partial) == (["pull"], True)


def test_p47_upload_actions_are_push() -> None:
    [grant] = analyse(allow(root(E), ["ecr:PutImage", "ecr:InitiateLayerUpload"])).grants

    assert grant.capabilities == ["push"]


def test_p53_registry_policy_for_replication_names_the_account() -> None:
    statement = allow(root(E), "ecr:ReplicateImage", Resource="*")
    [grant] = analyse(statement, scope="registry", registry_scope="registry_actions").grants

    assert (grant.audience, grant.principals, grant.capabilities) == ("account", [E], ["replicate"])


def test_p54_own_account_has_no_foreign_grant() -> None:
    assert conclude(analyse(allow(root(O), "ecr:*", Resource="*"), scope="registry")) == ("no", set())


def test_registry_policy_of_narrow_scope_decides_only_on_registry_actions() -> None:
    statement = allow(root(E), "ecr:*", Resource="*")

    narrow = analyse(statement, scope="registry", registry_scope="registry_actions").grants[0]
    wide = analyse(statement, scope="registry", registry_scope=None).grants[0]

    assert narrow.capabilities == ["replicate", "create"]
    assert "pull" in wide.capabilities


def test_p50_unparsable_text_is_an_error_that_the_caller_makes_unknown() -> None:
    for text in ("", "{", "[]", '"x"', "{" * 1000, '{"a":' * 60 + "1" + "}" * 60):
        with pytest.raises(InputError):
            analyse_access(text, owner_account=O, scope="repository")


@pytest.mark.parametrize(
    "document",
    [
        {"Statement": allow()},
        {"Statement": [allow(action="ecr:BatchGetImage"), allow(action=["ecr:GetDownloadUrlForLayer"])]},
        {"Statement": [{**allow(), "Principal": {"AWS": ["*", f"arn:aws:iam::{E}:root"]}}]},
    ],
)
def test_legal_variants_of_the_grammar_are_read(document: dict[str, Any]) -> None:
    text = "\ufeff \n" + json.dumps(document)

    assert conclude(analyse_access(text, owner_account=O, scope="repository"))[0] == "yes"


@pytest.mark.parametrize(
    "document",
    [
        {"statement": [allow()]},
        {"Statement": [{"effect": "Allow", "Principal": "*", "Action": "ecr:*"}]},
        {"Statement": [{"Effect": "Allow", "Action": "ecr:*"}]},
        {"Statement": [allow({"*": "*"})]},
        {"Statement": [allow(condition={"FancyEquals": {"aws:PrincipalOrgID": "o-own"}})]},
        {"Statement": [allow(condition={"StringEquals": {"aws:Invented": "x"}})]},
        {"Statement": [allow(condition={"StringEquals": {"aws:PrincipalAccount": "${aws:PrincipalTag/a}"}})]},
        {"Statement": [allow(), deny(condition={"StringNotEquals": {"aws:Invented": "x"}})]},
        {"Statement": "x"},
        {"Statement": ["x"]},
    ],
)
def test_what_cannot_be_decided_is_unknown(document: dict[str, Any]) -> None:
    assert conclude(analyse_access(json.dumps(document), owner_account=O, scope="repository"))[0] == "unknown"


def test_a_key_twice_is_unknown() -> None:
    text = '{"Statement": [], "Statement": [' + json.dumps(allow(root(O))) + "]}"

    assert conclude(analyse_access(text, owner_account=O, scope="repository"))[0] == "unknown"


def test_common_organisation_guard_leaves_members_and_services() -> None:
    guard = {"StringNotEqualsIfExists": org, "BoolIfExists": {"aws:PrincipalIsAWSService": "false"}}

    public, foreign = conclude(analyse(allow(), deny(condition=guard)))

    assert (public, foreign) == ("no", {"o-own", "guarded service"})


def test_deny_of_some_actions_leaves_the_others() -> None:
    [grant] = analyse(allow(action="ecr:*"), deny(action=["ecr:Put*", "ecr:*Upload*", "ecr:*Delete*"])).grants

    assert grant.audience == "any_account"
    assert "push" not in grant.capabilities
    assert "delete" not in grant.capabilities
    assert "pull" in grant.capabilities


def test_deny_of_an_account_takes_it_away() -> None:
    assert conclude(analyse(allow(root(E)), deny(root(E)))) == ("no", set())


def test_deny_with_not_principal_leaves_whom_it_names() -> None:
    spared = {"Effect": "Deny", "NotPrincipal": root(T), "Action": "ecr:*"}

    assert conclude(analyse(allow(), spared)) == ("no", {T})


def test_service_acting_for_a_foreign_account_is_foreign() -> None:
    statement = allow({"Service": "lambda.amazonaws.com"}, condition={"StringEquals": {"aws:SourceAccount": E}})

    assert conclude(analyse(statement)) == ("no", {E})


def test_hundreds_of_statements_take_no_time() -> None:
    statements = [allow(root(E)) for _ in range(300)] + [deny(condition={"StringNotEquals": org}) for _ in range(30)]

    assert len(analyse(*statements).grants) >= 1


def test_account_of_reads_ids_and_arns() -> None:
    assert [account_of(p) for p in (O, f"arn:aws:iam::{E}:role/x", "AROA", "*")] == [O, E, "", ""]
