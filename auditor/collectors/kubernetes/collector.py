"""The collector of what runs in Kubernetes: a cluster, or a namespace of one, is a scope of the snapshot."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import msgspec

from auditor.collectors.kubernetes.api import NOT_THERE, ApiServer, ListFailedError
from auditor.collectors.kubernetes.folding import Folding
from auditor.collectors.kubernetes.kubeconfig import access_of
from auditor.collectors.kubernetes.objects import Thing, read_items
from auditor.collectors.kubernetes.settings import KIND, MIB, ClusterName, KubernetesSettings, cluster_name
from auditor.errors import InputError
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.names import scope_id, workloads_urn
from auditor.inventory.workloads import WorkloadsContext
from auditor.inventory.writing import ScopeWriter, SnapshotWriter
from auditor.ports import Phase

Progress = Callable[[str, int], None]

EVERYWHERE = "all"
_SILENT = "the server did not answer an earlier request, so this one was not made"
_CORE, _APPS, _BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"
LISTS = {
    "Pod": (_CORE, "pods"),
    "ReplicationController": (_CORE, "replicationcontrollers"),
    "Deployment": (_APPS, "deployments"),
    "ReplicaSet": (_APPS, "replicasets"),
    "StatefulSet": (_APPS, "statefulsets"),
    "DaemonSet": (_APPS, "daemonsets"),
    "ControllerRevision": (_APPS, "controllerrevisions"),
    "Job": (_BATCH, "jobs"),
    "CronJob": (_BATCH, "cronjobs"),
}


class KubernetesCollector:
    """See `ports.Collector`. Its calls are lists of the API: `kubernetes:ListPods`."""

    kind: ClassVar[str] = KIND
    phase: ClassVar[Phase] = "workloads"
    schema: ClassVar[tuple[str, str]] = ("auditor.collectors.kubernetes", "kubernetes_target.json")
    calls: ClassVar[frozenset[str]] = frozenset(f"kubernetes:List{kind}s" for kind in LISTS)

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> None:
        """See `ports.Collector.collect`. Errors: `InputError` for a recorded file that cannot be read."""
        settings = msgspec.convert(target, KubernetesSettings)
        settings.check()
        if settings.file is not None:
            self._recorded(settings, Path(settings.file), writer, progress)
        else:
            self._asked(settings, writer, progress)

    def _recorded(self, settings: KubernetesSettings, path: Path, writer: SnapshotWriter, progress: Progress) -> None:
        things, unread = read_file(path, settings.max_mib * MIB)
        cluster = cluster_name(settings.cluster or "")
        wanted = settings.namespaces
        has_pods = any(thing.kind == "Pod" for thing in things)
        for namespace in wanted or [EVERYWHERE]:
            inside = [t for t in things if wanted is None or (t.metadata.namespace or "default") == namespace]
            scope = writer.open_scope(scope_id(KIND, cluster.id, namespace))
            scope.recorder.settle(Known(True), scope.id)
            folding = Folding(inside, pods_read=has_pods)
            kinds = [*([] if has_pods else ["Pod"]), *folding.unrecorded()]
            missing = [f"the file {path.name} has no {kind}s" for kind in kinds]
            _close(
                writer, scope, _Read(cluster, namespace, folding, [*unread, *missing, *_elsewhere(settings)]), progress
            )

    def _asked(self, settings: KubernetesSettings, writer: SnapshotWriter, progress: Progress) -> None:
        access = access_of(settings)
        cluster = cluster_name(settings.cluster or access.cluster)
        for namespace in settings.namespaces or [EVERYWHERE]:
            scope = writer.open_scope(scope_id(KIND, cluster.id, namespace))
            server = ApiServer(
                access, scope.recorder,
                timeout_s=settings.timeout_s, max_bytes=settings.max_mib * MIB, page_size=settings.page_size,
            )  # fmt: skip
            try:
                things, failed = _lists(server, scope, "" if namespace == EVERYWHERE else namespace)
            finally:
                server.close()
            if len(failed) == len(LISTS):
                writer.close_scope(scope.finish(None))
                continue
            folding = Folding(things, pods_read="Pod" not in failed)
            _close(writer, scope, _Read(cluster, namespace, folding, _elsewhere(settings)), progress)


def read_file(path: Path, max_bytes: int) -> tuple[list[Thing], list[str]]:
    """The objects of a recorded file, and what of it could not be read.

    Errors: `InputError` for a file that is missing, too large, or no list of objects.
    """
    hint = "record it as docs/usage.md shows"
    try:
        if path.stat().st_size > max_bytes:
            raise InputError(f"is larger than {max_bytes // MIB} MiB", path=path, hint="raise max_mib")
        items = read_items(path.read_bytes())
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path, hint=hint) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"is no list of Kubernetes objects: {error}"[:300], path=path, hint=hint) from error
    if not items.things and not items.bad:
        raise InputError("holds no pods and nothing that makes pods", path=path, hint=hint)
    unread = [f"{path.name}: {line}" for line in items.bad]
    if items.following:
        unread.append(f"{path.name} is only the first page of a list")
    return items.things, unread


def _lists(server: ApiServer, scope: ScopeWriter, namespace: str) -> tuple[list[Thing], set[str]]:
    """Every object, and the kinds that could not be listed to their end."""
    things: list[Thing] = []
    failed: set[str] = set()
    silence: Unknown | None = None
    for kind, (api, plural) in LISTS.items():
        operation = f"kubernetes:List{kind}s"
        if silence is not None:
            # A server that does not answer is not waited for once a kind.
            failed.add(kind)
            scope.recorder.settle(Unknown(silence.reason, operation, "no_answer"), scope.id, message=_SILENT)
            continue
        try:
            for items in server.list(kind, api, plural, namespace):
                things += items.things
                for line in items.bad:
                    scope.recorder.settle(Unknown(Reason.PARSE_ERROR, operation, "item"), scope.id, message=line)
        except ListFailedError as failure:
            failed.add(kind)
            if failure.fact.detail == NOT_THERE and kind != "Pod":
                scope.recorder.note(f"the cluster knows no {kind}s")
                continue
            scope.recorder.settle(failure.fact, scope.id, message=failure.message)
            silence = failure.fact if failure.fact.reason in (Reason.NETWORK, Reason.TIMEOUT) else None
            continue
        scope.recorder.settle(Known(True), scope.id)
    return things, failed


def _elsewhere(settings: KubernetesSettings) -> list[str]:
    if settings.namespaces is None:
        return []
    return ["only the namespaces that the target names were read: what runs in others is not known"]


@dataclass(frozen=True)
class _Read:
    """What was read of a scope."""

    cluster: ClusterName
    namespace: str
    folding: Folding
    unread: list[str]


def _close(writer: SnapshotWriter, scope: ScopeWriter, read: _Read, progress: Progress) -> None:
    """Write the workloads of a scope, and its context."""
    cluster = read.cluster
    found = read.folding.workloads(cluster)
    for record in found.records(scope.id, scope.now):
        scope.write(record)
        progress(scope.id, 1)
    found.note(scope, read.unread)
    context = WorkloadsContext(
        id=workloads_urn(KIND, cluster.id, read.namespace),
        scope=scope.id,
        now=scope.now,
        account=cluster.account,
        region=cluster.region,
        sources=Known([KIND]),
        unread=read.unread,
        covers=cluster.full,
    )
    writer.close_scope(scope.finish(context))
