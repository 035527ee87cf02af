"""`auditor audit`: collect, evaluate and report in one go."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from auditor.cli import options as opt
from auditor.cli.collect import announce, print_collected, print_plan
from auditor.cli.common import command, progress, say

EPILOG = "Example: auditor audit -c auditor.yaml -o audit -r html -r sarif"


def register(app: typer.Typer) -> None:
    """Add the command to `app`."""
    command(app, "audit", epilog=EPILOG)(audit)


def audit(
    config: opt.ConfigFile = Path("auditor.yaml"),
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for everything.")] = Path("audit"),
    report: Annotated[
        list[str] | None,
        typer.Option("--report", "-r", help="Report format (default html). Repeatable.", metavar="FORMAT[=PATH]"),
    ] = None,
    since: opt.Since = None,
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
    scan_results: opt.ScanResults = None,
    epss: opt.Epss = None,
    resume: opt.Resume = False,
    dry_run: opt.DryRun = False,
    as_json: opt.PlanJson = False,
) -> None:
    """Collect, evaluate and report: the main job."""
    from auditor.cli.summary import print_summary
    from auditor.run.collecting import collect
    from auditor.run.judging import evaluate
    from auditor.run.reporting import ReportRequest, check_requests
    from auditor.run.reporting import report as run_report

    settings = opt.with_scans(opt.read_config(config), scan_results, epss)
    if dry_run:
        print_plan(settings, since, as_json=as_json)
        return
    requests = [ReportRequest.parse(text) for text in report or ["html"]]
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
        include_passed=include_passed,
    )
    announce(settings, output / "snapshot", since, resume=resume)
    with progress("Reading") as advance:
        collected = collect(settings, output / "snapshot", advance, since=since, resume=resume)
    print_collected(collected.manifest)
    results = output / "results.json"
    outcome = evaluate(output / "snapshot", results, options)
    written = run_report(results, requests, output)
    print_summary(outcome)
    say(f"Results: {results}")
    for path in written:
        say(f"Report: {path}")
    raise typer.Exit(int(outcome.exit_code))
