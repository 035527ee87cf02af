"""The shapes of results.json, schema version 1 (docs/results.md)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Literal

import msgspec

from auditor.inventory.recorder import ErrorEntry

RESULTS_SCHEMA_VERSION = 1


class Status(StrEnum):
    """What a rule says of a resource."""

    PASS = "pass"  # noqa: S105  a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"
    NOT_APPLICABLE = "not_applicable"
    WAIVED = "waived"


class Severity(StrEnum):
    """How bad a failure is; declared from worst to least."""

    CRITICAL = "critical"
    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"
    INFO = "info"


SEVERITY_RANK: dict[str, int] = {severity.value: rank for rank, severity in enumerate(Severity)}
"""0 for critical, 4 for info."""


class Evidence(msgspec.Struct, frozen=True):
    """A JSON pointer into the record of the snapshot (`/context/…`: into its registry record)."""

    path: str
    value: Any


class Resource(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a finding is about. Empty where it does not apply."""

    id: str
    kind: str
    """`registry`, `repository`, `image`, `waiver`; later `file` and `workload`."""
    registry: str = ""
    account: str = ""
    region: str = ""
    repository: str = ""
    tag: str = ""
    digest: str = ""
    file: str = ""
    line: int = 0


class AppliedWaiver(msgspec.Struct, frozen=True, omit_defaults=True):
    """The waiver that holds for a finding."""

    id: str
    reason: str
    owner: str
    expires: str
    ticket: str = ""


class RemediationRef(msgspec.Struct, frozen=True):
    """How to fix: the action's name, and `auto`, `confirm` or `manual`."""

    action: str
    mode: Literal["auto", "confirm", "manual"]


class Finding(msgspec.Struct, frozen=True):
    """One verdict that matters: fail, unknown or waived (or pass, on request)."""

    id: str
    """The fingerprint, 32 hex digits."""
    rule: str
    status: Status
    severity: Severity
    resource: Resource
    message: str
    evidence: list[Evidence]
    waiver: AppliedWaiver | None
    first_seen: str
    remediation: RemediationRef
    settle: list[str] = []
    """For an unknown: the calls that would settle it."""
    baseline: bool = False
    """Known from the baseline: shown, and does not decide the exit code."""
    waived_status: str = ""
    """For a waived finding: what it is without the waiver."""
    in_use: bool | msgspec.UnsetType = msgspec.UNSET
    """The image runs, or is kept ready to run; left out where it is not, or where that is not known."""
    not_asked: bool | msgspec.UnsetType = msgspec.UNSET
    """Unknown only for want of what nobody asked the audit to read: no gap of it; left out where it is one."""


class RemediationText(msgspec.Struct, frozen=True):
    """A rule's remediation: reference plus the sentence to show."""

    action: str
    mode: Literal["auto", "confirm", "manual"]
    text: str


class RuleInfo(msgspec.Struct, frozen=True):
    """A rule as results and reports show it."""

    id: str
    title: str
    severity: Severity
    frameworks: dict[str, list[str]]
    remediation: RemediationText
    description: str
    group: str
    entity: str
    low_confidence: list[str] = []
    """Indirect framework links, as `framework:control`."""


class EngineInfo(msgspec.Struct, frozen=True):
    """Which engine judged."""

    name: str
    version: str


class RunInfo(msgspec.Struct, frozen=True):
    """When, with what, over what."""

    id: str
    started_at: str
    finished_at: str
    auditor_version: str
    engine: EngineInfo
    snapshot_digest: str
    policy_digest: str
    config_digest: str
    snapshot_taken_at: str


class ScopeCoverage(msgspec.Struct, frozen=True):
    """What was read of one scope (registry × account × region)."""

    id: str
    repositories: int
    images: int
    calls: int
    errors: list[ErrorEntry]
    wanted: int
    """Facts that the collector set out to read."""
    answered: int
    """Of these, the known and the absent."""
    notes: list[str] = []


class Coverage(msgspec.Struct, frozen=True):
    """`ratio`: answered / wanted over all scopes; `decided`: share of applicable verdicts that are not unknown.

    Verdicts that are unknown only for want of what the audit was not asked to read are left out of `decided`.
    """

    ratio: float
    decided: float
    scopes: list[ScopeCoverage]
    unasked: int = 0
    """How many of these there are."""


class StatusCounts(msgspec.Struct, frozen=True):
    """Verdicts by status; `pass_` is `pass` in JSON."""

    pass_: int = msgspec.field(name="pass", default=0)
    fail: int = 0
    unknown: int = 0
    not_applicable: int = 0
    waived: int = 0


class Summary(msgspec.Struct, frozen=True):
    """Counts of all verdicts, by severity and by rule too."""

    pass_: int = msgspec.field(name="pass", default=0)
    fail: int = 0
    unknown: int = 0
    not_applicable: int = 0
    waived: int = 0
    by_severity: dict[str, StatusCounts] = {}
    by_rule: dict[str, StatusCounts] = {}


class CheckedImage(msgspec.Struct, frozen=True):
    """What `auditor check` says of one reference."""

    reference: str
    verdict: Literal["pass", "fail", "unknown"]
    """`fail`: a failure decides the exit code; `unknown`: something that counts was not read."""
    digest: str = ""
    """What the reference led to and what was judged; empty where it could not be read."""
    pinned: str = ""
    """`registry/repository@digest`: what to deploy so that it is what was judged."""
    problem: str = ""
    """Why it could not be read."""
    findings: list[str] = []
    """Ids of the findings on it, and on the images of its index."""


class SupplyCount(msgspec.Struct, frozen=True):
    """Of how many images something is so, and of how many that is not known."""

    yes: int = 0
    unknown: int = 0


class SupplyRow(msgspec.Struct, frozen=True, kw_only=True):
    """What the tagged images of one registry or team carry. An empty name: images of no team."""

    by: Literal["registry", "team"]
    name: str
    images: int
    unread_repositories: int = 0
    """Repositories whose list of images could not be read: their images are not in the counts."""
    signed: SupplyCount
    """A signature is attached."""
    verified: SupplyCount
    """One of them verifies, by somebody who is trusted."""
    sbom: SupplyCount
    """An SBOM is attached, for each platform of an index; one that was read and does not count is none."""
    provenance: SupplyCount
    """The same of SLSA provenance; that of an index is enough."""


class Results(msgspec.Struct, frozen=True):
    """results.json."""

    schema_version: Literal[1]
    run: RunInfo
    coverage: Coverage
    summary: Summary
    rules: list[RuleInfo]
    findings: list[Finding]
    supply_chain: list[SupplyRow] = []
    """By registry, then by team."""
    checked: list[CheckedImage] | msgspec.UnsetType = msgspec.UNSET
    """Of `auditor check` only."""
