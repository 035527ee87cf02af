"""Repositories, images and workloads for tests of usage: only what matters there has to be said."""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.analysis.derive import derive_registry, derive_repository
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Child, Image
from auditor.inventory.model import Registry, RegistryRecord, Repository, RepositoryRecord
from auditor.inventory.parts import RegistryRef
from auditor.inventory.workloads import Workload, WorkloadRecord

ACCOUNT, REGION = "111111111111", "eu-west-1"
NOW = "2026-11-24T12:00:00Z"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
NONE = Absent("test:Call")
UNREAD = Unknown(Reason.ACCESS_DENIED, "test:Call", "AccessDeniedException")


def digest(n: int) -> str:
    return f"sha256:{n:064x}"


def image(n: int, tags: list[str] | None = None, **over: Any) -> Image:
    fields: dict[str, Any] = {
        **{"digest": digest(n), "kind": "image", "tags": tags or [], "status": "active"},
        **{"media_type": NONE, "artifact_type": NONE, "subject": NONE, "size_bytes": Known(1), "pushed_at": Known(NOW)},
        **{"last_pulled_at": NONE, "children": NONE, "scan": NONE, "signatures": Known([]), "signing_status": NONE},
    }
    return Image(**{**fields, **over})


def index(n: int, tags: list[str], children: list[int], **over: Any) -> Image:
    listed = Known([Child(digest(child), "image", "linux/amd64") for child in children])
    return image(n, tags, **{"kind": "index", "children": listed, **over})


def repository(
    images: Any, name: str = "team/app", kind: Any = "ecr", host: str = HOST, **over: Any
) -> RepositoryRecord:
    urn = f"urn:cr:{kind}:{ACCOUNT}:{REGION}"
    fields: dict[str, Any] = {
        **{"name": name, "uri": f"{host}/{name}", "registry": RegistryRef(urn, kind, host, ACCOUNT, REGION)},
        **{"hosting": Known("hosted"), "created_at": Known(NOW), "immutability": NONE, "encryption": NONE},
        **{"scan_on_push": NONE, "scanning": NONE, "resource_tags": Known({}), "access_policy": NONE},
        **{"retention_policy": NONE, "size_bytes": Known(1)},
    }
    settings = Repository(**{"visibility": Known("private"), **fields, **over})
    found = Known(images) if isinstance(images, list) else images
    return RepositoryRecord(
        id=f"{urn}:{name}", scope=f"{kind}/{ACCOUNT}/{REGION}", now=NOW, repository=settings,
        derived=derive_repository(settings, found), images=found,
    )  # fmt: skip


def registry(names: list[str], kind: Any = "ecr", host: str = HOST, **over: Any) -> RegistryRecord:
    urn = f"urn:cr:{kind}:{ACCOUNT}:{REGION}"
    fields: dict[str, Any] = {
        **{"id": urn, "kind": kind, "host": host, "account": ACCOUNT, "region": REGION, "organization": NONE},
        **{"repository_names": Known(names), "selection": "all", "access_policy": NONE, "policy_scope": NONE},
        **{"scanning": NONE, "replication": Known([]), "cache_rules": Known([]), "creation_templates": Known([])},
        **{"signing": NONE, "settings": Known({})},
    }
    found = Registry(**{**fields, **over})
    return RegistryRecord(
        id=urn, scope=f"{kind}/{ACCOUNT}/{REGION}", now=NOW, registry=found, derived=derive_registry(found)
    )


def workload(reference: str, runs: Any = NONE, name: str = "app", **over: Any) -> WorkloadRecord:
    """`runs`: the number of the digest that runs, or a fact."""
    fact = Known(digest(runs)) if isinstance(runs, int) else runs
    fields: dict[str, Any] = {
        **{"platform": "ecs", "kind": "service", "cluster": "prod", "namespace": "", "name": name, "container": name},
        **{"image": reference, "digest": fact, "running": True},
    }
    return WorkloadRecord(
        id=f"urn:cr:ecs:{ACCOUNT}:{REGION}:service/prod/{name}/{name}", scope=f"workloads/{ACCOUNT}/{REGION}", now=NOW,
        workload=msgspec.convert({**msgspec.to_builtins(fields)} | over, Workload),
    )  # fmt: skip
