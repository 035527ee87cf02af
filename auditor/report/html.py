"""The HTML report: one file that opens anywhere, asks the network for nothing and runs only its own script.

The template, the style and the script are separate files below `template_root`; here they are put
together, and the page's content security policy names them by their SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
from typing import Any, BinaryIO, ClassVar

from jinja2 import Environment, StrictUndefined, TemplateError
from jinja2.loaders import FunctionLoader
from markupsafe import Markup

from auditor.errors import ReportError
from auditor.findings.inert import inert
from auditor.findings.model import Finding, Results, RuleInfo, Severity, Status
from auditor.report import frameworks, overview, text
from auditor.report.payload import columns, pack
from auditor.report.resources import read_template
from auditor.report.supply import supply_tables

STYLES = ("base.css", "summary.css", "findings.css", "tables.css", "print.css")
SCRIPTS = ("store.js", "filter.js", "table.js", "detail.js", "controls.js", "print.js", "main.js")

NOSCRIPT_ROWS = 200
"""Findings shown where scripts do not run."""
SCOPE_ROWS = 300
"""Scopes listed one by one; the least read come first."""
ERROR_ROWS = 40
"""Errors listed of one scope."""


class HtmlReporter:
    """See `Reporter`."""

    format: ClassVar[str] = "html"
    suffix: ClassVar[str] = ".html"

    def write(self, results: Results, out: BinaryIO) -> None:
        """See `Reporter.write`."""
        try:
            page = _environment().get_template("report.html.j2").render(_context(results))
        except TemplateError as error:
            raise ReportError(f"the page could not be made: {error}", hint="install registry-auditor again") from error
        out.write(page.encode("utf-8", "backslashreplace"))


def _environment() -> Environment:
    environment = Environment(
        loader=FunctionLoader(read_template),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_clean,
        auto_reload=False,
    )
    environment.filters.update(
        number=lambda value: f"{value:,}",
        percent=text.percent,
        moment=text.moment,
        prose=text.prose,
        cut=text.cut,
        place=text.place,
    )
    environment.globals.update(count=text.count)
    return environment


def _clean(value: Any) -> Any:
    """Every text that a template puts out is made inert; autoescape comes after."""
    return inert(value) if isinstance(value, str) and not isinstance(value, Markup) else value


def _context(results: Results) -> dict[str, Any]:
    style = "\n".join(read_template(f"css/{name}") for name in STYLES)
    script = '(() => {\n"use strict";\n' + "\n".join(read_template(f"js/{name}") for name in SCRIPTS) + "})();\n"
    rules = overview.rule_rows(results)
    unlisted = sorted({finding.rule for finding in results.findings} - {row.rule.id for row in rules})
    findings = overview.in_use_first(results.findings)
    places = {rule: index for index, rule in enumerate([*(row.rule.id for row in rules), *unlisted])}
    document = columns(findings, places)
    document["rules"] = [*(_rule(row.rule) for row in rules), *map(_unlisted, unlisted)]
    document["taken"] = inert(results.run.snapshot_taken_at)
    document["frameworks"] = [[row.id, inert(row.title)] for row in frameworks.framework_rows(results)]
    scopes = overview.scope_rows(results)
    return {
        "results": results,
        "run": results.run,
        "summary": results.summary,
        "coverage": results.coverage,
        "headline": overview.headline(results),
        "severities": _severities(results),
        "top_rules": overview.top_rules(results),
        "rules": rules,
        "scopes": scopes[:SCOPE_ROWS],
        "more_scopes": len(scopes) - len(scopes[:SCOPE_ROWS]),
        "gaps": [row for row in scopes if row.scope.errors or row.missing],
        "error_rows": ERROR_ROWS,
        "supply": supply_tables(results),
        "unread": overview.unread(results),
        "frameworks": frameworks.framework_rows(results),
        "plain": _plain(findings),
        "style": Markup(style),  # noqa: S704  our own files
        "script": Markup(script),  # noqa: S704  our own files
        "style_hash": _digest(style),
        "script_hash": _digest(script),
        "payload": pack(document),
    }


def _rule(rule: RuleInfo) -> dict[str, Any]:
    return {
        "id": inert(rule.id),
        "title": text.prose(rule.title),
        "group": inert(rule.group),
        "severity": rule.severity.value,
        "description": text.prose(rule.description),
        "fix": text.prose(rule.remediation.text),
        "frameworks": [
            [inert(name), [inert(control) for control in controls]] for name, controls in rule.frameworks.items()
        ],
        "indirect": [inert(link) for link in rule.low_confidence],
    }


def _unlisted(rule: str) -> dict[str, Any]:
    """A rule that findings name and the list of rules does not: results of another program."""
    texts = {"id": inert(rule), "title": "", "group": "", "severity": "info", "description": "", "fix": ""}
    return {**texts, "frameworks": [], "indirect": []}


def _severities(results: Results) -> list[dict[str, Any]]:
    """One bar per severity: widths in per mille of the widest, at least 6 so that nothing is invisible."""
    shown = []
    widest = max((c.fail + c.unknown + c.waived for c in results.summary.by_severity.values()), default=0) or 1
    for severity in Severity:
        counts = results.summary.by_severity.get(severity.value)
        parts, left = [], 0
        for name in ("fail", "unknown", "waived"):
            number = getattr(counts, name) if counts else 0
            width = max(round(number * 960 / widest), 6) if number else 0
            parts.append({"name": name, "number": number, "left": left, "width": width})
            left += width
        shown.append({"name": severity.value, "parts": parts, "passed": counts.pass_ if counts else 0})
    return shown


def _plain(findings: list[Finding]) -> dict[str, Any]:
    """The first failures and unknowns, for readers without scripts."""
    wanted = [finding for finding in findings if finding.status in (Status.FAIL, Status.UNKNOWN)]
    return {"rows": wanted[:NOSCRIPT_ROWS], "more": max(len(wanted) - NOSCRIPT_ROWS, 0)}


def _digest(content: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(content.encode()).digest()).decode("ascii")
