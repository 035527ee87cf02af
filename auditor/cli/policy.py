"""`auditor policy test|check`: for people who write rules."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from auditor.cli.common import command, printable, say

if TYPE_CHECKING:
    from auditor.policy.bundle import Bundle

app = typer.Typer(help="Test and check rules that you write.", no_args_is_help=True)

Paths = Annotated[list[Path], typer.Argument(help="Directories, .rego files or OPA bundle tarballs.")]
EngineName = Annotated[str, typer.Option("--engine", help="embedded or opa.", metavar="NAME")]
OpaUrl = Annotated[str | None, typer.Option("--opa-url", help="A running OPA server.", metavar="URL")]


def _load(paths: list[Path]) -> tuple[Bundle, set[str]]:
    """The user's policies beside ours, and which files are the user's."""
    from auditor.policy.bundle import load_bundle

    bundle = load_bundle(tuple(paths))
    own = set(load_bundle().packages)
    return bundle, set(bundle.packages) - own


def test(paths: Paths, engine: EngineName = "embedded", opa_url: OpaUrl = None) -> None:
    """Run the test_* rules of _test.rego files, with the built-in library beside them."""
    from auditor import plugins
    from auditor.errors import ExitCode, UsageError
    from auditor.policy.testing import run_tests

    bundle, shown = _load(paths)
    kind = plugins.load("engines", engine)
    runner = kind(url=opa_url) if engine == "opa" else kind()
    try:
        results = list(run_tests(bundle, runner, shown))
    finally:
        runner.close()
    if not results:
        raise UsageError("no test was found", hint="tests are rules named test_* in files named *_test.rego")
    for result in results:
        if not result.passed:
            typer.echo(printable(f"{result.file}:{result.line}: {result.name}: {result.detail}"))
    failed = sum(not result.passed for result in results)
    typer.echo(f"{len(results) - failed} passed, {failed} failed")
    raise typer.Exit(int(ExitCode.FAILED if failed else ExitCode.OK))


def check(paths: Paths) -> None:
    """Compile rules, check their metadata, and name what the embedded engine cannot run."""
    from auditor.errors import ExitCode
    from auditor.policy.check import check_policies

    bundle, shown = _load(paths)
    problems = check_policies(bundle, shown)
    for problem in problems:
        typer.echo(printable(f"{problem.file}:{problem.line}: {problem.level}: {problem.message}"))
    errors = sum(problem.level == "error" for problem in problems)
    say(f"{len(shown)} files, {errors} errors, {len(problems) - errors} warnings")
    raise typer.Exit(int(ExitCode.USAGE if errors else ExitCode.OK))


command(app, "test", epilog="Example: auditor policy test my-rules")(test)
command(app, "check", epilog="Example: auditor policy check my-rules")(check)
