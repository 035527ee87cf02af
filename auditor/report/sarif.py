"""SARIF 2.1.0 (OASIS), as code scanning and other viewers read it.

A failure is `kind: fail` with a level; an unknown is `kind: open`, and the standard wants `level: none`
for it (3.27.10). A waived finding keeps its kind and carries an accepted suppression. Code scanning
shows only results with a file: the URI is made of the registry and repository, relative, stable.
One run holds all results; code scanning takes 25,000 of them and refuses more.
"""

from __future__ import annotations

from typing import Any, BinaryIO, ClassVar
from urllib.parse import quote

import msgspec

from auditor.findings.inert import inert
from auditor.findings.model import Finding, Resource, Results, RuleInfo, ScopeCoverage, Severity, Status
from auditor.report.text import cut, percent, place, prose, value_text, waiver_text

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
TEXT_LIMIT = 4000
"""Characters of one message or value."""
MAX_TAGS = 20
"""Tags of one rule that code scanning accepts."""

_LEVELS = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
# Code scanning's bands: over 9.0 critical, from 7.0 high, from 4.0 medium, above 0 low.
_SCORES = {
    Severity.CRITICAL: "9.5",
    Severity.HIGH: "8.0",
    Severity.MEDIUM: "5.5",
    Severity.LOW: "3.0",
    Severity.INFO: "1.0",
}
_KINDS = {"fail": "fail", "unknown": "open", "pass": "pass", "not_applicable": "notApplicable"}


class SarifReporter:
    """See `Reporter`."""

    format: ClassVar[str] = "sarif"
    suffix: ClassVar[str] = ".sarif"

    def write(self, results: Results, out: BinaryIO) -> None:
        """See `Reporter.write`."""
        places = {rule.id: index for index, rule in enumerate(results.rules)}
        compared = any(_is_known(finding, results) for finding in results.findings)
        run = {
            "tool": {"driver": _driver(results)},
            "automationDetails": {"id": "registry-auditor/"},
            "invocations": [_invocation(results)],
            "columnKind": "utf16CodeUnits",
            "results": [_result(finding, places, results, compared) for finding in results.findings],
            "properties": _run_properties(results),
        }
        document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
        compact = msgspec.json.encode(document, order="deterministic")
        out.write(msgspec.json.format(compact, indent=1) + b"\n")


def artifact_uri(resource: Resource) -> str:
    """A relative URI for a resource: its file, or `registry/HOST/REPOSITORY`, percent-encoded."""
    if resource.file:
        return quote(resource.file.replace("\\", "/").lstrip("/"), safe="/") or "unknown"
    parts = [resource.registry or resource.kind or "unknown", resource.repository]
    if not resource.registry and not resource.repository:
        parts = [resource.kind or "unknown", resource.id]
    return "/".join(["registry", *(quote(_no_dots(part), safe="/") for part in parts if part)])


def _no_dots(path: str) -> str:
    """Without `.` and `..` segments and empty ones: a viewer must not leave the folder."""
    return "/".join(part for part in path.split("/") if part not in ("", ".", "..")) or "unknown"


def _driver(results: Results) -> dict[str, Any]:
    return {
        "name": "registry-auditor",
        "version": inert(results.run.auditor_version),
        "rules": [_rule(rule) for rule in results.rules],
    }


def _rule(rule: RuleInfo) -> dict[str, Any]:
    title, description, fix = prose(rule.title), prose(rule.description), prose(rule.remediation.text)
    controls = inert("; ".join(f"{name}: {', '.join(ids)}" for name, ids in rule.frameworks.items()))
    paragraphs = [description, f"How to fix ({rule.remediation.mode}): {fix}"]
    if controls:
        paragraphs.append(f"Evidence for: {controls}")
    tags = ["security", "container-registry", inert(rule.group), *(inert(name) for name in rule.frameworks)]
    return {
        "id": inert(rule.id),
        "name": "".join(word[:1].upper() + word[1:] for word in title.split() if word.isalnum()) or inert(rule.id),
        "shortDescription": {"text": title},
        "fullDescription": {"text": description or title},
        "help": {"text": "\n\n".join(paragraphs)},
        "defaultConfiguration": {"level": _LEVELS[rule.severity]},
        "properties": {
            "tags": list(dict.fromkeys(tags))[:MAX_TAGS],
            "security-severity": _SCORES[rule.severity],
            "precision": "very-high",
            "frameworks": rule.frameworks,
            "low_confidence": rule.low_confidence,
        },
    }


