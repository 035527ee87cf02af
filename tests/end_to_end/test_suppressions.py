"""A suppression at Inspector is collected, judged and shown as a resource of its own."""

from __future__ import annotations

from pathlib import Path

from tests.support.audits import collect_world, judge
from tests.support.ecr_server import Registry, World


def test_each_suppression_is_a_finding_of_its_own(tmp_path: Path) -> None:
    registry = Registry(scanning={"scanType": "ENHANCED", "rules": []})
    registry.around.filters = [
        {
            "arn": "arn:aws:inspector2:us-east-1:123456789012:owner/123456789012/filter/abc",
            "ownerId": "123456789012",
            "name": "everything \u202elow",
            "criteria": {"severity": [{"comparison": "EQUALS", "value": "LOW"}]},
            "action": "SUPPRESS",
            "createdAt": 1763900000.0,
            "updatedAt": 1763900000.0,
        }
    ]
    collect_world(World(regions={"us-east-1": registry}), tmp_path)
    _, results = judge(tmp_path, check=("REG-VUL-005",))

    [finding] = results["findings"]
    assert (finding["status"], finding["severity"]) == ("fail", "medium")
    resource = finding["resource"]
    assert resource["id"] == "urn:cr:inspector2:123456789012:us-east-1:suppression/abc"
    assert (resource["kind"], resource["account"], resource["region"]) == ("suppression", "123456789012", "us-east-1")
    assert (
        "gives no reason, has no end, is for all vulnerabilities of all images, names no owner." in finding["message"]
    )
    assert finding["evidence"][0]["value"]["criteria"] == ["severity EQUALS LOW"]
