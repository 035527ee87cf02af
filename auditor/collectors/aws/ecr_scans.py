"""Reads scan results: the summaries that come with the list of images, details only where there is something."""

from __future__ import annotations

from typing import Any, Literal

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.words import time_fact
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.scanning import Fix, Package, ScanResult, Vulnerability

SOURCE = "ecr:DescribeImageScanFindings"
State = Literal["complete", "active", "pending", "failed", "unsupported", "expired", "archived"]
Severity = Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN"]

_STATES: dict[str, State] = {
    "COMPLETE": "complete",
    "ACTIVE": "active",
    "IN_PROGRESS": "pending",
    "PENDING": "pending",
    "FAILED": "failed",
    "FINDINGS_UNAVAILABLE": "failed",
    "LIMIT_EXCEEDED": "failed",
    "IMAGE_SIZE_EXCEEDED": "failed",
    "UNSUPPORTED_IMAGE": "unsupported",
    "SCAN_ELIGIBILITY_EXPIRED": "expired",
    "IMAGE_ARCHIVED": "archived",
}
_SEVERITIES: dict[str, Severity] = {
    "CRITICAL": "CRITICAL",
    "HIGH": "HIGH",
    "MEDIUM": "MEDIUM",
    "LOW": "LOW",
    "INFORMATIONAL": "NEGLIGIBLE",
}
_WORST_FIRST: tuple[Severity, ...] = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN")
_FIXES: dict[str, Literal["yes", "no", "partial"]] = {"YES": "yes", "NO": "no", "PARTIAL": "partial"}
MAX_TITLE = 2000


def summary_of(image: dict[str, Any]) -> ScanResult | None:
    """The scan as the list of images tells it; None where it says nothing and the scan has to be asked for."""
    status = image.get("imageScanStatus")
    if image.get("imageStatus") == "ARCHIVED":
        return _result("archived", "IMAGE_ARCHIVED", {}, Absent("ecr:DescribeImages"), Absent("ecr:DescribeImages"))
    if not status:
        return None
    word = str(status.get("status", ""))
    state = _STATES.get(word, "failed")
    summary = image.get("imageScanFindingsSummary")
    if summary is None:
        # Without a summary only states that have none are told completely.
        return None if state in ("complete", "active") else _result(state, word, {}, Absent(SOURCE), Absent(SOURCE))
    counts: dict[str, int] = {}
    for severity, number in (summary.get("findingSeverityCounts") or {}).items():
        ours = _SEVERITIES.get(severity, "UNKNOWN")
        counts[ours] = counts.get(ours, 0) + int(number)
    counts = {severity: number for severity, number in sorted(counts.items()) if number}
    return _result(state, word, summary, Known(counts), Known([]) if not counts else Absent(SOURCE))


def read_scan(ecr: Caller, repository: str, digest: str) -> Known[ScanResult] | Absent:
    """Ask for one image's scan, all pages. Errors: `CallFailedError`; never scanned is absent, through it."""
    details: list[dict[str, Any]] = []
    first: dict[str, Any] | None = None
    parameters: dict[str, Any] = {"repositoryName": repository, "imageId": {"imageDigest": digest}, "maxResults": 1000}
    while True:
        answer = ecr.call("DescribeImageScanFindings", **parameters)
        first = first or answer
        found = answer.get("imageScanFindings") or {}
        details.extend(found.get("findings") or [])
        details.extend(found.get("enhancedFindings") or [])
        token = answer.get("nextToken")
        if not token or token == parameters.get("nextToken"):
            break
        parameters["nextToken"] = token
    status = first.get("imageScanStatus") or {}
    word = str(status.get("status", ""))
    state = _STATES.get(word, "failed")
    if state not in ("complete", "active"):
        return Known(_result(state, word, {}, Absent(SOURCE), Absent(SOURCE)), SOURCE)
    vulnerabilities = _vulnerabilities(details)
    counts: dict[str, int] = {}
    for vulnerability in vulnerabilities:
        counts[vulnerability.severity] = counts.get(vulnerability.severity, 0) + 1
    summary = first.get("imageScanFindings") or {}
    return Known(_result(state, word, summary, Known(dict(sorted(counts.items()))), Known(vulnerabilities)), SOURCE)


def _result(
    state: State,
    word: str,
    summary: dict[str, Any],
    counts: Fact[dict[str, int]],
    vulnerabilities: Fact[list[Vulnerability]],
) -> ScanResult:
    return ScanResult(
        state=state,
        detail=word,
        completed_at=time_fact(summary, "imageScanCompletedAt", SOURCE),
        database_at=time_fact(summary, "vulnerabilitySourceUpdatedAt", SOURCE),
        counts=counts,
        vulnerabilities=vulnerabilities,
    )


def _vulnerabilities(details: list[dict[str, Any]]) -> list[Vulnerability]:
    """One entry an id: packages joined, the worst severity, a fix only where every package has one."""
    joined: dict[str, Vulnerability] = {}
    for entry in details:
        if entry.get("status") in ("SUPPRESSED", "CLOSED"):
            continue
        new = _enhanced(entry) if "packageVulnerabilityDetails" in entry else _basic(entry)
        old = joined.get(new.id)
        joined[new.id] = new if old is None else _join(old, new)
    return [joined[identity] for identity in sorted(joined)]


def _basic(entry: dict[str, Any]) -> Vulnerability:
    attributes = {a.get("key"): a.get("value", "") for a in entry.get("attributes") or []}
    return Vulnerability(
        id=str(entry.get("name", "")),
        severity=_SEVERITIES.get(str(entry.get("severity")), "UNKNOWN"),
        title=str(entry.get("description", ""))[:MAX_TITLE],
        packages=[Package(attributes.get("package_name", ""), attributes.get("package_version", ""))],
        fix=Unknown(Reason.UNSUPPORTED_BY_PLATFORM, SOURCE, "basic scanning does not tell"),
    )


def _enhanced(entry: dict[str, Any]) -> Vulnerability:
    found = entry["packageVulnerabilityDetails"]
    packages = found.get("vulnerablePackages") or []
    available = _FIXES.get(str(entry.get("fixAvailable")))
    versions = sorted({str(p["fixedInVersion"]) for p in packages if p.get("fixedInVersion")})
    fix: Fact[Fix] = Known(Fix(available, ", ".join(versions))) if available else Absent(SOURCE)
    return Vulnerability(
        id=str(found.get("vulnerabilityId", "")),
        severity=_SEVERITIES.get(str(entry.get("severity")), "UNKNOWN"),
        title=str(entry.get("title", ""))[:MAX_TITLE],
        packages=[Package(str(p.get("name", "")), str(p.get("version", ""))) for p in packages],
        fix=fix,
    )


def _join(old: Vulnerability, new: Vulnerability) -> Vulnerability:
    return Vulnerability(
        id=old.id,
        severity=min(old.severity, new.severity, key=_WORST_FIRST.index),
        title=old.title or new.title,
        packages=sorted({*old.packages, *new.packages}, key=lambda p: (p.name, p.version)),
        fix=old.fix if old.fix == new.fix else _join_fixes(old.fix, new.fix),
    )


def _join_fixes(one: Fact[Fix], other: Fact[Fix]) -> Fact[Fix]:
    if isinstance(one, Known) and isinstance(other, Known):
        versions = ", ".join(sorted({v for v in (one.value.version, other.value.version) if v}))
        same = one.value.available == other.value.available
        return Known(Fix(one.value.available if same else "partial", versions))
    return one if not isinstance(one, Known) else other
