"""Findings of ECR's scanners and of Inspector, in our words.

Shapes: `findings` and `enhancedFindings` of ecr:DescribeImageScanFindings (API version 2015-09-21), `findings` of
inspector2:ListFindings (2020-06-08), of which the second and third differ only in what else they have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from auditor.analysis.vulnerabilities import MAX_ALIASES, join_packages
from auditor.collectors.aws.words import time_fact
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.scanning import Fix, Package, Severity, Vulnerability

HiddenBy = Callable[[dict[str, Any]], str]
"""A suppressed finding -> what suppresses it."""

SEVERITIES: dict[str, Severity] = {
    "CRITICAL": "CRITICAL",
    "HIGH": "HIGH",
    "MEDIUM": "MEDIUM",
    "LOW": "LOW",
    "INFORMATIONAL": "NEGLIGIBLE",
}
_FIXES: dict[str, Literal["yes", "no", "partial"]] = {"YES": "yes", "NO": "no", "PARTIAL": "partial"}
MAX_TITLE = 2000
SUPPRESSED = "a suppression at the scanner"


class Gathering:
    """The findings of one image, joined while they come in: one entry an id, suppressed ones apart.

    Packages are joined, the worst severity and the earliest time count, a fix only where every package has one.
    """

    def __init__(self, source: str, hidden_by: HiddenBy = lambda _entry: SUPPRESSED) -> None:
        self._source = source
        self._hidden_by = hidden_by
        self._joined: dict[tuple[str, str], Vulnerability] = {}

    def add(self, entry: dict[str, Any]) -> None:
        """Take one finding; a closed one is none."""
        status = entry.get("status")
        if status == "CLOSED":
            return
        new = _enhanced(entry, self._source) if "packageVulnerabilityDetails" in entry else _basic(entry, self._source)
        if status == "SUPPRESSED":
            new = msgspec.structs.replace(new, suppressed_by=self._hidden_by(entry) or SUPPRESSED)
        key = (new.id, new.suppressed_by)
        old = self._joined.get(key)
        self._joined[key] = new if old is None else join_packages(old, new)

    def vulnerabilities(self) -> list[Vulnerability]:
        """All of them, suppressed ones included, sorted."""
        return [self._joined[key] for key in sorted(self._joined)]


def _basic(entry: dict[str, Any], source: str) -> Vulnerability:
    attributes = {a.get("key"): a.get("value", "") for a in entry.get("attributes") or []}
    return Vulnerability(
        id=str(entry.get("name", "")),
        severity=SEVERITIES.get(str(entry.get("severity")), "UNKNOWN"),
        title=str(entry.get("description", ""))[:MAX_TITLE],
        packages=[Package(attributes.get("package_name", ""), attributes.get("package_version", ""))],
        fix=Unknown(Reason.UNSUPPORTED_BY_PLATFORM, source, "basic scanning does not tell"),
    )


def _enhanced(entry: dict[str, Any], source: str) -> Vulnerability:
    found = entry["packageVulnerabilityDetails"]
    packages = found.get("vulnerablePackages") or []
    available = _FIXES.get(str(entry.get("fixAvailable")))
    versions = sorted({str(p["fixedInVersion"]) for p in packages if p.get("fixedInVersion")})
    fix: Fact[Fix] = Known(Fix(available, ", ".join(versions))) if available else Absent(source)
    exploit = entry.get("exploitAvailable")
    score = (entry.get("epss") or {}).get("score")
    return Vulnerability(
        id=str(found.get("vulnerabilityId", "")),
        severity=SEVERITIES.get(str(entry.get("severity")), "UNKNOWN"),
        title=str(entry.get("title", ""))[:MAX_TITLE],
        packages=[Package(str(p.get("name", "")), str(p.get("version", ""))) for p in packages],
        fix=fix,
        first_seen_at=time_fact(entry, "firstObservedAt", source),
        exploit=Known(exploit == "YES") if exploit in ("YES", "NO") else Absent(source),
        epss=Known(round(float(score), 6)) if score is not None else Absent(source),
        aliases=sorted({str(alias) for alias in found.get("relatedVulnerabilities") or []})[:MAX_ALIASES],
    )
