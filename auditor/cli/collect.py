"""`auditor collect`: snapshot every target."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import options as opt
from auditor.cli.common import command, emit, printable, progress, say

if TYPE_CHECKING:
    from auditor.config.settings import Config
    from auditor.inventory.store import Manifest

EPILOG = "Example: auditor collect -c auditor.yaml -o snapshot"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "collect", epilog=EPILOG)(collect)


def collect(
    config: opt.ConfigFile = Path("auditor.yaml"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Snapshot directory.")] = Path("snapshot"),
    min_coverage: opt.MinCoverage = None,
    soft_fail: opt.SoftFail = False,
    since: opt.Since = None,
    scan_results: opt.ScanResults = None,
    epss: opt.Epss = None,
    resume: opt.Resume = False,
    dry_run: opt.DryRun = False,
    as_json: opt.PlanJson = False,
) -> None:
    """Read every target of the configuration into one snapshot."""
    from auditor.errors import ExitCode
    from auditor.run.collecting import collect as run_collect

    settings = opt.with_scans(opt.read_config(config), scan_results, epss)
    if dry_run:
        print_plan(settings, since, as_json=as_json)
        return
    announce(settings, output, since, resume=resume)
    with progress("Reading") as advance:
        outcome = run_collect(settings, output, advance, since=since, resume=resume)
    print_collected(outcome.manifest)
    say(f"Snapshot: {output}")
    wanted = settings.settings.min_coverage if min_coverage is None else min_coverage
    incomplete = outcome.coverage * 100 < wanted
    raise typer.Exit(int(ExitCode.INCOMPLETE if incomplete and not soft_fail else ExitCode.OK))


def announce(config: Config, output: Path, since: Path | None, *, resume: bool) -> None:
    """Tell of an interrupted collection that --resume would continue."""
    from auditor.run.collecting import offer_to_resume

    offer = "" if resume else offer_to_resume(config, output, since=since)
    if offer:
        emit("warning", offer)


def print_plan(config: Config, since: Path | None, *, as_json: bool) -> None:
    """What collecting would take, on standard output."""
    from auditor.run.planning import plan_collection, plan_document, plan_lines

    with progress("Listing") as advance:
        plan = plan_collection(config, advance, since=since)
    if as_json:
        print(json.dumps(plan_document(plan), indent=2))
        return
    for line in plan_lines(plan):
        print(printable(line))


def print_collected(manifest: Manifest) -> None:
    """One line a scope, and one a kind of error, on standard error."""
    for note in manifest.notes:
        say(f"note: {note}")
    for scope in manifest.scopes:
        say(f"{scope.id}: {scope.repositories} repositories, {scope.images} images, {scope.calls} calls")
        for error in scope.errors:
            times = f" ({error.count} times)" if error.count > 1 else ""
            emit("warning", f"{scope.id}: {error.operation}: {error.reason}{times}: {error.message or error.code}")
        for note in scope.notes:
            say(f"{scope.id}: note: {note}")