def _result(finding: Finding, places: dict[str, int], results: Results, compared: bool) -> dict[str, Any]:
    status = finding.waived_status or "fail" if finding.status is Status.WAIVED else finding.status.value
    kind = _KINDS.get(status, "fail")
    result: dict[str, Any] = {
        "ruleId": inert(finding.rule),
        "kind": kind,
        "level": _LEVELS[finding.severity] if kind == "fail" else "none",
        "message": {"text": _message(finding)},
        "locations": [_location(finding.resource)],
        "partialFingerprints": {
            "registryAuditorFinding/v1": finding.id,
            "primaryLocationLineHash": f"{finding.id}:1",
        },
        "properties": _properties(finding),
    }
    if finding.rule in places:
        result["ruleIndex"] = places[finding.rule]
    if compared:
        result["baselineState"] = "unchanged" if _is_known(finding, results) else "new"
    if finding.status is Status.WAIVED:
        result["suppressions"] = [_suppression(finding)]
    return result


def _is_known(finding: Finding, results: Results) -> bool:
    """Whether the finding was in the baseline: only then is it older than the snapshot."""
    return finding.baseline or finding.first_seen < results.run.snapshot_taken_at


def _message(finding: Finding) -> str:
    settle = f" Would be settled by: {', '.join(finding.settle)}." if finding.settle else ""
    return f"{cut(prose(finding.message), TEXT_LIMIT)} [{cut(place(finding.resource), 400)}]{cut(inert(settle), 400)}"


def _location(resource: Resource) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": artifact_uri(resource)},
            "region": {"startLine": resource.line if resource.file and resource.line > 0 else 1},
        },
        "logicalLocations": [
            {
                "name": cut(place(resource), 400),
                "fullyQualifiedName": cut(inert(resource.id), TEXT_LIMIT),
                "kind": "resource",
            }
        ],
    }


def _suppression(finding: Finding) -> dict[str, Any]:
    waiver = finding.waiver
    if waiver is None:
        return {"kind": "external", "status": "accepted"}
    names = ("id", "owner", "expires", "ticket")
    return {
        "kind": "external",
        "status": "accepted",
        "justification": cut(waiver_text(waiver), TEXT_LIMIT),
        "properties": {name: cut(inert(getattr(waiver, name)), 400) for name in names},
    }


def _properties(finding: Finding) -> dict[str, Any]:
    used = {"in_use": True} if finding.in_use is True else {}
    return {
        **used,
        "severity": finding.severity.value,
        "status": finding.status.value,
        "first_seen": inert(finding.first_seen),
        "evidence": [
            {"path": cut(inert(item.path), 400), "value": value_text(item.value, TEXT_LIMIT)}
            for item in finding.evidence
        ],
        "remediation": {"action": inert(finding.remediation.action), "mode": finding.remediation.mode},
    }


def _invocation(results: Results) -> dict[str, Any]:
    """An audit that could not read everything is not a successful execution (3.20.14)."""
    notes = [note for scope in results.coverage.scopes for note in _notifications(scope)]
    return {
        "executionSuccessful": not notes,
        "startTimeUtc": inert(results.run.started_at),
        "endTimeUtc": inert(results.run.finished_at),
        "toolExecutionNotifications": notes,
    }


def _notifications(scope: ScopeCoverage) -> list[dict[str, Any]]:
    texts = [
        f"{scope.id}: {error.operation} failed {error.count} times ({error.reason} {error.code}): {error.message}"
        for error in scope.errors
    ]
    if scope.wanted > scope.answered:
        texts.append(f"{scope.id}: {scope.wanted - scope.answered} of {scope.wanted} facts were not read")
    return [{"level": "error", "message": {"text": cut(prose(text), TEXT_LIMIT)}} for text in texts]


def _run_properties(results: Results) -> dict[str, Any]:
    run, summary = results.run, results.summary
    return {
        "run_id": inert(run.id),
        "engine": inert(f"{run.engine.name} {run.engine.version}"),
        "snapshot_taken_at": inert(run.snapshot_taken_at),
        "snapshot_digest": inert(run.snapshot_digest),
        "policy_digest": inert(run.policy_digest),
        "config_digest": inert(run.config_digest),
        "coverage": percent(results.coverage.ratio),
        "decided": percent(results.coverage.decided),
        "passed": summary.pass_,
        "failed": summary.fail,
        "unknown": summary.unknown,
        "waived": summary.waived,
        "not_applicable": summary.not_applicable,
    }
