"""A target of kind `oci`, typed. Shape: oci_target.json."""

from __future__ import annotations

from typing import Literal

import msgspec

from auditor.collectors.http.logins import LoginSettings
from auditor.inventory.extent import NamedReference


class RepositorySelection(msgspec.Struct, frozen=True):
    """Which repositories: by name, or all that the registry's catalog lists, filtered; exclude wins."""

    names: list[str] = []
    include: list[str] = msgspec.field(default_factory=lambda: ["*"])
    exclude: list[str] = []


class OciSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The target."""

    kind: Literal["oci"] = "oci"
    url: str
    login: LoginSettings = LoginSettings()
    repositories: RepositorySelection = RepositorySelection()
    other_hosts: list[str] = []
    """More names of the same registry, as signatures and workloads may write it."""
    ca_file: str | None = None
    proxy: str | None = None
    token_hosts: list[str] = []
    blob_hosts: list[str] = []
    concurrency: int = 8
    attempts: int = 5
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    request_timeout_s: float = 120.0
    registry_timeout_s: float = 1800.0
    read_configs: bool = True
    read_child_signatures: bool = False
    """Ask for signatures of the platforms of tagged indexes too, a request each."""
    scan_secrets: bool = False
    known_bases: str | None = None
    read_attestations: bool = False
    probe_anonymous: bool = False
    max_repositories: int | None = None
    named: list[NamedReference] = []
    """Read these images only; set by the gate, not in auditor.yaml."""
