"""Trivy's own report: `trivy image -f json`, SchemaVersion 2.

Format: https://trivy.dev/latest/docs/configuration/reporting/ and pkg/types/report.go of aquasecurity/trivy. The report
does not tell which scanners ran, nor the date of the database. That packages were looked at shows in results of the
classes os-pkgs and lang-pkgs, which are there without findings, too; without any the report clears nothing.
What was ignored or stated not to apply is listed with `--show-suppressed` only; it is hidden only with a reason.
"""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.inventory.facts import Absent, Known
from auditor.inventory.scan_sources import ScannedSecret
from auditor.inventory.scanning import Fix, Package, Vulnerability
from auditor.scanners.results import (
    DIGEST,
    MAX_FINDINGS,
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

NAME = "trivy"
SOURCE = "trivy"
VERSION = 2
_HINT = "make it with: trivy image -f json"
_PACKAGES = ("os-pkgs", "lang-pkgs")


class _Config(msgspec.Struct):
    architecture: str = ""
    os: str = ""


class _Metadata(msgspec.Struct):
    image_id: str = msgspec.field(name="ImageID", default="")
    repo_tags: list[str] | None = msgspec.field(name="RepoTags", default=None)
    repo_digests: list[str] | None = msgspec.field(name="RepoDigests", default=None)
    image_config: _Config | None = msgspec.field(name="ImageConfig", default=None)


class _Vulnerability(msgspec.Struct):
    id: str = msgspec.field(name="VulnerabilityID")
    vendor_ids: list[str] | None = msgspec.field(name="VendorIDs", default=None)
    package: str = msgspec.field(name="PkgName", default="")
    installed: str = msgspec.field(name="InstalledVersion", default="")
    fixed: str = msgspec.field(name="FixedVersion", default="")
    title: str = msgspec.field(name="Title", default="")
    severity: str = msgspec.field(name="Severity", default="")


class _Modified(msgspec.Struct):
    """Something that is no longer counted; `finding` is of another shape for another `type`."""

    type: str = msgspec.field(name="Type", default="")
    status: str = msgspec.field(name="Status", default="")
    statement: str = msgspec.field(name="Statement", default="")
    source: str = msgspec.field(name="Source", default="")
    finding: msgspec.Raw = msgspec.field(name="Finding", default_factory=lambda: msgspec.Raw(b"{}"))


class _Secret(msgspec.Struct):
    """Without `Match` and `Code`, which hold the secret or what is around it: these are never read."""

    rule: str = msgspec.field(name="RuleID", default="")
    category: str = msgspec.field(name="Category", default="")
    severity: str = msgspec.field(name="Severity", default="")
    line: int = msgspec.field(name="StartLine", default=0)


class _Result(msgspec.Struct):
    target: str = msgspec.field(name="Target", default="")
    kind: str = msgspec.field(name="Class", default="")
    vulnerabilities: list[_Vulnerability] | None = msgspec.field(name="Vulnerabilities", default=None)
    secrets: list[_Secret] | None = msgspec.field(name="Secrets", default=None)
    modified: list[_Modified] | None = msgspec.field(name="ExperimentalModifiedFindings", default=None)


class _Tool(msgspec.Struct):
    version: str = msgspec.field(name="Version", default="")


class _Report(msgspec.Struct):
    schema: int = msgspec.field(name="SchemaVersion")
    created: str = msgspec.field(name="CreatedAt", default="")
    name: str = msgspec.field(name="ArtifactName", default="")
    kind: str = msgspec.field(name="ArtifactType", default="")
    tool: _Tool | None = msgspec.field(name="Trivy", default=None)
    metadata: _Metadata | None = msgspec.field(name="Metadata", default=None)
    results: list[_Result] | None = msgspec.field(name="Results", default=None)


def is_trivy(keys: dict[str, Any]) -> bool:
    """By the fields at the top."""
    return "SchemaVersion" in keys and ("ArtifactName" in keys or "ArtifactType" in keys)


def read_trivy(content: bytes) -> list[ImageResult]:
    """The one scan in a report. Errors: `UnusableError`, and msgspec's for what does not fit."""
    head = msgspec.json.decode(content, type=dict[str, msgspec.Raw]).get("SchemaVersion", b"null")
    if bytes(head) != str(VERSION).encode():
        shown = text(bytes(head).decode(errors="replace"), 20)
        raise UnusableError(f"has SchemaVersion {shown}, only {VERSION} is known", _HINT, "SchemaVersion")
    report = msgspec.json.decode(content, type=_Report)
    if report.kind and report.kind != "container_image":
        raise UnusableError(f"is of a {text(report.kind, 40)}, not of an image", _HINT, "ArtifactType")
    metadata = report.metadata or _Metadata()
    config = metadata.image_config or _Config()
    results = several(report.results, "Results")
    looked = any(result.kind in _PACKAGES for result in results)
    found = [v for n, result in enumerate(results) for v in _vulnerabilities(result, f"Results.{n}")]
    if len(found) > MAX_FINDINGS:
        raise UnusableError(f"has {len(found):,} findings, more than {MAX_FINDINGS:,}")
    return [
        ImageResult(
            scanner=NAME,
            version=text(report.tool.version if report.tool else "", 40),
            digests=digests_in([report.name, *(metadata.repo_digests or [])]),
            configs=(metadata.image_id,) if DIGEST.fullmatch(metadata.image_id) else (),
            platform=f"{text(config.os, 40)}/{text(config.architecture, 40)}" if config.architecture else "",
            references=tagged([report.name, *(metadata.repo_tags or [])]),
            completed_at=moment(report.created, SOURCE),
            database_at=Absent(SOURCE),
            vulnerabilities=found,
            secrets=[secret for result in results for secret in _secrets(result)],
            problem="" if looked else "it looked at no packages",
        )
    ]


def _vulnerabilities(result: _Result, where: str) -> list[Vulnerability]:
    found = [
        _vulnerability(one, f"{where}.Vulnerabilities.{n}")
        for n, one in enumerate(several(result.vulnerabilities, f"{where}.Vulnerabilities"))
    ]
    for n, modified in enumerate(several(result.modified, f"{where}.ExperimentalModifiedFindings")):
        if modified.type == "vulnerability":
            one = msgspec.json.decode(modified.finding, type=_Vulnerability)
            place = f"{where}.ExperimentalModifiedFindings.{n}.Finding"
            reason = text(modified.statement)
            hidden = f"{text(modified.status, 40)} for trivy ({text(modified.source, 100)}): {reason}" if reason else ""
            found.append(msgspec.structs.replace(_vulnerability(one, place), suppressed_by=hidden))
    return found


def _vulnerability(one: _Vulnerability, where: str) -> Vulnerability:
    name = identity(one.id, f"{where}.VulnerabilityID")
    fixed = text(one.fixed)
    return Vulnerability(
        id=name,
        severity=severity_of(one.severity),
        title=text(one.title, MAX_TITLE),
        packages=[Package(text(one.package), text(one.installed))],
        fix=Known(Fix("yes", fixed) if fixed else Fix("no"), SOURCE),
        first_seen_at=NOT_SINCE_WHEN,
        exploit=Absent(SOURCE),
        epss=Absent(SOURCE),
        aliases=aliases_of(one.vendor_ids or [], name),
    )


def _secrets(result: _Result) -> list[ScannedSecret]:
    return [
        ScannedSecret(
            rule=text(one.rule, 100),
            category=text(one.category, 100),
            severity=severity_of(one.severity),
            path=text(result.target),
            line=max(0, min(one.line, 10**9)),
            scanner=NAME,
        )
        for one in several(result.secrets, "Secrets")
    ]
