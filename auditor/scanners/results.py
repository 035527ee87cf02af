"""What a scanner's file says of one image, whichever tool wrote it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeVar

from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.scan_sources import ScannedSecret
from auditor.inventory.scanning import Fix, Severity, Vulnerability

T = TypeVar("T")

MAX_TITLE = 2000
MAX_TEXT = 300
MAX_ALIASES = 20
MAX_PACKAGES = 1000
MAX_FINDINGS = 200_000
"""Findings in one file; the largest images have some ten thousand."""
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")
_NAMED_DIGEST = re.compile(r"@(sha256:[0-9a-f]{64})(?![0-9a-f])")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/-]{0,99}")
_SEVERITIES: dict[str, Severity] = {
    "critical": "CRITICAL",
    "high": "HIGH",
    "important": "HIGH",
    "medium": "MEDIUM",
    "moderate": "MEDIUM",
    "low": "LOW",
    "negligible": "NEGLIGIBLE",
    "none": "NEGLIGIBLE",
}
_CRITICAL, _HIGH, _MEDIUM = 9.0, 7.0, 4.0
NOT_SINCE_WHEN = Unknown(Reason.NOT_REQUESTED, "auditor:since", "the scanner does not tell since when")


class UnusableError(Exception):
    """A file that is of the format and yet cannot be used; `hint` says what to do, `field` where it is."""

    def __init__(self, message: str, hint: str = "", field: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.field = field


@dataclass(frozen=True)
class ImageResult:
    """One scan of one image.

    `digests`: of its manifest, or of an index that it was taken from for `platform` (`os/architecture`); `configs`:
    of its config; `references`: names with tags, which never decide. `problem`: why the scan cannot clear the image,
    as one in which no packages were looked at. Ids of vulnerabilities may come several times.
    """

    scanner: str
    version: str
    digests: tuple[str, ...]
    configs: tuple[str, ...]
    platform: str
    references: tuple[str, ...]
    completed_at: Fact[str]
    database_at: Fact[str]
    vulnerabilities: list[Vulnerability]
    secrets: list[ScannedSecret] = field(default_factory=list)
    problem: str = ""


def text(value: object, limit: int = MAX_TEXT) -> str:
    """A stranger's text for one line: control characters become spaces, its length is bounded."""
    if not isinstance(value, str):
        return ""
    return "".join(c if c.isprintable() else " " for c in value[:limit]).strip()


def identity(value: object, where: str) -> str:
    """The id of a vulnerability. Errors: `UnusableError` for what is none; `where` tells its place."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise UnusableError(f"{text(str(value), 40)!r} is no id of a vulnerability", field=where)
    return value


def severity_of(word: object) -> Severity:
    """A scanner's word for a severity; what it does not know is UNKNOWN."""
    return _SEVERITIES.get(word.lower(), "UNKNOWN") if isinstance(word, str) else "UNKNOWN"


def severity_of_score(score: object) -> Severity:
    """By the bands of CVSS 3.1 (section 5), as GitHub uses them for `security-severity`."""
    try:
        number = float(score) if isinstance(score, (str, int, float)) else -1.0
    except ValueError:
        return "UNKNOWN"
    if not 0 <= number <= 10:  # noqa: PLR2004  the range of CVSS
        return "UNKNOWN"
    if number >= _CRITICAL:
        return "CRITICAL"
    if number >= _HIGH:
        return "HIGH"
    if number >= _MEDIUM:
        return "MEDIUM"
    return "LOW" if number > 0 else "NEGLIGIBLE"


def moment(value: object, source: str) -> Fact[str]:
    """A time as RFC 3339 UTC; absent where there is none, or Go's zero time. Fractions of seconds are dropped."""
    if not isinstance(value, str) or not value or value.startswith("0001-"):
        return Absent(source)
    try:
        found = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
        found = found if found.tzinfo else found.replace(tzinfo=UTC)
        return Known(found.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), source)
    except (ValueError, OverflowError):
        return Unknown(Reason.PARSE_ERROR, source, f"{text(value, 40)!r} is no time")


def aliases_of(values: Iterable[object], own: str) -> list[str]:
    """Other ids of the same flaw, sorted, bounded, without the own one and what is no id."""
    found = {value for value in values if isinstance(value, str) and _ID.fullmatch(value)}
    return sorted(found - {own})[:MAX_ALIASES]


def digests_in(values: Iterable[object]) -> tuple[str, ...]:
    """The digests in `name@sha256:…` or `sha256:…`, sorted, once each."""
    found: set[str] = set()
    for value in values:
        if isinstance(value, str):
            found.update(_NAMED_DIGEST.findall(value))
            if DIGEST.fullmatch(value):
                found.add(value)
    return tuple(sorted(found))


def tagged(values: Iterable[object]) -> tuple[str, ...]:
    """The references with a tag and no digest, sorted."""
    return tuple(sorted({text(v) for v in values if isinstance(v, str) and "@" not in v and ":" in v}))


def fixed_in(version: object, source: str) -> Fact[Fix]:
    """A fix by the version that has it; empty: there is none."""
    return Known(Fix("yes", text(version)), source) if text(version) else Known(Fix("no"), source)


def several(found: list[T] | None, where: str) -> list[T]:
    """The list, or an empty one for null. Errors: `UnusableError` for one that is too long."""
    if found is not None and len(found) > MAX_FINDINGS:
        raise UnusableError(f"has {len(found):,} entries, more than {MAX_FINDINGS:,}", field=where)
    return found or []
