"""Joins what runs with what the registries hold: which digest a reference means, which image is in use."""

from __future__ import annotations

import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import msgspec

from auditor.analysis.references import DEFAULT_REGISTRY, ParsedReference, parse_reference
from auditor.analysis.resolution import SOURCE, Holdings, resolve
from auditor.inventory.derived import RepositoryUsage, Use, Users
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.model import Registry, Repository, RepositoryRecord
from auditor.inventory.workloads import Cluster, Resolution, WorkloadDerived, WorkloadRecord, WorkloadsContext

MOST_MISSING = 20
_OWN_HOST = frozenset({"ecr", "ecr_public", "harbor", "acr", "artifactory"})
"""Kinds of registry whose host (of a public one: host and alias) serves nobody else: what it does not list is not."""
_SAME_HOST = {"registry-1.docker.io": DEFAULT_REGISTRY, "index.docker.io": DEFAULT_REGISTRY}
_EVERY_PREFIX = "ROOT"
"""The cache rule for whatever no other rule's prefix takes."""


def reference_key(reference: ParsedReference) -> str:
    """What a reference and a repository are matched by: one registry may have several host names."""
    if reference.account:
        return f"{reference.account}/{reference.region}/{reference.repository}"
    return f"{_same(reference.registry)}/{reference.repository}"


def repository_keys(repository: Repository) -> list[str]:
    """The keys of a repository, as `reference_key`: one for each name of its registry."""
    registry = repository.registry
    if registry.kind == "ecr":
        return [f"{registry.account}/{registry.region}/{repository.name}"]
    host, slash, path = repository.uri.partition("/")
    named = [f"{_same(name)}/{repository.name}" for name in (registry.host, *registry.other_hosts)]
    return list(dict.fromkeys([f"{_same(host)}{slash}{path}", *named]))


def _same(host: str) -> str:
    """One name for hosts that are one."""
    return _SAME_HOST.get(host.lower(), host.lower())


