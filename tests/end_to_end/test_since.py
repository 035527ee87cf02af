"""Two snapshots of a registry, one after the other, as a user takes them: moved tags, copies, growth."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_bad_input import auditor, write
from tests.support.ecr_server import ACCOUNT, Registry, World, ecr_server, make_image, make_repository
from tests.support.organisation import write_event

CONFIG = """
version: 1
targets:
  - kind: ecr
    regions: [us-east-1, eu-west-1]
    endpoint_url: %s
"""


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    here, there = Registry(), Registry()
    here.repositories["prod/app"] = make_repository(
        "prod/app", images=[make_image(1, "v1.0.0"), make_image(2, "latest")]
    )
    there.repositories["prod/app"] = make_repository(
        "prod/app", "eu-west-1", settings={"imageTagMutability": "MUTABLE"}, images=[make_image(1, "v1.0.0")]
    )
    here.replication = [{"destinations": [{"region": "eu-west-1", "registryId": ACCOUNT}]}]
    return World(regions={"us-east-1": here, "eu-west-1": there})


def findings(folder: Path, results: str) -> dict[tuple[str, str], list[dict[str, Any]]]:
    found: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for finding in json.loads((folder / results).read_bytes())["findings"]:
        found.setdefault((finding["rule"], finding["resource"]["region"]), []).append(finding)
    return found


def run(folder: Path, *arguments: str) -> None:
    result = auditor(*arguments, "-c", "auditor.yaml", cwd=folder)
    assert result.returncode in (0, 1, 3), result.stderr.decode()


def test_a_release_tag_that_moved_between_two_audits_is_found(tmp_path: Path, world: World) -> None:
    with ecr_server(world) as url:
        write(tmp_path, "auditor.yaml", CONFIG % url)
        run(tmp_path, "audit", "-o", "first")
        world.regions["us-east-1"].repositories["prod/app"]["images"] = [
            make_image(3, "v1.0.0"),
            make_image(4, "latest"),
        ]
        world.trail = lambda _account, _region: [write_event("PutImage", time.time(), "prod/app", read_only=False)]  # type: ignore[method-assign]
        run(tmp_path, "audit", "-o", "second", "--since", "first/snapshot")
        run(tmp_path, "collect", "-o", "third", "--since", "second/snapshot")

    (unknown,) = findings(tmp_path, "first/results.json")["REG-IMM-003", "us-east-1"]
    assert unknown["status"] == "unknown"
    second = findings(tmp_path, "second/results.json")
    (moved,) = second["REG-IMM-003", "us-east-1"]
    assert (moved["status"], moved["severity"]) == ("fail", "high")
    assert moved["message"].startswith("The release tag v1.0.0 means another image than at ")
    assert ("REG-IMM-003", "eu-west-1") not in second
    (drift,) = second["REG-REP-003", "us-east-1"]
    assert f"mutability of eu-west-1 of account {ACCOUNT} is mutable, here immutable" in drift["message"]
    incomplete = second["REG-REP-004", "us-east-1"]
    assert sorted(f["resource"]["tag"] for f in incomplete if f["status"] == "fail") == ["latest", "v1.0.0"]
    contexts = [
        json.loads(path.read_bytes()) for path in (tmp_path / "third" / "parts").glob("*us-east-1*.context.json")
    ]
    growth = contexts[0]["derived"]["growth"]["value"]
    assert (growth["images_before"], growth["images"], growth["repositories"]) == (2, 2, 1)


@pytest.mark.parametrize("command", ["collect", "audit"])
def test_an_earlier_snapshot_that_is_none_is_refused_in_one_line(tmp_path: Path, world: World, command: str) -> None:
    with ecr_server(world) as url:
        write(tmp_path, "auditor.yaml", CONFIG % url)
        result = auditor(command, "-c", "auditor.yaml", "-o", "out", "--since", "nothing", cwd=tmp_path)

    assert result.returncode == 2
    assert result.stderr.decode().startswith("error: nothing: no manifest.json: not a snapshot")
    assert not (tmp_path / "out").exists()
