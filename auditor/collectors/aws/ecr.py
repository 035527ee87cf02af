"""The ECR collector: accounts × regions, each a scope of the snapshot.

Source of the operations and their shapes: botocore's ecr model (API version 2015-09-21).
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ClassVar, Literal

import msgspec

from auditor.analysis.derive import derive_registry
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.ecr_bulk import KeyManagers, ResourceTags, submit_scanning
from auditor.collectors.aws.ecr_images import ImageReader
from auditor.collectors.aws.ecr_registry import RegistryFacts
from auditor.collectors.aws.ecr_repository import Lookups, RepositoryReader
from auditor.collectors.aws.failures import CallFailedError
from auditor.collectors.aws.pace import Pace
from auditor.collectors.aws.selection import selected
from auditor.collectors.aws.session import Account, enter_accounts, make_client, regions_of
from auditor.collectors.aws.settings import EcrSettings, RepositoryFilter
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.model import Registry, RegistryRecord, RegistryRef, RepositoryRecord
from auditor.inventory.names import registry_urn, scope_id
from auditor.inventory.store import ScopeWriter, SnapshotWriter
from auditor.ports import Phase

SCOPES_AT_ONCE = 4
KIND: Literal["ecr"] = "ecr"
_LIST = "ecr:DescribeRepositories"

Progress = Callable[[str, int], None]


class EcrCollector:
    """See `ports.Collector`."""

    kind: ClassVar[str] = KIND
    phase: ClassVar[Phase] = "registries"
    schema: ClassVar[tuple[str, str]] = ("auditor.collectors.aws", "target_schema.json")
    calls: ClassVar[frozenset[str]] = frozenset(
        {
            "account:ListRegions",
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
            "sts:AssumeRole",
            "sts:GetCallerIdentity",
            "tagging:GetResources",
        }
    )

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> None:
        """See `ports.Collector.collect`."""
        settings = msgspec.convert(target, EcrSettings)
        in_flight = threading.Semaphore(settings.concurrency)
        requests = ThreadPoolExecutor(settings.concurrency, thread_name_prefix="ecr")
        scopes = ThreadPoolExecutor(SCOPES_AT_ONCE, thread_name_prefix="scope")
        try:
            running = [
                scopes.submit(_ScopeRun(settings, account, region, writer, progress).run, in_flight, requests)
                for account, region in _places(settings, writer)
            ]
            for future in running:
                future.result()
        finally:
            scopes.shutdown(wait=True, cancel_futures=True)
            requests.shutdown(wait=True, cancel_futures=True)


def _places(settings: EcrSettings, writer: SnapshotWriter) -> Iterator[tuple[Account, str]]:
    """Every account and region; those that cannot be entered become scopes that say why."""
    for account in enter_accounts(settings):
        failure = account.failure
        regions: list[str] = settings.regions if isinstance(settings.regions, list) else ["unknown"]
        if failure is None:
            try:
                regions = regions_of(account, settings)
            except CallFailedError as error:
                failure = error
        for region in regions:
            if failure is None:
                yield account, region
            else:
                scope = writer.open_scope(scope_id(KIND, account.id, region))
                scope.recorder.settle(failure.fact, scope.id, message=failure.message)
                writer.close_scope(scope.finish(None))


class _ScopeRun:
    """Collects one account and region."""

    def __init__(
        self, settings: EcrSettings, account: Account, region: str, writer: SnapshotWriter, progress: Progress
    ) -> None:
        self._settings = settings
        self._account = account
        self._region = region
        self._writer = writer
        self._progress = progress
        self._urn = registry_urn(KIND, account.id, region)

    def run(self, in_flight: threading.Semaphore, pool: ThreadPoolExecutor) -> None:
        """Read everything and close the scope, whatever fails."""
        scope = self._writer.open_scope(scope_id(KIND, self._account.id, self._region))
        pace = Pace(in_flight, self._settings.rate, self._settings.region_timeout_s)
        ecr, tagging, kms = (
            Caller(
                make_client(self._account.session, service, self._region, self._settings), prefix, pace, scope.recorder
            )
            for service, prefix in (("ecr", "ecr"), ("resourcegroupstaggingapi", "tagging"), ("kms", "kms"))
        )
        facts = RegistryFacts(ecr, scope.recorder, pool, self._urn)
        tags = ResourceTags(ecr, tagging, scope.recorder, pool)
        try:
            entries, complete = self._list(ecr)
        except CallFailedError as failure:
            scope.recorder.settle(failure.fact, scope.id, message=failure.message)
            self._writer.close_scope(scope.finish(None))
            return
        scope.recorder.settle(Known(True), scope.id)
        ref = RegistryRef(self._urn, KIND, self._host(), self._account.id, self._region)
        keys = KeyManagers(kms, scope.recorder)
        names = [str(entry["repositoryName"]) for entry in entries]
        lookups = Lookups(
            registry=facts,
            scanning=submit_scanning(ecr, scope.recorder, pool, names, self._urn),
            resource_tags=tags.of,
            key_manager=keys.of,
        )
        images = ImageReader(ecr, scope.recorder, self._settings)
        reader = RepositoryReader(ecr, scope.recorder, images, ref, scope.id, scope.now)
        gone = self._repositories(scope, reader, entries, lookups, pool)
        listed: Fact[list[str]] = (
            Known([name for name in names if name not in gone], _LIST)
            if complete
            else Unknown(Reason.TRUNCATED, _LIST, "max_repositories")
        )
        self._writer.close_scope(scope.finish(self._context(scope, facts, listed)))

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
        pool: ThreadPoolExecutor,
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
            self._progress(scope.id, 1)

        for entry in entries:
            pending.append((str(entry["repositoryName"]), pool.submit(reader.read, entry, lookups)))
            if len(pending) >= self._settings.concurrency * 2:
                write()
        while pending:
            write()
        return gone

    def _host(self) -> str:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"{self._account.id}.dkr.ecr.{self._region}.{suffix}"

    def _context(self, scope: ScopeWriter, facts: RegistryFacts, names: Fact[list[str]]) -> RegistryRecord:
        organization = self._settings.organization
        registry = Registry(
            id=self._urn,
            kind=KIND,
            host=self._host(),
            account=self._account.id,
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
