"""The ECR collector: accounts × regions, each a scope of the snapshot.

Source of the operations and their shapes: botocore's ecr model (API version 2015-09-21).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import msgspec

from auditor import __version__
from auditor.analysis.derive import derive_registry
from auditor.analysis.totals import RegistryCount
from auditor.collectors.aws import costs, ecr_signatures
from auditor.collectors.aws.credential_ages import CredentialAges
from auditor.collectors.aws.ecr_bulk import ResourceTags, submit_scanning
from auditor.collectors.aws.ecr_configs import ConfigCache
from auditor.collectors.aws.ecr_images import ImageReader
from auditor.collectors.aws.ecr_login import check_registry_url
from auditor.collectors.aws.ecr_on_request import OnRequestReader
from auditor.collectors.aws.ecr_registry import RegistryFacts
from auditor.collectors.aws.ecr_repository import Lookups, RepositoryReader
from auditor.collectors.aws.inspector import Inspection, start_inspection
from auditor.collectors.aws.kms_keys import KeyReader, uses_of
from auditor.collectors.aws.named import narrowed, only_named
from auditor.collectors.aws.operations import OperationFacts, TrailBook
from auditor.collectors.aws.ordered import wanted_entries, write_in_order
from auditor.collectors.aws.reuse import UNCHECKED, Reuse, find_reuse
from auditor.collectors.aws.scopes import ENTRY_CALLS, Visit, visit_scopes
from auditor.collectors.aws.settings import EcrSettings, RepositoryFilter
from auditor.inventory.extent import NamedReference
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.keys import EncryptionKey
from auditor.inventory.model import Registry, RegistryRecord
from auditor.inventory.names import registry_urn
from auditor.inventory.parts import RegistryRef
from auditor.inventory.plan import ScopePlan
from auditor.inventory.scanning import RegistryScanning
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
    calls: ClassVar[frozenset[str]] = (
        ENTRY_CALLS
        | ecr_signatures.CALLS
        | frozenset(
            {
                "cloudtrail:DescribeTrails",
                "cloudtrail:GetEventSelectors",
                "cloudtrail:GetTrailStatus",
                "cloudtrail:LookupEvents",
                "ecr:BatchGetImage",
                "ecr:BatchGetRepositoryScanningConfiguration",
                "ecr:DescribeImageReplicationStatus",
                "ecr:DescribeImageScanFindings",
                "ecr:DescribeImageSigningStatus",
                "ecr:DescribeImages",
                "ecr:DescribePullThroughCacheRules",
                "ecr:DescribeRegistry",
                "ecr:DescribeRepositories",
                "ecr:DescribeRepositoryCreationTemplates",
                "ecr:GetAccountSetting",
                "ecr:GetDownloadUrlForLayer",
                "ecr:GetLifecyclePolicy",
                "ecr:GetRegistryPolicy",
                "ecr:GetRegistryScanningConfiguration",
                "ecr:GetRepositoryPolicy",
                "ecr:GetSigningConfiguration",
                "ecr:ListImageReferrers",
                "ecr:ListPullTimeUpdateExclusions",
                "ecr:ListTagsForResource",
                "events:ListRules",
                "events:ListTargetsByRule",
                "inspector2:BatchGetAccountStatus",
                "inspector2:ListCoverage",
                "inspector2:ListFilters",
                "inspector2:ListFindingAggregations",
                "inspector2:ListFindings",
                "kms:DescribeKey",
                "kms:GetKeyPolicy",
                "kms:GetKeyRotationStatus",
                "secretsmanager:ListSecretVersionIds",
                "servicequotas:ListAWSDefaultServiceQuotas",
                "servicequotas:ListServiceQuotas",
                "tagging:GetResources",
            }
        )
    )

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> None:
        """See `ports.Collector.collect`."""
        settings = msgspec.convert(target, EcrSettings)
        check_registry_url(settings)
        configs, trails = ConfigCache(settings), TrailBook()
        visit_scopes(
            settings,
            writer,
            progress,
            kind=KIND,
            work=lambda visit: _ScopeRun(settings, only_named(visit, settings.named), configs, trails, writer).read(),
        )

    def narrow(
        self, target: Mapping[str, Any], references: Sequence[NamedReference]
    ) -> tuple[dict[str, Any], list[NamedReference]]:
        """See `ports.ReferenceReader.narrow`."""
        return narrowed(target, references)

    def plan(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> list[ScopePlan]:
        """See `ports.Planner.plan`."""
        return costs.plan(target, writer, progress, KIND)


def _fingerprint(settings: EcrSettings) -> str:
    """A digest over what decides how a repository's record comes out."""
    content = [
        __version__,
        settings.read_manifests,
        settings.read_configs,
        settings.read_signatures,
        settings.read_replication_status,
        settings.read_inspector,
        settings.scan_details,
    ]
    return hashlib.sha256(msgspec.json.encode(content)).hexdigest()[:16]


