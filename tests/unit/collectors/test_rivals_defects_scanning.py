"""Known faults of other auditors on scanning, which must not occur here; each test is named after its fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.audits import collect_world, judge
from tests.support.ecr_server import Refusal, Registry, World, make_image, make_repository

REGION = "us-east-1"
OFF = {"imageScanningConfiguration": {"scanOnPush": False}}
FILTER = {"filter": "prod/*", "filterType": "WILDCARD"}


def verdicts(folder: Path, registry: Registry, *rules: str) -> dict[tuple[str, str], str]:
    """(rule, resource after the region) -> status, the passed ones included."""
    collect_world(World(regions={REGION: registry}), folder)
    _, results = judge(folder, check=rules, include_passed=True)
    return {(f["rule"], f["resource"]["id"].partition(f":{REGION}:")[2]): f["status"] for f in results["findings"]}


def test_defect_1_repositories_scanned_by_registry_settings_do_not_vanish(tmp_path: Path) -> None:
    """Prowler looks at images only where the repository's own scanOnPush is set.

    Here the registry scans (enhanced, continuous), the repository's own flag is off: the vulnerability counts, and the
    image that was never scanned is a failure and not silence.
    """
    image, unscanned = make_image(1, "v1"), make_image(2, "v2")
    for entry in (image, unscanned):
        del entry["imageScanStatus"], entry["imageScanFindingsSummary"]
    arn = f"arn:aws:ecr:{REGION}:123456789012:repository/team/app/{image['imageDigest']}"
    registry = Registry(scanning={"scanType": "ENHANCED", "rules": []})
    registry.repositories["team/app"] = make_repository(
        "team/app",
        settings=OFF,
        images=[image, unscanned],
        scanning={
            "scanFrequency": "CONTINUOUS_SCAN",
            "appliedScanFilters": [{"filter": "*", "filterType": "WILDCARD"}],
        },
    )
    registry.around.coverage = [
        {
            "resourceType": "AWS_ECR_CONTAINER_IMAGE",
            "resourceId": arn,
            "accountId": "123456789012",
            "scanType": "PACKAGE",
            "scanStatus": {"statusCode": "ACTIVE", "reason": "SUCCESSFUL"},
            "lastScannedAt": 1763900000.0,
        }
    ]
    registry.around.findings = [
        {
            "findingArn": "arn:aws:inspector2:us-east-1:123456789012:finding/1",
            "awsAccountId": "123456789012",
            "type": "PACKAGE_VULNERABILITY",
            "severity": "CRITICAL",
            "status": "ACTIVE",
            "firstObservedAt": 1763900000.0,
            "resources": [{"type": "AWS_ECR_CONTAINER_IMAGE", "id": arn}],
            "packageVulnerabilityDetails": {"vulnerabilityId": "CVE-1", "source": "NVD"},
        }
    ]
    found = verdicts(tmp_path, registry, "REG-SCN-001", "REG-SCN-003", "REG-VUL-001")

    bad, missing = (f"team/app@{entry['imageDigest']}" for entry in (image, unscanned))
    assert found == {
        ("REG-SCN-001", "team/app"): "pass",
        ("REG-SCN-003", bad): "pass",
        ("REG-SCN-003", missing): "fail",
        ("REG-VUL-001", bad): "fail",
        ("REG-VUL-001", missing): "unknown",
    }


def test_defect_1_refused_scan_settings_are_unknown_whatever_the_flag_says(tmp_path: Path) -> None:
    registry = Registry(repositories={"team/app": make_repository("team/app")})
    world = World(regions={REGION: registry})
    world.refusals["GetRegistryScanningConfiguration"] = Refusal("AccessDeniedException")
    collect_world(world, tmp_path)
    _, results = judge(tmp_path, check=("REG-SCN-001",), include_passed=True)

    assert [f["status"] for f in results["findings"]] == ["unknown"]


def _filtered(name: str, *, applied: bool, **more: Any) -> dict[str, Any]:
    effective = {
        "scanFrequency": "SCAN_ON_PUSH" if applied else "MANUAL",
        "scanOnPush": applied,
        "appliedScanFilters": [FILTER] if applied else [],
    }
    return make_repository(name, settings=OFF, scanning=effective, **more)


def test_defect_6_one_scan_on_push_rule_does_not_pass_every_repository(tmp_path: Path) -> None:
    """Powerpipe passes all repositories of a region once any rule says SCAN_ON_PUSH: its filters count here."""
    rules = [{"scanFrequency": "SCAN_ON_PUSH", "repositoryFilters": [FILTER]}]
    registry = Registry(scanning={"scanType": "BASIC", "rules": rules})
    registry.repositories = {
        "prod/app": _filtered("prod/app", applied=True),
        "team/app": _filtered("team/app", applied=False),
        # A filter is no prefix of any part of a name.
        "team/prod/app": _filtered("team/prod/app", applied=False),
    }

    assert verdicts(tmp_path, registry, "REG-SCN-001") == {
        ("REG-SCN-001", "prod/app"): "pass",
        ("REG-SCN-001", "team/app"): "fail",
        ("REG-SCN-001", "team/prod/app"): "fail",
    }
