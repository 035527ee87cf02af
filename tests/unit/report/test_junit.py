"""The JUnit report: failures fail, unknowns are errors, waivers are skipped, gaps are errors."""

from __future__ import annotations

import io
from xml.etree.ElementTree import Element, fromstring

import pytest

from auditor.findings.model import Results, Status
from auditor.report.junit import JunitReporter
from tests.support.results_factory import (
    hostile_results,
    make_finding,
    make_resource,
    make_results,
    make_rule,
    partial_scope,
    realistic_results,
)


def written(results: Results) -> bytes:
    out = io.BytesIO()
    JunitReporter().write(results, out)
    return out.getvalue()


def parsed(results: Results) -> Element:
    return fromstring(written(results))


def suite(root: Element, start: str) -> Element:
    return next(one for one in root if one.get("name", "").startswith(start))


def test_junit_maps_fail_unknown_and_waived_to_failure_error_and_skipped() -> None:
    findings = [
        make_finding(resource=make_resource(name), status=status)
        for name, status in (("a", Status.FAIL), ("b", Status.UNKNOWN), ("c", Status.WAIVED))
    ]
    one = suite(parsed(make_results(findings)), "REG-RET-001")

    assert [case[0].tag for case in one.findall("testcase")] == ["failure", "error", "skipped"]
    assert (one.get("tests"), one.get("failures"), one.get("errors"), one.get("skipped")) == ("3", "1", "1", "1")
    assert "platform-security" in one.findall("testcase/skipped")[0].get("message", "")


def test_junit_counts_passes_as_a_property_without_a_case() -> None:
    one = suite(parsed(make_results(rules=[make_rule()], passed=41)), "REG-RET-001")

    assert one.find("properties/property[@name='passed']").get("value") == "41"
    assert one.findall("testcase") == []


def test_junit_of_listed_passes_does_not_fail_them() -> None:
    root = parsed(make_results([make_finding(status=Status.PASS)]))

    assert (root.get("failures"), root.get("errors")) == ("0", "0")


def test_junit_of_a_scope_not_read_has_an_error_in_the_coverage_suite() -> None:
    coverage = suite(parsed(make_results(scopes=[partial_scope()])), "coverage")
    error = coverage.find("testcase/error")

    assert error is not None
    assert error.get("message") == "166 of 1,890 facts were not read"
    assert "ecr:GetRepositoryPolicy failed 14 times" in (error.text or "")


def test_junit_totals_are_the_sums_of_its_suites() -> None:
    root = parsed(realistic_results(120))

    for total in ("tests", "failures", "errors", "skipped"):
        assert int(root.get(total, "-1")) == sum(int(one.get(total, "0")) for one in root)
    assert int(root.get("failures", "0")) == realistic_results(120).summary.fail


def test_junit_of_a_finding_whose_rule_is_not_listed_keeps_the_finding() -> None:
    root = parsed(make_results([make_finding()], rules=[make_rule("REG-ACC-001")]))

    assert suite(root, "REG-RET-001").get("failures") == "1"


@pytest.mark.parametrize("results", [hostile_results(), make_results(rules=[], scopes=[])])
def test_junit_of_hostile_or_empty_results_is_well_formed(results: Results) -> None:
    text = written(results).decode()

    assert fromstring(text).tag == "testsuites"
    assert not any(ord(character) < 32 and character != "\n" for character in text)
    assert "\uffff" not in text
    assert "\u202e" not in text
    assert written(results) == written(results)
