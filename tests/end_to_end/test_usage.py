"""From what runs to findings: an image in use that is unsigned, one that is gone, one that drifted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.audits import FAST, judge
from tests.support.ecr_server import ACCOUNT, Registry, World, ecr_server, make_image, make_repository
from tests.support.kube_objects import deployment, pod

HOST = f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/team/app"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Findings, and the records of the snapshot by id."""
    folder = tmp_path_factory.mktemp("usage")
    registry = Registry()
    registry.repositories["team/app"] = make_repository(
        "team/app", images=[make_image(1, "v1.0.0"), make_image(2, "v2.0.0"), make_image(3, "v3.0.0")]
    )
    objects = [
        *deployment("web", f"{HOST}:v1.0.0"),
        pod("gone", f"{HOST}:v9", image_id=""),
        pod("drifted", f"{HOST}:v3.0.0", image_id=f"{HOST}@{digest(2)}"),
        pod("foreign", "nginx:1", image_id=""),
    ]
    objects[2]["status"]["containerStatuses"][0]["imageID"] = f"{HOST}@{digest(1)}"
    (folder / "cluster.json").write_text(json.dumps({"kind": "List", "items": objects}))
    with ecr_server(World(regions={"us-east-1": registry})) as url:
        targets = [
            {"kind": "ecr", "regions": ["us-east-1"], "endpoint_url": url, **FAST},
            {"kind": "kubernetes", "cluster": "prod", "file": str(folder / "cluster.json")},
        ]
        collect(Config(Settings(targets=targets)), folder / "snapshot", lambda _what, _count: None)
    _, results = judge(folder, include_passed=True)
    records = {}
    for path in sorted((folder / "snapshot" / "parts").glob("*.jsonl")):
        records.update({record["id"]: record for record in map(json.loads, path.read_bytes().splitlines())})
    return results["findings"], records


def by_rule(findings: list[dict[str, Any]], rule: str) -> dict[str, dict[str, Any]]:
    return {finding["resource"]["id"].rpartition(":")[2]: finding for finding in findings if finding["rule"] == rule}


def test_unsigned_images_in_use_say_by_whom(audited: Any) -> None:
    unsigned = by_rule(audited[0], "REG-SIG-001")

    assert {key[-1]: (finding["message"], finding.get("in_use")) for key, finding in unsigned.items()} == {
        "1": ("The image has no signature; in use by Deployment prod/shop/web.", True),
        "2": ("The image has no signature; in use by Pod prod/shop/drifted.", True),
        "3": ("The image has no signature; kept ready by Pod prod/shop/drifted.", True),
    }


def test_what_runs_and_is_gone_is_told_from_what_was_not_audited(audited: Any) -> None:
    found = by_rule(audited[0], "REG-USE-002")

    assert {key: finding["status"] for key, finding in found.items()} == {
        "Deployment/web/web": "pass", "Pod/gone/web": "fail", "Pod/drifted/web": "fail", "Pod/foreign/web": "unknown",
    }  # fmt: skip
    assert found["Pod/gone/web"]["severity"] == "high"
    assert found["Pod/drifted/web"]["severity"] == "medium"
    assert "docker.io was not audited" in found["Pod/foreign/web"]["message"]
    assert found["Pod/gone/web"]["resource"]["kind"] == "workload"


def test_the_account_that_nobody_asked_leaves_usage_incomplete(audited: Any) -> None:
    record = audited[1][f"urn:cr:ecr:{ACCOUNT}:us-east-1:team/app"]

    usage = record["derived"]["usage"]["value"]
    assert usage["missing"] == [
        f"what runs in account {ACCOUNT}, us-east-1, was not asked for (add a target of kind workloads)"
    ]
    assert usage["users"][digest(1)] == {
        "first": "Deployment prod/shop/web",
        "others": 0,
        "running": True,
        "non_root": False,
    }
