"""SARIF 2.1.0 as Trivy and Grype write it.

Format: https://docs.oasis-open.org/sarif/sarif/v2.1.0/; what the two put into it: pkg/report/sarif.go of
aquasecurity/trivy (digests in `run.properties`, words in the result's message) and grype/presenter/sarif of
anchore/grype (a digest in `fullyQualifiedName` where the image was named by it, words in the rule's help, rule ids
`CVE-…-package`).
Of other tools the rule's id, its level of `security-severity` and nothing else is taken.

SARIF tells neither when an image was scanned nor, without a finding, that vulnerabilities were looked for at all.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec

from auditor.inventory.facts import Absent, Fact
from auditor.inventory.scanning import Fix, Package, Severity, Vulnerability
from auditor.scanners.results import (
    DIGEST,
    MAX_TITLE,
    NOT_SINCE_WHEN,
    ImageResult,
    UnusableError,
    digests_in,
    fixed_in,
    identity,
    several,
    severity_of,
    severity_of_score,
    tagged,
    text,
)

SOURCE = "sarif"
VERSION = "2.1.0"
_MAX_RUNS = 100
_MAX_MESSAGE = 4000
_VULNERABILITY = re.compile(
    r"((?:CVE-\d{4}-\d{4,}|GHSA(?:-[0-9a-z]{4}){3}|(?:ALAS|DLA|DSA|ELSA|RHSA|USN|TEMP|GO|PYSEC|OSV|RUSTSEC)[A-Za-z0-9]*-[A-Za-z0-9.:-]+))"
)
_FIELD = re.compile(r"^(Package|Installed Version|Version|Severity|Fixed Version|Fix Version): *(.*)$", re.MULTILINE)
_OTHER_RULES = ("Secret", "Misconfiguration", "License")
"""Names of Trivy's rules that are no vulnerabilities."""


class _Text(msgspec.Struct):
    text: str = ""


class _RuleProperties(msgspec.Struct):
    score: str | float | None = msgspec.field(name="security-severity", default=None)


class _Rule(msgspec.Struct):
    id: str = ""
    name: str = ""
    short: _Text | None = msgspec.field(name="shortDescription", default=None)
    help: _Text | None = None
    properties: _RuleProperties | None = None


class _Driver(msgspec.Struct):
    name: str
    version: str = ""
    rules: list[_Rule] | None = None


class _Tool(msgspec.Struct):
    driver: _Driver


class _Logical(msgspec.Struct):
    full: str = msgspec.field(name="fullyQualifiedName", default="")


class _Location(msgspec.Struct):
    logical: list[_Logical] | None = msgspec.field(name="logicalLocations", default=None)


class _Suppression(msgspec.Struct):
    status: str = "accepted"
    justification: str = ""


class _Result(msgspec.Struct):
    rule_id: str = msgspec.field(name="ruleId", default="")
    message: _Text = msgspec.field(default_factory=_Text)
    locations: list[_Location] | None = None
    suppressions: list[_Suppression] | None = None


class _RunProperties(msgspec.Struct):
    image_name: str = msgspec.field(name="imageName", default="")
    image_id: str = msgspec.field(name="imageID", default="")
    repo_tags: list[str] | None = msgspec.field(name="repoTags", default=None)
    repo_digests: list[str] | None = msgspec.field(name="repoDigests", default=None)


class _Run(msgspec.Struct):
    tool: _Tool
    results: list[_Result] | None = None
    properties: _RunProperties | None = None


class _Log(msgspec.Struct):
    version: str
    runs: list[_Run]


def is_sarif(keys: dict[str, Any]) -> bool:
    """By the fields at the top."""
    return "runs" in keys and "version" in keys


def read_sarif(content: bytes) -> list[ImageResult]:
    """A scan for each run. Errors: `UnusableError`, and msgspec's for what does not fit."""
    log = msgspec.json.decode(content, type=_Log)
    if log.version != VERSION:
        raise UnusableError(f"is SARIF {text(log.version, 20)}, only {VERSION} is known", field="version")
    if len(log.runs) > _MAX_RUNS:
        raise UnusableError(f"has {len(log.runs):,} runs, more than {_MAX_RUNS}", field="runs")
    return [_run(run, f"runs.{n}") for n, run in enumerate(log.runs)]


def _run(run: _Run, where: str) -> ImageResult:
    properties = run.properties or _RunProperties()
    results = several(run.results, f"{where}.results")
    rules = {rule.id: rule for rule in several(run.tool.driver.rules, f"{where}.tool.driver.rules")}
    found = []
    for n, result in enumerate(results):
        rule = rules.get(result.rule_id, _Rule())
        if rule.name not in _OTHER_RULES:
            found.append(_vulnerability(result, rule, f"{where}.results.{n}.ruleId"))
    names = {name.full for r in results for place in r.locations or [] for name in place.logical or []}
    return ImageResult(
        scanner=text(run.tool.driver.name, 40).lower() or "unnamed",
        version=text(run.tool.driver.version, 40),
        digests=digests_in([properties.image_name, *(properties.repo_digests or []), *map(_image_of, names)]),
        configs=(properties.image_id,) if DIGEST.fullmatch(properties.image_id) else (),
        platform="",
        references=tagged([properties.image_name, *(properties.repo_tags or [])]),
        completed_at=Absent(SOURCE),
        database_at=Absent(SOURCE),
        vulnerabilities=found,
        problem="" if found else "SARIF without a finding does not tell that vulnerabilities were looked for",
    )


def _image_of(name: str) -> str:
    """The image as it was named to Grype, of its `IMAGE@LAYER:/path`: the last digest is a layer's."""
    return name.partition(":/")[0].rpartition("@")[0]


def _vulnerability(result: _Result, rule: _Rule, where: str) -> Vulnerability:
    told = _FIELD.findall(f"{(rule.help or _Text()).text[:_MAX_MESSAGE]}\n{result.message.text[:_MAX_MESSAGE]}")
    fields = {name: text(value) for name, value in told}
    named = _VULNERABILITY.match(result.rule_id)
    package = fields.get("Package", "")
    name = result.rule_id
    if named:
        # Grype joins the id and the package with a hyphen, which both may hold.
        name = name.removesuffix(f"-{package}") if package and name.endswith(f"-{package}") else named.group(1)
    return Vulnerability(
        id=identity(name, where),
        severity=_severity(fields.get("Severity", ""), rule),
        title=text((rule.short or _Text()).text, MAX_TITLE),
        packages=[Package(package, fields.get("Installed Version") or fields.get("Version", ""))],
        fix=_fix(fields),
        first_seen_at=NOT_SINCE_WHEN,
        suppressed_by=_hidden(result),
        exploit=Absent(SOURCE),
        epss=Absent(SOURCE),
    )


def _severity(word: str, rule: _Rule) -> Severity:
    """The scanner's own word, else by the score that GitHub shows."""
    stated = severity_of(word)
    return stated if stated != "UNKNOWN" else severity_of_score(rule.properties.score if rule.properties else None)


def _fix(fields: dict[str, str]) -> Fact[Fix]:
    for name in ("Fixed Version", "Fix Version"):
        if name in fields:
            return fixed_in(fields[name], SOURCE)
    return Absent(SOURCE)


def _hidden(result: _Result) -> str:
    """What suppresses a result: accepted and with a reason (section 3.35), or nothing does."""
    given = result.suppressions or []
    if not given or any(one.status != "accepted" for one in given):
        return ""
    reasons = sorted({text(one.justification) for one in given} - {""})
    return f"suppressed in SARIF: {reasons[0]}" if reasons else ""
