"""Joins what runs with what the registries hold: which digest a reference means, which image is in use."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass, field

import msgspec

from auditor.analysis.references import ParsedReference, parse_reference
from auditor.inventory.derived import RepositoryUsage, Use
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import Registry, Repository, RepositoryRecord
from auditor.inventory.workloads import Resolution, Workload, WorkloadDerived, WorkloadRecord

SOURCE = "auditor:workloads"
_STATUS = {"active": "found", "archived": "archived", "activating": "activating"}


def reference_key(reference: ParsedReference) -> str:
    """What a reference and a repository are matched by: one registry may have several host names."""
    if reference.account:
        return f"{reference.account}/{reference.region}/{reference.repository}"
    return f"{reference.registry}/{reference.repository}"


def repository_keys(repository: Repository) -> list[str]:
    """The keys of a repository, as `reference_key`: one for each name of its registry."""
    registry = repository.registry
    if registry.kind == "ecr":
        return [f"{registry.account}/{registry.region}/{repository.name}"]
    named = [f"{host}/{repository.name}" for host in (registry.host, *registry.other_hosts)]
    return list(dict.fromkeys([repository.uri, *named]))


@dataclass
class UsageBook:
    """Everything that runs, to be asked by repository. Filled first, then asked from several threads."""

    missing: list[str] = field(default_factory=list)
    """Sources that were not read, each with its reason."""
    _workloads: dict[str, list[WorkloadRecord]] = field(default_factory=lambda: defaultdict(list))
    _resolved: dict[str, Resolution] = field(default_factory=dict)
    _registries: dict[str, Registry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, record: WorkloadRecord) -> None:
        """Take one workload. One whose image cannot be told leaves the picture incomplete."""
        reference = parse_reference(record.workload.image)
        with self._lock:
            if isinstance(reference, ParsedReference):
                self._workloads[reference_key(reference)].append(record)
            else:
                self.missing.append(f"{record.id}: its image {record.workload.image!r} is no plain reference")

    def usage_of(self, record: RepositoryRecord) -> Fact[RepositoryUsage]:
        """What runs out of one repository; remembers what each reference resolved to."""
        workloads = [w for key in repository_keys(record.repository) for w in self._workloads.get(key, [])]
        if workloads and not isinstance(record.images, Known):
            return Unknown(Reason.PENDING, record.images.source, "the images of a repository in use were not read")
        images = record.images.value if isinstance(record.images, Known) else []
        tags = {tag: image for image in images for tag in image.tags}
        digests = {image.digest: image for image in images}
        uses: list[Use] = []
        for found in workloads:
            resolution = _resolve(found.workload, record.repository.name, tags, digests)
            with self._lock:
                self._resolved[found.id] = resolution
            uses.append(Use(resolution.digest, found.workload.image, found.id, running=found.workload.running))
        uses.sort(key=lambda use: (use.workload, use.reference))
        return Known(RepositoryUsage(not self.missing, sorted(self.missing)[:20], uses), SOURCE)

    def saw_registry(self, registry: Registry) -> None:
        """Remember that a registry was read, so that a repository that is not in it is surely missing."""
        # A public registry without an alias has no name of its own: the host alone is everybody's.
        hosts = [h for h in (registry.host, *registry.other_hosts) if registry.kind != "ecr_public" or "/" in h]
        places = [f"{registry.account}/{registry.region}"] if registry.kind == "ecr" else hosts
        with self._lock:
            self._registries.update(dict.fromkeys(places, registry))

    def resolve(self, record: WorkloadRecord) -> WorkloadRecord:
        """The record with what its reference means, once every registry was read."""
        return msgspec.structs.replace(record, derived=WorkloadDerived(self._resolution(record)))

    def _resolution(self, record: WorkloadRecord) -> Fact[Resolution]:
        found = self._resolved.get(record.id)
        if found is not None:
            return Known(found, SOURCE)
        reference = parse_reference(record.workload.image)
        if not isinstance(reference, ParsedReference):
            return Unknown(Reason.PARSE_ERROR, SOURCE, "the image is no plain reference")
        registry, name = self._registry_of(reference)
        if registry is None:
            return Unknown(Reason.NOT_REQUESTED, SOURCE, f"the registry {reference.registry} was not audited")
        if registry.selection != "all" or not isinstance(registry.repository_names, Known):
            return Unknown(Reason.NOT_REQUESTED, SOURCE, "not every repository of the registry was audited")
        if name in registry.repository_names.value:
            return Unknown(Reason.PENDING, SOURCE, "the images of the repository were not read")
        return Known(Resolution("repository_missing", "", ""), SOURCE)

    def _registry_of(self, reference: ParsedReference) -> tuple[Registry | None, str]:
        """The registry that a reference is of, and the repository's name in it."""
        if reference.account:
            return self._registries.get(f"{reference.account}/{reference.region}"), reference.repository
        alias, slash, name = reference.repository.partition("/")
        aliased = self._registries.get(f"{reference.registry}/{alias}") if slash else None
        # Public registries share one host: the first part of the path says whose it is.
        return (aliased, name) if aliased else (self._registries.get(reference.registry), reference.repository)


def _resolve(workload: Workload, repository: str, tags: dict[str, Image], digests: dict[str, Image]) -> Resolution:
    reference = parse_reference(workload.image)
    tag = reference.tag if isinstance(reference, ParsedReference) else ""
    pinned = reference.digest if isinstance(reference, ParsedReference) else ""
    tagged = tags[tag].digest if tag in tags else ""
    running = workload.digest.value if isinstance(workload.digest, Known) else ""
    wanted = running or pinned or tagged
    if not wanted:
        return Resolution("tag_missing", repository, "")
    image = digests.get(wanted)
    if image is None:
        return Resolution("digest_missing", repository, wanted, tagged)
    if tag and not tagged and not pinned:
        # It runs, but would not start again: the tag it is started by is gone.
        return Resolution("tag_missing", repository, wanted)
    return Resolution(_STATUS[image.status], repository, wanted, tagged)  # type: ignore[arg-type]  # of the table
