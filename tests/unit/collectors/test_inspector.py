"""Enhanced scans in bulk: what is read, in how many calls, and what is left when Inspector refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.scanned_world import (
    ACCOUNT,
    REGION,
    RefusedError,
    aggregated,
    covered,
    equals,
    finding,
    listed,
    read,
    scanned_world,
    suppression,
)

PER_IMAGE = "ecr:DescribeImageScanFindings"


def scans(record: dict[str, Any]) -> list[dict[str, Any]]:
    return [image["scan"] for image in record["images"]["value"]]


def test_findings_come_in_bulk_over_pages_and_cost_no_call_an_image(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1), listed(2)], "web": [listed(1), listed(3)]})
    world["inspector2:ListCoverage"] = {
        "coveredResources": [covered(r, n) for r, n in (("app", 1), ("app", 2), ("web", 1), ("web", 3))]
    }
    world["inspector2:ListFindings"] = {
        "findings": [
            finding("app", 1, "CVE-1"),
            finding("app", 1, "CVE-1", package="libssl", severity="CRITICAL", exploitAvailable="YES"),
            finding("app", 1, "CVE-2", fixAvailable="NO"),
            finding("web", 3, "CVE-9", severity="UNTRIAGED"),
            finding("web", 1, "CVE-1", severity="LOW"),
        ]
    }
    manifest, context, records = read(world, tmp_path)

    assert world.calls[PER_IMAGE] == 0
    assert {op: world.calls[f"inspector2:{op}"] for op in ("ListCoverage", "ListFindings")} == {
        "ListCoverage": 2,
        "ListFindings": 3,
    }
    first, clean = (scan["value"] for scan in scans(records["app"]))
    assert (first["state"], first["completed_at"]["value"]) == ("active", "2026-11-20T00:00:00Z")
    # The same vulnerability in two packages counts once, at its worst.
    assert first["counts"]["value"] == {"CRITICAL": 1, "HIGH": 1}
    one, two = first["vulnerabilities"]["value"]
    assert [package["name"] for package in one["packages"]] == ["libssl", "openssl"]
    assert (one["exploit"]["value"], one["epss"]["value"], one["first_seen_at"]["value"]) == (
        True,
        0.25,
        "2026-11-20T00:00:00Z",
    )
    assert (one["fix"]["value"], two["fix"]["value"]["available"]) == ({"available": "yes", "version": "3.1"}, "no")
    assert (clean["counts"]["value"], clean["vulnerabilities"]["value"]) == ({}, [])
    # The same digest in two repositories is scanned, and found bad, for each.
    assert [scan["value"]["counts"]["value"] for scan in scans(records["web"])] == [{"LOW": 1}, {"UNKNOWN": 1}]
    assert context["registry"]["scanning"]["value"]["active"]["value"] is True
    assert manifest.scopes[0].errors == []


def test_suppressed_findings_are_kept_named_and_not_counted(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1)]})
    world["inspector2:ListCoverage"] = {"coveredResources": [covered("app", 1)]}
    world["inspector2:ListFilters"] = {
        "filters": [
            suppression("one", {"vulnerabilityId": equals("CVE-1")}, reason="until 2026-12-31, owner: team-a"),
            suppression("low", {"severity": equals("LOW")}),
            suppression("ec2", {"resourceType": equals("AWS_EC2_INSTANCE")}),
        ]
    }
    world["inspector2:ListFindings"] = {
        "findings": [
            finding("app", 1, "CVE-1", status="SUPPRESSED"),
            finding("app", 1, "CVE-1", package="libssl"),
            finding("app", 1, "CVE-2", status="SUPPRESSED", severity="LOW"),
            finding("app", 1, "CVE-3", status="SUPPRESSED", severity="HIGH"),
            finding("app", 1, "CVE-4", status="CLOSED"),
        ]
    }
    _, context, records = read(world, tmp_path)

    [scan] = scans(records["app"])
    found = [(v["id"], v["suppressed_by"]) for v in scan["value"]["vulnerabilities"]["value"]]
    prefix = f"urn:cr:inspector2:{ACCOUNT}:{REGION}:suppression/"
    # One package of CVE-1 is suppressed, the other is not: both stay, and it counts.
    assert found == [
        ("CVE-1", ""),
        ("CVE-1", prefix + "one"),
        ("CVE-2", prefix + "low"),
        ("CVE-3", "a suppression at the scanner"),
    ]
    assert scan["value"]["counts"]["value"] == {"HIGH": 1}
    one = next(s for s in context["registry"]["suppressions"]["value"] if s["name"] == "one")
    assert (one["owner"], one["expires"]["value"]) == ("team-a", "2026-12-31T23:59:59Z")
    assert [s["name"] for s in context["registry"]["suppressions"]["value"]] == ["low", "one"]


@pytest.mark.parametrize(
    ("code", "reason", "scanned", "state"),
    [
        ("ACTIVE", "SUCCESSFUL", True, "active"),
        ("ACTIVE", "PENDING_INITIAL_SCAN", False, "pending"),
        ("ACTIVE", "SCAN_IN_PROGRESS", True, "active"),
        ("ACTIVE", "SCAN_IN_PROGRESS", False, "pending"),
        ("INACTIVE", "SCAN_ELIGIBILITY_EXPIRED", True, "expired"),
        ("INACTIVE", "IMAGE_ARCHIVED", True, "archived"),
        ("INACTIVE", "SCAN_FREQUENCY_SCAN_ON_PUSH", True, "complete"),
        ("INACTIVE", "SCAN_FREQUENCY_SCAN_ON_PUSH", False, "pending"),
        ("INACTIVE", "UNSUPPORTED_OS", False, "unsupported"),
        ("INACTIVE", "IMAGE_SIZE_EXCEEDED", False, "failed"),
        ("INACTIVE", "INTERNAL_ERROR", True, "failed"),
    ],
)
def test_coverage_reasons(tmp_path: Path, code: str, reason: str, scanned: bool, state: str) -> None:
    entry = covered("app", 1, reason, code)
    if not scanned:
        del entry["lastScannedAt"]
    world = scanned_world({"app": [listed(1)]})
    world["inspector2:ListCoverage"] = {"coveredResources": [entry]}
    _, _, records = read(world, tmp_path)

    [scan] = scans(records["app"])
    assert (scan["value"]["state"], scan["value"]["detail"]) == (state, reason)
    assert scan["value"]["counts"]["state"] == ("known" if state in ("active", "complete") else "absent")
    assert world.calls[PER_IMAGE] == 0


def test_other_accounts_repositories_and_resources_are_left_out(tmp_path: Path) -> None:
    """A delegated administrator sees the findings of all members; a filter on names leaves repositories out."""
    world = scanned_world({"app": [listed(1)], "web": [listed(1)]})
    asked: list[dict[str, Any]] = []

    def coverage(params: dict[str, Any]) -> dict[str, Any]:
        asked.append(params["filterCriteria"])
        return {"coveredResources": [covered("app", 1), covered("web", 1)]}

    world["inspector2:ListCoverage"] = coverage
    world["inspector2:ListFindings"] = {
        "findings": [
            finding("web", 1, "CVE-1"),
            finding("app", 1, "CVE-2", resources=[{"type": "AWS_EC2_INSTANCE", "id": "i-1"}]),
        ]
    }
    _, _, records = read(world, tmp_path, repositories={"include": ["app"]})

    assert asked[0]["accountId"] == equals(ACCOUNT)
    assert list(records) == ["app"]
    assert scans(records["app"])[0]["value"]["counts"]["value"] == {}


def enhanced(number: int, **more: Any) -> dict[str, Any]:
    """What DescribeImageScanFindings says of an image of `app`."""
    entry = finding("app", number, "CVE-7", **more)
    del entry["epss"]
    return {
        "imageScanStatus": {"status": "ACTIVE"},
        "imageScanFindings": {
            "enhancedFindings": [{**entry, "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-7"}}]
        },
    }


def per_image(params: dict[str, Any]) -> dict[str, Any]:
    return enhanced(int(params["imageId"]["imageDigest"][-1]))


def test_very_many_findings_are_read_image_by_image(tmp_path: Path) -> None:
    waiting = covered("app", 3, "PENDING_INITIAL_SCAN")
    del waiting["lastScannedAt"]
    world = scanned_world({"app": [listed(1), listed(2), listed(3)]})
    world["inspector2:ListCoverage"] = {"coveredResources": [covered("app", 1), covered("app", 2), waiting]}
    world[PER_IMAGE] = per_image
    aggregated(world, 1000)
    manifest, _, records = read(world, tmp_path)

    # Ten pages for two images; the third is known to have no results yet.
    assert (world.calls["inspector2:ListFindings"], world.calls[PER_IMAGE]) == (0, 2)
    first, _, third = (scan["value"] for scan in scans(records["app"]))
    assert first["counts"]["value"] == {"HIGH": 1}
    # When it was scanned is Inspector's to tell; ECR's answer has no time.
    assert first["completed_at"]["value"] == "2026-11-20T00:00:00Z"
    assert third["state"] == "pending"
    assert any("fewer calls" in note for note in manifest.scopes[0].notes)


@pytest.mark.parametrize("operation", ["ListCoverage", "ListFindings"])
def test_refused_scans_are_read_image_by_image(tmp_path: Path, operation: str) -> None:
    world = scanned_world({"app": [listed(1)]})
    world["inspector2:ListCoverage"] = {"coveredResources": [covered("app", 1)]}
    world[PER_IMAGE] = per_image
    world.refuse(f"inspector2:{operation}")
    manifest, _, records = read(world, tmp_path)

    [scan] = scans(records["app"])
    assert scan["value"]["counts"]["value"] == {"HIGH": 1}
    assert scan["value"]["vulnerabilities"]["value"][0]["epss"]["state"] == "absent"
    assert any(note.startswith(f"inspector2:{operation}") for note in manifest.scopes[0].notes)


def test_findings_refused_in_the_middle_leave_no_half_result(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1)]})
    world["inspector2:ListCoverage"] = {"coveredResources": [covered("app", 1)]}

    def findings(params: dict[str, Any]) -> dict[str, Any]:
        if params.get("nextToken"):
            raise RefusedError("ThrottlingException", 429)
        return {"findings": [finding("app", 1, f"CVE-{n}") for n in range(5)]}

    world["inspector2:ListFindings"] = findings
    world.refuse(PER_IMAGE)
    _, _, records = read(world, tmp_path)

    [scan] = scans(records["app"])
    # That it was scanned is known; what was found is not, and is not the first page either.
    assert (scan["value"]["state"], scan["value"]["completed_at"]["state"]) == ("active", "known")
    assert (scan["value"]["counts"]["reason"], scan["value"]["vulnerabilities"]["reason"]) == (
        "access_denied",
        "access_denied",
    )


def test_refused_aggregation_takes_the_bulk(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1)]})
    world["inspector2:ListCoverage"] = {"coveredResources": [covered("app", 1)]}
    world.refuse("inspector2:ListFindingAggregations")
    _, _, records = read(world, tmp_path)

    assert scans(records["app"])[0]["value"]["counts"]["value"] == {}
    assert world.calls[PER_IMAGE] == 0


@pytest.mark.parametrize(("operation", "field"), [("BatchGetAccountStatus", "active"), ("ListFilters", "suppressions")])
def test_refused_facts_are_unknown_and_named(tmp_path: Path, operation: str, field: str) -> None:
    world = scanned_world({"app": []})
    world.refuse(f"inspector2:{operation}")
    manifest, context, _ = read(world, tmp_path)

    registry = context["registry"]
    fact = registry["scanning"]["value"]["active"] if field == "active" else registry[field]
    assert (fact["reason"], fact["source"]) == ("access_denied", f"inspector2:{operation}")
    assert [error.operation for error in manifest.scopes[0].errors] == [f"inspector2:{operation}"]


@pytest.mark.parametrize(("status", "value"), [("DISABLED", False), ("SUSPENDED", False), ("ENABLING", None)])
def test_states_of_the_scanner(tmp_path: Path, status: str, value: bool | None) -> None:
    world = scanned_world({"app": []})
    state = {"status": status, "errorCode": "ALREADY_ENABLED", "errorMessage": "none"}
    entry = {"accountId": ACCOUNT, "state": state, "resourceState": {"ec2": state, "ecr": state}}
    world["inspector2:BatchGetAccountStatus"] = {"accounts": [entry]}
    _, context, _ = read(world, tmp_path)

    active = context["registry"]["scanning"]["value"]["active"]
    assert active.get("value") is value
    assert active.get("reason", "pending") == "pending"


def test_an_account_that_may_not_be_asked_about(tmp_path: Path) -> None:
    world = scanned_world({"app": []})
    failed = {"accountId": ACCOUNT, "errorCode": "ACCESS_DENIED", "errorMessage": "no"}
    world["inspector2:BatchGetAccountStatus"] = {"accounts": [], "failedAccounts": [failed]}
    _, context, _ = read(world, tmp_path)

    assert context["registry"]["scanning"]["value"]["active"]["reason"] == "access_denied"


def test_image_that_inspector_does_not_cover_is_asked_for_and_never_scanned_is_absent(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1), listed(2)]})
    world["inspector2:ListCoverage"] = {"coveredResources": [covered("app", 1)]}
    _, _, records = read(world, tmp_path)

    assert [scan["state"] for scan in scans(records["app"])] == ["known", "absent"]
    assert world.calls[PER_IMAGE] == 1


def test_archived_image_stays_archived(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1, imageStatus="ARCHIVED")]})
    world["inspector2:ListCoverage"] = {"coveredResources": [covered("app", 1)]}
    _, _, records = read(world, tmp_path)

    assert scans(records["app"])[0]["value"]["state"] == "archived"


def test_basic_scanning_asks_inspector_nothing(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1)]}, tier="BASIC")
    _, context, _ = read(world, tmp_path)

    assert not [call for call in world.calls if call.startswith("inspector2:")]
    assert context["registry"]["suppressions"]["state"] == "absent"
    assert context["registry"]["scanning"]["value"]["active"]["state"] == "absent"


def test_unread_tier_leaves_suppressions_unknown(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1)]})
    world.refuse("ecr:GetRegistryScanningConfiguration")
    _, context, _ = read(world, tmp_path)

    assert context["registry"]["suppressions"]["source"] == "ecr:GetRegistryScanningConfiguration"
    assert not [call for call in world.calls if call.startswith("inspector2:")]


def test_switched_off_it_is_not_requested_and_costs_nothing(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1)]})
    manifest, context, _ = read(world, tmp_path, read_inspector=False)

    assert context["registry"]["suppressions"]["reason"] == "not_requested"
    assert not [call for call in world.calls if call.startswith("inspector2:")]
    assert manifest.scopes[0].errors == []


def test_no_details_wanted_reads_only_state_and_suppressions(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1)]})
    _, _, records = read(world, tmp_path, scan_details="never")

    asked = {call for call in world.calls if call.startswith("inspector2:")}
    assert asked == {"inspector2:BatchGetAccountStatus", "inspector2:ListFilters"}
    assert scans(records["app"])[0]["reason"] == "not_requested"


def test_filters_come_in_pages(tmp_path: Path) -> None:
    world = scanned_world({"app": []})
    world["inspector2:ListFilters"] = {"filters": [suppression(f"f{n}", {"severity": equals("LOW")}) for n in range(5)]}
    _, context, _ = read(world, tmp_path)

    assert len(context["registry"]["suppressions"]["value"]) == 5
    assert world.calls["inspector2:ListFilters"] == 3
