"""Reads scan results: the summaries that come with the list of images, details only where there is something."""

from __future__ import annotations

from typing import Any, Literal

from auditor.analysis.vulnerabilities import count
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.findings import SEVERITIES, SUPPRESSED, Gathering, HiddenBy
from auditor.collectors.aws.words import time_fact
from auditor.inventory.facts import Absent, Fact, Known
from auditor.inventory.scanning import ScanResult, Vulnerability

SOURCE = "ecr:DescribeImageScanFindings"
State = Literal["complete", "active", "pending", "failed", "unsupported", "expired", "archived"]

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
        ours = SEVERITIES.get(severity, "UNKNOWN")
        counts[ours] = counts.get(ours, 0) + int(number)
    counts = {severity: number for severity, number in sorted(counts.items()) if number}
    return _result(state, word, summary, Known(counts), Known([]) if not counts else Absent(SOURCE))


def read_scan(
    ecr: Caller, repository: str, digest: str, hidden_by: HiddenBy = lambda _entry: SUPPRESSED
) -> Known[ScanResult] | Absent:
    """Ask for one image's scan, all pages. Errors: `CallFailedError`; never scanned is absent, through it.

    `hidden_by`: names what suppresses a suppressed finding.
    """
    gathered = Gathering(SOURCE, hidden_by)
    first: dict[str, Any] | None = None
    parameters: dict[str, Any] = {"repositoryName": repository, "imageId": {"imageDigest": digest}, "maxResults": 1000}
    while True:
        answer = ecr.call("DescribeImageScanFindings", **parameters)
        first = first or answer
        found = answer.get("imageScanFindings") or {}
        for entry in (*(found.get("findings") or []), *(found.get("enhancedFindings") or [])):
            gathered.add(entry)
        token = answer.get("nextToken")
        if not token or token == parameters.get("nextToken"):
            break
        parameters["nextToken"] = token
    status = first.get("imageScanStatus") or {}
    word = str(status.get("status", ""))
    state = _STATES.get(word, "failed")
    if state not in ("complete", "active"):
        return Known(_result(state, word, {}, Absent(SOURCE), Absent(SOURCE)), SOURCE)
    vulnerabilities = gathered.vulnerabilities()
    summary = first.get("imageScanFindings") or {}
    return Known(_result(state, word, summary, Known(count(vulnerabilities)), Known(vulnerabilities)), SOURCE)


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
