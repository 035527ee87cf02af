"""What a collection would take, before it starts: requests by operation, and how long.

The model: a request takes as long as those that were made to list the repositories; so many run at the same time as
the configuration says; no operation goes faster than its rate in one account and region; and one core handles about
a thousand requests a second. The longest of these is the estimate. Retries and slow answers come on top.
"""

from __future__ import annotations

import tempfile
import textwrap
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.config.settings import Config
from auditor.inventory.earlier import EarlierSnapshot
from auditor.inventory.plan import ScopePlan
from auditor.inventory.writing import SnapshotWriter
from auditor.ports import Planner
from auditor.run import clock
from auditor.run.collecting import Progress
from auditor.run.targets import checked_targets

PROCESSOR_S = 0.001
"""Time that a request takes of one core."""
MAX_SHOWN = 10


@dataclass(frozen=True)
class Row:
    """One operation over all scopes."""

    operation: str
    calls: int
    seconds: float


@dataclass(frozen=True)
class Plan:
    """The whole collection."""

    scopes: int
    repositories: int
    calls: int
    seconds: float
    unchanged_calls: int
    """At best with an earlier snapshot; 0 without one."""
    latency_s: float
    rows: list[Row]
    problems: list[str]
    """Scopes that cannot be listed, with the reason."""
    not_estimated: list[str]
    """Kinds of target that tell nothing beforehand."""


def plan_collection(config: Config, progress: Progress, *, since: Path | None = None) -> Plan:
    """List accounts, regions and repositories, and nothing else. Errors: as `collecting.collect`."""
    scopes: list[ScopePlan] = []
    silent: list[str] = []
    earlier = EarlierSnapshot(since) if since is not None else None
    with tempfile.TemporaryDirectory(prefix="auditor-plan-") as folder:
        out = Path(folder) / "snapshot"
        with SnapshotWriter(out, now=clock.now(), auditor_version=__version__, earlier=earlier) as writer:
            for collector, target in checked_targets(config):
                if isinstance(collector, Planner):
                    scopes.extend(collector.plan(target, writer, progress))
                else:
                    silent.append(str(target["kind"]))
    return _summed(scopes, sorted(set(silent)))


def _summed(scopes: list[ScopePlan], silent: list[str]) -> Plan:
    calls: Counter[str] = Counter()
    slowest: Counter[str] = Counter()
    for scope in scopes:
        calls.update(scope.calls)
        for name, count in scope.calls.items():
            slowest[name] = max(slowest[name], round(count / scope.rates[name] * 1000))
    planned = [scope for scope in scopes if not scope.problem]
    latency = sum(scope.latency_s for scope in planned) / len(planned) if planned else 0.0
    in_flight = max((scope.in_flight for scope in planned), default=1)
    each = max(latency / in_flight, PROCESSOR_S)
    rounds = -(-len(planned) // max((scope.at_once for scope in planned), default=1))

    def seconds(name: str, count: int) -> float:
        # At the beginning a scope may make as many requests at once as its rate allows in a second.
        return round(max(count * each, max(0, slowest[name] / 1000 - 1) * rounds), 1)

    rows = [Row(name, count, seconds(name, count)) for name, count in sorted(calls.items())]
    total = sum(calls.values())
    return Plan(
        scopes=len(scopes),
        repositories=sum(scope.repositories for scope in scopes),
        calls=total,
        seconds=round(max([total * each, *(row.seconds for row in rows)]), 1),
        unchanged_calls=sum(scope.unchanged for scope in scopes),
        latency_s=round(latency, 4),
        rows=rows,
        problems=[f"{scope.id}: {scope.problem}" for scope in scopes if scope.problem],
        not_estimated=silent,
    )


def plan_document(plan: Plan) -> dict[str, Any]:
    """The plan for machines."""
    return asdict(plan)


def plan_lines(plan: Plan) -> list[str]:
    """The plan for people, within 80 columns."""
    lines = [
        f"{_count(plan.scopes, 'scope')}, {_count(plan.repositories, 'repository', 'repositories')}",
        "",
        f"{'operation':<52}{'calls':>12}{'seconds':>12}",
        *(f"{row.operation:<52}{row.calls:>12,}{row.seconds:>12,.1f}" for row in plan.rows),
        f"{'together':<52}{plan.calls:>12,}{plan.seconds:>12,.1f}",
        "",
        f"A request took {plan.latency_s * 1000:.0f} ms. Retries come on top, and requests for images with",
        "findings, indexes or signing rules, which nothing tells beforehand.",
    ]
    if plan.unchanged_calls:
        lines.append(f"Where nothing has changed since the earlier snapshot: {plan.unchanged_calls:,} calls.")
    if plan.not_estimated:
        lines.append(f"Not estimated: {', '.join(plan.not_estimated)}")
    for problem in plan.problems[:MAX_SHOWN]:
        lines += textwrap.wrap(f"Cannot be read: {problem}", 80, subsequent_indent="  ")
    if len(plan.problems) > MAX_SHOWN:
        lines.append(f"Cannot be read: {len(plan.problems) - MAX_SHOWN} more")
    return lines


def _count(number: int, one: str, many: str = "") -> str:
    return f"{number:,} {one if number == 1 else many or one + 's'}"
