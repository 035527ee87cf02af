"""Trails, event rules and quotas: what is read, in how many calls, and what a refusal leaves."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.aws.operations import about_registries
from auditor.collectors.aws.trails import records_registries
from auditor.inventory.facts import Known, Unknown
from tests.support.scanned_world import listed, quota, read, scanned_world, trail

PATTERN = json.dumps({"source": ["aws.ecr"], "detail-type": ["ECR Image Scan"]})


def registry(world: Any, folder: Path, **target: Any) -> dict[str, Any]:
    found: dict[str, Any] = read(world, folder, **target)[1]["registry"]
    return found


# ---------------------------------------------------------------- trails
def test_trail_of_another_account_and_region(tmp_path: Path) -> None:
    world = scanned_world({})
    [found] = registry(world, tmp_path)["trails"]["value"]

    assert found["id"] == "urn:cr:cloudtrail:222222222222:us-east-1:trail/organisation"
    assert (found["organization"], found["multi_region"], found["validation"]) == (True, True, True)
    assert (found["logging"]["value"], found["management_events"]["value"]) == (True, True)
    assert found["destinations"] == ["s3://logs"]
    # Its selectors are the default ones: they need not be asked for.
    assert world.calls["cloudtrail:GetEventSelectors"] == 0


def test_a_trail_is_asked_once_an_account_and_listed_once_a_region(tmp_path: Path) -> None:
    world = scanned_world({})
    world["cloudtrail:DescribeTrails"] = {"trailList": [trail("one", HasCustomEventSelectors=True), trail("two")]}
    world["cloudtrail:GetEventSelectors"] = {
        "EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]
    }
    read(world, tmp_path, regions=["eu-west-1", "eu-west-2", "us-east-1"])

    asked = {
        name: world.calls[f"cloudtrail:{name}"] for name in ("DescribeTrails", "GetTrailStatus", "GetEventSelectors")
    }
    assert asked == {"DescribeTrails": 3, "GetTrailStatus": 2, "GetEventSelectors": 1}


def test_selectors_are_asked_for_in_the_home_region_by_arn(tmp_path: Path) -> None:
    asked: list[tuple[str, str]] = []

    def selectors(params: dict[str, Any]) -> dict[str, Any]:
        asked.append((params["_region"], params["TrailName"]))
        return {"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}

    world = scanned_world({})
    world["cloudtrail:DescribeTrails"] = {"trailList": [trail("one", HasCustomEventSelectors=True)]}
    world["cloudtrail:GetEventSelectors"] = selectors
    [found] = registry(world, tmp_path)["trails"]["value"]

    assert asked == [("us-east-1", "arn:aws:cloudtrail:us-east-1:222222222222:trail/one")]
    assert found["management_events"]["value"] is False


def test_a_trail_that_cannot_deliver(tmp_path: Path) -> None:
    world = scanned_world({})
    world["cloudtrail:GetTrailStatus"] = {"IsLogging": True, "LatestDeliveryError": "AccessDenied\n" + "x" * 1000}
    [found] = registry(world, tmp_path)["trails"]["value"]

    assert found["delivery_error"].startswith("AccessDenied x")
    assert len(found["delivery_error"]) == 200


@pytest.mark.parametrize(
    ("operation", "field"), [("GetTrailStatus", "logging"), ("GetEventSelectors", "management_events")]
)
def test_refused_part_of_a_trail_is_unknown_in_every_region(tmp_path: Path, operation: str, field: str) -> None:
    world = scanned_world({})
    world["cloudtrail:DescribeTrails"] = {"trailList": [trail("one", HasCustomEventSelectors=True)]}
    world["cloudtrail:GetEventSelectors"] = {"EventSelectors": []}
    world.refuse(f"cloudtrail:{operation}")
    manifest, context, _ = read(world, tmp_path, regions=["eu-west-1", "eu-west-2"])

    [found] = context["registry"]["trails"]["value"]
    assert (found[field]["reason"], found[field]["source"]) == ("access_denied", f"cloudtrail:{operation}")
    assert [[error.operation for error in scope.errors] for scope in manifest.scopes] == [
        [f"cloudtrail:{operation}"]
    ] * 2


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ("cloudtrail:DescribeTrails", "trails"),
        ("events:ListRules", "event_rules"),
        ("servicequotas:ListServiceQuotas", "quotas"),
    ],
)
def test_refused_lists_are_unknown(tmp_path: Path, operation: str, field: str) -> None:
    world = scanned_world({})
    world.refuse(operation.replace("servicequotas", "service-quotas"))
    manifest, context, _ = read(world, tmp_path)

    assert context["registry"][field]["reason"] == "access_denied"
    assert [error.operation for error in manifest.scopes[0].errors] == [operation]


def test_switched_off_nothing_is_asked(tmp_path: Path) -> None:
    world = scanned_world({})
    manifest, context, _ = read(world, tmp_path, read_operations=False)

    assert {context["registry"][field]["reason"] for field in ("trails", "event_rules", "quotas")} == {"not_requested"}
    assert not [call for call in world.calls if call.startswith(("cloudtrail:", "events:", "service-quotas:"))]
    assert manifest.scopes[0].errors == []


# ---------------------------------------------------------------- what a trail records
def advanced(*fields: dict[str, Any]) -> dict[str, Any]:
    return {
        "AdvancedEventSelectors": [
            {"Name": "x", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}, *fields]}
        ]
    }


READ = {"Field": "readOnly", "Equals": ["true"]}
WRITE = {"Field": "readOnly", "Equals": ["false"]}


@pytest.mark.parametrize(
    ("answer", "records"),
    [
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": True}]}, True),
        ({"EventSelectors": [{"ReadWriteType": "All", "IncludeManagementEvents": False}]}, False),
        ({"EventSelectors": [{"ReadWriteType": "WriteOnly", "IncludeManagementEvents": True}]}, False),
        (
            {
                "EventSelectors": [
                    {"ReadWriteType": kind, "IncludeManagementEvents": True} for kind in ("WriteOnly", "ReadOnly")
                ]
            },
            True,
        ),
        ({"EventSelectors": [{"ReadWriteType": "All", "ExcludeManagementEventSources": ["kms.amazonaws.com"]}]}, True),
        ({"EventSelectors": [{"ReadWriteType": "All", "ExcludeManagementEventSources": ["ecr.amazonaws.com"]}]}, False),
        ({"EventSelectors": []}, False),
        (advanced(), True),
        (advanced(WRITE), False),
        (advanced({"Field": "readOnly", "NotEquals": ["true"]}), False),
        (
            {
                "AdvancedEventSelectors": advanced(READ)["AdvancedEventSelectors"]
                + advanced(WRITE)["AdvancedEventSelectors"]
            },
            True,
        ),
        (advanced({"Field": "eventSource", "NotEquals": ["kms.amazonaws.com", "rdsdata.amazonaws.com"]}), True),
        (advanced({"Field": "eventSource", "NotEquals": ["ecr.amazonaws.com"]}), False),
        (advanced({"Field": "eventSource", "Equals": ["s3.amazonaws.com"]}), False),
        (advanced({"Field": "eventSource", "NotStartsWith": ["ecr"]}), False),
        (advanced({"Field": "eventSource", "EndsWith": [".amazonaws.com"]}), True),
        (advanced({"Field": "eventName", "NotEquals": ["DescribeImages"]}), None),
        (advanced({"Field": "eventName", "NotEquals": ["DescribeImages"]}, WRITE), False),
        ({"AdvancedEventSelectors": [{"FieldSelectors": [{"Field": "eventCategory", "Equals": ["Data"]}]}]}, False),
        ({}, False),
    ],
)
def test_what_selectors_record(answer: dict[str, Any], records: bool | None) -> None:
    found = records_registries(answer)

    assert isinstance(found, Unknown) if records is None else found == Known(records, "cloudtrail:GetEventSelectors")


# ---------------------------------------------------------------- event rules
def test_rules_about_registries_over_pages_with_their_targets(tmp_path: Path) -> None:
    world = scanned_world({})
    rules = [
        {"Name": f"other{n}", "EventPattern": json.dumps({"source": ["aws.s3"]}), "State": "ENABLED"} for n in range(4)
    ]
    rules += [
        {"Name": "scan", "EventPattern": PATTERN, "State": "ENABLED"},
        {"Name": "off", "EventPattern": PATTERN, "State": "DISABLED"},
    ]
    world["events:ListRules"] = {"Rules": [*rules, {"Name": "nightly", "ScheduleExpression": "rate(1 day)"}]}
    world["events:ListTargetsByRule"] = {
        "Targets": [{"Id": str(n), "Arn": "arn:aws:sns:eu-west-1:1:x"} for n in range(3)]
    }
    found = registry(world, tmp_path)["event_rules"]["value"]

    assert [(rule["id"].rpartition("/")[2], rule["enabled"], rule["targets"]["value"]) for rule in found] == [
        ("off", False, 3),
        ("scan", True, 3),
    ]
    assert (world.calls["events:ListRules"], world.calls["events:ListTargetsByRule"]) == (4, 4)


def test_refused_targets_are_unknown(tmp_path: Path) -> None:
    world = scanned_world({})
    world["events:ListRules"] = {"Rules": [{"Name": "scan", "EventPattern": PATTERN, "State": "ENABLED"}]}
    [found] = registry(world, tmp_path)["event_rules"]["value"]

    assert found["targets"]["source"] == "events:ListTargetsByRule"


@pytest.mark.parametrize(
    ("pattern", "about"),
    [
        ({"source": ["aws.ecr"]}, True),
        ({"source": ["aws.inspector2", "x"]}, True),
        ({"source": [{"prefix": "aws."}]}, True),
        ({"source": [{"prefix": "aws.s3"}]}, False),
        ({"source": [{"prefix": 1}, None, ["aws.ecr"]]}, False),
        ({"detail-type": ["ECR Image Action"]}, True),
        ({"detail-type": ["ECS Task State Change"]}, False),
        ({"source": "aws.ecr"}, False),
        ([], False),
        ({}, False),
    ],
)
def test_patterns(pattern: Any, about: bool) -> None:
    assert about_registries(json.dumps(pattern)) is about


def test_pattern_that_is_no_json() -> None:
    assert not about_registries("{")
    assert not about_registries("")


# ---------------------------------------------------------------- quotas
def test_applied_quotas_over_pages(tmp_path: Path) -> None:
    world = scanned_world({})
    world["service-quotas:ListServiceQuotas"] = {
        "Quotas": [
            quota("L-1", 1),
            quota("L-03A36CE1", 20000),
            quota("L-2", 2),
            quota("L-CFEB8E8D", 10000),
            quota("L-3", 3),
        ]
    }
    found = registry(world, tmp_path)["quotas"]["value"]

    assert ("L-03A36CE1", 20000.0, True) in [(q["code"], q["value"], q["applied"]) for q in found]
    assert len(found) == 5
    assert world.calls["service-quotas:ListAWSDefaultServiceQuotas"] == 0


def test_defaults_are_asked_for_only_where_a_quota_is_missing(tmp_path: Path) -> None:
    world = scanned_world({})
    world["service-quotas:ListServiceQuotas"] = {"Quotas": [quota("L-CFEB8E8D", 20000)]}
    world["service-quotas:ListAWSDefaultServiceQuotas"] = {
        "Quotas": [quota("L-CFEB8E8D", 10000), quota("L-03A36CE1", 10000), quota("L-4", 1)]
    }
    found = registry(world, tmp_path)["quotas"]["value"]

    assert {q["code"]: (q["value"], q["applied"]) for q in found} == {
        "L-CFEB8E8D": (20000.0, True),
        "L-03A36CE1": (10000.0, False),
        "L-4": (1.0, False),
    }
    assert world.calls["service-quotas:ListAWSDefaultServiceQuotas"] == 2


def test_refused_defaults_leave_the_applied_ones_and_an_error(tmp_path: Path) -> None:
    world = scanned_world({})
    failed = {"ErrorReason": {"ErrorCode": "DEPENDENCY_ACCESS_DENIED_ERROR", "ErrorMessage": "no"}}
    world["service-quotas:ListServiceQuotas"] = {
        "Quotas": [quota("L-CFEB8E8D", 1), {**quota("L-03A36CE1", 1), **failed}]
    }
    manifest, context, _ = read(world, tmp_path)

    assert [q["code"] for q in context["registry"]["quotas"]["value"]] == ["L-CFEB8E8D"]
    assert [error.operation for error in manifest.scopes[0].errors] == ["servicequotas:ListAWSDefaultServiceQuotas"]


# ---------------------------------------------------------------- what the registry holds
def test_totals_count_what_was_left_out(tmp_path: Path) -> None:
    world = scanned_world({"app": [listed(1), listed(2)], "web": [listed(1)], "other": [listed(3)]})
    _, context, _ = read(world, tmp_path, repositories={"include": ["app", "web"]})

    assert context["derived"]["totals"]["value"] == {
        "repositories": 3,
        "images": 3,
        "size_bytes": 3000,
        "largest": "app",
        "largest_images": 2,
        "uncounted": 1,
    }


def test_totals_name_unread_images(tmp_path: Path) -> None:
    world = scanned_world({"app": [], "web": []})
    world.refuse("ecr:DescribeImages")
    _, context, _ = read(world, tmp_path)

    assert context["derived"]["totals"]["value"]["uncounted"] == 2
