"""Records of small accounts and registries for tests of effective access, and snapshots of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.analysis.derive import derive_registry, derive_repository
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.identity import (
    AccountDerived,
    AccountRecord,
    GuardrailLevel,
    Guardrails,
    IdentityPolicy,
    OrganizationPlacement,
    PolicyStatement,
    PrincipalRecord,
)
from auditor.inventory.model import Registry, RegistryRecord, Repository, RepositoryRecord
from auditor.inventory.names import identities_scope, identities_urn, registry_urn, repository_urn, scope_id
from auditor.inventory.parts import Encryption, Immutability, PolicyDocument, RegistryRef
from auditor.inventory.scanning import RegistryScanning, ScanSettings
from auditor.inventory.writing import Completion, SnapshotWriter

O, T, E = "111111111111", "222222222222", "999999999999"
NOW = "2026-11-25T00:00:00Z"
REGION = "eu-west-1"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
TOKEN = "ecr:GetAuthorizationToken"
PUSH = [
    "ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload",
    "ecr:BatchCheckLayerAvailability",
]  # fmt: skip
DENIED = Unknown(Reason.ACCESS_DENIED, "organizations:ListPolicies")
NONE = Absent("organizations:DescribeOrganization", "AWSOrganizationsNotInUseException")
Statement = dict[str, Any]


def allow(action: Any = "*", resource: Any = "*", **more: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: Any = "*", resource: Any = "*", **more: Any) -> Statement:
    return {**allow(action, resource, **more), "Effect": "Deny"}


def to(principal: Any, action: Any = PULL, **more: Any) -> Statement:
    """A statement of a repository's policy."""
    return {"Effect": "Allow", "Principal": principal, "Action": action, **more}


def policy(identity: str, *statements: Statement, kind: Any = "managed") -> IdentityPolicy:
    kept = [PolicyStatement(index, json.dumps(statement)) for index, statement in enumerate(statements)]
    return IdentityPolicy(identity, identity.rpartition("/")[2], kind, "2012-10-17", kept, len(kept))


def principal(name: str, *policies: str, account: str = O, kind: Any = "role", **more: Any) -> PrincipalRecord:
    unique = ("AROA" if kind == "role" else "AIDA") + f"{sum(name.encode()):016d}"
    return PrincipalRecord(f"arn:aws:iam::{account}:{kind}/{name}", kind, unique, list(policies), **more)


def account(
    principals: list[PrincipalRecord] | Unknown,
    policies: list[IdentityPolicy] | Unknown,
    *,
    number: str = O,
    guardrails: Fact[Guardrails] = NONE,
    placement: Fact[OrganizationPlacement] = NONE,
) -> AccountRecord:
    return AccountRecord(
        id=identities_urn(number),
        scope=identities_scope(number),
        now=NOW,
        account=number,
        placement=placement,
        principals=principals if isinstance(principals, Unknown) else Known(principals),
        policies=policies if isinstance(policies, Unknown) else Known(policies),
        guardrails=guardrails,
        access_keys=Known([]),
        derived=AccountDerived(Known([]), Known([])),
    )


def guardrails(scp: list[list[str]], rcp: list[list[str]] | None = None, *, management: str = T) -> Known[Guardrails]:
    def levels(found: list[list[str]]) -> list[GuardrailLevel]:
        return [GuardrailLevel(f"level-{number}", ids) for number, ids in enumerate(found)]

    return Known(Guardrails(management, levels(scp), levels(rcp or [])))


def document(statements: list[Statement] | Unknown | None) -> Any:
    if isinstance(statements, Unknown):
        return statements
    if statements is None:
        return Absent("ecr:GetRepositoryPolicy", "RepositoryPolicyNotFoundException")
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    return Known(PolicyDocument("aws_iam", text, "sha256:0"))


def registry(
    statements: list[Statement] | None = None, *, scope: Any = "all_actions", number: str = O, region: str = REGION
) -> RegistryRecord:
    urn, host = registry_urn("ecr", number, region), f"{number}.dkr.ecr.{region}.amazonaws.com"
    absent = Absent("ecr")
    record = Registry(
        id=urn,
        kind="ecr",
        host=host,
        account=number,
        region=region,
        organization=absent,
        repository_names=Known([]),
        access_policy=document(statements),
        policy_scope=scope if isinstance(scope, Unknown) else Known(scope),
        scanning=Known(RegistryScanning("basic", [])),
        replication=absent,
        cache_rules=absent,
        creation_templates=absent,
        signing=absent,
        settings=absent,
    )
    return RegistryRecord(
        id=urn, scope=scope_id("ecr", number, region), now=NOW, registry=record, derived=derive_registry(record)
    )


def repository(
    name: str = "team/app",
    statements: list[Statement] | Unknown | None = None,
    *,
    tags: Any = None,
    number: str = O,
    region: str = REGION,
    kind: Any = "ecr",
) -> RepositoryRecord:
    urn, host = registry_urn(kind, number, region), f"{number}.dkr.ecr.{region}.amazonaws.com"
    record = Repository(
        name=name,
        uri=f"{host}/{name}",
        registry=RegistryRef(urn, kind, host, number, region),
        hosting=Known("hosted"),
        created_at=Known(NOW),
        immutability=Known(Immutability("all")),
        encryption=Known(Encryption("platform", Absent("ecr"), Known("provider"))),
        scan_on_push=Known(True),
        scanning=Known(ScanSettings("basic", "on_push", "registry")),
        resource_tags=Known(tags or {}) if not isinstance(tags, Unknown) else tags,
        access_policy=document(statements),
        retention_policy=Absent("ecr:GetLifecyclePolicy"),
        size_bytes=Known(0),
    )
    return RepositoryRecord(
        id=repository_urn(urn, name),
        scope=scope_id(kind, number, region),
        now=NOW,
        repository=record,
        derived=derive_repository(record, Known([])),
        images=Known([]),
    )


def snapshot(
    path: Path,
    accounts: list[AccountRecord],
    registries: list[tuple[RegistryRecord, list[RepositoryRecord]]],
    completion: Completion | None = None,
    finish: Any = None,
) -> Path:
    """A snapshot of these; `finish`: what a join does at the end."""
    with SnapshotWriter(path, now=NOW, auditor_version="test", completion=completion) as writer:
        for record in accounts:
            scope = writer.open_scope(record.scope)
            writer.close_scope(scope.finish(record))
        for context, records in registries:
            scope = writer.open_scope(context.scope)
            for line in sorted(records, key=lambda one: one.repository.name):
                scope.write(line)
            writer.close_scope(scope.finish(context))
        if finish is not None:
            finish(writer)
    return path
