"""What a reader is told first."""

from __future__ import annotations

import pytest

from auditor.findings.model import Status, StatusCounts
from auditor.inventory.recorder import ErrorEntry
from auditor.report import frameworks, overview
from auditor.report.text import cut, moment, percent, place, value_text
from tests.support.results_factory import (
    complete_scope,
    make_finding,
    make_resource,
    make_results,
    make_rule,
    partial_scope,
)


def test_headline_of_a_failure_is_failed_even_with_unknowns() -> None:
    findings = [make_finding(), make_finding(resource=make_resource("b"), status=Status.UNKNOWN)]

    assert overview.headline(make_results(findings)).state == overview.FAILED


def test_headline_of_an_unknown_is_unproven() -> None:
    assert overview.headline(make_results([make_finding(status=Status.UNKNOWN)], passed=9)).state == overview.UNPROVEN


def test_headline_of_a_failed_call_is_unproven_though_every_fact_was_answered() -> None:
    error = ErrorEntry("ecr:ListTags", "throttled", "", "", "", 2)
    head = overview.headline(make_results(passed=3, scopes=[complete_scope(errors=[error])]))

    assert (head.state, head.detail) == (overview.UNPROVEN, "2 calls failed.")


def test_headline_of_waived_findings_is_compliant_and_says_how_many() -> None:
    head = overview.headline(make_results([make_finding(status=Status.WAIVED)], passed=3))

    assert (head.state, head.detail) == (overview.COMPLIANT, "1 finding is waived.")


def test_headline_counts_failures_known_from_the_baseline() -> None:
    assert "1 of the failures is known" in overview.headline(make_results([make_finding(baseline=True)])).detail


def test_top_rules_lists_the_worst_severity_first_and_no_clean_rule() -> None:
    minor = [make_finding(make_rule("REG-TAG-002"), make_resource(f"{number}")) for number in range(5)]
    rows = overview.top_rules(make_results([*minor, make_finding(make_rule("REG-ACC-001"))]))

    assert [row.rule.id for row in rows] == ["REG-ACC-001", "REG-TAG-002"]


def test_scope_rows_list_the_least_read_first() -> None:
    results = make_results(scopes=[complete_scope("a"), partial_scope("z")])

    assert [(row.scope.id, row.missing) for row in overview.scope_rows(results)] == [("z", 166), ("a", 0)]


@pytest.mark.parametrize(
    ("counts", "state"),
    [
        (StatusCounts(pass_=1, fail=1, unknown=1), "against"),
        (StatusCounts(pass_=1, unknown=1, waived=1), "not_assessed"),
        (StatusCounts(pass_=1, waived=1), "waived"),
        (StatusCounts(pass_=1, not_applicable=4), "for"),
        (StatusCounts(not_applicable=4), "not_applicable"),
    ],
)
def test_state_of_a_control_is_the_worst_of_its_checks(counts: StatusCounts, state: str) -> None:
    assert frameworks.state_of(counts) == state


def test_framework_rows_sort_controls_as_people_count() -> None:
    rule = make_rule(frameworks={"cis-docker": ["4.10", "4.9", "4.1"]})
    row = frameworks.framework_rows(make_results(rules=[rule]))[0]

    assert [control.id for control in row.controls] == ["4.1", "4.9", "4.10"]


@pytest.mark.parametrize(
    ("ratio", "text"), [(1.0, "100 %"), (0.99999, "99.9 %"), (0.5, "50 %"), (0.29, "29 %"), (0, "0 %")]
)
def test_percent_never_rounds_up_to_all(ratio: float, text: str) -> None:
    assert percent(ratio) == text


@pytest.mark.parametrize(
    ("stamp", "text"),
    [
        ("2026-11-24T09:30:59Z", "2026-11-24 09:30 UTC"),
        ("2026-11-24T09:30:59.123+00:00", "2026-11-24 09:30 UTC"),
        ("2026-11-24T09:30:59+02:00", "2026-11-24T09:30:59+02:00"),
        ("soon\u202e", "soon\\u202e"),
    ],
)
def test_moment_shows_utc_times_to_the_minute_and_others_as_they_are(stamp: str, text: str) -> None:
    assert moment(stamp) == text


def test_place_of_an_image_is_its_reference_and_of_a_file_its_line() -> None:
    image = make_resource("team/app", tag="v1", digest="sha256:ab", registry="r.example")

    assert place(image) == "r.example/team/app:v1@sha256:ab"
    assert place(make_resource("", registry="", id="waiver:W", file="waivers.yaml", line=3)) == "waivers.yaml:3"


def test_value_text_is_bare_for_strings_json_for_others_and_cut_at_the_limit() -> None:
    assert value_text("a\u202eb") == "a\\u202eb"
    assert value_text({"b": [1, None], "a": True}) == '{"a":true,"b":[1,null]}'
    assert cut("abcdef", 4) == "abcd… (2 more characters)"
