"""Signatures that cosign and notation-go made, on real registries with and without the referrers API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import Config, Settings, TrustSettings
from auditor.errors import ExitCode
from auditor.run.collecting import collect
from tests.support.audits import judge, records
from tests.support.registries import Pusher, plain_registry, referrers_registry
from tests.support.signed_world import LEGACY, SignedWorld, make_world

pytestmark = pytest.mark.slow

STATES = {
    "bundle": ["verified"],
    "classic": ["verified"],
    "index": ["verified"],
    "both": ["verified"],
    "other-bundle": ["untrusted"],
    "other-classic": ["untrusted"],
    "replayed-bundle": ["invalid"],
    "replayed-classic": ["invalid"],
    "attested": ["invalid"],
    "moved": [],
    "unsigned": [],
    "notation-jws": ["verified"],
    "notation-cose": ["verified"],
    "notation-stranger": ["untrusted"],
    "notation-expired": ["expired"],
    "notation-replayed": ["invalid"],
}
CLASSIC = {"classic", "other-classic", "replayed-classic", "both", "moved"}
STATUS = {"verified": "pass", "": "not_applicable"}


@pytest.fixture(scope="module", params=["plain", "referrers"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SignedWorld]:
    lists = request.param == "referrers"
    with referrers_registry() if lists else plain_registry() as url, Pusher(url) as push:
        yield make_world(SignedWorld(url, push, tmp_path_factory.mktemp("keys"), lists))


def audit(world: SignedWorld, folder: Path, trust: TrustSettings | None) -> dict[str, dict[str, Any]]:
    """Case -> the image that its tag v1 leads to."""
    settings = Settings(targets=[{"kind": "oci", "url": world.url}], trust=trust)
    collect(Config(settings), folder / "snapshot", lambda _what, _count: None)
    found = records(folder)
    return {
        case: next(image for image in found[case]["images"]["value"] if image["tags"] == ["v1"])
        for case in world.images
    }


def states(image: dict[str, Any]) -> list[str]:
    return [signature["verification"].get("value", "unknown") for signature in image["signatures"]["value"]]


def test_each_signature_has_its_state_and_each_image_its_verdict(world: SignedWorld, tmp_path: Path) -> None:
    images = audit(world, tmp_path, world.trust())
    outcome, results = judge(tmp_path, check=("REG-SIG-002",), include_passed=True)

    assert {case: states(image) for case, image in images.items()} == STATES
    verdicts = {f["resource"]["repository"]: f["status"] for f in results["findings"]}
    wanted = {case: STATUS.get("".join(found), "fail") for case, found in STATES.items()}
    assert verdicts == {case: status for case, status in wanted.items() if status != "not_applicable"}
    assert outcome.exit_code is ExitCode.FAILED
    signers = {case: image["signatures"]["value"][0]["signer"] for case, image in images.items() if STATES[case]}
    assert signers["classic"] == signers["bundle"] == "release key"
    assert "CN=Signer" in signers["notation-jws"]
    assert signers["other-classic"] == signers["notation-stranger"] == ""


def test_cosign_agrees(world: SignedWorld) -> None:
    """But for what the key stated on a scan, which cosign takes for a signature and we do not: it may say the worst."""
    ours = {case: found == ["verified"] for case, found in STATES.items() if not case.startswith("notation")}
    theirs = {case: world.accepts(case, *([LEGACY] if case in CLASSIC else [])) for case in ours}

    assert theirs == {**ours, "attested": True}


def test_without_trust_nothing_is_checked_and_that_is_no_gap(world: SignedWorld, tmp_path: Path) -> None:
    images = audit(world, tmp_path, None)
    outcome, results = judge(tmp_path, check=("REG-SIG-002",))

    found = {tuple(s["verification"].items()) for image in images.values() for s in image["signatures"]["value"]}
    assert found == {
        (
            ("state", "unknown"),
            ("reason", "not_requested"),
            ("source", "trust in auditor.yaml"),
            ("detail", "no trust is configured"),
        )
    }
    assert {f["status"] for f in results["findings"]} == {"unknown"}
    assert outcome.exit_code is ExitCode.OK


def test_a_key_counts_only_for_its_repositories(world: SignedWorld, tmp_path: Path) -> None:
    images = audit(world, tmp_path, world.trust(repositories=[f"{world.host}/cl*"]))
    [classic], [bundle] = (images[case]["signatures"]["value"] for case in ("classic", "bundle"))

    assert classic["verification"]["value"] == "verified"
    assert bundle["verification"]["reason"] == "not_requested"
    assert bundle["verification"]["detail"] == f"no key or identity is trusted for {world.host}/bundle"
