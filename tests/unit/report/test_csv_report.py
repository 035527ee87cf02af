"""The CSV report: one row a finding, and no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io

import pytest

from auditor.findings.model import Results, Status
from auditor.report.csv_report import CELL_LIMIT, COLUMNS, CsvReporter, safe_cell
from tests.support.results_factory import hostile_results, make_finding, make_results, make_waiver, realistic_results


def rows_of(results: Results) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(written(results).decode(), newline="")))


def written(results: Results) -> bytes:
    out = io.BytesIO()
    CsvReporter().write(results, out)
    return out.getvalue()


def test_csv_of_findings_has_one_row_each_in_order() -> None:
    results = realistic_results(70)
    rows = rows_of(results)

    assert [row["id"] for row in rows] == [finding.id for finding in results.findings]
    assert tuple(rows[0]) == COLUMNS


def test_csv_of_empty_results_has_only_its_header() -> None:
    assert written(make_results()).decode().splitlines() == [",".join(f'"{name}"' for name in COLUMNS)]


def test_csv_of_a_waived_finding_names_reason_owner_and_end() -> None:
    row = rows_of(make_results([make_finding(status=Status.WAIVED, waiver=make_waiver(reason="vendor image"))]))[0]

    assert (row["status"], row["waived_status"]) == ("waived", "fail")
    assert (row["waiver_reason"], row["waiver_owner"], row["waiver_expires"]) == (
        "vendor image",
        "platform-security",
        "2027-03-31",
    )


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", "  =", "＝", "|", "%"])
def test_safe_cell_that_starts_like_a_formula_becomes_text(start: str) -> None:
    assert safe_cell(f"{start}1+1").startswith("'")


@pytest.mark.parametrize("text", ["sha256:ab", "payments/api", "", "1.2.3", "*", "[]"])
def test_safe_cell_that_is_no_formula_is_unchanged(text: str) -> None:
    assert safe_cell(text) == text


def test_safe_cell_shows_control_characters_and_cuts_long_texts() -> None:
    assert safe_cell("a\x00b\x1b[31mc") == "a\\u0000b\\u001b[31mc"
    assert len(safe_cell("x" * 100_000)) < 32_767
    assert f"({100_000 - CELL_LIMIT:,} more characters)" in safe_cell("x" * 100_000)


def test_csv_of_hostile_results_has_no_formula_and_no_control_character_in_any_cell() -> None:
    results = hostile_results()
    rows = rows_of(results)

    assert len(rows) == len(results.findings)
    for row in rows:
        for cell in row.values():
            assert not cell.lstrip().startswith(("=", "+", "-", "@"))
            assert not any(ord(character) < 32 or character == "\u202e" for character in cell)


def test_csv_is_the_same_bytes_twice() -> None:
    assert written(realistic_results(30)) == written(realistic_results(30))
