"""`auditor check` of ECR images, against the local server that speaks its API."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.cli.main import main
from auditor.collectors.aws.ecr import EcrCollector
from auditor.run.gate_targets import read_references
from tests.support.audits import FAST, judge
from tests.support.ecr_server import ACCOUNT, Refusal, Registry, World, ecr_server, make_image, make_repository

REGION = "eu-west-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
SIGNED, CRITICAL, HIGH = "REG-SIG-001", "REG-VUL-001", "REG-VUL-002"


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def world() -> World:
    """A signed release, an unsigned one with findings, an index of two, an old tag of each kind."""
    found = {"imageScanCompletedAt": 1763900100.0, "vulnerabilitySourceUpdatedAt": 1763890000.0}
    bad = {**found, "findingSeverityCounts": {"CRITICAL": 2, "HIGH": 1}}
    cosign = {"artifactMediaType": "application/vnd.dev.cosign.simplesigning.v1+json"}
    children = [{"digest": digest(n), "mediaType": MANIFEST, "platform": {"os": "linux", "architecture": a}} for n, a in ((4, "amd64"), (5, "arm64"))]  # fmt: skip
    images = [
        make_image(1, "v1.0.0", "stable"),
        make_image(2, "v2.0.0", imageScanFindingsSummary=bad),
        make_image(3, "v3.0.0", imageManifestMediaType=INDEX, artifactMediaType=""),
        make_image(4),
        make_image(5, imageScanFindingsSummary=bad),
        make_image(6, f"sha256-{1:064x}.sig", **cosign),
        make_image(7, artifactMediaType="application/vnd.cncf.notary.signature", subjectManifestDigest=digest(3)),
        *(make_image(n, f"v0.{n}.0") for n in range(100, 400)),
    ]
    repository = make_repository(
        "team/app", REGION, images=images,
        manifests={digest(3): json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": children})},
        referrers={digest(3): [{"digest": digest(7), "mediaType": MANIFEST, "artifactType": "application/vnd.cncf.notary.signature", "size": 1}]},
        scans={digest(n): {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {**bad, "findings": [
            {"name": "CVE-2026-0001", "severity": "CRITICAL", "uri": "https://cve.example"},
            {"name": "CVE-2026-0002", "severity": "CRITICAL", "uri": "https://cve.example"},
            {"name": "CVE-2026-0003", "severity": "HIGH", "uri": "https://cve.example"},
        ]}} for n in (2, 5)},
    )  # fmt: skip
    others = {f"other-{n}": make_repository(f"other-{n}", REGION) for n in range(50)}
    return World(regions={REGION: Registry(repositories={"team/app": repository, **others})})


@contextmanager
def gate(served: World, folder: Path, **target: Any) -> Iterator[Path]:
    """auditor.yaml for the server."""
    with ecr_server(served) as url:
        config = folder / "auditor.yaml"
        full = {"kind": "ecr", "regions": [REGION, "us-east-1"], "endpoint_url": url, **FAST, **target}
        config.write_text(yaml.safe_dump({"version": 1, "targets": [full]}))
        yield config


def check(capsys: pytest.CaptureFixture[str], config: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    code = main(["check", "-c", str(config), "--json", *arguments])
    captured = capsys.readouterr()
    assert captured.out, captured.err
    return code, json.loads(captured.out)


@pytest.mark.parametrize(("tag", "number", "code"), [("v1.0.0", 1, 0), ("v2.0.0", 2, 1), ("v3.0.0", 3, 1)])
def test_the_same_verdicts_as_an_audit(tmp_path: Path, capsys: pytest.CaptureFixture[str], tag: str, number: int, code: int) -> None:  # fmt: skip
    served = world()
    with gate(served, tmp_path) as config:
        found, document = check(capsys, config, f"{HOST}/team/app:{tag}")
        main(["collect", "-c", str(config), "-o", str(tmp_path / "snapshot"), "--quiet"])
    _, audited = judge(tmp_path)
    parts = {digest(number)} | ({digest(4), digest(5)} if number == 3 else set())
    judged = {rule["id"] for rule in document["rules"]}

    def verdicts(results: dict[str, Any]) -> dict[tuple[str, str], tuple[Any, ...]]:
        return {
            (one["rule"], one["resource"]["digest"]): (one["id"], one["status"], one["severity"], one["message"])
            for one in results["findings"]
            if one["resource"].get("digest") in parts and one["rule"] in judged
        }

    assert found == code
    assert document["checked"][0]["pinned"] == f"{HOST}/team/app@{digest(number)}"
    assert verdicts(document) == verdicts(audited)
    assert document["coverage"]["scopes"][0]["errors"] == []
    failed = {(one["rule"], one["resource"]["digest"]) for one in document["findings"] if one["status"] == "fail"}
    wanted = {1: set(), 2: {(SIGNED, digest(2)), (CRITICAL, digest(2))}, 3: {(CRITICAL, digest(5)), (HIGH, digest(5))}}
    assert wanted[number] <= failed
    assert ((SIGNED, digest(number)) in failed) == (number == 2)


def test_only_what_rules_on_images_need_is_asked(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    served, asked = world(), []
    served.on_call = lambda operation, body: asked.append((operation, body))
    with gate(served, tmp_path) as config:
        check(capsys, config, f"{HOST}/team/app:v1.0.0")

    assert set(served.calls) == {
        "BatchGetImage", "BatchGetRepositoryScanningConfiguration", "DescribeImages", "DescribePullThroughCacheRules",
        "DescribeRepositories", "GetCallerIdentity", "GetRegistryScanningConfiguration", "GetSigningConfiguration",
        "ListImageReferrers", "ListTagsForResource",
    }  # fmt: skip
    assert all(count == 1 for operation, count in served.calls.items() if operation != "DescribeImages")
    listed = [body for operation, body in asked if operation.endswith("DescribeImages")]
    assert [body["imageIds"] for body in listed] == [[{"imageTag": "v1.0.0"}], [{"imageDigest": digest(6)}]]


def test_missing_images_and_repositories_are_incomplete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [f"{HOST}/team/app:gone", f"{HOST}/nobody/app:v1", f"{HOST}/team/app:v1.0.0"]
    with gate(world(), tmp_path) as config:
        code, document = check(capsys, config, *texts)

    assert code == 3
    assert [one["verdict"] for one in document["checked"]] == ["unknown", "unknown", "pass"]
    assert "no such image" in document["checked"][0]["problem"]


def test_a_signature_that_may_not_be_asked_for_is_no_missing_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    served = world()
    served.refusals["ListImageReferrers"] = Refusal("AccessDeniedException", 400)
    with gate(served, tmp_path) as config:
        code, document = check(capsys, config, f"{HOST}/team/app:v2.0.0", "--check", SIGNED)

    assert code == 3
    assert [(one["status"], one["settle"]) for one in document["findings"]] == [("unknown", ["ecr:ListImageReferrers"])]


def test_a_platform_named_by_digest_is_judged(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It has no tag, and whether a tagged index holds it is not asked: it is not let through for that."""
    with gate(world(), tmp_path) as config:
        code, document = check(capsys, config, f"{HOST}/team/app@{digest(5)}", "--check", CRITICAL)

    assert code == 1
    assert [one["status"] for one in document["findings"]] == ["fail"]


