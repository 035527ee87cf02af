"""The table of what images carry, as reports show it: shares that never round up to all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auditor.findings.model import Results, SupplyCount, SupplyRow
from auditor.report.text import percent

MEASURES = ("signed", "verified", "sbom", "provenance")
TITLES = ("Signed", "Verified", "SBOM", "Provenance")
SHOWN = 200
"""Rows of one table in a page."""


@dataclass(frozen=True)
class Cell:
    """One share. `width`, `open`: of those that have it, and of those not known, in per mille."""

    yes: int
    unknown: int
    percent: str
    width: int
    open: int


@dataclass(frozen=True)
class Row:
    """A registry or a team."""

    name: str
    images: int
    unread: int
    cells: tuple[Cell, ...]


def supply_tables(results: Results) -> dict[str, Any]:
    """Both tables, the ones with most images first, and how many rows are left out of each."""
    registries = _rows(results, "registry")
    teams = _rows(results, "team")
    if not any(row.name for row in teams):
        teams = []
    return {
        "registries": registries[:SHOWN],
        "more_registries": max(len(registries) - SHOWN, 0),
        "teams": teams[:SHOWN],
        "more_teams": max(len(teams) - SHOWN, 0),
    }


def _rows(results: Results, by: str) -> list[Row]:
    rows = [_row(row) for row in results.supply_chain if row.by == by]
    return sorted(rows, key=lambda row: (not row.name, -row.images, row.name))


def _row(row: SupplyRow) -> Row:
    cells = tuple(_cell(getattr(row, measure), row.images) for measure in MEASURES)
    return Row(row.name, row.images, row.unread_repositories, cells)


def _cell(count: SupplyCount, images: int) -> Cell:
    total = max(images, 1)
    return Cell(
        yes=count.yes,
        unknown=count.unknown,
        percent=percent(count.yes / total),
        width=min(count.yes * 1000 // total, 1000),
        open=min(count.unknown * 1000 // total, 1000),
    )
