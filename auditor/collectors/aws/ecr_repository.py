"""Reads one repository with all that belongs to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from auditor.analysis.derive import derive_repository
from auditor.analysis.totals import total_size
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.ecr_images import ImageReader
from auditor.collectors.aws.ecr_on_request import OnRequestReader
from auditor.collectors.aws.ecr_registry import RegistryFacts
from auditor.collectors.aws.ecr_signatures import EcrSignatureReader
from auditor.collectors.aws.reuse import Kept
from auditor.collectors.aws.words import FREQUENCIES, document, encryption, immutability, time_fact, wildcard
from auditor.collectors.failed import fact_of
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.model import Repository, RepositoryRecord
from auditor.inventory.names import repository_urn
from auditor.inventory.parts import PolicyDocument, RegistryRef
from auditor.inventory.recorder import Recorder
from auditor.inventory.replication import CacheRule
from auditor.inventory.scanning import RegistryScanning, ScanSettings

LIST = "ecr:DescribeRepositories"
ROOT_PREFIX = "ROOT"


@dataclass(frozen=True)
class Lookups:
    """What was or is read for many repositories at once."""

    registry: RegistryFacts
    scanning: Callable[[str], Fact[dict[str, Any]]]
    """Repository name -> its entry of BatchGetRepositoryScanningConfiguration."""
    resource_tags: Callable[[str, str, Fact[dict[str, str]] | None], Fact[dict[str, str]]]
    """(name, ARN, earlier tags where nothing touched them) -> tags."""
    key_manager: Callable[[str], Fact[Any]]
    """KMS key -> `customer` or `provider`."""


class RepositoryReader:
    """Reads repositories of one scope; safe to use from many threads."""

    def __init__(
        self,
        ecr: Caller,
        recorder: Recorder,
        images: ImageReader,
        on_request: OnRequestReader,
        signatures: EcrSignatureReader,
        ref: RegistryRef,
        scope: str,
        now: str,
    ) -> None:
        self._ecr = ecr
        self._recorder = recorder
        self._images = images
        self._on_request = on_request
        self._signatures = signatures
        self._ref = ref
        self._scope = scope
        self._now = now

    def read(self, entry: dict[str, Any], lookups: Lookups, kept: Kept | None = None) -> RepositoryRecord:
        """The record of one repository of DescribeRepositories; `kept`: what an earlier snapshot tells of it.

        Errors: `CallFailedError` when it is gone.
        """
        name = str(entry["repositoryName"])
        urn = repository_urn(self._ref.id, name)
        old = kept.record if kept else None
        if kept and kept.images:
            images = self._settled(kept.images_now(), urn)
        else:
            images = self._images.read(name, urn, lookups.registry.signing())
            images = self._on_request.read(name, urn, images, lookups.registry.replication)
        images = self._signatures.read(name, urn, images)
        repository = Repository(
            name=name,
            uri=str(entry.get("repositoryUri", "")),
            registry=self._ref,
            hosting=_hosting(name, lookups.registry.cache_rules()),
            created_at=time_fact(entry, "createdAt", LIST),
            immutability=self._settled(immutability(entry, LIST), urn),
            encryption=self._settled(encryption(entry, self._manager(entry, lookups, urn), LIST), urn),
            scan_on_push=_flag(entry),
            scanning=_scanning(entry, lookups.registry.scanning(), lookups.scanning(name)),
            resource_tags=lookups.resource_tags(
                name, str(entry["repositoryArn"]), old.repository.resource_tags if old else None
            ),
            access_policy=self._settled(old.repository.access_policy, urn)
            if old
            else fact_of(lambda: self._access(name), recorder=self._recorder, affects=urn),
            retention_policy=self._settled(old.repository.retention_policy, urn)
            if old
            else fact_of(lambda: self._retention(name), recorder=self._recorder, affects=urn),
            size_bytes=total_size(images),
            visibility=Known("private"),
        )
        return RepositoryRecord(
            id=urn,
            scope=self._scope,
            now=self._now,
            repository=repository,
            derived=derive_repository(repository, images),
            images=images,
            reused=Known(kept.reused) if kept else Absent("auditor:since"),
        )

    def _settled(self, fact: Fact[Any], urn: str) -> Fact[Any]:
        self._recorder.settle(fact, urn)
        return fact

    def _access(self, name: str) -> Known[PolicyDocument] | Absent:
        text = self._ecr.call("GetRepositoryPolicy", repositoryName=name)["policyText"]
        return Known(document(text, "aws_iam"), "ecr:GetRepositoryPolicy")

    def _retention(self, name: str) -> Known[PolicyDocument] | Absent:
        text = self._ecr.call("GetLifecyclePolicy", repositoryName=name)["lifecyclePolicyText"]
        return Known(document(text, "ecr_lifecycle"), "ecr:GetLifecyclePolicy")

    def _manager(self, entry: dict[str, Any], lookups: Lookups, urn: str) -> Fact[Any]:
        key = (entry.get("encryptionConfiguration") or {}).get("kmsKey")
        if not key:
            return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, "kms:DescribeKey", "no key id")
        parts = str(key).split(":")
        here = [self._ref.region, self._ref.account]
        if len(parts) > 4 and parts[3:5] != here:  # noqa: PLR2004  an ARN's fourth and fifth part: region, account
            fact = Unknown(Reason.ACCESS_DENIED, "kms:DescribeKey", f"the key is in {parts[3]} of account {parts[4]}")
            self._recorder.settle(fact, urn)
            return fact
        return lookups.key_manager(str(key))


def _flag(entry: dict[str, Any]) -> Fact[bool]:
    found = entry.get("imageScanningConfiguration")
    return Absent(LIST) if found is None else Known(bool(found.get("scanOnPush", False)))


def _hosting(name: str, rules: Fact[list[CacheRule]]) -> Fact[Any]:
    if not isinstance(rules, Known):
        return rules if isinstance(rules, Unknown) else Known("hosted")
    prefixes = [rule.prefix for rule in rules.value]
    if any(name.startswith(f"{prefix}/") for prefix in prefixes):
        return Known("proxy")
    if ROOT_PREFIX in prefixes:
        source = "ecr:DescribePullThroughCacheRules"
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, source, "a cache rule for the root may have created it")
    return Known("hosted")


def _scanning(
    entry: dict[str, Any], registry: Fact[RegistryScanning], effective: Fact[dict[str, Any]]
) -> Fact[ScanSettings]:
    """The registry's rule where one applies; the repository's own flag counts only for basic scanning."""
    if not isinstance(registry, Known):
        return registry
    if not isinstance(effective, Known):
        return effective
    tier = registry.value.tier
    filters = wildcard(effective.value.get("appliedScanFilters"))
    frequency = FREQUENCIES.get(str(effective.value.get("scanFrequency")), "manual")
    flag = bool((entry.get("imageScanningConfiguration") or {}).get("scanOnPush")) or bool(
        effective.value.get("scanOnPush")
    )
    if not filters and tier == "basic" and flag and frequency == "manual":
        return Known(ScanSettings(tier, "on_push", "repository"))
    return Known(ScanSettings(tier, frequency, "registry", filters))
