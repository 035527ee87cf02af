"""The collector of what runs on AWS: accounts × regions, each a scope of the snapshot.

What a service does not let us read leaves usage incomplete, and the other services go on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal

import msgspec

from auditor.collectors.aws.scopes import Visit, visit_scopes
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.aws.usage import app_runner, batch, codebuild, ecs, eks, lambdas, sagemaker
from auditor.collectors.aws.usage.finds import Finds
from auditor.inventory.facts import Known
from auditor.inventory.names import workloads_urn
from auditor.inventory.workloads import WorkloadsContext
from auditor.inventory.writing import SnapshotWriter
from auditor.ports import Phase

KIND: Literal["workloads"] = "workloads"
ServiceName = Literal["ecs", "lambda", "app_runner", "batch", "sagemaker", "codebuild", "eks"]
_SIMPLE: dict[str, Callable[[Visit, Finds], None]] = {
    "lambda": lambdas.read,
    "app_runner": app_runner.read,
    "batch": batch.read,
    "sagemaker": sagemaker.read,
    "codebuild": codebuild.read,
    "eks": eks.read,
}
_SERVICES: list[ServiceName] = ["ecs", "lambda", "app_runner", "batch", "sagemaker", "codebuild", "eks"]


class WorkloadsSettings(AwsSettings, frozen=True, kw_only=True):
    """A target of kind `workloads`."""

    kind: Literal["workloads"] = KIND
    services: list[ServiceName] = msgspec.field(default_factory=lambda: list(_SERVICES))
    task_definition_revisions: int | Literal["all"] | None = None

    @property
    def revisions(self) -> int | None:
        """As `Definitions` takes it."""
        return 0 if self.task_definition_revisions == "all" else self.task_definition_revisions


class WorkloadsCollector:
    """See `ports.Collector`."""

    kind: ClassVar[str] = KIND
    phase: ClassVar[Phase] = "workloads"
    schema: ClassVar[tuple[str, str]] = ("auditor.collectors.aws", "workloads_target.json")
    calls: ClassVar[frozenset[str]] = (
        frozenset({"account:ListRegions", "sts:AssumeRole", "sts:GetCallerIdentity"})
        | ecs.CALLS
        | lambdas.CALLS
        | app_runner.CALLS
        | batch.CALLS
        | sagemaker.CALLS
        | codebuild.CALLS
        | eks.CALLS
    )

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Callable[[str, int], None]) -> None:
        """See `ports.Collector.collect`."""
        settings = msgspec.convert(target, WorkloadsSettings)
        visit_scopes(settings, writer, progress, kind=KIND, work=lambda visit: _read(settings, visit))


def _read(settings: WorkloadsSettings, visit: Visit) -> WorkloadsContext:
    """Read one account and region. One service after the other; each asks several things at once."""
    scope = visit.scope
    finds = Finds(visit.account.id, visit.region)
    for name in _SERVICES:
        if name not in settings.services:
            continue
        if name == "ecs":
            ecs.read(visit, finds, settings.revisions)
        else:
            _SIMPLE[name](visit, finds)
    visit.progress(scope.id, finds.write(scope))
    return WorkloadsContext(
        id=workloads_urn("aws", visit.account.id, visit.region),
        scope=scope.id,
        now=scope.now,
        account=visit.account.id,
        region=visit.region,
        sources=Known(finds.sources),
        unread=finds.unread,
        clusters=finds.clusters,
    )
