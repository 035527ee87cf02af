"""Snapshots with lifecycle policies and workloads, as a collection would write them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from auditor.analysis.derive import derive_registry, derive_repository
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import Registry, RegistryRecord, Repository, RepositoryRecord
from auditor.inventory.parts import Encryption, Immutability, PolicyDocument, RegistryRef
from auditor.inventory.scanning import RegistryScanning, ScanSettings
from auditor.inventory.workloads import Workload, WorkloadRecord, WorkloadsContext
from auditor.inventory.writing import SnapshotWriter
from auditor.run.joins.complete import Joins
from tests.support.lifecycle_worlds import NOW

ACCOUNT, REGION = "111111111111", "eu-west-1"
URN = f"urn:cr:ecr:{ACCOUNT}:{REGION}"
SCOPE = f"ecr/{ACCOUNT}/{REGION}"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
WORKLOADS = f"workloads/{ACCOUNT}/{REGION}"
_ABSENT = Absent("ecr:Call")


def write(
    path: Path,
    repositories: dict[str, tuple[dict[str, Any] | None, Sequence[Image]]],
    running: Sequence[str] | None = None,
) -> Path:
    """A snapshot of repositories (policy document or None, images). `running`: image references in use; None: unread."""
    joins = Joins(since=None, expects_workloads=running is not None)
    with SnapshotWriter(path, now=NOW, auditor_version="test", completion=joins) as writer:
        if running is not None:
            _workloads(writer, running)
        scope = writer.open_scope(SCOPE)
        for name, (policy, images) in sorted(repositories.items()):
            scope.write(record(name, policy, images))
            scope.recorder.settle(Known(True), name)
        writer.close_scope(scope.finish(_registry(sorted(repositories))))
        joins.finish(writer)
    return path


def record(name: str, policy: dict[str, Any] | None, images: Sequence[Image]) -> RepositoryRecord:
    """One repository, before any join."""
    repository = Repository(
        name=name,
        uri=f"{HOST}/{name}",
        registry=RegistryRef(URN, "ecr", HOST, ACCOUNT, REGION),
        hosting=Known("hosted"),
        created_at=Known("2024-01-01T00:00:00Z"),
        immutability=Known(Immutability("all")),
        encryption=Known(Encryption("platform", _ABSENT, Known("provider"))),
        scan_on_push=Known(True),
        scanning=Known(ScanSettings("basic", "on_push", "repository")),
        resource_tags=Known({"Name": name}),
        access_policy=_ABSENT,
        retention_policy=_document(policy),
        size_bytes=Known(1000),
    )
    listed: Fact[list[Image]] = Known(sorted(images, key=lambda image: image.digest))
    return RepositoryRecord(
        id=f"{URN}:{name}",
        scope=SCOPE,
        now=NOW,
        repository=repository,
        derived=derive_repository(repository, listed),
        images=listed,
    )


def _document(policy: dict[str, Any] | None) -> Fact[PolicyDocument]:
    if policy is None:
        return Absent("ecr:GetLifecyclePolicy", "LifecyclePolicyNotFoundException")
    text = json.dumps(policy)
    return Known(PolicyDocument("ecr_lifecycle", text, "sha256:" + hashlib.sha256(text.encode()).hexdigest()))


def _workloads(writer: SnapshotWriter, running: Sequence[str]) -> None:
    scope = writer.open_scope(WORKLOADS)
    for number, reference in enumerate(running):
        workload = Workload(
            platform="ecs", kind="service", cluster="prod", namespace="", name=f"app-{number}", container="app",
            image=reference, digest=Absent("ecs:DescribeTasks"), running=True,
        )  # fmt: skip
        identity = f"urn:cr:ecs:{ACCOUNT}:{REGION}:service/prod/app-{number}/app"
        scope.write(WorkloadRecord(id=identity, scope=WORKLOADS, now=NOW, workload=workload))
    context = WorkloadsContext(
        id=f"urn:cr:ecs:{ACCOUNT}:{REGION}", scope=WORKLOADS, now=NOW, account=ACCOUNT, region=REGION,
        sources=Known(["ecs"]),
    )  # fmt: skip
    writer.close_scope(scope.finish(context))


def _registry(names: list[str]) -> RegistryRecord:
    registry = Registry(
        id=URN, kind="ecr", host=HOST, account=ACCOUNT, region=REGION,
        organization=Unknown(Reason.NOT_REQUESTED, "organizations:DescribeOrganization"),
        repository_names=Known(names), selection="all", access_policy=_ABSENT, policy_scope=Known("all_actions"),
        scanning=Known(RegistryScanning("basic", [])), replication=Known([]), cache_rules=Known([]),
        creation_templates=Known([]), signing=_ABSENT, settings=Known({}),
    )  # fmt: skip
    return RegistryRecord(id=URN, scope=SCOPE, now=NOW, registry=registry, derived=derive_registry(registry))
