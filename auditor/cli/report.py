"""`auditor report`: write reports of a results file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.common import command, say

EPILOG = "Example: auditor report results.json -r html=report.html -r sarif=results.sarif"

Requests = Annotated[
    list[str],
    typer.Option(
        "--report", "-r", help="html, json, sarif, junit, markdown or csv. Repeatable.", metavar="FORMAT[=PATH]"
    ),
]


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "report", epilog=EPILOG)(report)


def report(
    results: Annotated[Path, typer.Argument(help="A results.json.")],
    report: Requests,
) -> None:
    """Write reports of a results file; without a path to standard output."""
    from auditor.run.reporting import ReportRequest
    from auditor.run.reporting import report as run_report

    requests = [ReportRequest.parse(text) for text in report]
    for path in run_report(results, requests):
        say(f"Report: {path}")
