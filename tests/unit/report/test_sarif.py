"""The SARIF report: valid by the OASIS schema, and useful to code scanning."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from auditor.findings.model import Resource, Results, Status
from auditor.report.sarif import MAX_TAGS, SarifReporter, artifact_uri
from tests.support.results_factory import (
    EARLIER,
    hostile_results,
    make_finding,
    make_resource,
    make_results,
    make_rule,
    partial_scope,
    realistic_results,
)

SCHEMA = json.loads(
    (Path(__file__).resolve().parents[3] / "fixtures/schemas/sarif-2.1.0.json").read_text(encoding="utf-8")
)
DIGEST = "sha256:" + "ab" * 32


def written(results: Results) -> bytes:
    out = io.BytesIO()
    SarifReporter().write(results, out)
    return out.getvalue()


def run_of(results: Results) -> dict[str, Any]:
    run: dict[str, Any] = json.loads(written(results))["runs"][0]
    return run


def result_of(**over: Any) -> dict[str, Any]:
    result: dict[str, Any] = run_of(make_results([make_finding(**over)]))["results"][0]
    return result


@pytest.mark.parametrize(
    "results",
    [realistic_results(150), make_results(), make_results(rules=[], scopes=[]), hostile_results()],
    ids=["ordinary", "clean", "empty", "hostile"],
)
def test_sarif_of_any_results_fits_the_oasis_schema_and_is_stable(results: Results) -> None:
    content = written(results)

    jsonschema.Draft4Validator(SCHEMA).validate(json.loads(content))
    assert content == written(results)


@pytest.mark.parametrize(
    ("rule", "level", "score"),
    [
        ("REG-ACC-001", "error", 9.5),
        ("REG-SIG-001", "error", 8.0),
        ("REG-RET-001", "warning", 5.5),
        ("REG-TAG-002", "note", 3.0),
        ("REG-TAG-003", "note", 1.0),
    ],
)
def test_sarif_failure_has_the_level_and_score_of_its_severity(rule: str, level: str, score: float) -> None:
    run = run_of(make_results([make_finding(make_rule(rule))], rules=[make_rule(rule)]))

    assert (run["results"][0]["kind"], run["results"][0]["level"]) == ("fail", level)
    assert float(run["tool"]["driver"]["rules"][0]["properties"]["security-severity"]) == score


def test_sarif_unknown_is_open_with_level_none_and_names_what_would_settle_it() -> None:
    result = result_of(status=Status.UNKNOWN, settle=["ecr:GetLifecyclePolicy"])

    assert (result["kind"], result["level"]) == ("open", "none")
    assert "Would be settled by: ecr:GetLifecyclePolicy." in result["message"]["text"]


@pytest.mark.parametrize(("was", "kind", "level"), [("fail", "fail", "warning"), ("unknown", "open", "none")])
def test_sarif_waived_finding_keeps_its_kind_and_is_suppressed(was: str, kind: str, level: str) -> None:
    result = result_of(status=Status.WAIVED, waived_status=was)
    suppression = result["suppressions"][0]

    assert (result["kind"], result["level"]) == (kind, level)
    assert (suppression["kind"], suppression["status"]) == ("external", "accepted")
    assert "platform-security, until 2027-03-31, SEC-2210" in suppression["justification"]


def test_sarif_listed_pass_is_pass_with_level_none() -> None:
    result = result_of(status=Status.PASS)

    assert (result["kind"], result["level"]) == ("pass", "none")


def test_sarif_with_a_baseline_marks_every_result_new_or_unchanged() -> None:
    known = make_finding(resource=make_resource("old"), baseline=True, first_seen=EARLIER)
    waived = make_finding(resource=make_resource("also-old"), status=Status.WAIVED, first_seen=EARLIER)
    fresh = make_finding(resource=make_resource("young"))
    states = {
        result["locations"][0]["logicalLocations"][0]["fullyQualifiedName"].rpartition(":")[2]: result["baselineState"]
        for result in run_of(make_results([known, waived, fresh]))["results"]
    }

    assert states == {"old": "unchanged", "also-old": "unchanged", "young": "new"}


def test_sarif_without_a_baseline_says_nothing_of_one() -> None:
    assert "baselineState" not in result_of()


def test_sarif_fingerprints_are_the_findings_own() -> None:
    finding = make_finding()
    result = run_of(make_results([finding]))["results"][0]

    assert result["partialFingerprints"] == {
        "registryAuditorFinding/v1": finding.id,
        "primaryLocationLineHash": f"{finding.id}:1",
    }


@pytest.mark.parametrize(
    ("resource", "uri"),
    [
        (make_resource("team/app"), "registry/111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app"),
        (make_resource("team/app", digest=DIGEST), "registry/111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app"),
        (make_resource("", kind="registry"), "registry/111122223333.dkr.ecr.eu-west-1.amazonaws.com"),
        (make_resource("a b/<c>"), "registry/111122223333.dkr.ecr.eu-west-1.amazonaws.com/a%20b/%3Cc%3E"),
        (make_resource("../../etc/passwd", registry="localhost:5000"), "registry/localhost%3A5000/etc/passwd"),
        (Resource(id="waiver:W-1", kind="waiver", file="waivers.yaml", line=7), "waivers.yaml"),
        (Resource(id="waiver:W-1", kind="waiver"), "registry/waiver/waiver%3AW-1"),
    ],
)
def test_artifact_uri_is_relative_stable_and_encoded(resource: Resource, uri: str) -> None:
    assert artifact_uri(resource) == uri


def test_sarif_location_of_a_file_has_its_line() -> None:
    resource = Resource(id="waiver:W-1", kind="waiver", file="waivers.yaml", line=7)
    physical = result_of(resource=resource)["locations"][0]["physicalLocation"]

    assert physical == {"artifactLocation": {"uri": "waivers.yaml"}, "region": {"startLine": 7}}


def test_sarif_rule_has_help_frameworks_and_at_most_as_many_tags_as_accepted() -> None:
    many = {f"framework-{number}": ["1.1"] for number in range(40)}
    rule = run_of(make_results(rules=[make_rule(frameworks=many)]))["tool"]["driver"]["rules"][0]

    assert "How to fix (confirm): Review the plan" in rule["help"]["text"]
    assert "Evidence for: framework-0: 1.1" in rule["help"]["text"]
    assert len(rule["properties"]["tags"]) == MAX_TAGS
    assert rule["properties"]["frameworks"] == many


def test_sarif_of_an_incomplete_audit_is_no_successful_execution() -> None:
    invocation = run_of(make_results(scopes=[partial_scope()]))["invocations"][0]

    assert invocation["executionSuccessful"] is False
    assert "ecr:GetRepositoryPolicy failed 14 times" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_sarif_of_a_complete_audit_is_a_successful_execution() -> None:
    assert run_of(make_results())["invocations"][0] == {
        "executionSuccessful": True,
        "startTimeUtc": "2026-11-24T09:41:07Z",
        "endTimeUtc": "2026-11-24T09:41:12Z",
        "toolExecutionNotifications": [],
    }


def test_sarif_of_hostile_results_shows_no_control_or_bidirectional_character_in_a_message() -> None:
    for result in run_of(hostile_results())["results"]:
        assert not re.search("[\x00-\x1f\u202e\u2066]", result["message"]["text"])
        assert re.fullmatch(
            r"[A-Za-z0-9/._~%-]+", result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
        )
