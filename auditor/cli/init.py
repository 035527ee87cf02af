"""`auditor init`: write a commented auditor.yaml."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from auditor.cli.common import command, say

EPILOG = "Example: auditor init --yes -o auditor.yaml"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "init", epilog=EPILOG)(init)


def init(
    output: Annotated[Path, typer.Option("--output", "-o", help="Where to write it.")] = Path("auditor.yaml"),
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Take what was detected, ask nothing.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Detect what can be reached and write a commented auditor.yaml. Sends no request."""
    from auditor.errors import UsageError
    from auditor.findings.results_file import atomic_file
    from auditor.run.starting import Detected, detect, render_config

    if output.exists() and not force:
        raise UsageError("exists already", path=output, hint="--force overwrites it, -o writes elsewhere")
    found = detect()
    if not yes and sys.stdin.isatty():
        profiles = typer.prompt(
            "Profiles, comma separated (- for the default credentials)", ",".join(found.profiles) or "-"
        )
        regions = typer.prompt("Regions, comma separated, or discover", ",".join(found.regions))
        found = Detected(
            profiles=[name.strip() for name in profiles.split(",") if name.strip() not in ("", "-")],
            regions=[name.strip() for name in regions.split(",") if name.strip()],
        )
    with atomic_file(output) as file:
        file.write(render_config(found).encode())
    say(f"Wrote {output}. Next: auditor doctor -c {output}, then auditor audit -c {output}")