def test_an_image_of_another_account_is_never_let_through(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The default credentials are those of the server's account, whatever the reference says."""
    with gate(world(), tmp_path) as config:
        code, document = check(capsys, config, f"999999999999.dkr.ecr.{REGION}.amazonaws.com/team/app:v1.0.0")
        outside = main(["check", "-c", str(config), f"{ACCOUNT}.dkr.ecr.eu-north-1.amazonaws.com/team/app:v1.0.0"])

    assert code == 3
    assert document["checked"][0]["verdict"] == "unknown"
    assert outside == 2
    assert "no target is the registry" in capsys.readouterr().err


def test_a_target_is_cut_down_to_the_account_of_the_image() -> None:
    target = {
        "kind": "ecr", "regions": {"include": ["eu-*"]},
        "accounts": [{"profile": "any"}, {"role_arn": "arn:aws:iam::222222222222:role/audit"}, {"account_id": ACCOUNT, "profile": "own"}],
    }  # fmt: skip
    references = read_references([f"{HOST}/a:1", f"{ACCOUNT}.dkr.ecr.us-east-1.amazonaws.com/b:1", "registry.example.com/c:1"], hosts_only=True)  # fmt: skip
    narrowed, taken = EcrCollector().narrow(target, references)
    members, _ = EcrCollector().narrow({"kind": "ecr", "from_organization": {"role_name": "audit"}}, references)

    assert [one.text for one in taken] == [f"{HOST}/a:1"]
    assert narrowed["accounts"] == [{"profile": "any"}, {"account_id": ACCOUNT, "profile": "own"}]
    assert narrowed["regions"] == [REGION]
    assert members["from_organization"] == {"role_name": "audit", "include": [ACCOUNT]}
