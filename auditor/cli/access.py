"""`auditor access`: who can pull, push, delete, administer a repository, by which statement."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.common import command, console

EPILOG = (
    "Example: auditor access team/app --who push --snapshot snapshot\n\n"
    "Example: auditor access 111122223333/eu-west-1/team/app --principal 'role/ci-*' --json"
)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "access", epilog=EPILOG)(access)


def access(
    repository: Annotated[str, typer.Argument(help="Name, ACCOUNT/REGION/NAME, URI or id of a repository.")],
    who: Annotated[
        list[str] | None,
        typer.Option(
            "--who",
            help="pull, push, delete, administer (these four unless told), metadata, replicate, create. Repeatable.",
            metavar="CAPABILITY",
        ),
    ] = None,
    principal: Annotated[
        str | None,
        typer.Option(
            "--principal",
            help="Only this principal, and why not as well: an ARN, or a pattern with * on ARNs or names.",
            metavar="ARN_OR_GLOB",
        ),
    ] = None,
    snapshot: Annotated[Path, typer.Option("--snapshot", help="The snapshot to read.", metavar="DIR")] = Path(
        "snapshot"
    ),
    as_json: Annotated[bool, typer.Option("--json", help="Write JSON: every answer, with all its statements.")] = False,
) -> None:
    """Tell who can pull, push, delete or administer a repository, and by which statements."""
    import gc

    from auditor.run.access import access as ask

    # One question, and then the process ends: looking for garbage would take a fifth of the time.
    gc.disable()
    try:
        report = ask(snapshot, repository, capabilities=who or [], principal=principal or "")
    finally:
        gc.enable()
    if as_json:
        import msgspec

        typer.echo(msgspec.json.format(msgspec.json.encode(report, order="deterministic"), indent=2))
        return
    from auditor.cli.access_tree import lines

    out = console()
    for text, style in lines(report, out.width):
        out.print(text, style=style or None, markup=False, no_wrap=True, overflow="ignore", crop=False)


__all__ = ["access", "register"]