@dataclass
class UsageBook:
    """Everything that runs, to be asked by repository. Filled first, then asked from several threads."""

    _missing: list[str] = field(default_factory=list)
    _workloads: dict[str, list[tuple[WorkloadRecord, ParsedReference]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    _asked: set[tuple[str, str]] = field(default_factory=set)
    """(account, region) of which a provider's own platforms were read."""
    _clusters: list[Cluster] = field(default_factory=list)
    _covered: set[str] = field(default_factory=set)
    _resolved: dict[str, Fact[Resolution]] = field(default_factory=dict)
    _registries: dict[str, Registry] = field(default_factory=dict)
    _everywhere: list[str] | None = None
    """What is missing for every repository; None until it is asked for."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    # ------------------------------------------------------------ filling
    def add(self, record: WorkloadRecord) -> None:
        """Take one workload. One whose image cannot be told leaves the picture incomplete."""
        reference = parse_reference(record.workload.image)
        with self._lock:
            if isinstance(reference, ParsedReference):
                self._workloads[reference_key(reference)].append((record, reference))
            else:
                self._everywhere = None
                self._missing.append(f"{record.id}: its image {record.workload.image[:200]!r} is no plain reference")

    def saw_scope(self, scope: str, context: WorkloadsContext | None) -> None:
        """A scope of workloads is done: what it covers, what it left out, which clusters are there."""
        kind, account, region = scope.split("/", 2)
        with self._lock:
            self._everywhere = None
            if kind == "workloads":
                self._asked.add((account, region))
            if context is not None:
                self._missing.extend(f"{scope}: {text}" for text in context.unread)
                self._clusters.extend(context.clusters)
                if context.covers:
                    self._covered.add(context.covers)

    def missed(self, text: str) -> None:
        """Something that may run our images was not read."""
        with self._lock:
            self._everywhere = None
            self._missing.append(text)

    def saw_registry(self, registry: Registry) -> None:
        """Remember that a registry was read, so that a repository that is not in it is surely missing."""
        # A public registry without an alias has no name of its own: the host alone is everybody's.
        hosts = [h for h in (registry.host, *registry.other_hosts) if registry.kind != "ecr_public" or "/" in h]
        places = [f"{registry.account}/{registry.region}"] if registry.kind == "ecr" else [h.lower() for h in hosts]
        with self._lock:
            self._registries.update(dict.fromkeys(places, registry))

    # ------------------------------------------------------------- asking
    def usage_of(self, record: RepositoryRecord) -> Fact[RepositoryUsage]:
        """What runs out of one repository; remembers what each reference resolved to."""
        workloads = [w for key in repository_keys(record.repository) for w in self._workloads.get(key, [])]
        if workloads and not isinstance(record.images, Known):
            return Unknown(Reason.PENDING, record.images.source, "the images of a repository in use were not read")
        uses = self._uses_of(record, workloads) if workloads else []
        missing = self.missing(record.repository)
        return Known(RepositoryUsage(not missing, missing[:MOST_MISSING], uses, group(uses)), SOURCE)

    def _uses_of(self, record: RepositoryRecord, workloads: list[tuple[WorkloadRecord, ParsedReference]]) -> list[Use]:
        held = Holdings.of(record)
        uses: list[Use] = []
        for found, reference in workloads:
            resolution = resolve(found.workload, reference, held)
            with self._lock:
                self._resolved[found.id] = resolution
            uses += _uses(found, resolution, held)
        return sorted(uses, key=lambda use: (use.workload, use.reference, use.through, use.digest))

    def missing(self, repository: Repository) -> list[str]:
        """What may run images of a repository and was not read, sorted."""
        registry = repository.registry
        with self._lock:
            if self._everywhere is None:
                self._everywhere = sorted([*self._missing, *self._uncovered()])
        missing = list(self._everywhere)
        if registry.kind == "ecr" and (registry.account, registry.region) not in self._asked:
            place = f"account {registry.account}, {registry.region}"
            missing.append(f"what runs in {place}, was not asked for (add a target of kind workloads)")
        if not (isinstance(repository.visibility, Known) and repository.visibility.value == "private"):
            missing.append("anybody may run what a public registry serves")
        return sorted(missing)

    def _uncovered(self) -> list[str]:
        """Clusters that nobody looked into. A bare name covers one cluster, not all that are called so."""
        names = Counter(cluster.name for cluster in self._clusters)
        return [
            f"what runs in the cluster {cluster.id} was not read (add a target of kind kubernetes for it)"
            for cluster in self._clusters
            if cluster.id not in self._covered and not (cluster.name in self._covered and names[cluster.name] == 1)
        ]

    def resolve(self, record: WorkloadRecord) -> WorkloadRecord:
        """The record with what its reference means, once every registry was read."""
        return msgspec.structs.replace(record, derived=WorkloadDerived(self._resolution(record)))

    def _resolution(self, record: WorkloadRecord) -> Fact[Resolution]:
        found = self._resolved.get(record.id)
        if found is not None:
            return found
        reference = parse_reference(record.workload.image)
        if not isinstance(reference, ParsedReference):
            return Unknown(Reason.PARSE_ERROR, SOURCE, "the image is no plain reference")
        registry, name = self._registry_of(reference)
        if registry is None or registry.kind not in _OWN_HOST:
            return Unknown(Reason.NOT_REQUESTED, SOURCE, f"the registry {reference.registry} was not audited")
        if registry.selection != "all" or not isinstance(registry.repository_names, Known):
            return Unknown(Reason.NOT_REQUESTED, SOURCE, "not every repository of the registry was audited")
        if name in registry.repository_names.value:
            return Unknown(Reason.PENDING, SOURCE, "the images of the repository were not read")
        return _no_repository(registry, name)

    def _registry_of(self, reference: ParsedReference) -> tuple[Registry | None, str]:
        """The registry that a reference is of, and the repository's name in it."""
        if reference.account:
            return self._registries.get(f"{reference.account}/{reference.region}"), reference.repository
        host = _same(reference.registry)
        alias, slash, name = reference.repository.partition("/")
        aliased = self._registries.get(f"{host}/{alias}") if slash else None
        # Public registries share one host: the first part of the path says whose it is.
        return (aliased, name) if aliased else (self._registries.get(host), reference.repository)


def _no_repository(registry: Registry, name: str) -> Fact[Resolution]:
    """A repository that is not there; a pull may make it, where a cache rule takes its prefix."""
    rules = registry.cache_rules
    if isinstance(rules, Unknown) and rules.reason is not Reason.UNSUPPORTED_BY_PLATFORM:
        return Unknown(rules.reason, rules.source, "a pull-through cache may make the repository")
    for rule in rules.value if isinstance(rules, Known) else []:
        if rule.prefix == _EVERY_PREFIX or name.startswith(f"{rule.prefix}/"):
            return Unknown(Reason.NOT_REQUESTED, SOURCE, "a pull-through cache makes the repository at the next pull")
    return Known(Resolution("repository_missing", "", ""), SOURCE)


def _uses(found: WorkloadRecord, resolution: Fact[Resolution], held: Holdings) -> list[Use]:
    """Everything that one workload keeps in use; one use without a digest where that is nothing."""
    workload = found.workload
    what = resolution.value if isinstance(resolution, Known) else None
    digest = what.digest if what and what.digest and held.state(what.digest) else ""
    reasons = {digest: ""}
    if digest:
        reasons.update({other: digest for other in held.related(digest) if other not in reasons})
    later: dict[str, str] = {}
    if what and what.tag_digest and what.tag_digest not in reasons:
        # The next start takes what the tag points to by then.
        later = {other: digest for other in (what.tag_digest, *held.related(what.tag_digest)) if other not in reasons}
    return [
        Use(other, workload.image, found.id, running, workload.label, through, non_root=workload.non_root)
        for digests, running in ((reasons, workload.running), (later, False))
        for other, through in digests.items()
    ]


def group(uses: list[Use]) -> dict[str, Users]:
    """Who uses each digest. What runs comes before what is only kept ready."""
    labels: dict[str, tuple[set[str], set[str]]] = defaultdict(lambda: (set(), set()))
    as_root: set[str] = set()
    for use in uses:
        if not use.non_root:
            as_root.add(use.digest)
        if use.digest:
            labels[use.digest][0 if use.running else 1].add(use.label or use.workload)
    return {
        digest: Users(min(running or ready), len(running or ready) - 1, bool(running), non_root=digest not in as_root)
        for digest, (running, ready) in sorted(labels.items())
    }
