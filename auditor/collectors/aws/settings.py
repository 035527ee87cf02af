"""Targets on AWS, typed. Shapes: target_base.json, and one schema a kind that extends it."""

from __future__ import annotations

from typing import Literal

import msgspec

from auditor.inventory.extent import NamedReference


class AccountSettings(msgspec.Struct, frozen=True):
    """How to get into one account."""

    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    session_tags: dict[str, str] = {}
    account_id: str | None = None


class OrganizationSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Accounts taken from AWS Organizations instead of a list."""

    role_name: str
    """One name (a path may come before it) that the role to read with has in every member account."""
    profile: str | None = None
    role_arn: str | None = None
    """How to get into the management account or a delegated administrator, which may list accounts."""
    external_id: str | None = None
    session_tags: dict[str, str] = {}
    """Both are sent with every role that is assumed here."""
    ous: list[str] = []
    """Organisational units (or the root), with everything below them; empty: the whole organisation."""
    tags: dict[str, str] = {}
    """Only accounts that have all of these tags."""
    include: list[str] = msgspec.field(default_factory=lambda: ["*"])
    exclude: list[str] = []
    """Globs on account ids and names; exclude wins."""
    include_management: bool = False


class RegionFilter(msgspec.Struct, frozen=True):
    """Of the regions that an account has enabled: those that a glob includes and none excludes."""

    include: list[str] = msgspec.field(default_factory=lambda: ["*"])
    exclude: list[str] = []


class RepositoryFilter(msgspec.Struct, frozen=True):
    """Which repositories by name; exclude wins."""

    include: list[str] = msgspec.field(default_factory=lambda: ["*"])
    exclude: list[str] = []


class AwsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every target on AWS has."""

    kind: str
    accounts: list[AccountSettings] | None = None
    """None: the default credentials, unless accounts come from the organisation."""
    from_organization: OrganizationSettings | None = None
    regions: list[str] | str | RegionFilter = "discover"
    organization: str | None = None
    endpoint_url: str | None = None
    concurrency: int = 16
    scopes_at_once: int = 4
    rate: dict[str, float] = {}
    attempts: int = 6
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    region_timeout_s: float = 900.0
    max_repositories: int | None = None

    def listed_accounts(self) -> list[AccountSettings]:
        """The accounts that are named one by one; the default credentials where nothing is named at all."""
        if self.accounts is None:
            return [] if self.from_organization else [AccountSettings()]
        return self.accounts


class EcrSettings(AwsSettings, frozen=True, kw_only=True):
    """A target of kind `ecr`."""

    kind: Literal["ecr"] = "ecr"
    repositories: RepositoryFilter = RepositoryFilter()
    read_manifests: bool = True
    read_configs: bool = False
    read_signatures: bool = False
    """Read signatures' content, to verify it by `trust`; takes the right to pull."""
    registry_url: str | None = None
    """Where content is, in place of the registry's own host: a proxy or a stand-in."""
    read_replication_status: Literal["never", "release", "always"] = "never"
    scan_details: Literal["auto", "always", "never"] = "auto"
    read_inspector: bool = True
    """Ask Inspector where it does the scanning."""
    read_operations: bool = True
    """Ask CloudTrail, EventBridge and Service Quotas."""
    reuse_up_to_days: int = 7
    """With an earlier snapshot: a repository that was really read longer ago than this is read again."""
    named: list[NamedReference] = []
    """Read these images only; set by the gate, not in auditor.yaml."""


class EcrPublicSettings(AwsSettings, frozen=True, kw_only=True):
    """A target of kind `ecr_public`: one catalogue an account."""

    kind: Literal["ecr_public"] = "ecr_public"
    repositories: RepositoryFilter = RepositoryFilter()
