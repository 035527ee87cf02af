"""Clair's vulnerability report, API v1 of Clair 4: `clairctl report --out json`, or its matcher's answer.

Format: httptransport/types/v1/vulnerability_report.schema.json of quay/clair. `manifest_hash` is the digest of the
manifest. Names are the vendor's, often with an id in front of words. There is no time in it.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from auditor.inventory.facts import Absent
from auditor.inventory.scanning import Package, Vulnerability
from auditor.scanners.results import (
    MAX_FINDINGS,
    MAX_TITLE,
    NOT_SINCE_WHEN,
    ImageResult,
    UnusableError,
    aliases_of,
    digests_in,
    fixed_in,
    identity,
    severity_of,
    text,
)

NAME = "clair"
SOURCE = "clair"
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")


class _Package(msgspec.Struct):
    name: str = ""
    version: str = ""


class _Flaw(msgspec.Struct):
    name: str
    severity: str = msgspec.field(name="normalized_severity", default="Unknown")
    description: str = ""
    links: str = ""
    fixed: str = msgspec.field(name="fixed_in_version", default="")


class _Report(msgspec.Struct):
    manifest_hash: str
    packages: dict[str, _Package] | None
    vulnerabilities: dict[str, _Flaw] | None
    pairs: dict[str, list[str] | None] | None = msgspec.field(name="package_vulnerabilities")


def is_clair(keys: dict[str, Any]) -> bool:
    """By the fields at the top."""
    return "manifest_hash" in keys and "package_vulnerabilities" in keys


def read_clair(content: bytes) -> list[ImageResult]:
    """The one scan in a report. Errors: `UnusableError`, and msgspec's for what does not fit."""
    report = msgspec.json.decode(content, type=_Report)
    packages, flaws = report.packages or {}, report.vulnerabilities or {}
    found: list[Vulnerability] = []
    for package_id, flaw_ids in sorted((report.pairs or {}).items()):
        for flaw_id in flaw_ids or []:
            if len(found) == MAX_FINDINGS:
                raise UnusableError(f"has more than {MAX_FINDINGS:,} findings", field="package_vulnerabilities")
            where = f"package_vulnerabilities.{text(package_id, 40)}"
            if flaw_id not in flaws:
                raise UnusableError(f"names a vulnerability that is not there: {text(flaw_id, 40)}", field=where)
            found.append(_vulnerability(flaws[flaw_id], packages.get(package_id, _Package()), where))
    return [
        ImageResult(
            scanner=NAME,
            version="",
            digests=digests_in([report.manifest_hash]),
            configs=(),
            platform="",
            references=(),
            completed_at=Absent(SOURCE),
            database_at=Absent(SOURCE),
            vulnerabilities=found,
        )
    ]


def _vulnerability(flaw: _Flaw, package: _Package, where: str) -> Vulnerability:
    first = flaw.name.split(maxsplit=1)[0].rstrip(":") if flaw.name.strip() else ""
    name = identity(first, where)
    return Vulnerability(
        id=name,
        severity=severity_of(flaw.severity),
        title=text(flaw.description, MAX_TITLE),
        packages=[Package(text(package.name), text(package.version))],
        fix=fixed_in("" if flaw.fixed == "0" else flaw.fixed, SOURCE),
        first_seen_at=NOT_SINCE_WHEN,
        exploit=Absent(SOURCE),
        epss=Absent(SOURCE),
        aliases=aliases_of(_CVE.findall(f"{flaw.name[:1000]} {flaw.links[:4000]}"), name),
    )
