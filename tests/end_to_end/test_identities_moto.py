"""The collector of identities against another implementation of IAM, Organizations and STS, over their wire formats."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from auditor.config.settings import Config, Settings
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect

PUSH = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ecr:Put*", "Resource": "*"}]})
TRUST = json.dumps(
    {
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "ecs-tasks.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ]
    }
)


@pytest.fixture
def iam(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield boto3.client("iam", region_name="us-east-1")


def read(folder: Path) -> tuple[Manifest, dict[str, Any]]:
    target = {"kind": "iam", "regions": ["eu-west-1"], "attempts": 1}
    manifest = collect(Config(Settings(targets=[target])), folder / "snapshot", lambda _what, _count: None).manifest
    [path] = (folder / "snapshot" / "parts").glob("*.context.json")
    return manifest, json.loads(path.read_bytes())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # moto's own
def test_users_groups_roles_boundaries_and_keys(iam: Any, tmp_path: Path) -> None:
    arn = iam.create_policy(PolicyName="push", PolicyDocument=PUSH)["Policy"]["Arn"]
    iam.create_group(GroupName="dev")
    iam.attach_group_policy(GroupName="dev", PolicyArn=arn)
    iam.create_user(UserName="ann", Tags=[{"Key": "team", "Value": "a"}])
    iam.add_user_to_group(UserName="ann", GroupName="dev")
    key = iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"]
    iam.create_role(RoleName="ci", AssumeRolePolicyDocument=TRUST, PermissionsBoundary=arn)
    iam.put_role_policy(RoleName="ci", PolicyName="inline", PolicyDocument=PUSH)

    manifest, found = read(tmp_path)

    ci, ann = found["principals"]["value"]
    assert (ann["policies"], ann["groups"], ann["tags"]) == ([arn], ["dev"], {"team": "a"})
    assert (ci["policies"], ci["boundary"], ci["trusts"]) == (
        [f"{ci['arn']}#inline"], arn, ["service:ecs-tasks.amazonaws.com"],
    )  # fmt: skip
    assert {p["id"]: p["kind"] for p in found["policies"]["value"]} == {arn: "managed", f"{ci['arn']}#inline": "inline"}
    assert [(k["principal"], k["ending"]) for k in found["access_keys"]["value"]] == [(ann["arn"], key[-4:])]
    assert found["placement"]["state"] == found["guardrails"]["state"] == "absent"
    assert {grant["policy"]: grant["holders"] for grant in found["derived"]["grants"]["value"]} == {
        arn: [ann["arn"]],
        f"{ci['arn']}#inline": [ci["arn"]],
    }
    assert manifest.complete


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # moto's own
def test_place_of_the_management_account(iam: Any, tmp_path: Path) -> None:
    organizations = boto3.client("organizations", region_name="us-east-1")
    organization = organizations.create_organization(FeatureSet="ALL")["Organization"]
    root = organizations.list_roots()["Roots"][0]["Id"]

    manifest, found = read(tmp_path)

    assert found["placement"]["value"] == {"id": organization["Id"], "path": f"{organization['Id']}/{root}/"}
    assert found["guardrails"]["value"]["management_account"] == organization["MasterAccountId"]
    assert manifest.complete
