"""The ECR collector: accounts × regions, each a scope of the snapshot.

Source of the operations and their shapes: botocore's ecr model (API version 2015-09-21).
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any, ClassVar, Literal

import msgspec

from auditor import __version__
from auditor.analysis.derive import derive_registry
from auditor.collectors.aws import costs
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.ecr_bulk import KeyManagers, ResourceTags, submit_scanning
from auditor.collectors.aws.ecr_images import ImageReader
from auditor.collectors.aws.ecr_registry import RegistryFacts
from auditor.collectors.aws.ecr_repository import Lookups, RepositoryReader
from auditor.collectors.aws.failures import CallFailedError
from auditor.collectors.aws.reuse import UNCHECKED, Reuse, find_reuse
from auditor.collectors.aws.scopes import ENTRY_CALLS, Visit, visit_scopes
from auditor.collectors.aws.selection import selected
from auditor.collectors.aws.settings import EcrSettings, RepositoryFilter
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.model import Registry, RegistryRecord, RepositoryRecord
from auditor.inventory.names import registry_urn
from auditor.inventory.parts import RegistryRef
from auditor.inventory.plan import ScopePlan
from auditor.inventory.writing import ScopeWriter, SnapshotWriter
from auditor.ports import Phase

KIND: Literal["ecr"] = "ecr"
_LIST = "ecr:DescribeRepositories"

Progress = Callable[[str, int], None]


class EcrCollector:
    """See `ports.Collector`."""

    kind: ClassVar[str] = KIND
    phase: ClassVar[Phase] = "registries"
    schema: ClassVar[tuple[str, str]] = ("auditor.collectors.aws", "ecr_target.json")
    calls: ClassVar[frozenset[str]] = ENTRY_CALLS | frozenset(
        {
            "cloudtrail:LookupEvents",
            "ecr:BatchGetImage",
            "ecr:BatchGetRepositoryScanningConfiguration",
            "ecr:DescribeImageScanFindings",
            "ecr:DescribeImageSigningStatus",
            "ecr:DescribeImages",
            "ecr:DescribePullThroughCacheRules",
            "ecr:DescribeRegistry",
            "ecr:DescribeRepositories",
            "ecr:DescribeRepositoryCreationTemplates",
            "ecr:GetAccountSetting",
            "ecr:GetLifecyclePolicy",
            "ecr:GetRegistryPolicy",
            "ecr:GetRegistryScanningConfiguration",
            "ecr:GetRepositoryPolicy",
            "ecr:GetSigningConfiguration",
            "ecr:ListImageReferrers",
            "ecr:ListPullTimeUpdateExclusions",
            "ecr:ListTagsForResource",
            "kms:DescribeKey",
            "tagging:GetResources",
        }
    )

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> None:
        """See `ports.Collector.collect`."""
        settings = msgspec.convert(target, EcrSettings)
        visit_scopes(settings, writer, progress, kind=KIND, work=lambda visit: _ScopeRun(settings, visit).read())

    def plan(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> list[ScopePlan]:
        """See `ports.Planner.plan`."""
        return costs.plan(target, writer, progress, KIND)


def _fingerprint(settings: EcrSettings) -> str:
    """A digest over what decides how a repository's record comes out."""
    content = [__version__, settings.read_manifests, settings.read_configs, settings.scan_details]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]


