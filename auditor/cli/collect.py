"""`auditor collect`: snapshot every target."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import options as opt
from auditor.cli.common import command, emit, progress, say

if TYPE_CHECKING:
    from auditor.inventory.store import ScopeEntry

EPILOG = "Example: auditor collect -c auditor.yaml -o snapshot"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "collect", epilog=EPILOG)(collect)


def collect(
    config: opt.ConfigFile = Path("auditor.yaml"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Snapshot directory.")] = Path("snapshot"),
    since: opt.Since = None,
    min_coverage: opt.MinCoverage = None,
    soft_fail: opt.SoftFail = False,
) -> None:
    """Read every target of the configuration into one snapshot."""
    from auditor.errors import ExitCode
    from auditor.run.collecting import collect as run_collect

    settings = opt.read_config(config)
    with progress("Reading") as advance:
        outcome = run_collect(settings, output, advance, since=since)
    print_collected(outcome.manifest.scopes)
    say(f"Snapshot: {output}")
    wanted = settings.settings.min_coverage if min_coverage is None else min_coverage
    incomplete = outcome.coverage * 100 < wanted
    raise typer.Exit(int(ExitCode.INCOMPLETE if incomplete and not soft_fail else ExitCode.OK))


def print_collected(scopes: list[ScopeEntry]) -> None:
    """One line a scope, and one a kind of error, on standard error."""
    for scope in scopes:
        say(f"{scope.id}: {scope.repositories} repositories, {scope.images} images, {scope.calls} calls")
        for error in scope.errors:
            times = f" ({error.count} times)" if error.count > 1 else ""
            emit("warning", f"{scope.id}: {error.operation}: {error.reason}{times}: {error.message or error.code}")
        for note in scope.notes:
            say(f"{scope.id}: note: {note}")