class _ScopeRun:
    """Collects one account and region."""

    def __init__(
        self, settings: EcrSettings, visit: Visit, configs: ConfigCache, trails: TrailBook, writer: SnapshotWriter
    ) -> None:
        self._writer = writer
        self._settings = settings
        self._configs = configs
        self._trails = trails
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
        listing = list(ecr.pages("DescribeRepositories", "repositories", maxResults=1000))
        entries, complete = wanted_entries(listing, self._settings.repositories, self._settings.max_repositories)
        scope.recorder.settle(Known(True), scope.id)
        operations = OperationFacts(visit, self._urn, self._trails, wanted=self._settings.read_operations)
        reuse = find_reuse(visit, self._settings, len(entries))
        secrets = CredentialAges(lambda: visit.caller("secretsmanager"), scope.recorder)
        facts = RegistryFacts(ecr, scope.recorder, visit.pool, self._urn, secrets, reuse.registry)
        tags = ResourceTags(ecr, tagging, scope.recorder, visit.pool)
        ref = RegistryRef(self._urn, KIND, self._host(), self._account, self._region)
        keys = KeyReader(lambda: visit.caller("kms"), scope.recorder, self._region, self._account)
        names = [str(entry["repositoryName"]) for entry in entries]
        inspection = start_inspection(
            visit,
            facts.scanning(),
            names,
            wanted=self._settings.read_inspector,
            scans=self._settings.scan_details != "never",
        )
        lookups = Lookups(
            registry=facts,
            scanning=submit_scanning(ecr, scope.recorder, visit.pool, names, self._urn),
            resource_tags=tags.of,
            key_manager=keys.manager,
        )
        images = ImageReader(ecr, scope.recorder, self._settings, inspection)
        on_request = OnRequestReader(ecr, scope.recorder, self._settings, self._configs, ref)
        count = RegistryCount()
        with ecr_signatures.EcrSignatureReader(ecr, scope.recorder, self._settings, ref, self._writer) as signatures:
            reader = RepositoryReader(ecr, scope.recorder, images, on_request, signatures, ref, scope.id, scope.now)
            gone = write_in_order(
                visit,
                entries,
                lambda entry: visit.complete(reader.read(entry, lookups, reuse.of(entry))),
                lambda record: count.add(record.repository, record.images),
            )
        _note_reuse(scope, reuse, len(entries))
        listed: Fact[list[str]] = (
            Known([name for name in names if name not in gone], _LIST)
            if complete
            else Unknown(Reason.TRUNCATED, _LIST, "max_repositories")
        )
        record = self._context(facts, listed, keys.read(uses_of(entries, gone)), operations, inspection())
        totals = Known(count.totals(len(listing) - len(entries)), _LIST)
        return msgspec.structs.replace(record, derived=msgspec.structs.replace(record.derived, totals=totals))

    def _host(self) -> str:
        suffix = "amazonaws.com.cn" if self._region.startswith("cn-") else "amazonaws.com"
        return f"{self._account}.dkr.ecr.{self._region}.{suffix}"

    def _context(
        self,
        facts: RegistryFacts,
        names: Fact[list[str]],
        keys: Fact[list[EncryptionKey]],
        operations: OperationFacts,
        inspection: Inspection,
    ) -> RegistryRecord:
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
            selection="all"
            if self._settings.repositories == RepositoryFilter() and not self._settings.named
            else "filtered",
            visibility=Known("private"),
            access_policy=facts.access_policy(),
            policy_scope=facts.policy_scope(),
            scanning=_with_state(facts.scanning(), inspection.active),
            replication=facts.replication(),
            cache_rules=facts.cache_rules(),
            creation_templates=facts.creation_templates(),
            signing=facts.signing(),
            settings=facts.settings(),
            keys=keys,
            suppressions=inspection.suppressions,
            trails=operations.trails(),
            event_rules=operations.event_rules(),
            quotas=operations.quotas(),
        )
        return RegistryRecord(
            id=self._urn,
            scope=self._visit.scope.id,
            now=self._visit.scope.now,
            registry=registry,
            derived=derive_registry(registry),
        )


def _note_reuse(scope: ScopeWriter, reuse: Reuse, repositories: int) -> None:
    """Say in the snapshot how much of a scope was not read again."""
    scope.reused = reuse.count
    if reuse.count and scope.earlier is not None:
        scope.recorder.note(
            f"{reuse.count} of {repositories} repositories were not read again: nothing has changed them since "
            f"{scope.earlier.taken_at}; not checked again: {', '.join(UNCHECKED)}"
        )


def _with_state(scanning: Fact[RegistryScanning], active: Fact[bool]) -> Fact[RegistryScanning]:
    """The registry's scan configuration, with whether its scanner is on."""
    if not isinstance(scanning, Known):
        return scanning
    return Known(msgspec.structs.replace(scanning.value, active=active), scanning.source)
