"""What is in use is marked in every report, and comes first among findings of one severity."""

from __future__ import annotations

import csv
import io
import json
from datetime import date

import msgspec

from auditor.findings.ledger import VerdictLedger
from auditor.findings.model import Finding, Results, Severity
from auditor.findings.spool import FindingSpool
from auditor.findings.verdicts import FindingSink, Place, Verdict
from auditor.findings.waivers import WaiverBook
from auditor.report import overview
from auditor.report.csv_report import CsvReporter
from auditor.report.html import HtmlReporter
from auditor.report.json_report import JsonReporter
from auditor.report.markdown import MarkdownReporter
from auditor.report.payload import columns
from auditor.report.sarif import SarifReporter
from tests.support.results_factory import make_finding, make_resource, make_results, make_rule

HIGH, LOW = Severity.HIGH, Severity.LOW


def findings() -> list[Finding]:
    """Two severities, in use and not, in the order of results.json."""
    return [
        make_finding(resource=make_resource(f"team/{name}"), severity=severity, in_use=used)
        for severity, name, used in (
            (HIGH, "a-idle", msgspec.UNSET), (HIGH, "b-used", True), (LOW, "c-idle", msgspec.UNSET), (LOW, "d-used", True),
        )
    ]  # fmt: skip


def results() -> Results:
    return make_results(findings())


def written(reporter: object, given: Results) -> str:
    out = io.BytesIO()
    reporter.write(given, out)  # type: ignore[attr-defined]  # a reporter
    return out.getvalue().decode()


def test_in_use_comes_first_within_its_severity_only() -> None:
    names = [finding.resource.repository for finding in overview.in_use_first(findings())]

    assert names == ["team/b-used", "team/a-idle", "team/d-used", "team/c-idle"]


def test_json_keeps_its_order_and_says_in_use_only_where_it_is() -> None:
    listed = json.loads(written(JsonReporter(), results()))["findings"]

    assert [finding["resource"]["repository"][5] for finding in listed] == ["a", "b", "c", "d"]
    assert ["in_use" in finding for finding in listed] == [False, True, False, True]
    assert listed[1]["in_use"] is True


def test_csv_has_a_column() -> None:
    rows = list(csv.DictReader(io.StringIO(written(CsvReporter(), results()))))

    assert [(row["repository"][5], row["in_use"]) for row in rows] == [
        ("b", "yes"), ("a", "no"), ("d", "yes"), ("c", "no"),
    ]  # fmt: skip


def test_markdown_marks_it_and_lists_it_first() -> None:
    lines = [line for line in written(MarkdownReporter(), results()).splitlines() if "team/" in line]

    assert ["b-used" in lines[0], "a-idle" in lines[1]] == [True, True]
    assert ["**in use**" in line for line in lines] == [True, False, True, False]


def test_sarif_has_a_property() -> None:
    found = json.loads(written(SarifReporter(), results()))["runs"][0]["results"]

    used = {one["locations"][0]["logicalLocations"][0]["name"][-6:]: one["properties"].get("in_use") for one in found}
    assert used == {"a-idle": None, "b-used": True, "c-idle": None, "d-used": True}


def test_html_carries_it_and_shows_it_without_scripts() -> None:
    text = written(HtmlReporter(), results())

    assert columns(findings(), {})["columns"]["used"] == [0, 1, 0, 1]
    assert text.count('<span class="tag used">in use</span>') == 2
    assert 'id="used-label" hidden' in text


def test_a_verdict_in_use_becomes_a_finding_in_use() -> None:
    rule = make_rule("REG-VUL-001")
    with FindingSpool() as spool:
        sink = FindingSink(
            spool,
            [rule],
            overridden=set(),
            waivers=WaiverBook([], on=date(2026, 11, 24)),
            baseline={},
            now="2026-11-24T00:00:00Z",
        )
        identity = "urn:cr:ecr:111111111111:eu-west-1:team/app@sha256:"
        verdicts = msgspec.json.decode(
            json.dumps([{"status": "fail", "resource_id": f"{identity}{n}", "in_use": n == 1} for n in (1, 2)]),
            type=list[Verdict],
        )
        sink.add(rule.id, verdicts, Place("host", "111111111111", "eu-west-1"))
        kept = [json.loads(content) for content in spool.sorted()]

    assert isinstance(sink.ledger, VerdictLedger)
    assert [finding.get("in_use") for finding in kept] == [True, None]
