"""Targets on AWS, typed. Shapes: target_base.json, and one schema a kind that extends it."""

from __future__ import annotations

from typing import Literal

import msgspec


class AccountSettings(msgspec.Struct, frozen=True):
    """How to get into one account."""

    profile: str | None = None
    role_arn: str | None = None
    external_id: str | None = None
    session_tags: dict[str, str] = {}
    account_id: str | None = None


class RepositoryFilter(msgspec.Struct, frozen=True):
    """Which repositories by name; exclude wins."""

    include: list[str] = msgspec.field(default_factory=lambda: ["*"])
    exclude: list[str] = []


class AwsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every target on AWS has."""

    kind: str
    accounts: list[AccountSettings] = msgspec.field(default_factory=lambda: [AccountSettings()])
    regions: list[str] | str = "discover"
    organization: str | None = None
    endpoint_url: str | None = None
    concurrency: int = 16
    rate: dict[str, float] = {}
    attempts: int = 6
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    region_timeout_s: float = 900.0
    max_repositories: int | None = None


class EcrSettings(AwsSettings, frozen=True, kw_only=True):
    """A target of kind `ecr`."""

    kind: Literal["ecr"] = "ecr"
    repositories: RepositoryFilter = RepositoryFilter()
    read_manifests: bool = True
    read_configs: bool = False
    read_replication_status: Literal["never", "release", "always"] = "never"
    scan_details: Literal["auto", "always", "never"] = "auto"
    read_inspector: bool = True
    """Ask Inspector where it does the scanning."""
    read_operations: bool = True
    """Ask CloudTrail, EventBridge and Service Quotas."""


class EcrPublicSettings(AwsSettings, frozen=True, kw_only=True):
    """A target of kind `ecr_public`: one catalogue an account."""

    kind: Literal["ecr_public"] = "ecr_public"
    repositories: RepositoryFilter = RepositoryFilter()
