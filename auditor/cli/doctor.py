"""`auditor doctor`: what works here, and what each target lacks."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.common import command, console, printable, progress

if TYPE_CHECKING:
    from auditor.run.diagnosing import Lack

WIDTH = 80
SHOWN = 3
"""Scopes that are named for one kind of failure."""
MESSAGE = 240
EPILOG = "Example: auditor doctor -c auditor.yaml"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "doctor", epilog=EPILOG)(doctor)


def doctor(
    config: Annotated[
        Path | None,
        typer.Option("--config", "-c", help="Also check its targets, with one repository each.", metavar="FILE"),
    ] = None,
) -> None:
    """Show versions and engines; with -c also what targets lack: each permission, and the policy that has it."""
    from auditor.cli import options as opt
    from auditor.errors import ExitCode
    from auditor.run.diagnosing import check_targets, describe_engines, versions

    out = console()

    def line(text: str = "") -> None:
        out.print(printable(text), markup=False)

    for name, version in versions():
        line(f"{name:<18} {version}")
    for engine in describe_engines():
        line(f"engine {engine.name:<11} {'ok' if engine.usable else 'missing'}: {engine.detail}")
    if config is None:
        return
    with progress("Checking") as advance:
        diagnosis = check_targets(opt.read_config(config), advance)
    line()
    line(f"targets: {diagnosis.well} of {diagnosis.scopes} scopes lack nothing")
    for lack in diagnosis.lacks:
        for text in describe(lack):
            line(text)
    for note in diagnosis.notes:
        for text in textwrap.wrap(f"note: {note}", WIDTH, subsequent_indent="  "):
            line(text)
    raise typer.Exit(int(ExitCode.INCOMPLETE if diagnosis.lacks else ExitCode.OK))


def describe(lack: Lack) -> list[str]:
    """One kind of failure in a few lines of at most 80 columns: the call, what it needs, where, what was said."""
    where = lack.scopes[:SHOWN]
    more = len(lack.scopes) - len(where)
    lines = [f"{lack.operation}: {lack.reason} in {len(lack.scopes)} scope{'' if len(lack.scopes) == 1 else 's'}"]
    if lack.permission:
        lines.append(f"  needs {lack.permission}, in deploy/aws/{lack.policy}")
    if lack.permission == "sts:AssumeRole":
        lines.append("  and a role that trusts the caller: deploy/aws/stackset.yaml, deploy/aws/terraform")
    lines += textwrap.wrap(
        f"in {', '.join(where)}{f' and {more} more' if more else ''}",
        WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False,
    )  # fmt: skip
    return lines + textwrap.wrap(
        f"said: {lack.message[:MESSAGE]}", WIDTH, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False
    )
