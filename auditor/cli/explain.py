"""`auditor explain`: why a finding, from which values."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.common import command, console, printable

if TYPE_CHECKING:
    from auditor.findings.model import Finding, Results, RuleInfo

EPILOG = "Example: auditor explain 4f1c2a9b --results audit/results.json"
MIN_PREFIX = 4
MAX_VALUE = 400


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "explain", epilog=EPILOG)(explain)


def explain(
    finding: Annotated[str, typer.Argument(help="Finding id, or the first characters of one.")],
    results: Annotated[Path, typer.Option("--results", help="The results file.")] = Path("results.json"),
) -> None:
    """Tell why a finding is there: the rule, the values it saw, and how to fix it."""
    from auditor.findings.results_file import read_results

    document = read_results(results)
    found = _find(document, finding, results)
    rule = next(rule for rule in document.rules if rule.id == found.rule)
    _print(found, rule)


def _find(document: Results, prefix: str, path: Path) -> Finding:
    from auditor.errors import UsageError

    if len(prefix) < MIN_PREFIX:
        raise UsageError(f"give at least {MIN_PREFIX} characters of the finding id")
    hits = [finding for finding in document.findings if finding.id.startswith(prefix.lower())]
    if not hits:
        raise UsageError(f"no finding {prefix!r}", path=path, hint="ids are in results.json and in the reports")
    if len(hits) > 1:
        raise UsageError(f"{len(hits)} findings start with {prefix!r}", path=path, hint="give more characters")
    return hits[0]


def _print(finding: Finding, rule: RuleInfo) -> None:
    out = console()

    def line(text: str = "") -> None:
        out.print(printable(text), markup=False)

    line(f"{finding.status.value}  {finding.severity.value}  {rule.id}  {rule.title}")
    line(f"Where: {finding.resource.id}")
    if finding.resource.tag:
        line(f"Tag:   {finding.resource.tag}")
    line(f"What:  {finding.message}")
    for item in finding.evidence:
        text = json.dumps(item.value, ensure_ascii=False, sort_keys=True)
        shown = text if len(text) <= MAX_VALUE else text[:MAX_VALUE] + "..."
        line(f"Value: {item.path} = {shown}")
    for call in finding.settle:
        line(f"Would be settled by: {call}")
    if finding.waiver:
        waiver = finding.waiver
        line(f"Waived by {waiver.id} ({waiver.owner}) until {waiver.expires}: {waiver.reason}")
    line(f"First seen: {finding.first_seen}" + ("; in the baseline" if finding.baseline else ""))
    line()
    for paragraph in rule.description.strip().splitlines():
        line(paragraph)
    line()
    line(f"How to fix ({finding.remediation.mode}): {rule.remediation.text.strip()}")


__all__ = ["explain", "register"]
