"""Effective access against moto with IAM authentication on: real boto3 calls to ECR, allowed or denied.

moto 5.2.5 (moto/iam/access_control.py) enforces identity policies of users, their groups and assumed roles: Effect,
Action and NotAction with `*`, several policies and statements, a Deny over every Allow. What it does otherwise than
AWS is left out here: it compares actions with their case, takes `?` for a regular expression, asks ECR for the
resource `*` only (so that no ARN in Resource ever matches), reads NotResource as a grant, and refuses any condition.
Boundaries, control policies and resource policies it does not evaluate.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws, settings
from moto.core import set_initial_no_auth_action_count

from auditor.analysis.effective.attempt import Bearing
from auditor.analysis.effective.decide import decide
from auditor.analysis.policy_layers import compile_text
from auditor.analysis.request_context import Caller, Target
from auditor.inventory.facts import Absent, Known

ACCOUNT, REGION = "123456789012", "eu-west-1"
SETS = 60
TARGET = Target(ACCOUNT, REGION, "app", "aws", Known({}), Absent("organizations"), "2026-11-25T00:00:00Z")
CALLS: dict[str, Callable[[Any], Any]] = {
    "ecr:GetAuthorizationToken": lambda ecr: ecr.get_authorization_token(),
    "ecr:BatchGetImage": lambda ecr: ecr.batch_get_image(repositoryName="app", imageIds=[{"imageTag": "v1"}]),
    "ecr:DescribeImages": lambda ecr: ecr.describe_images(repositoryName="app"),
    "ecr:ListImages": lambda ecr: ecr.list_images(repositoryName="app"),
    "ecr:PutImage": lambda ecr: ecr.put_image(repositoryName="app", imageManifest="{}", imageTag="v1"),
    "ecr:SetRepositoryPolicy": lambda ecr: ecr.set_repository_policy(repositoryName="app", policyText="{}"),
    "ecr:DeleteRepository": lambda ecr: ecr.delete_repository(repositoryName="gone", force=True),
}
PATTERNS = ["ecr:*", "*", "ecr:Batch*", "ecr:*Image*", "ecr:Get*", "ecr:*Repository*", "s3:*", *CALLS]


def document(rng: random.Random) -> str:
    """A policy out of the part of the language that moto enforces."""
    statements = []
    for _ in range(rng.randint(1, 3)):
        element = "NotAction" if rng.random() < 0.2 else "Action"
        actions = rng.sample(PATTERNS, rng.randint(1, 3))
        effect = "Deny" if rng.random() < 0.3 else "Allow"
        statements.append({"Effect": effect, element: actions[0] if len(actions) == 1 else actions, "Resource": "*"})
    return json.dumps({"Version": "2012-10-17", "Statement": statements})


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setattr(settings, "INITIAL_NO_AUTH_ACTION_COUNT", float("inf"))
    with mock_aws():
        yield boto3.client("iam", region_name=REGION)


def user(iam: Any, name: str, documents: list[str]) -> Any:
    """ECR as a user with the first policy inline, the second managed, the third of a group."""
    iam.create_user(UserName=name)
    iam.create_group(GroupName=f"{name}-group")
    iam.add_user_to_group(UserName=name, GroupName=f"{name}-group")
    for number, text in enumerate(documents):
        if number == 0:
            iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=text)
        elif number == 1:
            arn = iam.create_policy(PolicyName=f"{name}-managed", PolicyDocument=text)["Policy"]["Arn"]
            iam.attach_user_policy(UserName=name, PolicyArn=arn)
        else:
            iam.put_group_policy(GroupName=f"{name}-group", PolicyName="inline", PolicyDocument=text)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return boto3.client(
        "ecr", REGION, aws_access_key_id=key["AccessKeyId"], aws_secret_access_key=key["SecretAccessKey"]
    )


def session(iam: Any, name: str, documents: list[str]) -> Any:
    """ECR as a session of a role with one inline policy and managed ones."""
    trust = json.dumps({"Version": "2012-10-17", "Statement": []})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for number, text in enumerate(documents):
        if number == 0:
            iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=text)
        else:
            arn = iam.create_policy(PolicyName=f"{name}-{number}", PolicyDocument=text)["Policy"]["Arn"]
            iam.attach_role_policy(RoleName=name, PolicyArn=arn)
    taken = boto3.client("sts", region_name=REGION).assume_role(RoleArn=role, RoleSessionName="build")["Credentials"]
    return boto3.client(
        "ecr",
        REGION,
        aws_access_key_id=taken["AccessKeyId"],
        aws_secret_access_key=taken["SecretAccessKey"],
        aws_session_token=taken["SessionToken"],
    )


def let_through(call: Callable[[Any], Any], ecr: Any) -> bool:
    """Whether the call is authorised; a refusal for any other reason comes after authorisation."""
    try:
        call(ecr)
    except ClientError as error:
        # moto refuses in the form of another protocol: the code is the HTTP status.
        return "is not authorized to perform" not in error.response["Error"]["Message"]
    return True


@pytest.mark.slow
def test_decide_agrees_with_moto(iam: Any) -> None:
    rng = random.Random(4)
    boto3.client("ecr", region_name=REGION).create_repository(repositoryName="app")
    callers = []
    for number in range(SETS):
        documents = [document(rng) for _ in range(rng.randint(1, 3))]
        make, kind = (user, "user") if number % 2 else (session, "role")
        callers.append((make(iam, f"{kind}-{number}", documents), kind, f"{kind}-{number}", documents))
    seen: Counter[bool] = Counter()

    @set_initial_no_auth_action_count(0)
    def compare() -> None:
        for ecr, kind, name, documents in callers:
            caller = Caller(f"arn:aws:iam::{ACCOUNT}:{kind}/{name}", ACCOUNT, kind, "AROAEXAMPLE")
            policies = tuple(compile_text(text, str(n), "identity") for n, text in enumerate(documents))
            for action, call in CALLS.items():
                theirs = let_through(call, ecr)
                ours = decide(Bearing(policies, None, (), ()), caller, TARGET, action)
                assert ours.state == ("yes" if theirs else "no"), (action, documents, ours)
                seen[theirs] += 1

    compare()
    assert min(seen.values()) > 50, seen


def test_moto_is_asked_with_authentication_on(iam: Any) -> None:
    """The comparison means something: without a policy moto refuses."""
    ecr = user(iam, "nobody", [])

    @set_initial_no_auth_action_count(0)
    def refused() -> bool:
        return not let_through(CALLS["ecr:ListImages"], ecr)

    assert refused()
