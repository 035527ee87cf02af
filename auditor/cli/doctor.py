"""`auditor doctor`: what works here, and what each target lacks."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.common import command, console, printable, progress

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
    """Show versions and engines; with -c also credentials and permissions that a target lacks."""
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
        diagnoses = check_targets(opt.read_config(config), advance)
    bad = False
    for diagnosis in diagnoses:
        bad = bad or bool(diagnosis.lacks)
        line(f"{diagnosis.scope:<40} {'lacks' if diagnosis.lacks else 'ok'}")
        for lack in diagnosis.lacks:
            line(f"  {lack}")
    raise typer.Exit(int(ExitCode.INCOMPLETE if bad else ExitCode.OK))
