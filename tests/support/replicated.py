"""Snapshots of several registries that copy to each other, written through the real joins."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from auditor.analysis.derive import derive_registry, derive_repository
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Child, Image
from auditor.inventory.model import Registry, RegistryRecord, Repository, RepositoryRecord
from auditor.inventory.names import part_stem, registry_urn, scope_id
from auditor.inventory.parts import Encryption, Immutability, NameFilter, PolicyDocument, RegistryRef
from auditor.inventory.replication import Destination, ReplicationRule
from auditor.inventory.scanning import RegistryScanning, ScanSettings
from auditor.inventory.writing import SnapshotWriter
from auditor.run.joins.complete import Joins

A, B = "111111111111", "222222222222"
EU, US, AP = "eu-west-1", "us-east-1", "ap-northeast-1"
NOW = "2026-11-24T12:00:00Z"
DENIED = Unknown(Reason.ACCESS_DENIED, "ecr:SomeCall")


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image(number: int, *tags: str, **more: Any) -> Image:
    """An active image without findings."""
    return msgspec.structs.replace(
        Image(
            digest=digest(number), kind="image", tags=sorted(tags), status="active",
            media_type=Absent("x"), artifact_type=Absent("x"), subject=Absent("x"), size_bytes=Known(1000),
            pushed_at=Known("2026-11-20T00:00:00Z"), last_pulled_at=Absent("x"), children=Absent("x"),
            scan=Absent("x"), signatures=Known([]), signing_status=Absent("x"),
        ),
        **more,
    )  # fmt: skip


def index(number: int, tag: str, *children: int, **more: Any) -> Image:
    """A tagged index."""
    named: Fact[list[Child]] = Known([Child(digest(n), "image", "linux/amd64") for n in children])
    return image(number, tag, **{"kind": "index", "children": named, **more})


def rule(*destinations: tuple[str, str], prefixes: Sequence[str] = ()) -> ReplicationRule:
    """A rule; no prefixes: everything."""
    return ReplicationRule(
        [NameFilter("prefix", p) for p in prefixes], [Destination(*place) for place in destinations], deletes=False
    )


def policy(*statements: dict[str, Any]) -> Known[PolicyDocument]:
    """An access policy."""
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)})
    return Known(PolicyDocument("aws_iam", text, "sha256:0"))


def allow(*principals: str, actions: Sequence[str] = ("ecr:BatchGetImage",), **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"AWS": list(principals)}, "Action": list(actions), **more}


def retention(*rules: dict[str, Any]) -> Known[PolicyDocument]:
    """A lifecycle policy."""
    return Known(PolicyDocument("ecr_lifecycle", json.dumps({"rules": list(rules)}), "sha256:0"))


@dataclass
class Scope:
    """One registry: settings of it by name, and repositories with their images and settings."""

    account: str = A
    region: str = EU
    rules: list[ReplicationRule] | Unknown = field(default_factory=list)
    repositories: dict[str, Fact[list[Image]]] = field(default_factory=dict)
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    registry: dict[str, Any] = field(default_factory=dict)
    failed: bool = False

    @property
    def id(self) -> str:
        return scope_id("ecr", self.account, self.region)


def write(folder: Path, *scopes: Scope, since: Path | None = None) -> Path:
    """A snapshot of the scopes, joined."""
    joins = Joins(since=since, expects_workloads=False)
    with SnapshotWriter(folder, now=NOW, auditor_version="0", completion=joins) as writer:
        for scope in scopes:
            _write_scope(writer, scope)
        joins.finish(writer)
    return folder


def _write_scope(writer: SnapshotWriter, scope: Scope) -> None:
    out = writer.open_scope(scope.id)
    if scope.failed:
        out.recorder.settle(Unknown(Reason.ACCESS_DENIED, "ecr:DescribeRepositories"), scope.id)
        writer.close_scope(out.finish(None))
        return
    urn = registry_urn("ecr", scope.account, scope.region)
    ref = RegistryRef(urn, "ecr", "host", scope.account, scope.region)
    for name, images in sorted(scope.repositories.items()):
        repository = _repository(name, ref, scope.settings.get(name, {}))
        derived = derive_repository(repository, images)
        out.write(
            RepositoryRecord(
                id=f"{urn}:{name}", scope=scope.id, now=NOW, repository=repository, derived=derived, images=images
            )
        )
    writer.close_scope(out.finish(_registry(scope, urn)))


def _registry(scope: Scope, urn: str) -> RegistryRecord:
    registry = Registry(
        id=urn, kind="ecr", host="host", account=scope.account, region=scope.region, organization=Absent("x"),
        repository_names=Known(sorted(scope.repositories)), selection="all", access_policy=Absent("x"),
        policy_scope=Known("all_actions"), scanning=Known(RegistryScanning("basic", [])),
        replication=scope.rules if isinstance(scope.rules, Unknown) else Known(scope.rules),
        cache_rules=Known([]), creation_templates=Known([]), signing=Known([]), settings=Known({}),
    )  # fmt: skip
    registry = msgspec.structs.replace(registry, **scope.registry)
    return RegistryRecord(id=urn, scope=scope.id, now=NOW, registry=registry, derived=derive_registry(registry))


def _repository(name: str, ref: RegistryRef, changes: dict[str, Any]) -> Repository:
    repository = Repository(
        name=name, uri=f"host/{name}", registry=ref, hosting=Known("hosted"), created_at=Absent("x"),
        immutability=Known(Immutability("all")), encryption=Known(Encryption("platform", Absent("x"), Absent("x"))),
        scan_on_push=Known(True), scanning=Known(ScanSettings("basic", "on_push", "repository")),
        resource_tags=Absent("x"), access_policy=Absent("x"), retention_policy=Absent("x"), size_bytes=Known(1000),
    )  # fmt: skip
    return msgspec.structs.replace(repository, **changes)


def record(folder: Path, scope: Scope, name: str) -> RepositoryRecord:
    """A repository's record as it was written, checked against the model."""
    for line in (folder / "parts" / f"{part_stem(scope.id)}.jsonl").read_bytes().splitlines():
        found = msgspec.json.decode(line, type=RepositoryRecord)
        if found.repository.name == name:
            return found
    raise AssertionError(name)


def context(folder: Path, scope: Scope) -> RegistryRecord:
    """A registry's record as it was written."""
    content = (folder / "parts" / f"{part_stem(scope.id)}.context.json").read_bytes()
    return msgspec.json.decode(content, type=RegistryRecord)
