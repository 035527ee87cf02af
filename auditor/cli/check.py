"""`auditor check`: the gate before a deployment."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli import options as opt
from auditor.cli.common import State, command, console, progress, say

if TYPE_CHECKING:
    from auditor.run.gate_targets import Direct

EPILOG = (
    "Example: auditor check registry.example.com/team/app:1.2 -c auditor.yaml\n\n"
    "Example: auditor check localhost:5000/app:1.2 --plain-http --severity critical --severity high"
)


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "check", epilog=EPILOG)(check)


def check(
    images: Annotated[
        list[str], typer.Argument(help="Images, as registry.example.com/team/app:1.2 or by digest.", metavar="IMAGE...")
    ],
    config: opt.ConfigFile = None,
    engine: opt.Engine = None,
    opa_url: opt.OpaUrl = None,
    policy: opt.Policies = None,
    waivers: opt.Waivers = None,
    baseline: opt.Baseline = None,
    kev: opt.Kev = None,
    check: Annotated[
        list[str] | None, typer.Option("--check", "--rule", help="Run only this rule. Repeatable.", metavar="ID")
    ] = None,
    skip_check: opt.SkipCheck = None,
    severity: opt.Severities = None,
    framework: opt.Frameworks = None,
    param: opt.Params = None,
    fail_on: opt.FailOn = None,
    min_coverage: opt.MinCoverage = None,
    soft_fail: opt.SoftFail = False,
    report: Annotated[
        list[str] | None,
        typer.Option("--report", "-r", help="Write a report as well. Repeatable.", metavar="FORMAT=PATH"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Write results.json to standard output.")] = False,
    plain_http: Annotated[
        bool, typer.Option("--plain-http", help="Without -c: HTTP, for a registry on this machine only.")
    ] = False,
    allow_helpers: Annotated[
        bool, typer.Option("--allow-helpers", help="Without -c: run the helper that Docker's config.json names.")
    ] = False,
    token_host: Annotated[
        list[str] | None,
        typer.Option("--token-host", help="Without -c: where tokens may come from. Repeatable.", metavar="HOST"),
    ] = None,
    blob_host: Annotated[
        list[str] | None,
        typer.Option("--blob-host", help="Without -c: where blobs may come from. Repeatable.", metavar="GLOB"),
    ] = None,
) -> None:
    """Judge images before they are deployed: each by its digest, by every rule on images."""
    import sys

    from auditor.cli.check_view import print_outcome
    from auditor.run.checking import check as run_check
    from auditor.run.reporting import ReportRequest, check_requests, write_reports

    direct = _direct(config, plain_http, allow_helpers, token_host or [], blob_host or [])
    settings = opt.read_config(config)
    requests = [ReportRequest.parse(text) for text in report or []]
    check_requests(requests)
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
        include_passed=False,
    )
    with progress("Reading") as advance:
        outcome = run_check(images, settings, options, advance, direct)
    written = write_reports(outcome.results, requests, None)
    if as_json:
        outcome.write(sys.stdout.buffer)
        sys.stdout.buffer.flush()
    else:
        print_outcome(console(), outcome, fail_on=options.fail_on, quiet=State.quiet, verbose=State.verbose)
    for path in written:
        say(f"Report: {path}")
    raise typer.Exit(int(outcome.exit_code))


def _direct(
    config: Path | None, plain_http: bool, allow_helpers: bool, token_hosts: list[str], blob_hosts: list[str]
) -> Direct | None:
    """How to reach registries without a configuration; None with one, which says it all."""
    from auditor.errors import UsageError
    from auditor.run.gate_targets import Direct

    if config is None:
        return Direct(plain_http, allow_helpers, tuple(token_hosts), tuple(blob_hosts))
    if plain_http or allow_helpers or token_hosts or blob_hosts:
        raise UsageError(
            "--plain-http, --allow-helpers, --token-host and --blob-host are for checking without -c",
            hint="the target in auditor.yaml says how its registry is reached",
        )
    return None


__all__ = ["check", "register"]
