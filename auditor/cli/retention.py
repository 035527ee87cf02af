"""`auditor retention simulate`: what lifecycle policies remove, when, and what of it is in use."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import options as opt
from auditor.cli.common import command, emit, printable, progress

if TYPE_CHECKING:
    from auditor.config.settings import Config

app = typer.Typer(help="What lifecycle policies remove, and which of it is in use.", no_args_is_help=True)

EPILOG = "Example: auditor retention simulate team/app --snapshot snapshot --policy proposed.json"


def simulate(
    repositories: Annotated[
        list[str] | None, typer.Argument(help="Names, globs or ids; all without.", metavar="REPOSITORY")
    ] = None,
    snapshot: Annotated[
        Path, typer.Option("--snapshot", help="Snapshot directory or inventory document.", metavar="DIR")
    ] = Path("snapshot"),
    policy: Annotated[
        Path | None,
        typer.Option("--policy", help="A proposed lifecycle policy (JSON) for the present ones.", metavar="FILE"),
    ] = None,
    days: Annotated[str, typer.Option("--days", help="When to look, in days from the snapshot.")] = "0,30,90",
    price_per_gib: Annotated[
        float, typer.Option("--price-per-gib", help="USD per GiB and month, standard class.", min=0)
    ] = 0.10,
    archive_price_per_gib: Annotated[
        float, typer.Option("--archive-price-per-gib", help="USD per GiB and month in the archive.", min=0)
    ] = 0.10,
    json: Annotated[bool, typer.Option("--json", help="Everything as JSON.")] = False,
    oracle: Annotated[
        bool, typer.Option("--oracle", help="Also have ECR preview it (starts a preview job), and compare.")
    ] = False,
    config: opt.ConfigFile = None,
) -> None:
    """Tell what lifecycle policies remove now and later, if nothing is pushed or pulled."""
    from auditor.analysis.lifecycle.forecast import Prices
    from auditor.cli.retention_view import print_simulation
    from auditor.errors import ExitCode
    from auditor.run.simulating import InvalidPolicyError, SimulateOptions
    from auditor.run.simulating import simulate as run_simulate

    standard = Prices()
    stated = (price_per_gib, archive_price_per_gib) == (standard.standard, standard.archive)
    prices = standard if stated else Prices(price_per_gib, archive_price_per_gib, "as given")
    try:
        with progress("Simulating") as advance:
            result = run_simulate(
                SimulateOptions(
                    snapshot=snapshot,
                    repositories=tuple(repositories or ()),
                    policy=policy,
                    days=_days(days),
                    prices=prices,
                    oracle=_oracle(config) if oracle else None,
                    progress=advance,
                )
            )
    except InvalidPolicyError as error:
        for problem in error.problems:
            emit("error", f"{error.path}: {problem.pointer}: {problem.message}")
        raise typer.Exit(int(ExitCode.USAGE)) from error
    if json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(result), indent=2).decode())
    else:
        print_simulation(result)
    unread = [found for found in result.repositories if found.oracle and found.oracle.unread]
    for found in unread:
        emit("warning", printable(f"{found.name}: no preview: {found.oracle.unread if found.oracle else ''}"))
    raise typer.Exit(int(ExitCode.INCOMPLETE if unread else ExitCode.OK))


def _days(text: str) -> tuple[int, ...]:
    from auditor.errors import UsageError

    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        raise UsageError(f"--days {text!r} is no list of whole numbers", hint="as --days 0,30,90") from None


def _oracle(config: Path | None) -> Config:
    from auditor.errors import UsageError

    if config is None:
        raise UsageError("--oracle needs --config, which says how to get into the accounts", hint="-c auditor.yaml")
    return opt.read_config(config)


command(app, "simulate", epilog=EPILOG)(simulate)
