"""The entry point: assembles the commands, turns errors into one line and an exit code."""

from __future__ import annotations

import sys
import traceback
from typing import Annotated

import typer
from typer.exceptions import Abort, TyperException

from auditor.cli import access, audit, check, collect, doctor, evaluate, explain, init, policy, report, retention, rules
from auditor.cli.common import State, emit
from auditor.errors import AuditorError, ExitCode

EPILOG = "Exit codes: 0 compliant, 1 failed, 2 usage, 3 incomplete, 4 internal error. Docs: docs/"

app = typer.Typer(
    name="auditor",
    help="Audit container registries: snapshot, judge with Rego, report with proof.",
    epilog=EPILOG,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _version(wanted: bool) -> None:
    if wanted:
        from auditor import __version__

        typer.echo(f"registry-auditor {__version__}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Audit container registries: snapshot, judge with Rego, report with proof."""


for _module in (init, collect, evaluate, report, audit, check, access, explain, doctor):
    _module.register(app)
app.add_typer(rules.app, name="rules")
app.add_typer(policy.app, name="policy")
app.add_typer(retention.app, name="retention")


def main(arguments: list[str] | None = None) -> int:
    """Run the command line. Returns the exit code; prints at most one line for an error."""
    try:
        result = app(arguments if arguments is not None else sys.argv[1:], standalone_mode=False)
    except AuditorError as error:
        if State.verbose:
            traceback.print_exc()
        emit("error", str(error))
        return int(error.exit_code)
    except TyperException as error:
        emit("error", " ".join(error.format_message().split()) + " (see --help)")
        return int(ExitCode.USAGE)
    except (KeyboardInterrupt, Abort):
        emit("error", "interrupted; nothing was written")
        return int(ExitCode.INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        return int(ExitCode.OK)
    except Exception as error:  # noqa: BLE001  the last guard: a defect of ours, told in one line
        if State.verbose:
            traceback.print_exc()
        emit("error", f"internal error: {type(error).__name__}: {error} (run again with --verbose, and report it)")
        return int(ExitCode.INTERNAL)
    return result if isinstance(result, int) else int(ExitCode.OK)


def run() -> None:
    """The console script."""
    sys.exit(main())
