"""What was found running in one scope."""

from __future__ import annotations

from typing import Any

from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.names import workloads_urn
from auditor.inventory.workloads import Cluster, Platform, Workload, WorkloadRecord

_DIGEST_SHOWN = 12


class Finds:
    """Collects the workloads of a scope, each under an id of its own. Filled by one thread."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region
        self._found: dict[str, Workload] = {}
        self.sources: list[str] = []
        """What was read."""
        self.unread: list[str] = []
        """What was left out without anybody having asked for it."""
        self.clusters: list[Cluster] = []

    def add(self, path: str, workload: Workload) -> None:
        """Take one container. The same one of several tasks is one workload; other images of it are others."""
        identity = f"{workloads_urn(workload.platform, self._account, self._region)}:{path}"
        if self._found.get(identity, workload) != workload:
            mark = _digest(workload.digest) or workload.image.rpartition(":")[2]
            identity = f"{identity}@{mark}"
        self._found[identity] = workload

    def records(self, scope: str, now: str) -> list[WorkloadRecord]:
        """Every workload as a record, by id."""
        return [
            WorkloadRecord(id=identity, scope=scope, now=now, workload=self._found[identity])
            for identity in sorted(self._found)
        ]


def container(
    platform: Platform,
    kind: str,
    name: str,
    part: str,
    image: str,
    *,
    running: bool,
    digest: Fact[str] | None = None,
    **more: Any,
) -> Workload:
    """A workload of a platform without namespaces. Without `digest`: the platform does not say; `more`: its fields."""
    return Workload(
        platform=platform,
        kind=kind,
        cluster=more.get("cluster", ""),
        namespace="",
        name=name,
        container=part,
        image=image,
        digest=digest or Unknown(Reason.UNSUPPORTED_BY_PLATFORM, platform, "the platform does not say"),
        running=running,
        tags=more.get("tags", {}),
    )


def resolved(reference: str, source: str) -> Fact[str]:
    """The digest of a reference that a platform has resolved, as `repo@sha256:…`."""
    digest = reference.partition("@")[2]
    return Known(digest, source) if digest else Absent(source, "no_digest")


def _digest(fact: Fact[str]) -> str:
    return fact.value.partition(":")[2][:_DIGEST_SHOWN] if isinstance(fact, Known) else ""
