"""The records of a snapshot: one per repository, and one per registry as their context.

Conventions: times are RFC 3339 UTC strings, sizes bytes, durations seconds unless the name says
days, digests `sha256:…`, ids `urn:cr:<kind>:<account>:<region>[:<repository>[@<digest>]]`.
Nothing here is named after one vendor: what a platform calls a thing stays in its collector.
"""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.content import UnreadManifest
from auditor.inventory.derived import (
    AccessAnalysis,
    Growth,
    KeyGrant,
    PublishedImages,
    ReferenceAnalysis,
    RegistryTotals,
    RepositoryHistory,
    RepositoryUsage,
    RetentionAnalysis,
    RetentionOutlook,
)
from auditor.inventory.extent import WHOLE, Extent
from auditor.inventory.facts import Absent, Fact, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.keys import EncryptionKey
from auditor.inventory.operations import AuditTrail, EventRule, Quota
from auditor.inventory.parts import Encryption, Immutability, NameFilter, PolicyDocument, RegistryKind, RegistryRef
from auditor.inventory.replication import CacheRule, CreationTemplate, Replica, ReplicationLinks, ReplicationRule
from auditor.inventory.scanning import RegistryScanning, ScanSettings, Suppression
from auditor.inventory.transport import Transport


class Repository(Record, frozen=True):
    """One repository and its settings."""

    name: str
    uri: str
    registry: RegistryRef
    hosting: Fact[Literal["hosted", "proxy", "virtual"]]
    created_at: Fact[str]
    immutability: Fact[Immutability]
    encryption: Fact[Encryption]
    scan_on_push: Fact[bool]
    """The repository's own flag, which a registry-wide rule may overrule."""
    scanning: Fact[ScanSettings]
    """The effective setting."""
    resource_tags: Fact[dict[str, str]]
    access_policy: Fact[PolicyDocument]
    retention_policy: Fact[PolicyDocument]
    size_bytes: Fact[int]
    """Sum of the images' sizes; shared layers counted once per image, so an upper bound."""
    visibility: Fact[Literal["private", "public"]] = Unknown(Reason.NOT_REQUESTED, "the registry's own setting")
    """`public`: anybody may pull without any identity."""


class RepositoryDerived(Record, frozen=True):
    """Facts that follow from the collected ones; made by `auditor.analysis`."""

    access: Fact[AccessAnalysis]
    retention: Fact[RetentionAnalysis]
    reference: Fact[ReferenceAnalysis]
    usage: Fact[RepositoryUsage] = Unknown(Reason.NOT_REQUESTED, "auditor:workloads")
    """Unknown without any source of workloads."""
    history: Fact[RepositoryHistory] = Unknown(Reason.NOT_REQUESTED, "auditor:since")
    """Absent: the earlier snapshot does not have this repository."""
    outlook: Fact[RetentionOutlook] = Unknown(Reason.NOT_REQUESTED, "auditor:outlook")
    """What the retention policy will remove; absent without a policy."""
    replicas: Fact[list[Replica]] = Unknown(Reason.NOT_REQUESTED, "auditor:join")
    """One for each destination that replication rules name for this repository."""
    published: Fact[PublishedImages] = Unknown(Reason.NOT_REQUESTED, "auditor:join")
    """Images of a public repository that a private one holds too; unknown where no private registry was read."""


class SigningRule(Record, frozen=True):
    """A rule of signing done by the registry."""

    profile: str
    filters: list[NameFilter]


class Registry(Record, frozen=True, kw_only=True):
    """One registry (one account in one region) and its own settings."""

    id: str
    kind: RegistryKind
    host: str
    """See `RegistryRef.host`."""
    account: str
    region: str
    other_hosts: list[str] = []
    """See `RegistryRef.other_hosts`."""
    organization: Fact[str]
    repository_names: Fact[list[str]]
    selection: Literal["all", "filtered"] = "filtered"
    """Whether `repository_names` are all that the registry has, or those that were asked for."""
    access_policy: Fact[PolicyDocument]
    policy_scope: Fact[Literal["registry_actions", "all_actions"]]
    scanning: Fact[RegistryScanning]
    replication: Fact[list[ReplicationRule]]
    cache_rules: Fact[list[CacheRule]]
    creation_templates: Fact[list[CreationTemplate]]
    signing: Fact[list[SigningRule]]
    settings: Fact[dict[str, str]]
    """Other account-wide switches, by the platform's name."""
    keys: Fact[list[EncryptionKey]] = Unknown(Reason.NOT_REQUESTED, "kms:DescribeKey")
    suppressions: Fact[list[Suppression]] = Unknown(Reason.NOT_REQUESTED, "inspector2:ListFilters")
    trails: Fact[list[AuditTrail]] = Unknown(Reason.NOT_REQUESTED, "cloudtrail:DescribeTrails")
    event_rules: Fact[list[EventRule]] = Unknown(Reason.NOT_REQUESTED, "events:ListRules")
    quotas: Fact[list[Quota]] = Unknown(Reason.NOT_REQUESTED, "servicequotas:ListServiceQuotas")
    visibility: Fact[Literal["private", "public"]] = Unknown(Reason.NOT_REQUESTED, "the registry's own setting")
    """`public`: the registry serves anybody without an identity, and has no switch against it."""
    transport: Fact[Transport] = Unknown(Reason.NOT_REQUESTED, "auditor:collect")


class RegistryDerived(Record, frozen=True):
    """Facts that follow from the registry's own, and from the repositories in it."""

    access: Fact[AccessAnalysis]
    growth: Fact[Growth] = Unknown(Reason.NOT_REQUESTED, "auditor:since")
    """Absent: the earlier snapshot does not have this registry."""
    key_access: Fact[list[KeyGrant]] = Unknown(Reason.NOT_REQUESTED, "kms:GetKeyPolicy")
    """Who can use the keys besides those that their policies name, for keys whose policy was read."""
    replication: Fact[ReplicationLinks] = Unknown(Reason.NOT_REQUESTED, "auditor:join")
    totals: Fact[RegistryTotals] = Unknown(Reason.NOT_REQUESTED, "auditor:collect")
    """Unknown where the collector does not count."""
    vex: Fact[list[Suppression]] = Unknown(Reason.NOT_REQUESTED, "scan_results in auditor.yaml")
    """The VEX statements that apply to an image of this registry."""


class RegistryRecord(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The context of a scope: `data.context` for its repositories, `input` for registry rules."""

    schema_version: Literal[1] = 1
    entity: Literal["registry"] = "registry"
    id: str
    scope: str
    now: str
    """When the snapshot was taken: the only clock that rules have."""
    registry: Registry
    derived: RegistryDerived


class Reused(Record, frozen=True):
    """That images and policies were not read for this snapshot, since nothing had changed them."""

    read_at: str
    """When they were really read."""
    feed: str
    """The call that told that nothing had changed."""
    not_rechecked: list[str]
    """What may have changed all the same."""


class RepositoryRecord(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of a snapshot part: exactly what a rule gets as `input`."""

    schema_version: Literal[1] = 1
    entity: Literal["repository"] = "repository"
    id: str
    scope: str
    now: str
    repository: Repository
    derived: RepositoryDerived
    images: Fact[list[Image]]
    reused: Fact[Reused] = Absent("auditor:since")
    """Known for a repository that was taken from an earlier snapshot."""
    unread: Fact[list[UnreadManifest]] = Absent("auditor:collect")
    """Manifests that are missing in `images` because they could not be read; absent: there are none."""
    extent: Extent = WHOLE
