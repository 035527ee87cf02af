"""The terminal summary of an evaluation: fits 80 columns, and reads without colour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditor.cli.common import State, console, printable

if TYPE_CHECKING:
    from rich.console import Console

    from auditor.run.judging import EvaluateOutcome

_SEVERITY_STYLE = {"critical": "bold red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
TOP_RULES = 12


def print_summary(outcome: EvaluateOutcome) -> None:
    """Counts, coverage and the rules that matter most, on standard error."""
    if State.quiet:
        return
    if State.log_format == "json":
        _as_json(outcome)
        return
    out = console(stderr=True)
    _counts(out, outcome)
    _rules(out, outcome)
    _coverage(out, outcome)


def _as_json(outcome: EvaluateOutcome) -> None:
    import sys

    import msgspec

    document = {
        "level": "info",
        "message": "evaluated",
        "summary": msgspec.to_builtins(outcome.summary),
        "coverage": round(outcome.coverage.ratio, 6),
        "exit_code": int(outcome.exit_code),
    }
    print(msgspec.json.encode(document).decode(), file=sys.stderr)


def _counts(out: Console, outcome: EvaluateOutcome) -> None:
    from rich.table import Table

    summary = outcome.summary
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    for name in ("severity", "fail", "unknown", "waived", "pass", "n/a"):
        table.add_column(name, justify="left" if name == "severity" else "right")
    for severity, counts in summary.by_severity.items():
        table.add_row(
            severity,
            f"{counts.fail:,}",
            f"{counts.unknown:,}",
            f"{counts.waived:,}",
            f"{counts.pass_:,}",
            f"{counts.not_applicable:,}",
            style=_SEVERITY_STYLE[severity] if counts.fail else None,
        )
    table.add_row(
        "all",
        f"{summary.fail:,}",
        f"{summary.unknown:,}",
        f"{summary.waived:,}",
        f"{summary.pass_:,}",
        f"{summary.not_applicable:,}",
        style="bold",
    )
    out.print(table)


def _rules(out: Console, outcome: EvaluateOutcome) -> None:
    from rich.table import Table

    failing = [
        (rule_id, counts) for rule_id, counts in outcome.summary.by_rule.items() if counts.fail or counts.unknown
    ]
    if not failing:
        return
    failing.sort(key=lambda entry: (-entry[1].fail, -entry[1].unknown, entry[0]))
    table = Table(box=None, pad_edge=False, show_header=True, header_style="bold")
    table.add_column("rule")
    table.add_column("fail", justify="right")
    table.add_column("unknown", justify="right")
    for rule_id, counts in failing[:TOP_RULES]:
        table.add_row(rule_id, f"{counts.fail:,}", f"{counts.unknown:,}")
    out.print()
    out.print(table)
    if len(failing) > TOP_RULES:
        out.print(f"and {len(failing) - TOP_RULES} more rules; auditor rules show ID explains one")


def _coverage(out: Console, outcome: EvaluateOutcome) -> None:
    coverage = outcome.coverage
    repositories = sum(scope.repositories for scope in coverage.scopes)
    images = sum(scope.images for scope in coverage.scopes)
    out.print()
    counted = (_counted(repositories, "repository", "repositories"), _counted(images, "image", "images"))
    out.print(f"{', '.join(counted)} in {_counted(len(coverage.scopes), 'scope', 'scopes')}.")
    out.print(f"Coverage: {_percent(coverage.ratio)} of facts read, {_percent(coverage.decided)} of verdicts decided.")
    if coverage.unasked:
        verdicts = _counted(coverage.unasked, "verdict waits", "verdicts wait")
        out.print(f"{verdicts} for what was not asked for; each unknown says how to ask.")
    for scope in coverage.scopes:
        for error in scope.errors[:3]:
            text = f"not read: {scope.id}: {error.operation} ({error.reason}, {error.count} times)"
            out.print(printable(text), style="yellow", markup=False)


def _counted(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _percent(ratio: float) -> str:
    """Rounded down: 100 % is said only when it is."""
    return f"{int(ratio * 1000) / 10:g} %"
