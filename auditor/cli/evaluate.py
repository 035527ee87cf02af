"""`auditor evaluate`: judge a snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import options as opt
from auditor.cli.common import command, say

EPILOG = "Example: auditor evaluate snapshot -o results.json --fail-on critical"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "evaluate", epilog=EPILOG)(evaluate)


def evaluate(
    snapshot: Annotated[Path, typer.Argument(help="Snapshot directory, inventory document, or - for standard input.")],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write results.json (default: stdout).")
    ] = None,
    config: opt.ConfigFile = None,
    engine: opt.Engine = None,
    opa_url: opt.OpaUrl = None,
    policy: opt.Policies = None,
    waivers: opt.Waivers = None,
    baseline: opt.Baseline = None,
    kev: opt.Kev = None,
    check: opt.Check = None,
    skip_check: opt.SkipCheck = None,
    severity: opt.Severities = None,
    framework: opt.Frameworks = None,
    param: opt.Params = None,
    fail_on: opt.FailOn = None,
    min_coverage: opt.MinCoverage = None,
    soft_fail: opt.SoftFail = False,
    include_passed: opt.IncludePassed = False,
) -> None:
    """Judge a snapshot with Rego and write results.json."""
    from auditor.cli.summary import print_summary
    from auditor.run.judging import evaluate as run_evaluate

    settings = opt.read_config(config)
    options = opt.evaluate_options(
        settings,
        engine=engine,
        opa_url=opa_url,
        policy=policy,
        waivers=waivers,
        baseline=baseline,
        kev=kev,
        check=check,
        skip_check=skip_check,
        severity=severity,
        framework=framework,
        param=param,
        fail_on=fail_on,
        min_coverage=min_coverage,
        soft_fail=soft_fail,
        include_passed=include_passed,
    )
    outcome = run_evaluate(snapshot, output, options)
    print_summary(outcome)
    if output is not None and str(output) != "-":
        say(f"Results: {output}")
    raise typer.Exit(int(outcome.exit_code))
