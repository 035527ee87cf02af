"""Harbor's report of an artifact: `application/vnd.security.vulnerability.report; version=1.1`.

Format: the Pluggable Scanner API, and src/pkg/scan/vuln/report.go of goharbor/harbor: what its API gives for
`…/artifacts/REF/additions/vulnerabilities`. The image is named by `artifact_digests` of each finding; a report without
findings names none.
"""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.inventory.facts import Absent
from auditor.inventory.scanning import Package, Vulnerability
from auditor.scanners.results import (
    MAX_TITLE,
    NOT_SINCE_WHEN,
    ImageResult,
    digests_in,
    fixed_in,
    identity,
    moment,
    several,
    severity_of,
    text,
)

SOURCE = "harbor"
MEDIA_TYPE = "application/vnd.security.vulnerability.report; version=1.1"


class _Scanner(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Item(msgspec.Struct):
    id: str
    package: str = ""
    version: str = ""
    fix_version: str = ""
    severity: str | None = None
    description: str = ""
    artifact_digest: str = ""
    artifact_digests: list[str] | None = None


class _Report(msgspec.Struct):
    generated_at: str
    scanner: _Scanner | None = None
    vulnerabilities: list[_Item] | None = None


def is_harbor(keys: dict[str, Any]) -> bool:
    """By the fields at the top: the report as it is, or under its media type as the API gives it."""
    return MEDIA_TYPE in keys or ("generated_at" in keys and "scanner" in keys)


def read_harbor(content: bytes) -> list[ImageResult]:
    """The one scan in a report. Errors: `UnusableError`, and msgspec's for what does not fit."""
    inner = msgspec.json.decode(content, type=dict[str, msgspec.Raw]).get(MEDIA_TYPE)
    report = msgspec.json.decode(content if inner is None else inner, type=_Report)
    scanner = report.scanner or _Scanner()
    items = several(report.vulnerabilities, "vulnerabilities")
    digests = {name for item in items for name in (item.artifact_digest, *(item.artifact_digests or []))}
    return [
        ImageResult(
            scanner=(text(scanner.name, 40) or SOURCE).lower(),
            version=text(scanner.version, 40),
            digests=digests_in(digests),
            configs=(),
            platform="",
            references=(),
            completed_at=moment(report.generated_at, SOURCE),
            database_at=Absent(SOURCE),
            vulnerabilities=[_vulnerability(item, f"vulnerabilities.{n}.id") for n, item in enumerate(items)],
        )
    ]


def _vulnerability(item: _Item, where: str) -> Vulnerability:
    return Vulnerability(
        id=identity(item.id, where),
        severity=severity_of(item.severity),
        title=text(item.description, MAX_TITLE),
        packages=[Package(text(item.package), text(item.version))],
        fix=fixed_in(item.fix_version, SOURCE),
        first_seen_at=NOT_SINCE_WHEN,
        exploit=Absent(SOURCE),
        epss=Absent(SOURCE),
    )