class _ScopeRun:
    """Collects one account and region."""

    def __init__(self, settings: EcrSettings, visit: Visit) -> None:
        self._settings = settings
        self._visit = visit
        self._account = visit.account.id
        self._region = visit.region
        self._urn = registry_urn(KIND, self._account, self._region)

    def read(self) -> RegistryRecord:
        """Read everything. Errors: `CallFailedError` when the repositories cannot be listed."""
        visit, scope = self._visit, self._visit.scope
        ecr = visit.caller("ecr")
        tagging = visit.caller("resourcegroupstaggingapi", "tagging")
        scope.fingerprint = _fingerprint(self._settings)
        entries, complete = self._list(ecr)
        scope.recorder.settle(Known(True), scope.id)
        reuse = find_reuse(visit, self._settings, len(entries))
        facts = RegistryFacts(ecr, scope.recorder, visit.pool, self._urn, reuse.registry)
        tags = ResourceTags(ecr, tagging, scope.recorder, visit.pool)
        ref = RegistryRef(self._urn, KIND, self._host(), self._account, self._region)
        keys = KeyManagers(lambda: visit.caller("kms"), scope.recorder)
        names = [str(entry["repositoryName"]) for entry in entries]
        lookups = Lookups(
            registry=facts,
            scanning=submit_scanning(ecr, scope.recorder, visit.pool, names, self._urn),
            resource_tags=tags.of,
            key_manager=keys.of,
        )
        images = ImageReader(ecr, scope.recorder, self._settings)
        reader = RepositoryReader(ecr, scope.recorder, images, ref, scope.id, scope.now)
        gone = self._repositories(scope, reader, entries, lookups, reuse)
        listed: Fact[list[str]] = (
            Known([name for name in names if name not in gone], _LIST)
            if complete
            else Unknown(Reason.TRUNCATED, _LIST, "max_repositories")
        )
        return self._context(scope, facts, listed)

    def _list(self, ecr: Caller) -> tuple[list[dict[str, Any]], bool]:
        """The selected repositories by name, and whether these are all."""
        wanted = self._settings.repositories
        limit = self._settings.max_repositories
        entries = ecr.pages("DescribeRepositories", "repositories", maxResults=1000)
        found = [e for e in entries if selected(str(e["repositoryName"]), wanted.include, wanted.exclude)]
        found.sort(key=lambda entry: str(entry["repositoryName"]))
        return (found, True) if limit is None or len(found) <= limit else (found[:limit], False)

    def _repositories(
        self,
        scope: ScopeWriter,
        reader: RepositoryReader,
        entries: list[dict[str, Any]],
        lookups: Lookups,
        reuse: Reuse,
    ) -> set[str]:
        """Read with a bounded look-ahead, write in order. Returns the names that were gone meanwhile."""
        gone: set[str] = set()
        pending: deque[tuple[str, Future[RepositoryRecord]]] = deque()

        def write() -> None:
            name, future = pending.popleft()
            try:
                scope.write(future.result())
            except CallFailedError as failure:
                if not failure.gone:
                    raise
                gone.add(name)
                scope.recorder.note(f"{name} was deleted while it was read")
            self._visit.progress(scope.id, 1)

        for entry in entries:
            future = self._visit.pool.submit(reader.read, entry, lookups, reuse.of(entry))
            pending.append((str(entry["repositoryName"]), future))
            if len(pending) >= self._settings.concurrency * 2:
                write()
        while pending:
            write()
        scope.reused = reuse.count
        if reuse.count and scope.earlier is not None:
            scope.recorder.note(
                f"{reuse.count} of {len(entries)} repositories were not read again: nothing has changed them since "
                f"{scope.earlier.taken_at}; not checked again: {', '.join(UNCHECKED)}"
            )
        return gone

    def _host(self) -> str:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"{self._account}.dkr.ecr.{self._region}.{suffix}"

    def _context(self, scope: ScopeWriter, facts: RegistryFacts, names: Fact[list[str]]) -> RegistryRecord:
        organization = self._visit.organization
        registry = Registry(
            id=self._urn,
            kind=KIND,
            host=self._host(),
            account=self._account,
            region=self._region,
            organization=Known(organization)
            if organization
            else Unknown(Reason.NOT_REQUESTED, "organizations:DescribeOrganization"),
            repository_names=names,
            selection="all" if self._settings.repositories == RepositoryFilter() else "filtered",
            access_policy=facts.access_policy(),
            policy_scope=facts.policy_scope(),
            scanning=facts.scanning(),
            replication=facts.replication(),
            cache_rules=facts.cache_rules(),
            creation_templates=facts.creation_templates(),
            signing=facts.signing(),
            settings=facts.settings(),
        )
        return RegistryRecord(
            id=self._urn, scope=scope.id, now=scope.now, registry=registry, derived=derive_registry(registry)
        )
