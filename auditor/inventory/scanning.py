"""Scan settings, scan results, vulnerabilities and what suppresses them."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact, Reason, Unknown
from auditor.inventory.parts import NameFilter
from auditor.inventory.scan_sources import ScannedSecret, ScanSource

Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN"]
ScanState = Literal["complete", "active", "pending", "failed", "unsupported", "expired", "archived", "unread"]
"""`unread`: the registry's own result was not read, and no other clears the image."""


class ScanSettings(Record, frozen=True):
    """What is really scanned, after registry rules and repository flags are joined."""

    tier: Literal["basic", "enhanced", "external", "none"]
    frequency: Literal["on_push", "continuous", "manual", "scheduled"]
    decided_by: Literal["registry", "repository", "project"]
    filters: list[NameFilter] = []


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
    severity: Severity
    title: str
    packages: list[Package]
    fix: Fact[Fix]
    first_seen_at: Fact[str] = Unknown(Reason.NOT_REQUESTED, "auditor:since")
    """When the scanner, or an earlier snapshot of ours, first saw it in this repository; see VUL-003."""
    exploit: Fact[bool] = Unknown(Reason.UNSUPPORTED_BY_PLATFORM, "")
    """Whether the scanner knows an exploit."""
    suppressed_by: str = ""
    """Id of the suppression that hides it at its source, or words where its id is not known; empty: none does."""
    epss: Fact[float] = Unknown(Reason.UNSUPPORTED_BY_PLATFORM, "")
    """The chance that it is exploited within 30 days, 0 to 1, by the Exploit Prediction Scoring System."""
    aliases: list[str] = []
    """Other ids of the same flaw, sorted."""
    sources: list[str] = []
    """Who found it, sorted, where results of several scanners were joined; empty: the registry's own scanner."""


class ScanResult(Record, frozen=True):
    """What a scanner said of one image; `counts` are distinct findings by severity, without suppressed ones."""

    state: ScanState
    detail: str
    completed_at: Fact[str]
    database_at: Fact[str]
    counts: Fact[dict[str, int]]
    vulnerabilities: Fact[list[Vulnerability]]
    """Details, suppressed ones included; collected only for images whose counts are not all zero."""
    external: bool = False
    """Only scanners outside the registry have scanned the image."""
    sources: list[ScanSource] = []
    """The results from outside that are joined in here. `completed_at` is then the date that the age of the freshest
    result that counts is counted from, of its database where that is told."""
    partial: bool = False
    """The registry's scanner found something, or may have, of which no details are here; counts are a lower bound."""
    registry: list[Fact[ScanResult]] = []
    """One, what the registry alone says, where something was joined to it or hidden by a VEX statement."""
    secrets: list[ScannedSecret] = []


class RegistryScanRule(Record, frozen=True):
    """A registry-wide scan rule."""

    frequency: Literal["on_push", "continuous", "manual", "scheduled"]
    filters: list[NameFilter]


class RegistryScanning(Record, frozen=True):
    """The registry-wide scan configuration."""

    tier: Literal["basic", "enhanced", "external", "none"]
    rules: list[RegistryScanRule]
    active: Fact[bool] = Unknown(Reason.NOT_REQUESTED, "inspector2:BatchGetAccountStatus")
    """Whether the scanner behind enhanced scanning is switched on. Absent: the registry scans by itself."""


class Suppression(Record, frozen=True):
    """What hides findings: a filter at the scanner (as Inspector's with the action SUPPRESS), or a VEX statement."""

    id: str
    name: str
    reason: str
    owner: str
    created_at: Fact[str]
    expires: Fact[str]
    """Absent: it has no end."""
    vulnerabilities: list[str]
    """The ids it names; empty: any."""
    repositories: list[str]
    """The repositories (or parts of image names) that it names, as globs; empty: any."""
    criteria: list[str]
    """Every criterion, as `severity EQUALS LOW`, for people."""
    packages: list[str] = []
    """The packages that it names; empty: any."""
    images: list[str] = []
    """The digests and tags that it names; empty: any."""
