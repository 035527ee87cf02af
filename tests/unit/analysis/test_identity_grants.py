"""What identity policies grant, and what is wrong in them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.identity_grants import derive_account, granting_policies
from auditor.analysis.identity_policies import keep_touching
from auditor.errors import InputError
from auditor.inventory.derived import PolicyProblem
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.identity import AccountDerived, IdentityGrant, IdentityPolicy, PrincipalRecord

OWN = "111111111111"
POLICY = f"arn:aws:iam::{OWN}:policy/p"
ROLE = f"arn:aws:iam::{OWN}:role/ci"
REPOSITORY = f"arn:aws:ecr:eu-west-1:{OWN}:repository/team/app"
TOKEN = {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def policy(
    *statements: Any, kind: Any = "managed", identity: str = POLICY, version: str = "2012-10-17"
) -> IdentityPolicy:
    text = json.dumps({"Version": version, "Statement": list(statements)})
    return IdentityPolicy(identity, "p", kind, *keep_touching(text))


def derive(*policies: IdentityPolicy, holders: tuple[str, ...] = (ROLE,)) -> AccountDerived:
    held = [p.id for p in policies if p.kind != "guardrail"]
    principals = [PrincipalRecord(arn, "role", "AROA", held) for arn in holders]
    return derive_account(Known(principals), Known(list(policies)))


def grants(*statements: Any, **more: Any) -> list[IdentityGrant]:
    fact = derive(policy(*statements, **more)).grants
    assert isinstance(fact, Known)
    return fact.value


def problems(*statements: Any, **more: Any) -> list[PolicyProblem]:
    fact = derive(policy(*statements, **more)).problems
    assert isinstance(fact, Known)
    return [located.problem for located in fact.value]


def codes(*statements: Any, **more: Any) -> list[str]:
    return [problem.code for problem in problems(*statements, **more)]


# ---------------------------------------------------------------- which statements are kept
KEPT = {
    "named": (allow("ecr:PutImage"), True),
    "public": (allow("ecr-public:PutImage"), True),
    "misspelt": (allow("ecr:GetImage"), True),
    "upper case": (allow("ECR:putimage"), True),
    "wildcard": (allow("*"), True),
    "wildcard in the service": (allow("e*:Describe*"), True),
    "no service": (allow("PutImage"), True),
    "other service": (allow(["s3:*", "ec2:*", "ecs:*"]), False),
    "all but another": ({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}, True),
    "all but registries": ({"Effect": "Allow", "NotAction": ["ecr:*", "ecr-public:*"], "Resource": "*"}, False),
    "all but one service of them": ({"Effect": "Deny", "NotAction": ["ecr:*"], "Resource": "*"}, True),
    "not readable": ({"Effect": "Allow", "Action": {"a": 1}, "Resource": "*"}, True),
}


@pytest.mark.parametrize("case", KEPT)
def test_statements_that_can_touch_a_registry_are_kept(case: str) -> None:
    statement, kept = KEPT[case]
    _, statements, size = keep_touching(json.dumps({"Statement": [allow("s3:*"), statement]}))

    assert [s.index for s in statements] == ([1] if kept else [])
    assert size == 2


@pytest.mark.parametrize("text", ["", "{", "[]", '{"Statement": 1}', '{"Statment": []}', " " * 70_000])
def test_document_that_cannot_be_read_is_an_error(text: str) -> None:
    with pytest.raises(InputError):
        keep_touching(text)


# ---------------------------------------------------------------- grants
def test_a_grant_names_its_holders_and_where_it_stands() -> None:
    statements = [allow("s3:*"), allow(["ecr:PutImage", "s3:GetObject"], REPOSITORY, Sid="Push")]
    fact = derive(policy(*statements), holders=tuple(f"{ROLE}{n:02}" for n in range(25))).grants

    assert isinstance(fact, Known)
    [grant] = fact.value
    assert (grant.policy, grant.statement, grant.sid) == (POLICY, 1, "Push")
    assert (len(grant.holders), grant.holder_count) == (20, 25)
    assert grant.capabilities == ["push"]
    assert grant.writes
    assert not grant.every_action
    assert not grant.every_repository
    assert grant.actions == ["ecr:PutImage", "s3:GetObject"]
    assert grant.resources == [REPOSITORY]


# IAM takes no action without a service; should it be there, it is read as widely as it may be meant.
@pytest.mark.parametrize("action", ["*", "ecr:*", "ecr-public:*", "ECR:*", "ecr*:*", "e*"])
def test_every_action(action: str) -> None:
    assert [grant.every_action for grant in grants(allow(action))] == [True]


def test_all_but_another_service_is_every_action() -> None:
    [grant] = grants({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"})

    assert (grant.every_action, grant.actions) == (True, ["NotAction iam:*"])


def test_unconditional_deny_of_the_same_policy_is_taken_away() -> None:
    assert grants(allow("*"), deny("ecr:*"), deny("ecr-public:*")) == []
    [grant] = grants(allow("ecr:*"), deny("ecr:DeleteRepository"))
    assert not grant.every_action
    assert grant.writes


@pytest.mark.parametrize(
    "held_back",
    [
        deny("ecr:*", REPOSITORY),
        deny("ecr:*", Condition={"Bool": {"aws:MultiFactorAuthPresent": "false"}}),
        {"Effect": "Deny", "Action": "ecr:*", "NotResource": REPOSITORY},
    ],
)
def test_deny_that_may_not_apply_takes_nothing_away(held_back: dict[str, Any]) -> None:
    [grant] = grants(allow("ecr:*"), held_back)

    assert grant.every_action


def test_resources_of_other_services_grant_nothing_of_registries() -> None:
    assert grants(allow("*", ["arn:aws:s3:::b", "arn:aws:ecs:*:*:service/x"])) == []


def test_what_works_on_star_only_is_not_granted_on_an_arn() -> None:
    assert grants(allow("ecr:GetAuthorizationToken", REPOSITORY)) == []
    assert [grant.writes for grant in grants(allow("ecr:PutRegistryPolicy"))] == [False]


EVERY = {
    "*": True,
    "arn:aws:ecr:*:*:repository/*": True,
    f"arn:aws:ecr:eu-west-1:{OWN}:repository/*": True,
    f"arn:*:ecr:*:{OWN}:*": True,
    "arn:aws:ecr:*": True,
    f"arn:aws:ecr-public::{OWN}:repository/*": True,
    f"arn:aws-cn:ecr:cn-north-1:{OWN}:repository/*": True,
    f"arn:aws:ecr:*:{OWN}:repository/team/*": False,
    f"arn:aws:ecr:*:{OWN}:repository/*-prod": False,
    REPOSITORY: False,
    "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*": False,
}


@pytest.mark.parametrize("resource", EVERY)
def test_every_repository(resource: str) -> None:
    [grant] = grants(
        allow("ecr:PutImage", resource) if "public" not in resource else allow("ecr-public:PutImage", resource)
    )

    assert grant.every_repository is EVERY[resource]


TAGS: list[tuple[dict[str, Any], bool]] = [
    ({"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}, False),
    ({"StringLike": {"ecr:ResourceTag/team": ["a", "b*"]}}, False),
    ({"StringLike": {"aws:ResourceTag/team": "*"}}, True),
    ({"StringEqualsIfExists": {"aws:ResourceTag/team": "a"}}, True),
    ({"StringNotEquals": {"aws:ResourceTag/team": "a"}}, True),
    ({"StringEquals": {"aws:PrincipalTag/team": "a"}}, True),
]


@pytest.mark.parametrize(("condition", "every"), TAGS)
def test_condition_on_resource_tags_leaves_repositories_out(condition: dict[str, Any], every: bool) -> None:
    [grant] = grants(allow("ecr:PutImage", Condition=condition))

    assert (grant.every_repository, grant.conditional) == (every, True)


def test_boundaries_and_control_policies_grant_nothing() -> None:
    bounds = policy(allow("*"), identity=f"{POLICY}-bounds")
    record = PrincipalRecord(ROLE, "role", "AROA", [], boundary=bounds.id)
    found = derive_account(Known([record]), Known([bounds, policy(allow("*"), kind="guardrail", identity="g")]))

    assert found.grants == found.problems == Known([])


@pytest.mark.parametrize("gap", [Unknown(Reason.ACCESS_DENIED, "iam:X"), Absent("iam:X")])
def test_unread_identities_leave_both_unknown(gap: Any) -> None:
    for found in (derive_account(gap, Known([])), derive_account(Known([]), gap)):
        assert isinstance(found.grants, Unknown)
        assert isinstance(found.problems, Unknown)
        assert found.grants.source == "iam:X"


def test_statement_that_is_no_json_is_unknown() -> None:
    from auditor.inventory.identity import PolicyStatement

    broken = IdentityPolicy(POLICY, "p", "managed", "", [PolicyStatement(0, "{")], 1)
    found = derive(broken)

    assert isinstance(found.grants, Unknown)
    assert found.grants.reason is Reason.PARSE_ERROR
    assert granting_policies([broken]) == {POLICY}


def test_granting_policies_are_those_that_allow_or_may() -> None:
    policies = [
        policy(allow("ecr:BatchGetImage"), identity="a"), policy(deny("ecr:*"), identity="b"),
        policy(allow("*"), kind="guardrail", identity="c"), policy({**allow("ecr:*"), "Effect": "allow"}, identity="d"),
        IdentityPolicy("e", "e", "inline", "", [], 0, unread="not JSON"),
    ]  # fmt: skip

    assert granting_policies(policies) == {"a", "d", "e"}


# ---------------------------------------------------------------- problems
def test_good_policy_has_no_problems() -> None:
    assert codes(allow([*PULL, "s3:GetObject"], REPOSITORY), TOKEN, allow("logs:*", "arn:aws:logs:*:*:*")) == []


ACTIONS = {
    "ecr:GetImage": "action_unknown",
    "ecr:CreateRegistry": "action_unknown",
    "ecr-public:BatchGetImage": "action_wrong_service",
    "ecr:DescribeRegistries": "action_wrong_service",
    "ecr:ListImageReferrers": "action_unlisted",
    "ecr:GetImage*": "action_suspicious",
    "PutImage": "action_malformed",
    "ecr:": "action_malformed",
}


@pytest.mark.parametrize("action", ACTIONS)
def test_actions(action: str) -> None:
    assert codes(deny(action)) == [ACTIONS[action]]


@pytest.mark.parametrize("action", ["*", "ecr:*", "ecr:Batch*", "ecr-public:Put*", "e*:Describe*", "s3:Nonsense"])
def test_actions_that_exist_or_are_none_of_ours(action: str) -> None:
    assert codes(deny([action, "ecr:DeleteRepository"])) == []


def test_misspelt_action_is_suggested_with_its_place() -> None:
    [found] = problems(TOKEN, allow(["ecr:DescribeImages", "ecr:GetImage"], REPOSITORY))

    assert found.suggestions == PULL
    assert found.pointer == "/Statement/1/Action/1"


RESOURCES: dict[str, tuple[Any, list[str]]] = {
    "empty": ("", ["resource_empty"]),
    "no region": (f"arn:aws:ecr::{OWN}:repository/x", ["resource_arn_invalid"]),
    "no account": ("arn:aws:ecr:eu-west-1::repository/x", ["resource_arn_invalid"]),
    "other partition": (f"arn:aws-cn:ecr:cn-north-1:{OWN}:repository/x", ["resource_arn_invalid"]),
    "no repository": (f"arn:aws:ecr:eu-west-1:{OWN}:team/app", ["resource_arn_invalid"]),
    "bare name": ("team/app", ["resource_arn_invalid"]),
    "only other services": (["arn:aws:s3:::b"], ["resource_arn_invalid"]),
    "other services beside": (["arn:aws:s3:::b", REPOSITORY], []),
    "variable": ("arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}", []),
    "other account": ("arn:aws:ecr:eu-west-1:222222222222:repository/x", []),
    "wildcards": (f"arn:aws:ecr:*:{OWN}:repo*", []),
    "short": ("arn:aws:ecr:*", []),
}


@pytest.mark.parametrize("case", RESOURCES)
def test_resources(case: str) -> None:
    resource, wanted = RESOURCES[case]

    assert codes(allow("ecr:PutImage", resource)) == wanted


def test_public_repositories_have_no_region() -> None:
    assert codes(allow("ecr-public:PutImage", f"arn:aws:ecr-public::{OWN}:repository/x")) == []


def test_partition_is_that_of_the_account() -> None:
    china = policy(allow("ecr:PutImage", f"arn:aws-cn:ecr:cn-north-1:{OWN}:repository/x"))
    found = derive(china, holders=(ROLE.replace("aws", "aws-cn"),)).problems

    assert found == Known([])


def test_login_on_a_repository_never_works() -> None:
    [found] = problems(allow("ecr:GetAuthorizationToken", REPOSITORY))

    assert (found.code, found.pointer) == ("action_needs_every_resource", "/Statement/0/Action/0")
    assert codes(allow(["ecr:GetAuthorizationToken"], ["arn:aws:s3:::x", "*"])) == []
    # Nobody means the login by this.
    assert codes(allow("ecr:*", REPOSITORY), TOKEN) == []


def test_variables_without_version() -> None:
    statement = allow("ecr:PutImage", "arn:aws:ecr:*:*:repository/${aws:username}")

    assert codes(statement, version="2008-10-17") == ["version_missing_with_variables"]
    assert codes(statement) == []


def test_wide_constructs_count_where_they_reach_a_registry() -> None:
    assert codes({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}) == ["allow_not_action"]
    assert codes({"Effect": "Allow", "NotAction": "iam:*", "Resource": "arn:aws:s3:::b"}) == []
    assert codes({"Effect": "Deny", "NotAction": "iam:*", "Resource": "*"}) == []
    assert codes({"Effect": "Allow", "Action": "ecr:PutImage", "NotResource": REPOSITORY}) == ["allow_not_resource"]


CONDITIONS: list[tuple[dict[str, Any], list[str]]] = [
    ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}}, ["weak_condition_if_exists"]),
    ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}, "Null": {"aws:MultiFactorAuthPresent": "false"}}, []),
    ({"Bool": {"aws:MultiFactorAuthPresent": "true"}}, []),
    ({"ForAllValues:StringEquals": {"aws:PrincipalOrgPaths": "o-x/*"}}, ["weak_condition_for_all_values"]),
    ({"StringNotEquals": {"aws:ResourceTag/env": "prod"}}, ["weak_condition_negated"]),
    ({"StringNotEquals": {"aws:ResourceTag/env": "prod"}, "StringEquals": {"aws:ResourceTag/team": "a"}}, []),
    ({"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, ["weak_condition_any_network"]),
    ({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, ["network_private_useless"]),
    ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, ["weak_condition_wildcard"]),
    ({"StringLike": {"aws:PrincipalTag/team": "app-*"}}, []),
    ({"StringLike": {"aws:UserAgent": "docker*"}}, ["weak_condition_caller_controlled"]),
    ({"StringEqualsIfExists": {"aws:RequestedRegion": "eu-west-1"}}, []),
    ({"Null": {"aws:PrincipalOrgID": "true"}}, ["weak_condition_null"]),
    ({"Null": {"aws:PrincipalOrgID": "false"}}, []),
]


@pytest.mark.parametrize(("condition", "wanted"), CONDITIONS)
def test_weak_conditions(condition: dict[str, Any], wanted: list[str]) -> None:
    assert codes(allow("ecr:PutImage", Condition=condition)) == wanted


def test_deny_that_may_not_apply() -> None:
    condition = {"StringEquals": {"aws:SourceVpce": "vpce-1"}}

    assert codes(deny("ecr:PutImage", Condition=condition)) == ["deny_may_not_apply"]


@pytest.mark.parametrize("kind", ["provider", "guardrail"])
def test_policies_of_others_are_not_the_customers_to_fix(kind: Any) -> None:
    assert codes(allow("ecr:GetImage"), kind=kind) == []


# ---------------------------------------------------------------- pulls that cannot work
def test_half_a_pull_counts_all_policies_of_the_holder() -> None:
    first = policy(allow("ecr:BatchGetImage"), TOKEN, identity="a")
    second = policy(allow("ecr:GetDownloadUrlForLayer"), identity="b")

    [located] = derive(first).problems.value  # type: ignore[union-attr]
    assert (located.policy, located.problem.code, located.problem.statement) == ("a", "pull_incomplete", 0)
    assert located.problem.message == "for a pull role/ci also needs ecr:GetDownloadUrlForLayer"
    assert derive(first, second).problems == Known([])


def test_pull_without_a_login() -> None:
    [found] = problems(allow(PULL, REPOSITORY))

    assert found.code == "token_missing"
    assert "role/ci also needs ecr:GetAuthorizationToken" in found.message


def test_login_by_a_policy_of_the_platform_is_enough() -> None:
    given = policy(TOKEN, kind="provider", identity="arn:aws:iam::aws:policy/X")

    assert derive(policy(allow(PULL, REPOSITORY)), given).problems == Known([])
