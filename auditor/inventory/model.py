"""The records of a snapshot: one per repository, and one per registry as their context.

Conventions: times are RFC 3339 UTC strings, sizes bytes, durations seconds unless the name says
days, digests `sha256:…`, ids `urn:cr:<kind>:<account>:<region>[:<repository>[@<digest>]]`.
Nothing here is named after one vendor: what a platform calls a thing stays in its collector.
"""

from __future__ import annotations

from typing import Any, Literal

from auditor.inventory.base import Record
from auditor.inventory.derived import (
    AccessAnalysis,
    ReferenceAnalysis,
    RepositoryHistory,
    RepositoryUsage,
    RetentionAnalysis,
)
from auditor.inventory.facts import Fact, Reason, Unknown

RegistryKind = Literal["ecr", "ecr_public", "harbor", "acr", "gar", "artifactory", "dockerhub", "ghcr", "quay", "oci"]


# ---------------------------------------------------------------- shared parts
class RegistryRef(Record, frozen=True):
    """Which registry a repository lives in."""

    id: str
    kind: RegistryKind
    host: str
    account: str
    region: str


class NameFilter(Record, frozen=True):
    """A selector on repository or tag names."""

    kind: Literal["glob", "prefix", "regex", "doublestar"]
    pattern: str


class PolicyDocument(Record, frozen=True):
    """A policy as the platform returned it; `digest` is over the exact text."""

    format: Literal["aws_iam", "ecr_lifecycle", "gcp_iam", "azure_rbac", "native"]
    text: str
    digest: str


# ---------------------------------------------------------------- repository settings
class Immutability(Record, frozen=True):
    """Which tags cannot be moved.

    `all_except`: tags that match a rule may move; `none_except`: only tags that match a rule are fixed.
    """

    mode: Literal["none", "all", "all_except", "none_except", "rules", "per_tag", "by_permission"]
    rules: list[NameFilter] = []


class Encryption(Record, frozen=True):
    """Encryption at rest. `key_manager` tells a customer's key from the provider's own."""

    type: Literal["platform", "kms", "kms_dsse"]
    key_id: Fact[str]
    key_manager: Fact[Literal["customer", "provider"]]


class ScanSettings(Record, frozen=True):
    """What is really scanned, after registry rules and repository flags are joined."""

    tier: Literal["basic", "enhanced", "external", "none"]
    frequency: Literal["on_push", "continuous", "manual", "scheduled"]
    decided_by: Literal["registry", "repository", "project"]
    filters: list[NameFilter] = []


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


# ---------------------------------------------------------------- images
class Package(Record, frozen=True):
    """An affected package."""

    name: str
    version: str


class Fix(Record, frozen=True):
    """Whether a fixed version exists."""

    available: Literal["yes", "no", "partial"]
    version: str = ""


class Vulnerability(Record, frozen=True):
    """One finding of a scanner on one image."""

    id: str
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN"]
    title: str
    packages: list[Package]
    fix: Fact[Fix]


class ScanResult(Record, frozen=True):
    """What a scanner said of one image; `counts` are distinct findings by severity."""

    state: Literal["complete", "active", "pending", "failed", "unsupported", "expired", "archived"]
    detail: str
    completed_at: Fact[str]
    database_at: Fact[str]
    counts: Fact[dict[str, int]]
    vulnerabilities: Fact[list[Vulnerability]]
    """Details: collected only for images whose counts are not all zero."""


class Signature(Record, frozen=True):
    """A signature that is attached to an image. Presence is not validity: see `verification`."""

    kind: Literal["cosign", "cosign_bundle", "notation", "vendor"]
    found_via: Literal["referrers", "subject", "tag_scheme", "vendor_api"]
    digest: str
    artifact_type: str
    verification: Fact[Literal["verified", "invalid", "untrusted", "expired", "revoked"]]


class SigningStatus(Record, frozen=True):
    """The registry's own record of signing an image."""

    profile: str
    status: Literal["in_progress", "complete", "failed"]
    failure_code: str = ""


class Child(Record, frozen=True):
    """A manifest that an index names."""

    digest: str
    kind: Literal["image", "attestation"]
    platform: str


class Image(Record, frozen=True):
    """One manifest: image, index, or another artefact stored beside them."""

    digest: str
    kind: Literal["image", "index", "signature", "attestation", "sbom", "artefact", "referrers_index"]
    tags: list[str]
    status: Literal["active", "archived", "activating"]
    media_type: Fact[str]
    artifact_type: Fact[str]
    subject: Fact[str]
    size_bytes: Fact[int]
    pushed_at: Fact[str]
    last_pulled_at: Fact[str]
    children: Fact[list[Child]]
    """Of an index; absent for anything else."""
    scan: Fact[ScanResult]
    """Absent: never scanned."""
    signatures: Fact[list[Signature]]
    """Known and empty: asked, and there is none."""
    signing_status: Fact[list[SigningStatus]]


class RepositoryDerived(Record, frozen=True):
    """Facts that follow from the collected ones; made by `auditor.analysis`."""

    access: Fact[AccessAnalysis]
    retention: Fact[RetentionAnalysis]
    reference: Fact[ReferenceAnalysis]
    usage: Fact[RepositoryUsage] = Unknown(Reason.NOT_REQUESTED, "auditor:workloads")
    """Unknown without any source of workloads."""
    history: Fact[RepositoryHistory] = Unknown(Reason.NOT_REQUESTED, "auditor:since")
    """Absent: the earlier snapshot does not have this repository."""


# ---------------------------------------------------------------- registry
class RegistryScanRule(Record, frozen=True):
    """A registry-wide scan rule."""

    frequency: Literal["on_push", "continuous", "manual", "scheduled"]
    filters: list[NameFilter]


class RegistryScanning(Record, frozen=True):
    """The registry-wide scan configuration."""

    tier: Literal["basic", "enhanced", "external", "none"]
    rules: list[RegistryScanRule]


class Destination(Record, frozen=True):
    """Where a replication rule copies to."""

    account: str
    region: str


class ReplicationRule(Record, frozen=True):
    """One replication rule; no filters: everything."""

    filters: list[NameFilter]
    destinations: list[Destination]
    deletes: bool


class CacheRule(Record, frozen=True):
    """A pull-through cache rule; the credential is a reference, never its value."""

    prefix: str
    upstream: str
    upstream_kind: str
    credential: Fact[str]


class CreationTemplate(Record, frozen=True):
    """Defaults of repositories that the registry creates itself."""

    prefix: str
    applied_for: list[str]
    immutability: Fact[Immutability]
    encryption: Fact[Encryption]
    resource_tags: Fact[dict[str, str]]
    access_policy: Fact[PolicyDocument]
    retention_policy: Fact[PolicyDocument]


class SigningRule(Record, frozen=True):
    """A rule of signing done by the registry."""

    profile: str
    filters: list[NameFilter]


class Registry(Record, frozen=True, kw_only=True):
    """One registry (one account in one region) and its own settings."""

    id: str
    kind: RegistryKind
    host: str
    account: str
    region: str
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


class RegistryDerived(Record, frozen=True):
    """Facts that follow from the registry's own."""

    access: Fact[AccessAnalysis]


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


Json = dict[str, Any]
