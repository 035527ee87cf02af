"""Hypothesis strategies for accounts, and for the keys and cache rules of registries."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import strategies as st

from auditor.analysis.derive import derive_registry
from auditor.analysis.identity_grants import derive_account
from auditor.analysis.identity_policies import keep_touching
from auditor.inventory.identity import (
    AccessKey,
    AccountRecord,
    GuardrailLevel,
    Guardrails,
    IdentityPolicy,
    OrganizationPlacement,
    PrincipalAccess,
    PrincipalRecord,
    Witness,
)
from auditor.inventory.keys import EncryptionKey
from auditor.inventory.model import RegistryRecord
from auditor.inventory.names import identities_scope, identities_urn
from auditor.inventory.parts import PolicyDocument
from auditor.inventory.replication import CacheRule
from tests.support.strategies import ACCOUNT, NOW, REGION, facts, iam_policies, moments, registry_records

_ROLES = [
    f"arn:aws:iam::{ACCOUNT}:role/{name}"
    for name in ("ci", "EcsTaskExecutionRole", "OrganizationAccountAccessRole", "aws-service-role/x.amazonaws.com/AWSX")
]
_USERS = [f"arn:aws:iam::{ACCOUNT}:user/{name}" for name in ("ann", "team/bob")]
_ACTIONS: list[Any] = [
    "*", "ecr:*", "ecr:GetImage", "ecr:PutImage", ["ecr:BatchGetImage", "s3:GetObject"], "ecr:GetAuthorizationToken",
    "ecr-public:BatchGetImage", "ecr:ListImageReferrers", "BatchGetImage", "ecr:GetImage*",
]  # fmt: skip
_RESOURCES: list[Any] = [
    "*", "", f"arn:aws:ecr:*:{ACCOUNT}:repository/*", f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/*",
    "arn:aws:ecr:::repository/x", "arn:aws-cn:ecr:cn-north-1:1:repository/x", "arn:aws:s3:::b", ["${x}", "app"],
]  # fmt: skip
_CONDITIONS: list[Any] = [
    None, None, {"StringEquals": {"aws:ResourceTag/team": "a"}}, {"BoolIfExists": {"aws:MultiFactorAuthPresent": "true"}},
    {"StringNotEquals": {"aws:RequestedRegion": "x"}}, {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}},
    {"StringEquals": {"aws:PrincipalOrgID": "o-own"}},
]  # fmt: skip
_POLICIES = [
    (f"arn:aws:iam::{ACCOUNT}:policy/team/push", "managed"),
    (f"{_ROLES[0]}#inline", "inline"),
    ("arn:aws:iam::aws:policy/AdministratorAccess", "provider"),
    ("arn:aws:organizations::999999999999:policy/o-own/service_control_policy/p-1", "guardrail"),
]


@st.composite
def identity_policies(draw: st.DrawFn, identity: str, kind: Any) -> IdentityPolicy:
    """A policy of a principal, as the collector keeps it."""
    name = identity.rpartition("/")[2]
    if draw(st.sampled_from([False] * 9 + [True])):
        return IdentityPolicy(identity, name, kind, "", [], 0, unread="the policy is not JSON")
    statements = []
    for number in range(draw(st.integers(0, 3))):
        statement = {
            "Sid": draw(st.sampled_from(["", f"S{number}"])),
            "Effect": draw(st.sampled_from(["Allow", "Allow", "Allow", "Deny", "allow"])),
            draw(st.sampled_from(["Action"] * 5 + ["NotAction"])): draw(st.sampled_from(_ACTIONS)),
            draw(st.sampled_from(["Resource"] * 5 + ["NotResource"])): draw(st.sampled_from(_RESOURCES)),
        }
        condition = draw(st.sampled_from(_CONDITIONS))
        statements.append({**statement, "Condition": condition} if condition else statement)
    document = {"Version": draw(st.sampled_from(["2012-10-17", "2008-10-17"])), "Statement": statements}
    return IdentityPolicy(identity, name, kind, *keep_touching(json.dumps(document)))


access_keys = st.builds(
    AccessKey,
    st.sampled_from(_USERS),
    st.sampled_from(["AAAA", "BBBB", "CCCC"]),
    st.booleans(),
    facts(moments),
    facts(moments),
    facts(st.lists(st.sampled_from(["k8s/prod", "ci"]), max_size=2, unique=True)),
)
effective = st.builds(
    PrincipalAccess,
    st.sampled_from(_ROLES + _USERS),
    st.sampled_from(["push", "delete", "administer", "pull"]),
    st.just([f"urn:cr:ecr:{ACCOUNT}:{REGION}:app"]),
    st.integers(1, 3),
    st.sampled_from(["exact", "unknown"]),
    st.sampled_from(["", "a tag was not read"]),
    st.just([Witness("identity", "p", 0, "")]),
)
guardrails = st.builds(
    Guardrails,
    st.just("999999999999"),
    st.lists(st.just(GuardrailLevel("r-1", [_POLICIES[3][0]])), max_size=1),
    st.just([]),
)


@st.composite
def account_records(draw: st.DrawFn) -> AccountRecord:
    """An account record with its derived facts."""
    chosen = draw(st.lists(st.sampled_from(_POLICIES), unique=True))
    policies = draw(facts(st.tuples(*(identity_policies(*each) for each in chosen)).map(list)))
    held = st.lists(st.sampled_from([identity for identity, kind in _POLICIES if kind != "guardrail"]), unique=True)
    principals = draw(
        facts(
            st.lists(
                st.builds(PrincipalRecord, st.sampled_from(_ROLES + _USERS), st.just("role"), st.just("AROA"), held),
                max_size=4,
                unique_by=lambda principal: principal.arn,
            )
        )
    )
    return AccountRecord(
        id=identities_urn(ACCOUNT),
        scope=identities_scope(ACCOUNT),
        now=NOW,
        account=ACCOUNT,
        placement=draw(facts(st.just(OrganizationPlacement("o-own", "")))),
        principals=principals,
        policies=policies,
        guardrails=draw(facts(guardrails)),
        access_keys=draw(facts(st.lists(access_keys, max_size=3, unique_by=lambda key: (key.principal, key.ending)))),
        derived=msgspec.structs.replace(
            derive_account(principals, policies), effective=draw(facts(st.lists(effective, max_size=4)))
        ),
    )


key_ids = st.sampled_from(
    [f"arn:aws:kms:{REGION}:{ACCOUNT}:key/{name}" for name in ("a", "b", "12345678-1234-1234-1234-123456789012")]
    + ["arn:aws:kms:us-east-1:999999999999:key/c", "alias/own"]
)
encryption_keys = st.builds(
    EncryptionKey,
    key_ids,
    facts(st.sampled_from(["customer", "provider"])),
    facts(st.sampled_from(["enabled", "enabled", "disabled", "pending_deletion", "unavailable", "missing"])),
    facts(st.sampled_from(["provider", "external", "key_store"])),
    facts(st.booleans()),
    facts(st.booleans()),
    st.sampled_from([REGION, "us-east-1"]),
    facts(iam_policies() | st.just(PolicyDocument("aws_iam", "{", "sha256:0"))),
    st.lists(st.sampled_from(["app", "team/app"]), unique=True),
)
_SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/"
cache_rules = st.builds(
    CacheRule,
    st.sampled_from(["hub", "quay"]),
    st.just("registry-1.docker.io"),
    st.just("docker-hub"),
    facts(st.sampled_from([f"{_SECRET}a", f"{_SECRET}b", "vault:x"])),
    facts(moments),
)


@st.composite
def registries_with_keys(draw: st.DrawFn) -> RegistryRecord:
    """A registry record with encryption keys and credentials."""
    record = draw(registry_records())
    registry = msgspec.structs.replace(
        record.registry,
        keys=draw(facts(st.lists(encryption_keys, max_size=3, unique_by=lambda key: key.id))),
        cache_rules=draw(facts(st.lists(cache_rules, max_size=3))),
    )
    return msgspec.structs.replace(record, registry=registry, derived=derive_registry(registry))
