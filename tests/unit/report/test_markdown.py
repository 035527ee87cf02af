"""The Markdown report: short, honest about gaps, and nothing of strangers becomes markup."""

from __future__ import annotations

import io
import re

import pytest
from markdown_it import MarkdownIt

from auditor.findings.model import Results, Status
from auditor.report.markdown import MAX_ROWS, MarkdownReporter, code, escape
from tests.support.results_factory import (
    HOSTILE,
    hostile_results,
    make_finding,
    make_resource,
    make_results,
    make_rule,
    partial_scope,
    realistic_results,
)


def written(results: Results) -> str:
    out = io.BytesIO()
    MarkdownReporter().write(results, out)
    return out.getvalue().decode()


def test_markdown_of_failures_says_not_compliant_and_counts_by_severity() -> None:
    text = written(make_results([make_finding(make_rule("REG-ACC-001"))]))

    assert text.startswith("## ❌ Not compliant: 1 check fails, it is critical.")
    assert "| critical | 1 | 0 | 0 | 0 |" in text
    assert "| **all** | **1** | **0** | **0** | **0** |" in text


def test_markdown_of_unknowns_and_gaps_shows_both_and_no_green_mark() -> None:
    text = written(make_results([make_finding(status=Status.UNKNOWN)], scopes=[partial_scope()], passed=9))

    assert text.startswith("## ❔ Not proven compliant")
    assert "### Coverage: only 91.2 % of the facts read" in text
    assert "| `ecr:GetRepositoryPolicy` | access&#95;denied | 14 | `ecr/444455556666/us-east-1` |" in text
    assert "### Unknown: could not be decided (1)" in text
    assert "✅" not in text


def test_markdown_of_clean_results_is_compliant() -> None:
    assert written(make_results(passed=12)).startswith("## ✅ Compliant: 12 checks passed")


def test_markdown_of_nothing_judged_is_not_called_compliant() -> None:
    assert written(make_results(rules=[])).startswith("## ❔ Nothing was judged")


def test_markdown_of_no_scope_says_that_nothing_was_read() -> None:
    assert "### Coverage: no scope was read" in written(make_results(rules=[], scopes=[]))


def test_markdown_of_many_failures_stops_at_the_cap_and_says_how_many_more() -> None:
    findings = [make_finding(resource=make_resource(f"team/app-{number:03}")) for number in range(130)]
    text = written(make_results(findings))

    assert text.count("`REG-RET-001`") == MAX_ROWS
    assert f"… and {130 - MAX_ROWS} more" in text


def test_markdown_of_very_many_long_findings_fits_a_comment() -> None:
    findings = [
        make_finding(resource=make_resource(f"{number:04}" + "<x>" * 200), message="<" * 900, status=status)
        for number in range(120)
        for status in (Status.FAIL, Status.UNKNOWN)
    ]

    assert len(written(make_results(findings))) < 65_536


@pytest.mark.parametrize("text", HOSTILE)
def test_escape_of_hostile_text_renders_as_itself_without_markup(text: str) -> None:
    html = MarkdownIt("gfm-like", {"html": True, "linkify": False}).renderInline(f"| {escape(text)} |")

    assert not re.search(r"<(?!/?(br|p)\b)[a-z/!]", html)
    assert "|" not in escape(text)
    assert "\n" not in escape(text)


def test_escape_of_mentions_issues_and_addresses_keeps_them_from_becoming_links() -> None:
    assert "@" not in escape("@octocat")
    assert escape("@octocat") == "&#64;&#8203;octocat"
    assert escape("#12") == "&#35;&#8203;12"
    assert "://" not in escape("https://evil.example")
    assert "www." not in escape("www.evil.example")


def test_escape_of_ordinary_text_leaves_it_readable() -> None:
    text = "2 high vulnerabilities: CVE-2026-8252 in openssl 3.0.6 (fixed in 3.0.18)."

    assert escape(text) == text


def test_markdown_of_an_image_quotes_a_short_digest() -> None:
    image = make_resource("app", digest="sha256:0123456789abcdef" + "0" * 48, tag="v1", registry="r.example")

    assert "`r.example/app:v1@sha256:0123456789ab`" in written(make_results([make_finding(resource=image)]))


def test_code_of_backticks_and_pipes_stays_one_span_in_one_cell() -> None:
    assert code("a`b|c") == "`a'b\\|c`"
    assert code("") == "`–`"


def test_markdown_of_hostile_results_has_rows_of_four_cells() -> None:
    rows = [line for line in written(hostile_results()).splitlines() if "`REG-" in line]

    assert len(rows) > 8
    for row in rows:
        assert len(re.findall(r"(?<!\\)\|", row)) == 5


def test_markdown_is_the_same_text_twice() -> None:
    assert written(realistic_results(90)) == written(realistic_results(90))
