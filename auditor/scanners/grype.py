"""Grype's own report: `grype IMAGE -o json`.

Format: grype/presenter/models of anchore/grype. The database's date stands in `descriptor.db.built` with databases of
schema 5, and in `descriptor.db.status.built` since schema 6, as EPSS scores and known exploits do only since then.
`imageID` is the digest of the config. `manifestDigest` is the registry's only where the image was pulled from there,
which costs nothing: another one fits no image. Ignored matches are hidden only with a reason.
"""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.inventory.facts import Absent, Fact, Known
from auditor.inventory.scanning import Fix, Package, Vulnerability
from auditor.scanners.results import (
    DIGEST,
    MAX_TITLE,
    NOT_SINCE_WHEN,
    ImageResult,
    UnusableError,
    aliases_of,
    digests_in,
    identity,
    moment,
    several,
    severity_of,
    tagged,
    text,
)

NAME = "grype"
SOURCE = "grype"
_HINT = "make it with: grype IMAGE -o json"
_OWN_RULE = "exact-indirect-match"
"""The match type of rules that Grype brings itself: a source package's flaw that the headers package has not."""


class _Fix(msgspec.Struct):
    versions: list[str] | None = None
    state: str = ""


class _Epss(msgspec.Struct):
    epss: float = 0.0


class _Flaw(msgspec.Struct):
    id: str
    severity: str = ""
    description: str = ""
    fix: _Fix | None = None
    epss: list[_Epss] | None = None
    exploited: list[msgspec.Raw] | None = msgspec.field(name="knownExploited", default=None)


class _Related(msgspec.Struct):
    id: str = ""


class _Artifact(msgspec.Struct):
    name: str = ""
    version: str = ""


class _IgnoreRule(msgspec.Struct):
    reason: str = ""
    vex_status: str = msgspec.field(name="vex-status", default="")
    vex_justification: str = msgspec.field(name="vex-justification", default="")
    match_type: str = msgspec.field(name="match-type", default="")


class _Match(msgspec.Struct):
    vulnerability: _Flaw
    related: list[_Related] | None = msgspec.field(name="relatedVulnerabilities", default=None)
    artifact: _Artifact = msgspec.field(default_factory=_Artifact)
    rules: list[_IgnoreRule] | None = msgspec.field(name="appliedIgnoreRules", default=None)


class _Target(msgspec.Struct):
    input: str = msgspec.field(name="userInput", default="")
    image_id: str = msgspec.field(name="imageID", default="")
    manifest_digest: str = msgspec.field(name="manifestDigest", default="")
    tags: list[str] | None = None
    repo_digests: list[str] | None = msgspec.field(name="repoDigests", default=None)
    architecture: str = ""
    os: str = ""


class _Source(msgspec.Struct):
    type: str = ""
    target: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    """Of another shape for another type."""


class _DatabaseStatus(msgspec.Struct):
    built: str = ""


class _Database(msgspec.Struct):
    built: str = ""
    status: _DatabaseStatus | None = None


class _Descriptor(msgspec.Struct):
    name: str = ""
    version: str = ""
    timestamp: str = ""
    db: _Database | None = None


class _Report(msgspec.Struct):
    matches: list[_Match] | None
    descriptor: _Descriptor
    source: _Source | None = None
    ignored: list[_Match] | None = msgspec.field(name="ignoredMatches", default=None)


def is_grype(keys: dict[str, Any]) -> bool:
    """By the fields at the top."""
    return "matches" in keys and "descriptor" in keys


def read_grype(content: bytes) -> list[ImageResult]:
    """The one scan in a report. Errors: `UnusableError`, and msgspec's for what does not fit."""
    report = msgspec.json.decode(content, type=_Report)
    source = report.source or _Source()
    if source.type != "image":
        kind = text(source.type, 40) or "something unnamed"
        raise UnusableError(f"is of {kind}, not of an image", _HINT, "source.type")
    target = msgspec.json.decode(source.target, type=_Target)
    database = report.descriptor.db or _Database()
    built = database.built or (database.status.built if database.status else "")
    found = [
        _vulnerability(match, f"matches.{n}.vulnerability.id")
        for n, match in enumerate(several(report.matches, "matches"))
    ]
    for n, match in enumerate(several(report.ignored, "ignoredMatches")):
        if any(rule.match_type == _OWN_RULE for rule in match.rules or []):
            continue
        one = _vulnerability(match, f"ignoredMatches.{n}.vulnerability.id")
        found.append(msgspec.structs.replace(one, suppressed_by=_reason(match)))
    return [
        ImageResult(
            scanner=NAME,
            version=text(report.descriptor.version, 40),
            digests=digests_in([target.manifest_digest, target.input, *(target.repo_digests or [])]),
            configs=(target.image_id,) if DIGEST.fullmatch(target.image_id) else (),
            platform=f"{text(target.os, 40)}/{text(target.architecture, 40)}" if target.architecture else "",
            references=tagged([target.input, *(target.tags or [])]),
            completed_at=moment(report.descriptor.timestamp, SOURCE),
            database_at=moment(built, SOURCE),
            vulnerabilities=found,
        )
    ]


def _reason(match: _Match) -> str:
    """Why a match is ignored, with words for it; empty where no rule gives a reason."""
    for rule in match.rules or []:
        reason = text(rule.reason) or text(rule.vex_justification)
        if reason:
            return f"{text(rule.vex_status, 40) or 'ignored'} for grype: {reason}"
    return ""


def _vulnerability(match: _Match, where: str) -> Vulnerability:
    flaw = match.vulnerability
    name = identity(flaw.id, where)
    scores = [one.epss for one in flaw.epss or [] if 0 <= one.epss <= 1]
    return Vulnerability(
        id=name,
        severity=severity_of(flaw.severity),
        title=text(flaw.description, MAX_TITLE),
        packages=[Package(text(match.artifact.name), text(match.artifact.version))],
        fix=_fix(flaw.fix or _Fix()),
        first_seen_at=NOT_SINCE_WHEN,
        exploit=Known(True, SOURCE) if flaw.exploited else Absent(SOURCE),
        epss=Known(round(max(scores), 6), SOURCE) if scores else Absent(SOURCE),
        aliases=aliases_of([one.id for one in match.related or []], name),
    )


def _fix(fix: _Fix) -> Fact[Fix]:
    versions = ", ".join(sorted({text(version, 100) for version in (fix.versions or [])[:20]} - {""}))
    if fix.state == "fixed":
        return Known(Fix("yes", versions), SOURCE)
    if fix.state in ("not-fixed", "wont-fix"):
        return Known(Fix("no"), SOURCE)
    return Absent(SOURCE, fix.state if fix.state in ("unknown", "") else "")
