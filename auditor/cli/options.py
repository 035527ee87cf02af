"""Options that several commands take."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from auditor.config.settings import Config
    from auditor.run.judging import EvaluateOptions

ConfigFile = Annotated[Path | None, typer.Option("--config", "-c", help="Configuration file.", metavar="auditor.yaml")]
Engine = Annotated[
    str | None, typer.Option("--engine", help="Policy engine: embedded (default) or opa.", metavar="NAME")
]
OpaUrl = Annotated[str | None, typer.Option("--opa-url", help="A running OPA server, for --engine opa.", metavar="URL")]
Policies = Annotated[
    list[Path] | None,
    typer.Option("--policy", help="More rules: directory, .rego file or OPA bundle. Repeatable.", metavar="PATH"),
]
Waivers = Annotated[Path | None, typer.Option("--waivers", help="Waiver file.", metavar="FILE")]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", help="Earlier results.json: its failures do not fail this run.", metavar="FILE"),
]
Kev = Annotated[
    Path | None,
    typer.Option("--kev", help="CISA's catalogue of known exploited vulnerabilities, JSON or CSV.", metavar="FILE"),
]
ScanResults = Annotated[
    list[Path] | None,
    typer.Option(
        "--scan-results", help="Scans made elsewhere or VEX: file, directory or glob. Repeatable.", metavar="PATH"
    ),
]
Epss = Annotated[
    Path | None, typer.Option("--epss", help="EPSS scores, FIRST's CSV file, plain or with gzip.", metavar="FILE")
]
Check = Annotated[list[str] | None, typer.Option("--check", help="Run only this rule. Repeatable.", metavar="ID")]
SkipCheck = Annotated[
    list[str] | None, typer.Option("--skip-check", help="Leave this rule out. Repeatable.", metavar="ID")
]
Severities = Annotated[
    list[str] | None,
    typer.Option("--severity", help="Run only rules of this severity. Repeatable.", metavar="NAME"),
]
Frameworks = Annotated[
    list[str] | None,
    typer.Option("--framework", help="Run only rules mapped to this framework. Repeatable.", metavar="NAME"),
]
Params = Annotated[
    list[str] | None,
    typer.Option("--param", help="Rule parameter, as IMM-001.exempt_ptc=false. Repeatable.", metavar="NAME=VALUE"),
]
FailOn = Annotated[
    str | None,
    typer.Option("--fail-on", help="Exit 1 from this severity on (default high; none: never).", metavar="SEVERITY"),
]
MinCoverage = Annotated[
    float | None,
    typer.Option("--min-coverage", help="Exit 3 below this percentage (default 100).", metavar="PERCENT"),
]
SoftFail = Annotated[bool, typer.Option("--soft-fail", help="Exit 0 instead of 1 or 3.")]
Since = Annotated[
    Path | None,
    typer.Option("--since", help="Earlier snapshot: compare with it, reuse what did not change.", metavar="SNAPSHOT"),
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on with an interrupted collection.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only list repositories, and tell what collecting would take.")]
PlanJson = Annotated[bool, typer.Option("--json", help="With --dry-run: the plan as JSON.")]
IncludePassed = Annotated[bool, typer.Option("--include-passed", help="List passed verdicts too.")]

_SEVERITIES = ("critical", "high", "medium", "low", "info")


def read_config(path: Path | None) -> Config:
    """The configuration at `path`, or an empty one."""
    from auditor.config.settings import Config, Settings, load_config

    return load_config(path) if path else Config(Settings())


def with_scans(config: Config, scan_results: list[Path] | None, epss: Path | None) -> Config:
    """The configuration with what the command line adds to its scans, whose paths are of the current folder."""
    import msgspec

    from auditor.config.settings import ScanResultSettings

    settings = config.settings
    added = [ScanResultSettings(path=str(path.absolute())) for path in scan_results or ()]
    changed = msgspec.structs.replace(
        settings,
        scan_results=[*settings.scan_results, *added],
        epss=str(epss.absolute()) if epss else settings.epss,
    )
    return msgspec.structs.replace(config, settings=changed)


def evaluate_options(
    config: Config,
    *,
    engine: str | None,
    opa_url: str | None,
    policy: list[Path] | None,
    waivers: Path | None,
    baseline: Path | None,
    kev: Path | None,
    check: list[str] | None,
    skip_check: list[str] | None,
    severity: list[str] | None,
    framework: list[str] | None,
    param: list[str] | None,
    fail_on: str | None,
    min_coverage: float | None,
    soft_fail: bool,
    include_passed: bool,
) -> EvaluateOptions:
    """The command line over the configuration file over the defaults. Errors: `UsageError`."""
    from auditor.errors import UsageError
    from auditor.policy.bundle import load_bundle
    from auditor.policy.parameters import merge_parameters
    from auditor.run.judging import EvaluateOptions

    settings = config.settings
    chosen_fail_on = fail_on or settings.fail_on
    _one_of("--fail-on", chosen_fail_on, (*_SEVERITIES, "none"))
    for name in severity or ():
        _one_of("--severity", name, _SEVERITIES)
    chosen_coverage = settings.min_coverage if min_coverage is None else min_coverage
    if not 0 <= chosen_coverage <= 100:  # noqa: PLR2004  percent
        raise UsageError(f"--min-coverage {chosen_coverage:g} is not between 0 and 100")
    policies = tuple(policy or ()) or tuple(config.resolve(name) for name in settings.policies)
    bundle = load_bundle(policies)
    rules = merge_parameters(bundle.rules, config, param or [])
    return EvaluateOptions(
        engine=engine or ("opa" if opa_url else settings.engine),
        opa_url=opa_url or settings.opa_url,
        policies=policies,
        waivers=waivers or (config.resolve(settings.waivers) if settings.waivers else None),
        baseline=baseline or (config.resolve(settings.baseline) if settings.baseline else None),
        kev=kev or (config.resolve(settings.kev) if settings.kev else None),
        check=tuple(check or ()),
        skip_check=tuple(skip_check or ()),
        severities=tuple(severity or ()),
        frameworks=tuple(framework or ()),
        rules=rules,
        bundle=bundle,
        fail_on=chosen_fail_on,
        min_coverage=chosen_coverage,
        soft_fail=soft_fail,
        include_passed=include_passed,
        team_tag=settings.team_tag,
    )


def _one_of(option: str, value: str, allowed: tuple[str, ...]) -> None:
    from auditor.errors import UsageError

    if value not in allowed:
        raise UsageError(f"{option} {value!r} is unknown", hint=f"one of {', '.join(allowed)}")
