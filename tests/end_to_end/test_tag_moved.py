"""A tag that was moved after signing, with an earlier snapshot and without one; signatures by another host's name."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.audits import judge, records
from tests.support.registries import Pusher, referrers_registry
from tests.support.signed_world import LEGACY, SignedWorld

pytestmark = pytest.mark.slow


@pytest.fixture
def world(tmp_path: Path) -> Iterator[SignedWorld]:
    with referrers_registry() as url, Pusher(url) as push:
        made = SignedWorld(url, push, tmp_path, lists=True)
        made.make_keys()
        made.image("app")
        yield made


def audit(world: SignedWorld, folder: Path, since: Path | None = None, **target: Any) -> dict[str, dict[str, Any]]:
    """Verdicts by rule."""
    settings = Settings(targets=[{"kind": "oci", "url": world.url, **target}], trust=world.trust())
    earlier = since / "snapshot" if since else None
    collect(Config(settings), folder / "snapshot", lambda _what, _count: None, since=earlier)
    _, results = judge(folder, check=("REG-IMM-003", "REG-SIG-001", "REG-SIG-002", "REG-RET-008"), include_passed=True)
    return {finding["rule"]: finding for finding in results["findings"]}


def test_with_an_earlier_snapshot_it_is_told_that_the_image_was_signed(world: SignedWorld, tmp_path: Path) -> None:
    world.sign("app")
    before = audit(world, tmp_path / "before")
    world.push.image("app", "v1", content=b"built later")
    after = audit(world, tmp_path / "after", tmp_path / "before")

    assert before["REG-SIG-002"]["status"] == "pass"
    moved = after["REG-IMM-003"]
    assert (moved["status"], moved["severity"]) == ("fail", "high")
    assert moved["message"].endswith("; the image was signed, and is not any more.")
    assert after["REG-SIG-001"]["message"] == "The image has no signature."


def test_with_a_signature_by_somebody_else_it_is_told_that_nothing_verifies(world: SignedWorld, tmp_path: Path) -> None:
    world.sign("app")
    audit(world, tmp_path / "before")
    world.images["app"] = world.push.image("app", "v1", content=b"built later")
    world.sign("app", "stranger")
    after = audit(world, tmp_path / "after", tmp_path / "before")

    assert after["REG-IMM-003"]["message"].endswith("; its signature was verified, and no signature is now.")
    assert after["REG-SIG-002"]["status"] == "fail"


def test_signing_again_moves_no_tag(world: SignedWorld, tmp_path: Path) -> None:
    world.sign("app", "release", LEGACY)
    audit(world, tmp_path / "before")
    world.sign("app", "stranger", LEGACY)
    after = audit(world, tmp_path / "after", tmp_path / "before")

    assert after["REG-IMM-003"]["status"] == "pass"


def test_without_one_the_signature_tells_which_image_the_tag_was_given_to(world: SignedWorld, tmp_path: Path) -> None:
    """The old image is reached by its signature's tag alone, and is no orphan's subject."""
    world.sign("app", "release", LEGACY, f"--sign-container-identity={world.host}/app:v1")
    signed = world.digest("app")
    assert audit(world, tmp_path / "before")["REG-IMM-003"]["status"] == "unknown"
    world.images["app"] = world.push.image("app", "v1", content=b"built later")
    after = audit(world, tmp_path / "after")

    assert after["REG-IMM-003"]["message"] == (
        f"The release tag v1 means another image than the one that was signed as it: {signed[:19]}, "
        f"now {world.digest('app')[:19]}."
    )
    assert after["REG-RET-008"]["status"] == "pass"

    world.sign("app", "release", LEGACY, f"--sign-container-identity={world.host}/app:v1")
    assert audit(world, tmp_path / "blessed")["REG-IMM-003"]["status"] == "unknown"


def test_an_image_that_was_signed_by_another_name_of_its_registry(world: SignedWorld, tmp_path: Path) -> None:
    world.sign("app", "release", LEGACY, "--sign-container-identity=registry.example.com/app")
    without = audit(world, tmp_path / "without")
    named = audit(world, tmp_path / "named", other_hosts=["registry.example.com"])
    [signature] = [
        s for i in records(tmp_path / "named")["app"]["images"]["value"] for s in i["signatures"]["value"]
    ]  # fmt: skip

    assert "it names registry.example.com/app, another repository" in without["REG-SIG-002"]["message"]
    assert named["REG-SIG-002"]["status"] == "pass"
    assert signature["signed_tag"] == ""
