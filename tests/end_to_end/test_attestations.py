"""Attestations and SBOMs by cosign, oras and in BuildKit's form, on registries with and without the referrers API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import Config, Settings, TrustSettings
from auditor.errors import ExitCode
from auditor.run.collecting import collect
from tests.support.attested_world import AttestedWorld, make_attested
from tests.support.audits import judge, records
from tests.support.registries import Pusher, plain_registry, referrers_registry

pytestmark = pytest.mark.slow

BUNDLES = {
    "spdx": "sbom spdx 3 True verified",
    "cyclonedx": "sbom cyclonedx 2 True verified",
    "tag-value": "sbom spdx 1 True verified",
    "slsa1": "provenance slsa-v1 - True verified",
    "slsa02": "provenance slsa-v0.2 - True verified",
}
FOUND = {
    **{case: ["referrers " + found] for case, found in BUNDLES.items()},
    **{f"{case}-classic": ["tag_scheme " + found] for case, found in BUNDLES.items()},
    "vex": ["referrers vex openvex - True verified"],
    "stranger": ["referrers provenance slsa-v1 - True untrusted"],
    "oras-spdx": ["referrers sbom spdx 3 True unsigned"],
    "oras-tag-value": ["referrers sbom spdx 1 True unsigned"],
    "oras-xml": ["referrers sbom cyclonedx 2 True unsigned"],
    "oras-broken": ["referrers sbom spdx - True unsigned"],
    "buildkit": ["index_child provenance slsa-v0.2 - True unsigned", "index_child sbom spdx 3 True unsigned"],
    "buildkit-other": ["index_child provenance slsa-v0.2 - False unsigned"],
    "bare": [],
    "signed": [],
    "labelled-signature": [],
    "unlabelled-signature": [],
    "unlabelled-attestation": ["referrers provenance slsa-v1 - False invalid"],
}
BUILDERS = ["https://github.com/actions/runner/github-hosted", "https://ci.example.com/*"]
SOURCES = ["https://github.com/acme/*"]


@pytest.fixture(scope="module", params=["plain", "referrers"])
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AttestedWorld]:
    lists = request.param == "referrers"
    with referrers_registry() if lists else plain_registry() as url, Pusher(url) as push:
        yield make_attested(AttestedWorld(url, push, tmp_path_factory.mktemp("keys"), lists))


def audit(world: AttestedWorld, folder: Path, trust: TrustSettings | None, *, read: bool) -> dict[str, dict[str, Any]]:
    """Case -> its image, or the platform of its index."""
    target = {"kind": "oci", "url": world.url, "read_attestations": read}
    collect(Config(Settings(targets=[target], trust=trust)), folder / "snapshot", lambda _what, _count: None)
    found = records(folder)
    return {
        case: next(
            image
            for image in found[case]["images"]["value"]
            if image["kind"] == "image" and image["tags"] in (["v1"], [])
        )
        for case in world.images
    }


def described(attestation: dict[str, Any]) -> str:
    verification = attestation["verification"]
    state = "unsigned" if verification["state"] == "absent" else verification.get("value", "unknown")
    packages = attestation["packages"].get("value", "-")
    named = (attestation["found_via"], attestation["kind"], attestation["format"], packages)
    return " ".join(map(str, (*named, attestation["subject"].get("value", "unknown"), state)))


def test_each_is_found_parsed_and_verified(world: AttestedWorld, tmp_path: Path) -> None:
    images = audit(world, tmp_path, world.trust(), read=True)

    found = {case: sorted(map(described, image["attestations"]["value"])) for case, image in images.items()}
    assert found == FOUND
    [one] = images["slsa1"]["attestations"]["value"]
    assert one["signer"] == "release key"
    assert one["provenance"]["value"] == {
        "builder": "https://github.com/actions/runner/github-hosted",
        "build_type": "https://actions.github.io/buildtypes/workflow/v1",
        "source": "https://github.com/acme/app",
        "source_digest": f"gitCommit:{'c' * 40}",
        "materials": 1,
    }
    [broken] = images["oras-broken"]["attestations"]["value"]
    assert broken["content"]["value"] == "invalid"
    assert "no plain JSON" in broken["detail"]
    [said] = images["vex"]["attestations"]["value"][0]["statements"]
    assert (said["vulnerability"], said["status"]) == ("CVE-2026-0001", "not_affected")


def test_a_bundle_that_does_not_say_what_it_is_is_read_to_know(world: AttestedWorld, tmp_path: Path) -> None:
    images = audit(world, tmp_path, world.trust(), read=False)

    [signature] = images["unlabelled-signature"]["signatures"]["value"]
    assert (signature["kind"], signature["verification"]["value"]) == ("cosign_bundle", "verified")
    assert images["unlabelled-attestation"]["signatures"]["value"] == []
    assert len(images["unlabelled-attestation"]["attestations"]["value"]) == 1


def test_verdicts(world: AttestedWorld, tmp_path: Path) -> None:
    audit(world, tmp_path, world.trust(), read=True)
    rules = {"REG-PRV-003": {"params": {"trusted_builders": BUILDERS, "trusted_sources": SOURCES}}}
    _, results = judge(
        tmp_path, check=("REG-PRV-001", "REG-PRV-002", "REG-PRV-003"), include_passed=True, rules=rule_settings(rules)
    )

    found: dict[str, dict[str, str]] = {}
    for finding in results["findings"]:
        found.setdefault(finding["resource"]["repository"], {})[finding["rule"][-3:]] = finding["status"]
    sbom = {"001": "pass", "002": "fail"}
    provenance = {"001": "fail", "002": "pass", "003": "pass"}
    for case in ("spdx", "cyclonedx", "tag-value"):
        assert found[case] == found[f"{case}-classic"] == sbom
    for case in ("slsa1", "slsa02"):
        assert found[case] == found[f"{case}-classic"] == provenance
    assert found["oras-spdx"] == found["oras-xml"] == found["oras-tag-value"] == sbom
    assert found["oras-broken"] == found["bare"] == {"001": "fail", "002": "fail"}
    assert found["buildkit"] == {"001": "pass", "002": "pass", "003": "fail"}
    assert found["buildkit-other"]["002"] == "fail"
    assert found["stranger"] == {"001": "fail", "002": "pass", "003": "fail"}


def test_a_default_audit_lists_and_is_no_gap(world: AttestedWorld, tmp_path: Path) -> None:
    images = audit(world, tmp_path, None, read=False)
    outcome, results = judge(tmp_path, check=("REG-PRV-001", "REG-PRV-002", "REG-PRV-003"), fail_on="none")

    found = {
        case: sorted((one["kind"], one["content"].get("reason")) for one in image["attestations"]["value"])
        for case, image in images.items()
    }
    assert found["slsa1"] == found["slsa1-classic"] == [("provenance", "not_requested")]
    assert found["buildkit"] == [("provenance", "not_requested"), ("sbom", "not_requested")]
    assert found["oras-spdx"] == [("sbom", "not_requested")]
    unknown = {f["resource"]["repository"] for f in results["findings"] if f["status"] == "unknown"}
    assert {"slsa1", "stranger", "buildkit"} <= unknown
    assert outcome.exit_code is ExitCode.OK


def rule_settings(changes: dict[str, Any]) -> Any:
    import msgspec

    from auditor.config.settings import RuleSettings

    return msgspec.convert(changes, dict[str, RuleSettings])
