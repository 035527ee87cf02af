"""The HTML report as a file: self-contained, inert, small, the same bytes for the same results."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import re
import zlib
from html.parser import HTMLParser
from typing import Any

import pytest

from auditor.errors import ReportError
from auditor.findings.model import Results, Status
from auditor.report import resources
from auditor.report.html import NOSCRIPT_ROWS, HtmlReporter
from tests.support.results_factory import (
    complete_scope,
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
    HtmlReporter().write(results, out)
    return out.getvalue().decode()


def payload_of(page: str) -> dict[str, Any]:
    packed = re.search(r'<script type="application/octet-stream" id="payload">([A-Za-z0-9+/=]+)</script>', page)
    assert packed is not None
    document: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(packed[1])))
    return document


class Tags(HTMLParser):
    """Collects every start tag with its attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page() -> str:
    return written(realistic_results(300))


@pytest.fixture(scope="module")
def hostile() -> str:
    return written(hostile_results())


def test_html_policy_names_the_hash_of_its_only_script_and_style(page: str) -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', page)
    script = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    style = re.findall(r"<style>(.*?)</style>", page, re.DOTALL)

    assert policy is not None
    assert len(script) == len(style) == 1
    for text, kind in ((script[0], "script-src"), (style[0], "style-src")):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind} 'sha256-{digest}'" in policy[1]
    assert policy[1].startswith("default-src 'none';")
    assert "base-uri 'none'; form-action 'none'" in policy[1]
    assert "unsafe" not in policy[1]


def test_html_asks_for_nothing_and_has_no_inline_handler_or_style(page: str, hostile: str) -> None:
    for text in (page, hostile):
        for tag, attributes in Tags(text).seen:
            assert tag not in ("iframe", "object", "embed", "base", "img")
            assert not any(name.startswith("on") or name == "style" for name in attributes)
            for name in ("src", "href", "action", "data", "srcset", "poster"):
                value = attributes.get(name)
                assert value is None or value.startswith("#") or value == "data:,"
    assert "@import" not in page
    assert "url(" not in page


def test_html_of_hostile_results_has_the_same_tags_as_harmless_ones(hostile: str) -> None:
    tags = {tag for tag, _ in Tags(hostile).seen}

    assert tags <= {tag for tag, _ in Tags(written(realistic_results(300))).seen}
    assert hostile.count("<script") == 2
    assert not re.search("[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b\ufeff]", hostile)


def test_html_payload_of_hostile_results_shows_unsafe_characters_as_escapes(hostile: str) -> None:
    text = json.dumps(payload_of(hostile), ensure_ascii=False)

    assert "safe\\\\u202egnp.exe" in text
    assert "nul\\\\u0000esc\\\\u001b[31mred" in text
    assert not re.search("[\x00-\x1f\u202e\u2066]", text)


def test_html_payload_has_every_finding_in_order_with_its_values() -> None:
    results = realistic_results(50)
    document = payload_of(written(results))
    tables, columns = document["tables"], document["columns"]

    assert document["n"] == 50
    assert columns["id"] == [finding.id for finding in results.findings]
    for index, finding in enumerate(results.findings):
        assert document["statuses"][columns["status"][index]] == finding.status
        assert document["rules"][columns["rule"][index]]["id"] == finding.rule
        assert tables["message"][columns["message"][index]] == finding.message
        assert tables["repository"][columns["repository"][index]] == finding.resource.repository
        assert (columns["waiver"][index] >= 0) == (finding.waiver is not None)


def test_html_of_a_finding_whose_rule_is_not_listed_still_names_the_rule() -> None:
    document = payload_of(written(make_results([make_finding()], rules=[make_rule("REG-ACC-001")])))

    assert document["rules"][document["columns"]["rule"][0]]["id"] == "REG-RET-001"


def test_html_of_failures_says_so_in_its_first_heading(page: str) -> None:
    assert re.search(r"<h1 id=\"verdict\">Not compliant: \d+ checks fail, \d+ of them critical\.</h1>", page)


def test_html_of_gaps_without_failures_is_not_called_compliant() -> None:
    text = written(make_results([make_finding(status=Status.UNKNOWN)], scopes=[partial_scope()], passed=5))

    assert '<div class="verdict unproven">' in text
    assert "1 check could not be decided and counts as neither pass nor failure." in text
    assert "<b>ecr:GetRepositoryPolicy</b> failed 14 times: access_denied (AccessDeniedException)" in text


def test_html_of_unknowns_though_everything_was_read_still_points_at_them() -> None:
    text = written(make_results([make_finding(status=Status.UNKNOWN)], passed=5))

    assert "1 check is unknown all the same: each says what would settle it." in text
    assert '<li class="card cover partial">' in text


def test_html_of_clean_results_is_compliant() -> None:
    text = written(make_results(passed=40))

    assert "Compliant: 40 checks passed, none failed, and everything was read." in text
    assert "Everything that was asked for was answered." in text


def test_html_of_nothing_at_all_says_that_nothing_was_judged_nor_read() -> None:
    text = written(make_results(rules=[], scopes=[]))

    assert "Nothing was judged" in text
    assert "these results say nothing about any registry" in text


def test_html_control_with_an_unknown_check_is_not_assessed_and_with_a_pass_is_evidence_for() -> None:
    one, two = (
        make_rule("REG-RET-001", frameworks={"soc2": ["C1.2"]}),
        make_rule("REG-ACC-001", frameworks={"x": ["1"]}),
    )
    text = written(make_results([make_finding(one, status=Status.UNKNOWN)], rules=[two, one], passed=3))

    assert re.search(r'C1\.2</th><td><span class="state not_assessed">Not assessed</span>', text)
    assert re.search(r'>1</th><td><span class="state for">Evidence for</span>', text)
    assert "compliant with" not in text.lower()


def test_html_indirect_link_of_a_control_is_marked(page: str) -> None:
    assert "<code>REG-IMM-001</code> <em>indirect</em>" in page


def test_html_without_scripts_lists_the_first_failures_and_says_how_many_more() -> None:
    findings = [make_finding(resource=make_resource(f"app-{number}")) for number in range(NOSCRIPT_ROWS + 7)]
    text = written(make_results(findings))
    noscript = text[text.index("<noscript>") : text.index("</noscript>")]

    assert noscript.count("<tr>") == NOSCRIPT_ROWS + 1
    assert "7 more are in the CSV and JSON reports" in noscript


def test_html_of_very_many_scopes_lists_the_least_read_and_counts_the_rest() -> None:
    scopes = [complete_scope(f"ecr/{number:012}/eu-west-1") for number in range(400)] + [partial_scope()]
    text = written(make_results(scopes=scopes))

    assert "101 more scopes" in text
    assert text.index("ecr/444455556666/us-east-1") < text.index("ecr/000000000000/eu-west-1")


def test_html_is_the_same_bytes_twice(page: str) -> None:
    assert page == written(realistic_results(300))


def test_html_sources_hold_nothing_that_ends_their_element_early() -> None:
    root = resources.template_root()
    for path in (*root.glob("js/*.js"), *root.glob("css/*.css")):
        text = path.read_text(encoding="utf-8")
        assert "</" not in text
        assert "<!--" not in text
        assert "innerHTML" not in text
        assert "\r" not in text


def test_read_template_that_is_missing_names_the_file() -> None:
    with pytest.raises(ReportError, match=r"nothing\.css: cannot be read: .* \(install registry-auditor again\)"):
        resources.read_template("nothing.css")
