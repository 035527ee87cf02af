"""What findings on one image come to, and whose errors are whose."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from auditor.findings.model import Coverage, Finding, RemediationRef, Resource, ScopeCoverage, Severity, Status
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.recorder import ErrorEntry
from auditor.run.gate_verdicts import Decides, Gaps, image_verdict

SCOPE, URN = "oci/registry.example.com/global", "urn:cr:oci:registry.example.com:global"
GONE = Unknown(Reason.RACE_DELETED, "oci:GetManifest", "the registry has no such image")


def finding(status: Status, severity: str = "high", **more: Any) -> Finding:
    made = Finding("f", "REG-X-001", status, Severity(severity), Resource(URN, "image"), "", [], None, "", RemediationRef("manual", "manual"))  # fmt: skip
    return msgspec.structs.replace(made, **more)


@pytest.mark.parametrize(("found", "fail_on", "errors", "verdict"), [
    ([], "high", False, "pass"),
    ([finding(Status.FAIL)], "high", False, "fail"),
    ([finding(Status.FAIL)], "critical", False, "pass"),
    ([finding(Status.FAIL)], "none", False, "pass"),
    ([finding(Status.FAIL, baseline=True)], "high", False, "pass"),
    ([finding(Status.WAIVED)], "high", False, "pass"),
    ([finding(Status.UNKNOWN)], "high", False, "unknown"),
    ([finding(Status.UNKNOWN, "info")], "none", False, "unknown"),
    ([finding(Status.UNKNOWN, not_asked=True)], "high", False, "pass"),
    ([], "high", True, "unknown"),
    ([finding(Status.UNKNOWN), finding(Status.FAIL)], "high", True, "fail"),
])  # fmt: skip
def test_fail_over_unknown_over_pass(found: list[Finding], fail_on: str, errors: bool, verdict: str) -> None:
    assert image_verdict(found, Decides(fail_on, 100.0), errors=errors) == verdict


def test_whoever_wants_less_coverage_gets_no_gaps() -> None:
    assert image_verdict([finding(Status.UNKNOWN)], Decides("high", 90.0), errors=True) == "pass"


def gaps(errors: list[ErrorEntry], *named: Any) -> Gaps:
    scope = ScopeCoverage(SCOPE, 1, 1, 1, errors, 1, 1)
    return Gaps([(SCOPE, one) for one in named], Coverage(1.0, 1.0, [scope]))


def error(affects: str, count: int = 1, code: str = "timeout") -> ErrorEntry:
    return ErrorEntry("oci:GetManifest", "timeout", code, "it took too long", affects, count)


def test_a_reference_that_leads_nowhere_is_no_gap_of_another() -> None:
    own = ErrorEntry(GONE.source, GONE.reason.value, GONE.detail, "", f"{URN}:app:gone", 2)

    assert not gaps([own], GONE, GONE, Known("sha256:1")).may_be_in(SCOPE, f"{URN}:app")
    assert gaps([own], GONE, Known("sha256:1")).may_be_in(SCOPE, f"{URN}:app")
    assert gaps([own], GONE, GONE).texts() == []


@pytest.mark.parametrize(("affects", "count", "mine"), [
    (f"{URN}:app", 1, True),
    (f"{URN}:app@sha256:1", 1, True),
    (f"{URN}:app:v1", 1, True),
    (f"{URN}:application", 1, False),
    (f"{URN}:other@sha256:1", 1, False),
    (f"{URN}:other@sha256:1", 2, True),  # only the first of equal errors says where it was
    (URN, 1, True),
    (SCOPE, 1, True),
])  # fmt: skip
def test_an_error_is_of_whatever_it_may_be_of(affects: str, count: int, mine: bool) -> None:
    found = gaps([error(affects, count)])

    assert found.may_be_in(SCOPE, f"{URN}:app") == mine
    assert not found.may_be_in("oci/other.example.com/global", f"{URN}:app")
    assert "it took too long" in found.texts()[0]
