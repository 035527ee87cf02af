"""What manifests are, and what signs what: the vectors of the artefact table."""

from __future__ import annotations

import json

import pytest

from auditor.analysis.artefacts import (
    ManifestFacts,
    bundle_is_signature,
    classify,
    index_children,
    signature_tag_subject,
    signatures_of,
)
from auditor.analysis.iam_actions import classify_action, match_actions, suggest_actions
from auditor.errors import InputError

HEX = "a" * 64
OCI = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
CONFIG = "application/vnd.oci.image.config.v1+json"


def manifest(*tags: str, media: str = OCI, artifact: str = CONFIG, subject: str = "", layers: tuple[str, ...] = ()) -> ManifestFacts:  # fmt: skip
    return ManifestFacts(f"sha256:{'b' * 64}", tags, media, artifact, subject, layers)


@pytest.mark.parametrize(
    ("facts", "kind"),
    [
        (manifest("v1"), "image"),
        (manifest("v1", artifact=""), "image"),
        (manifest("v1", media="application/vnd.oci.image.index.v1+json", artifact=""), "index"),
        (manifest("v1", media="application/vnd.docker.distribution.manifest.list.v2+json", artifact=""), "index"),
        (manifest(f"sha256-{HEX}.sig"), "signature"),
        (manifest(f"sha256-{HEX}.att"), "attestation"),
        (manifest(f"sha256-{HEX}.sbom"), "sbom"),
        (manifest(f"sha256-{HEX}"), "referrers_index"),
        (manifest("sha256-zz.sig"), "image"),
        (manifest("v1.sig"), "image"),
        (manifest(artifact="application/vnd.cncf.notary.signature", subject="sha256:x"), "signature"),
        (manifest(artifact="application/spdx+json", subject="sha256:x"), "sbom"),
        (manifest(artifact="application/vnd.cyclonedx+json"), "sbom"),
        (manifest(artifact="application/vnd.in-toto+json", subject="sha256:x"), "attestation"),
        (manifest(artifact="application/vnd.cncf.helm.config.v1+json"), "artefact"),
        (manifest(artifact="application/vnd.dev.sigstore.bundle.v0.3+json", subject="sha256:x"), "artefact"),
        (manifest("v1", media="application/vnd.docker.distribution.manifest.v1+prettyjws", artifact=""), "image"),
        (manifest(layers=("application/vnd.in-toto+json",)), "attestation"),
        (manifest(layers=("application/vnd.dsse.envelope.v1+json",) * 2), "attestation"),
        (manifest(layers=("application/vnd.in-toto+json", LAYER)), "image"),
        (manifest(layers=(LAYER,)), "image"),
        (manifest(artifact="application/vnd.oci.empty.v1+json", subject="sha256:x", layers=("text/spdx",)), "sbom"),
        (manifest(artifact="sbom/example", subject="sha256:x", layers=("application/spdx+json",)), "sbom"),
        (manifest(artifact="sbom/example", layers=("application/spdx+json",)), "artefact"),
    ],
)
def test_classify(facts: ManifestFacts, kind: str) -> None:
    assert classify(facts) == kind


def test_tag_scheme() -> None:
    assert signature_tag_subject(f"sha256-{HEX}.sig") == (f"sha256:{HEX}", "sig")
    assert signature_tag_subject(f"sha256-{HEX}") == (f"sha256:{HEX}", "")
    assert signature_tag_subject("sha256-zz.sig") is None


def test_signatures_and_ambiguous_bundles() -> None:
    bundle = "application/vnd.dev.sigstore.bundle.v0.3+json"
    found = signatures_of(
        [manifest(f"sha256-{HEX}.sig"), manifest(artifact=bundle, subject="sha256:c"), manifest("v1")]
    )

    assert list(found.signatures) == [f"sha256:{HEX}"]
    assert found.ambiguous == {"sha256:c"}


@pytest.mark.parametrize(
    ("content", "predicate", "expected"),
    [
        ("message-signature", None, True),
        ("dsse-envelope", "https://sigstore.dev/cosign/sign/v1", True),
        ("dsse-envelope", "https://slsa.dev/provenance/v1", False),
        ("dsse-envelope", None, None),
        (None, None, None),
    ],
)
def test_bundles_tell_by_their_annotations(content: str | None, predicate: str | None, expected: bool | None) -> None:
    annotations = {"dev.sigstore.bundle.content": content, "dev.sigstore.bundle.predicateType": predicate}

    assert bundle_is_signature({k: v for k, v in annotations.items() if v}) is expected


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"manifests": 1}', '{"manifests": [{}]}', "{" * 10_000])
def test_broken_indexes_are_refused(text: str) -> None:
    with pytest.raises(InputError):
        index_children(text)


def test_index_children() -> None:
    text = json.dumps({"manifests": [{"digest": "sha256:1", "platform": {"os": "linux", "architecture": "amd64"}}]})

    assert [(c.digest, c.kind, c.platform) for c in index_children(text)] == [("sha256:1", "image", "linux/amd64")]


@pytest.mark.parametrize(
    ("pattern", "number", "verdict"),
    [
        ("ecr:*", 60, "valid"),
        ("ecr:BatchGetImage", 1, "valid"),
        ("ECR:getauthorizationtoken", 1, "valid"),
        ("ecr:GetImage", 0, "invalid"),
        ("ecr:GetImage*", 1, "suspicious"),
        ("ecr:Put?mage", 1, "valid"),
        ("ecr:BatchGet*", 2, "valid"),
        ("ecr:Batch*", 5, "valid"),
        ("ecr:Get*", 10, "valid"),
        ("ecr:*Image", 5, "valid"),
        ("ecr:*Policy", 9, "valid"),
        ("ecr:ListImageReferrers", 0, "unknown"),
        ("ecr-public:BatchGetImage", 0, "invalid"),
        ("ecr:CreateRegistry", 0, "invalid"),
        ("BatchGetImage", 0, "malformed"),
        ("s3:GetObject", 0, "other_service"),
    ],
)
def test_action_patterns(pattern: str, number: int, verdict: str) -> None:
    assert len(match_actions(pattern)) == number
    assert classify_action(pattern) == verdict


def test_the_usual_mistake_is_suggested_right() -> None:
    assert suggest_actions("ecr:GetImage") == ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
