"""One `ecr` target, typed. Shape: target_schema.json."""

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


class EcrSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The target."""

    kind: Literal["ecr"] = "ecr"
    accounts: list[AccountSettings] = msgspec.field(default_factory=lambda: [AccountSettings()])
    regions: list[str] | str
    organization: str | None = None
    repositories: RepositoryFilter = RepositoryFilter()
    endpoint_url: str | None = None
    concurrency: int = 16
    rate: dict[str, float] = {}
    attempts: int = 6
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    region_timeout_s: float = 900.0
    read_manifests: bool = True
    scan_details: Literal["auto", "always", "never"] = "auto"
    max_repositories: int | None = None
