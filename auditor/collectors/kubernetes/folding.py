"""From objects to workloads: pods are folded into what made them, down to one record a container and image."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from auditor.analysis.references import ParsedReference, parse_reference
from auditor.analysis.usage import reference_key
from auditor.collectors.distinct import DistinctWorkloads
from auditor.collectors.kubernetes.objects import (
    MAX_IMAGE,
    Container,
    ContainerStatus,
    PodSpec,
    Thing,
    runs_as_another,
)
from auditor.collectors.kubernetes.settings import ClusterName
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.names import workloads_urn
from auditor.inventory.workloads import Workload

_PODS = "kubernetes:ListPods"
_DIGEST = re.compile(r"sha(256:[0-9a-f]{64}|512:[0-9a-f]{128})")
_ENDED = frozenset({"Succeeded", "Failed"})
_MAX_NAME = 253
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_REVISIONS = frozenset({"ReplicaSet", "ControllerRevision"})
"""What earlier states of a controller are kept in, to roll back to."""

_MADE_BY_OTHERS = ("Pod", "ReplicaSet", "Job")
"""What is folded into its owner. A Deployment that an operator made is still the Deployment."""

Key = tuple[str, str, str]
"""(namespace, kind, name) of what made a pod."""


@dataclass
class _Entry:
    """One image of one container of a workload."""

    container: Container
    spec: PodSpec
    running: bool
    non_root: bool
    digests: list[Fact[str]] = field(default_factory=list)


class Folding:
    """The objects of a cluster, or of one namespace of it. `pods_read`: whether its pods could be listed."""

    def __init__(self, things: Iterable[Thing], *, pods_read: bool = True) -> None:
        self._pods_read = pods_read
        self._by_kind: dict[str, list[Thing]] = defaultdict(list)
        self._owners: dict[Key, Key] = {}
        for thing in things:
            self._by_kind[thing.kind].append(thing)
            owner = thing.owner
            if owner is not None:
                self._owners[_key(thing)] = (_namespace(thing), owner.kind, owner.name)
        self._entries: dict[tuple[Key, str, str], _Entry] = {}

    def unrecorded(self) -> list[str]:
        """Kinds that must exist, since pods name them as their owners, and that are not among the objects."""
        named = {owner[1] for key, owner in self._owners.items() if key[1] in _MADE_BY_OTHERS}
        known = {"ReplicaSet", "Deployment", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicationController"}
        return sorted(kind for kind in named & known if not self._by_kind[kind])

    def workloads(self, cluster: ClusterName) -> DistinctWorkloads:
        """Every workload."""
        for pod in self._by_kind["Pod"]:
            self._pod(pod)
        for kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicationController", "CronJob", "Job"):
            for thing in self._by_kind[kind]:
                if kind != "Job" or not _finished(thing):
                    self._template(thing, self._made_by(_key(thing)), running=_wanted(thing))
        for kind in sorted(_REVISIONS):
            for thing in self._by_kind[kind]:
                self._revision(thing)
        found = DistinctWorkloads()
        for (key, _, _), entry in sorted(self._entries.items(), key=lambda item: item[0]):
            for digest in entry.digests:
                identity, workload = _workload(cluster, key, entry, digest)
                found.add(identity, workload)
        return found

    def _pod(self, pod: Thing) -> None:
        status = pod.status
        if pod.spec is None or (status is not None and status.phase in _ENDED):
            return
        statuses: dict[str, ContainerStatus] = {}
        if status is not None:
            for entries in (status.initContainerStatuses, status.containerStatuses, status.ephemeralContainerStatuses):
                statuses.update({entry.name: entry for entry in entries or []})
        for container in pod.spec.all_containers():
            digest = running_digest(container.image or "", statuses.get(container.name))
            self._add(self._made_by(_key(pod)), container, pod.spec, running=True).digests.append(digest)

    def _made_by(self, pod: Key) -> Key:
        """Up the chain of owners: a pod's ReplicaSet is a Deployment's. A node's own pods are nobody's."""
        key = pod
        for _ in range(len(_MADE_BY_OTHERS)):
            owner = self._owners.get(key)
            if key[1] not in _MADE_BY_OTHERS or owner is None or owner[1] == "Node":
                break
            key = owner
        return key

    def _template(self, thing: Thing, key: Key, *, running: bool) -> None:
        spec = thing.pod_spec
        for container in spec.all_containers() if spec else []:
            assert spec is not None  # noqa: S101  of the line above
            entry = self._add(key, container, spec, running=running)
            if not entry.digests:
                entry.digests.append(self._nothing_runs())

    def _revision(self, thing: Thing) -> None:
        """An earlier state, unless its images are those of the present one; without an owner it stands for itself."""
        owner = self._owners.get(_key(thing))
        spec = thing.pod_spec
        containers = list(spec.all_containers()) if spec else []
        if owner is not None and all((owner, c.name, c.image or "") in self._entries for c in containers):
            return
        if owner is None and thing.kind == "ControllerRevision":
            return
        self._template(thing, _key(thing), running=thing.kind == "ReplicaSet" and _wanted(thing))

    def _add(self, key: Key, container: Container, spec: PodSpec, *, running: bool) -> _Entry:
        place = (key, container.name, container.image or "")
        non_root = runs_as_another(container, spec)
        entry = self._entries.setdefault(place, _Entry(container, spec, running, non_root))
        entry.running = entry.running or running
        # Old pods of a rollout may be of another mind than its template.
        entry.non_root = entry.non_root and non_root
        return entry

    def _nothing_runs(self) -> Fact[str]:
        return Absent(_PODS, "no_running_pod") if self._pods_read else Unknown(Reason.PENDING, _PODS, "pods not read")


def running_digest(image: str, status: ContainerStatus | None) -> Fact[str]:
    """The digest that a container runs, from `imageID`: `repo@sha256:…`, in Docker's days `docker-pullable://…`.

    An `imageID` without a repository is the id of the image's config, which no registry knows; one of another
    repository was pulled under that name, and says nothing sure of this one.
    """
    text = (status.imageID if status else None) or ""
    if not text:
        return Unknown(Reason.PENDING, _PODS, "the container has not started")
    name, _, digest = text.rpartition("://")[2].rpartition("@")
    if not name or not _DIGEST.fullmatch(digest):
        return Unknown(Reason.UNSUPPORTED_BY_PLATFORM, _PODS, "imageID names no digest of a registry")
    wanted, found = parse_reference(image), parse_reference(name)
    if not isinstance(wanted, ParsedReference) or not isinstance(found, ParsedReference):
        return Unknown(Reason.PARSE_ERROR, _PODS, "imageID is no plain reference")
    if reference_key(wanted) != reference_key(found):
        return Unknown(Reason.UNSUPPORTED_BY_PLATFORM, _PODS, "imageID names another repository")
    return Known(digest, _PODS)


def _workload(cluster: ClusterName, key: Key, entry: _Entry, digest: Fact[str]) -> tuple[str, Workload]:
    namespace, kind, name = (_cut(part) for part in key)
    part = _cut(entry.container.name)
    identity = f"{workloads_urn('kubernetes', cluster.id, _safe(namespace))}:{_safe(kind)}/{_safe(name)}/{_safe(part)}"
    return identity, Workload(
        platform="kubernetes",
        kind=kind,
        cluster=cluster.shown,
        namespace=namespace,
        name=name,
        container=part,
        image=(entry.container.image or "")[: MAX_IMAGE + 1],
        digest=digest,
        running=entry.running,
        pull_secrets=sorted({_cut(secret.name) for secret in entry.spec.imagePullSecrets or [] if secret.name})[:100],
        service_account=_cut(entry.spec.serviceAccountName or ""),
        pull_policy=_cut(entry.container.imagePullPolicy or ""),
        non_root=entry.non_root,
    )


def _key(thing: Thing) -> Key:
    return (_namespace(thing), thing.kind, thing.metadata.name)


def _namespace(thing: Thing) -> str:
    return thing.metadata.namespace or "default"


def _wanted(thing: Thing) -> bool:
    """Whether the controller wants any pod now."""
    if thing.kind == "CronJob":
        return False
    if thing.kind == "DaemonSet":
        return thing.status is None or thing.status.desiredNumberScheduled != 0
    return thing.spec is None or thing.spec.replicas != 0


def _finished(job: Thing) -> bool:
    conditions = (job.status.conditions if job.status else None) or []
    return any(entry.type in ("Complete", "Failed") and entry.status == "True" for entry in conditions)


def _cut(text: str) -> str:
    return text[:_MAX_NAME]


def _safe(text: str) -> str:
    """A name in an id. The API server lets only such names in; a file may hold anything."""
    return _UNSAFE.sub("-", text)
