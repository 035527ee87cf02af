"""An account's identities and its organisation, answered as AWS does: URL-encoded documents, lists spread over pages."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

from auditor.config.settings import Config, Settings
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect
from tests.support.fake_aws import FakeAws, RefusedError, fake_aws

ACCOUNT, MANAGEMENT = "111111111111", "999999999999"
WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DETAILS = "iam:GetAccountAuthorizationDetails"
ALLOW_ALL = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}


def encoded(document: Any) -> str:
    return quote(document if isinstance(document, str) else json.dumps(document))


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(action: Any, resource: Any = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def trust(principal: Any, action: Any = "sts:AssumeRole", **more: Any) -> dict[str, Any]:
    return policy({"Effect": "Allow", "Principal": principal, "Action": action, **more})


def inline(**documents: Any) -> list[dict[str, str]]:
    return [{"PolicyName": name, "PolicyDocument": encoded(document)} for name, document in documents.items()]


def attached(*arns: str) -> list[dict[str, str]]:
    return [{"PolicyName": arn.rpartition("/")[2], "PolicyArn": arn} for arn in arns]


def arn_of(kind: str, name: str, account: str = ACCOUNT) -> str:
    return f"arn:aws:iam::{account}:{kind}/{name}"


def _unique(prefix: str, name: str) -> str:
    return (prefix + name).ljust(20, "X")


def user(name: str, **more: Any) -> dict[str, Any]:
    return {"UserName": name, "UserId": _unique("AIDA", name), "Arn": arn_of("user", name), "CreateDate": WHEN, **more}


def group(name: str, **more: Any) -> dict[str, Any]:
    return {"GroupName": name, "GroupId": _unique("AGPA", name), "Arn": arn_of("group", name), **more}


def role(name: str, **more: Any) -> dict[str, Any]:
    document = more.pop("trust", trust({"Service": "ecs-tasks.amazonaws.com"}))
    return {
        "RoleName": name, "RoleId": _unique("AROA", name), "Arn": arn_of("role", name), "CreateDate": WHEN,
        "AssumeRolePolicyDocument": encoded(document), **more,
    }  # fmt: skip


def managed(name: str, document: Any, *, account: str = ACCOUNT, old: Any = None) -> dict[str, Any]:
    versions = [{"VersionId": "v2", "IsDefaultVersion": True, "Document": encoded(document)}]
    if old is not None:
        versions.insert(0, {"VersionId": "v1", "IsDefaultVersion": False, "Document": encoded(old)})
    return {"PolicyName": name, "Arn": arn_of("policy", name, account), "PolicyVersionList": versions}


def identities(*, users: Any = (), groups: Any = (), roles: Any = (), policies: Any = (), page: int = 1) -> Any:
    """An answer to GetAccountAuthorizationDetails: the lists one after the other, `page` entries at once."""
    entries = [
        *(("UserDetailList", entry) for entry in users),
        *(("RoleDetailList", entry) for entry in roles),
        *(("GroupDetailList", entry) for entry in groups),
        *(("Policies", entry) for entry in policies),
    ]

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        start = int(params.get("Marker") or 0)
        found: dict[str, Any] = {"UserDetailList": [], "RoleDetailList": [], "GroupDetailList": [], "Policies": []}
        for name, entry in entries[start : start + page]:
            found[name].append(deepcopy(entry))  # the SDK decodes documents where they stand
        more = start + page < len(entries)
        return {**found, "IsTruncated": more, "Marker": str(start + page) if more else ""}

    return answer


def no_organization(world: FakeAws) -> None:
    world.refuse("organizations:DescribeOrganization", "AWSOrganizationsNotInUseException")


def organization(world: FakeAws, *, enabled: tuple[str, ...] = ("SERVICE_CONTROL_POLICY",)) -> None:
    """o-own: root r-1, unit ou-a in it, unit ou-b in that, and the account in ou-b."""
    parents = {
        ACCOUNT: ("ou-b", "ORGANIZATIONAL_UNIT"),
        "ou-b": ("ou-a", "ORGANIZATIONAL_UNIT"),
        "ou-a": ("r-1", "ROOT"),
    }
    parents[MANAGEMENT] = ("r-1", "ROOT")
    own = {"r-1": ["p-Full"], "ou-a": ["p-Full"], "ou-b": ["p-Full", "p-Deny", "p-S3"], ACCOUNT: ["p-Full"]}
    texts = {
        "p-Full": ALLOW_ALL,
        "p-Deny": policy({"Effect": "Deny", "Action": "ecr:DeleteRepository", "Resource": "*"}),
        "p-S3": policy({"Effect": "Deny", "Action": "s3:*", "Resource": "*"}),
        "p-RCP": policy({"Effect": "Deny", "Principal": "*", "Action": "ecr:*", "Resource": "*"}),
    }

    def parents_of(params: dict[str, Any]) -> dict[str, Any]:
        if params["ChildId"] not in parents:
            raise RefusedError("ChildNotFoundException")
        identity, kind = parents[params["ChildId"]]
        return {"Parents": [{"Id": identity, "Type": kind}]}

    def summary(identity: str) -> dict[str, Any]:
        return {
            "Id": identity,
            "Arn": f"arn:aws:organizations::{MANAGEMENT}:policy/o-own/x/{identity}",
            "Name": identity,
        }

    def attached_to(params: dict[str, Any]) -> dict[str, Any]:
        names = own[params["TargetId"]] if params["Filter"] == "SERVICE_CONTROL_POLICY" else ["p-RCP"]
        return {"Policies": [summary(name) for name in names]}

    world["organizations:DescribeOrganization"] = {"Organization": {"Id": "o-own", "MasterAccountId": MANAGEMENT}}
    world["organizations:ListParents"] = parents_of
    world["organizations:ListRoots"] = {
        "Roots": [
            {"Id": "r-0"},
            {"Id": "r-x"},
            {"Id": "r-1", "PolicyTypes": [{"Type": t, "Status": "ENABLED"} for t in enabled]},
        ]
    }
    world["organizations:ListPoliciesForTarget"] = attached_to
    world["organizations:DescribePolicy"] = lambda params: {
        "Policy": {"PolicySummary": summary(params["PolicyId"]), "Content": json.dumps(texts[params["PolicyId"]])}
    }


def read(world: FakeAws, folder: Path, **target: Any) -> Manifest:
    """A snapshot of the world in `folder/snapshot`."""
    full = {"kind": "iam", "regions": ["eu-west-1"], "attempts": 1, **target}
    with fake_aws(world):
        return collect(Config(Settings(targets=[full])), folder / "snapshot", lambda _what, _count: None).manifest


def record(folder: Path) -> dict[str, Any]:
    """The one account record of the snapshot."""
    [path] = (folder / "snapshot" / "parts").glob("*.context.json")
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found
