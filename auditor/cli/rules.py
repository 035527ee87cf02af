"""`auditor rules list|show`: the catalogue."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from auditor.cli import options as opt
from auditor.cli.common import command, console

if TYPE_CHECKING:
    from auditor.policy.catalogue import RuleMeta

app = typer.Typer(help="The rules: what each checks, its parameters, how to fix.", no_args_is_help=True)

Format = Annotated[str, typer.Option("--format", help="text or json.", metavar="text|json")]


def _load(policy: list[Path] | None) -> list[RuleMeta]:
    from auditor.policy.bundle import load_bundle

    return sorted(load_bundle(tuple(policy or ())).rules, key=lambda rule: rule.id)


def _as_json(rules: list[RuleMeta]) -> str:
    import msgspec

    return json.dumps(msgspec.to_builtins(rules), indent=2, sort_keys=True)


def _check_format(name: str) -> None:
    from auditor.errors import UsageError

    if name not in ("text", "json"):
        raise UsageError(f"--format {name!r} is neither text nor json")


def list_rules(
    policy: opt.Policies = None,
    severity: opt.Severities = None,
    framework: opt.Frameworks = None,
    format: Format = "text",
) -> None:
    """List every rule: id, severity, title."""
    from auditor.policy.catalogue import select

    _check_format(format)
    rules = select(_load(policy), severities=tuple(severity or ()), frameworks=tuple(framework or ()))
    if format == "json":
        typer.echo(_as_json(rules))
        return
    width = max((len(rule.id) for rule in rules), default=0)
    for rule in sorted(rules, key=lambda rule: rule.id):
        typer.echo(f"{rule.id:<{width}}  {rule.severity.value:<8}  {rule.title}")


def show(
    rule: Annotated[str, typer.Argument(help="Rule id, as REG-IMM-001 or IMM-001.")],
    policy: opt.Policies = None,
    format: Format = "text",
) -> None:
    """Show one rule: why, parameters, frameworks, how to fix."""
    from auditor.policy.catalogue import find_rule

    _check_format(format)
    found = find_rule(_load(policy), rule)
    if format == "json":
        typer.echo(_as_json([found]))
        return
    _print_rule(found)


def _print_rule(rule: RuleMeta) -> None:
    out = console()

    def line(text: str = "") -> None:
        out.print(text, markup=False)

    line(f"{rule.id}  {rule.title}")
    line(f"{rule.severity.value}; judges each {rule.entity} of {', '.join(rule.registries)}; since {rule.since}")
    line()
    line(rule.description.strip())
    line()
    line(f"How to fix ({rule.remediation.mode}): {rule.remediation.text.strip()}")
    if rule.params:
        line()
        line("Parameters (auditor.yaml: rules.<id>.params, or --param):")
        for name, schema in sorted(rule.params.items()):
            line(f"  {name} = {json.dumps(schema['default'])}  {_describe(schema)}")
    if rule.frameworks:
        line()
        line("Gives evidence for (indirect links marked ~):")
        for framework, controls in sorted(rule.frameworks.items()):
            marked = [f"~{c}" if f"{framework}:{c}" in rule.low_confidence else c for c in controls]
            line(f"  {framework}: {', '.join(marked)}")


def _describe(schema: dict[str, Any]) -> str:
    return str(schema.get("description", "")).strip()


command(app, "list", epilog="Example: auditor rules list --severity critical")(list_rules)
command(app, "show", epilog="Example: auditor rules show REG-ACC-001")(show)
