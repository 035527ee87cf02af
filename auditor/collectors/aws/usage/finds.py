"""What was found running in one scope."""

from __future__ import annotations

from typing import Any

from auditor.collectors.distinct import DistinctWorkloads
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.names import workloads_urn
from auditor.inventory.workloads import Cluster, Platform, Workload
from auditor.inventory.writing import ScopeWriter


class Finds:
    """Collects the workloads of a scope. Filled by one thread."""

    def __init__(self, account: str, region: str) -> None:
        self._account = account
        self._region = region
        self._found = DistinctWorkloads()
        self.sources: list[str] = []
        """What was read."""
        self.unread: list[str] = []
        """What was left out without anybody having asked for it."""
        self.clusters: list[Cluster] = []

    def add(self, path: str, workload: Workload) -> None:
        """Take one container."""
        self._found.add(f"{workloads_urn(workload.platform, self._account, self._region)}:{path}", workload)

    def write(self, scope: ScopeWriter) -> int:
        """Write every workload, by id, and note what was left out; how many there are."""
        records = self._found.records(scope.id, scope.now)
        for record in records:
            scope.write(record)
        self._found.note(scope, self.unread)
        return len(records)


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
