"""The table of what images carry, in HTML and Markdown."""

from __future__ import annotations

import io
import re

import msgspec

from auditor.findings.model import Results
from auditor.report.html import HtmlReporter
from auditor.report.markdown import MAX_SUPPLY, MarkdownReporter
from auditor.report.supply import supply_tables
from tests.support.results_factory import hostile_results, make_results, make_supply, realistic_results, supply_row


def html(results: Results) -> str:
    out = io.BytesIO()
    HtmlReporter().write(results, out)
    page = out.getvalue().decode()
    found = re.search(r'<section id="supply".*?</section>', page, re.DOTALL)
    assert found
    return found[0]


def markdown(results: Results) -> str:
    out = io.BytesIO()
    MarkdownReporter().write(results, out)
    return out.getvalue().decode()


def with_rows(*rows: object) -> Results:
    return msgspec.structs.replace(make_results(passed=1), supply_chain=list(rows))


def test_html_shows_registries_and_teams_with_shares_and_what_is_unknown() -> None:
    section = html(realistic_results(20))

    assert "registry.example.com:5000" in section
    assert "2 repositories not read" in section
    assert "<b>1,100</b> <small>91.3 %</small>" in section
    assert "464 unknown" in section
    assert section.index("payments") < section.index("search") < section.index("no team")


def test_a_share_is_never_rounded_up_to_all() -> None:
    row = supply_row("registry", "r", 10_000, (9_999, 1), (0, 0), (0, 0), (0, 0))
    [shown] = supply_tables(with_rows(row))["registries"]

    assert shown.cells[0].percent == "99.9 %"
    assert (shown.cells[0].width, shown.cells[0].open) == (999, 0)


def test_without_images_or_teams_the_page_says_so() -> None:
    assert "No image was counted." in html(make_results())
    zero = (0, 0)
    section = html(with_rows(supply_row("registry", "r", 1, zero, zero, zero, zero), supply_row("team", "", 1, zero, zero, zero, zero)))  # fmt: skip
    assert "team_tag in auditor.yaml" in section
    assert "no team" not in section


def test_names_of_strangers_are_escaped() -> None:
    section = html(hostile_results())

    assert "<script>" not in section
    assert "&lt;script&gt;" in section
    assert "\u202e" not in section


def test_markdown_shows_counts_and_stays_short() -> None:
    text = markdown(realistic_results(5))
    many = markdown(with_rows(*make_supply(), *(supply_row("team", f"t{n}", 1, (0, 0), (0, 0), (0, 0), (0, 0)) for n in range(40))))  # fmt: skip

    assert "### Supply chain: what tagged images carry" in text
    assert "| Team `payments` | 800 | 800 | 640 (160 unknown) | 700 | 288 |" in text
    assert "| Registry `registry.example.com:5000` (2 repositories not read) | 240 | 240 | 240 | 0 | 0 (240 unknown) |" in text  # fmt: skip
    assert f"and {45 - MAX_SUPPLY} more" in many


def test_markdown_of_no_images_has_no_table() -> None:
    assert "Supply chain" not in markdown(make_results())
