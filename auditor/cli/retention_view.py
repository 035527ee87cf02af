"""A simulation on the terminal: one repository in full, or a table of many. Fits 80 columns."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from auditor.cli.common import console, printable

if TYPE_CHECKING:
    from rich.console import Console

    from auditor.analysis.lifecycle.forecast import Forecast, NeededImage
    from auditor.run.simulating import RepositorySimulation, Simulation

MOST = 20
"""Lines of a list on the terminal; --json has all."""
_STANDING = {"shadowed": "shadowed: all of these belong to earlier rules", "never_matches": "never matches"}


def print_simulation(result: Simulation) -> None:
    """On standard output."""
    out = console()
    if len(result.repositories) == 1:
        _one(out, result, result.repositories[0])
    else:
        _many(out, result)
    if any(found.forecast for found in result.repositories):
        _notes(out, result)


def _line(out: Console, text: str = "", indent: int = 0) -> None:
    margin = " " * indent
    wrapped = textwrap.fill(
        printable(text), out.width, initial_indent=margin, subsequent_indent=margin, break_on_hyphens=False
    )
    out.print(wrapped, markup=False, soft_wrap=True)


# -------------------------------------------------------------------- one repository
def _one(out: Console, result: Simulation, found: RepositorySimulation) -> None:
    _line(out, f"{found.name}: the {found.policy} policy, from {result.taken_at} on")
    forecast = found.forecast
    if forecast is None:
        _line(out, f"{found.name} {found.reason}.")
        return
    _points(out, forecast)
    _rules(out, found, forecast)
    _in_use(out, forecast)
    _releases(out, forecast)
    if forecast.uncovered:
        _line(out)
        count = len(forecast.uncovered)
        _line(out, f"No rule selects {count:,} tagged image{'s' if count > 1 else ''}.")
    _listed(out, "Not sure", forecast.doubts)
    _oracle(out, found)


def _points(out: Console, forecast: Forecast) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("")
    for point in forecast.points:
        table.add_column(_when(point.days), justify="right")
    table.add_row("images expired", *[f"{point.expired:,}" for point in forecast.points])
    table.add_row("images archived", *[f"{point.archived:,}" for point in forecast.points])
    table.add_row("size freed (1)", *[_size(point.expired_bytes) for point in forecast.points])
    table.add_row("size archived (1)", *[_size(point.archived_bytes) for point in forecast.points])
    table.add_row("USD a month freed (2)", *[_usd(point.usd_per_month) for point in forecast.points])
    if any(point.sizes_unknown for point in forecast.points):
        table.add_row("of unknown size", *[f"{point.sizes_unknown:,}" for point in forecast.points])
    _line(out)
    out.print(table)


def _rules(out: Console, found: RepositorySimulation, forecast: Forecast) -> None:
    _line(out)
    days = [point.days for point in forecast.points]
    _line(out, f"Rules by priority, and what each takes ({', '.join(_when(day) for day in days)})")
    for rule in forecast.rules:
        taken = [sum(r.priority == rule.priority and r.after_days <= day for r in forecast.removals) for day in days]
        counts = ", ".join(f"{count:,}" for count in taken)
        note = f"; {_STANDING[rule.standing]}" if rule.standing in _STANDING else ""
        description = found.descriptions.get(rule.priority, "")
        _line(out, f"{rule.priority:>4}  takes {counts} of {rule.matched:,} that it selects{note}", 0)
        if description:
            _line(out, description[:200], 6)
    _listed(out, "Warnings", found.warnings)


def _in_use(out: Console, forecast: Forecast) -> None:
    _line(out)
    if forecast.in_use_known == "unknown":
        _line(out, "Images in use: unknown; no source of workloads was read.")
        return
    if forecast.in_use_known == "partly":
        _line(out, "Not every source of workloads was read; more images may be in use:")
        for missing in forecast.in_use_missing[:MOST]:
            _line(out, missing, 2)
    if not forecast.in_use:
        _line(out, f"Takes no image known to be in use within {forecast.horizon_days} days.")
        return
    _line(out, f"IN USE, and taken within {forecast.horizon_days} days:")
    for needed in forecast.in_use[:MOST]:
        _line(out, f"{_name(needed.tags, needed.digest)}: {_end(needed)}", 2)
        for workload in needed.workloads[:3]:
            _line(out, f"{'run' if needed.running else 'kept ready'} by {workload}", 4)
        if len(needed.workloads) > 3:  # noqa: PLR2004  as above
            _line(out, f"and {len(needed.workloads) - 3} more", 4)
    if len(forecast.in_use) > MOST:
        _line(out, f"and {len(forecast.in_use) - MOST:,} more (--json lists them)", 2)


def _releases(out: Console, forecast: Forecast) -> None:
    if not forecast.releases:
        return
    _line(out)
    _line(out, "Newest releases")
    for release in forecast.releases:
        end = "stays" if release.after_days is None else f"{_done(release.action)} {_when(release.after_days)}"
        _line(out, f"{_name(release.tags, release.digest)}: {end}", 2)


def _listed(out: Console, title: str, lines: list[str]) -> None:
    if lines:
        _line(out)
        _line(out, title)
        for text in lines[:MOST]:
            _line(out, text, 2)


def _oracle(out: Console, found: RepositorySimulation) -> None:
    if found.oracle is None or found.oracle.unread:
        return
    _line(out)
    same = f"{found.oracle.agreed:,} image{'' if found.oracle.agreed == 1 else 's'}"
    if not found.oracle.differences:
        _line(out, f"ECR's own preview of the next run agrees: {same}.")
        return
    _line(out, f"ECR's own preview of the next run agrees on {same} and differs on {len(found.oracle.differences):,}:")
    for difference in found.oracle.differences[:MOST]:
        _line(out, difference.digest[:19], 2)
        _line(out, f"simulated: {difference.simulated or 'stays'}; preview: {difference.previewed or 'stays'}", 4)


# -------------------------------------------------------------------- many repositories
def _many(out: Console, result: Simulation) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("repository", overflow="fold")
    for day in result.days:
        table.add_column(_when(day), justify="right")
    for title in ("freed (1)", "USD (2)", "in use"):
        table.add_column(title, justify="right")
    skipped = []
    for found in result.repositories:
        if found.forecast is None:
            skipped.append(f"{found.name} {found.reason}")
            continue
        last = found.forecast.points[-1]
        table.add_row(
            printable(found.name),
            *[f"{point.expired + point.archived:,}" for point in found.forecast.points],
            _size(last.expired_bytes),
            _usd(last.usd_per_month),
            _used(found.forecast),
        )
    _line(out, f"Images taken by lifecycle policies, from {result.taken_at} on")
    _line(out)
    out.print(table)
    doubtful = [found.name for found in result.repositories if found.forecast and found.forecast.doubts]
    differing = [found.name for found in result.repositories if found.oracle and found.oracle.differences]
    _listed(out, "Not simulated", skipped)
    _listed(out, "Not sure (name one to see why)", doubtful)
    _listed(out, "ECR's own preview differs (name one to see how)", differing)


def _used(forecast: Forecast) -> str:
    if forecast.in_use_known == "unknown":
        return "unknown"
    return f"{len(forecast.in_use):,}{'+?' if forecast.in_use_known == 'partly' else ''}"


# -------------------------------------------------------------------- words
def _notes(out: Console, result: Simulation) -> None:
    prices = result.prices
    _line(out)
    _line(out, "(1) At most: a layer that images share is counted with each of them.")
    each = f"{prices.standard:.2f} USD per GiB and month, {prices.archive:.2f} in the archive"
    _line(out, f"(2) {each} ({prices.source}).")


def _when(days: int) -> str:
    return "now" if days == 0 else "in 1 day" if days == 1 else f"in {days:,} days"


def _done(action: str) -> str:
    return "expires" if action == "expire" else "is archived"


def _end(needed: NeededImage) -> str:
    by = f" by rule {needed.priority}" if needed.priority else " with its subject"
    return f"{_done(needed.action)} {_when(needed.after_days)}{by}"


def _name(tags: list[str], digest: str) -> str:
    return f"{tags[0][:60]} ({digest[:19]})" if tags else digest[:19]


def _usd(value: float) -> str:
    return f"{value:,.2f}"


def _size(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:  # noqa: PLR2004  binary prefixes
            return f"{size:,.0f} {unit}" if unit == "B" else f"{size:,.1f} {unit}"
        size /= 1024
    return f"{size:,.1f} TiB"
