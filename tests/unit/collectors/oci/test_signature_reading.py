"""What a signature manifest may do to its reader: many layers, missing blobs, certificates, far too much of everything."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.distribution import Manifest
from auditor.collectors.oci.signatures import MAX_BLOB_BYTES, MAX_IMAGE_BLOBS, UNCHECKED, SignatureChecker
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.images import Signature
from auditor.inventory.recorder import Recorder
from auditor.signatures.cosign import CERTIFICATE_ANNOTATION, SIGNATURE_ANNOTATION, SIMPLE_SIGNING
from auditor.signatures.keys import read_key
from auditor.signatures.notation import Trust
from auditor.signatures.notation_policy import parse_trust_policy
from auditor.signatures.notation_store import TrustStore
from auditor.signatures.verifier import KeyTrust, Verifier
from tests.support import notation
from tests.support.registries import MANIFEST, digest_of

KEY, STRANGER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
VERIFIER = Verifier((KeyTrust(read_key(PEM, "release")),), digest="sha256:0")
IMAGE = Manifest("sha256:" + "a" * 64, MANIFEST, b"{}", {})
CRITICAL = {"identity": {"docker-reference": ""}, "image": {"docker-manifest-digest": IMAGE.digest}, "type": "cosign container image signature"}  # fmt: skip
PAYLOAD = json.dumps({"critical": CRITICAL}).encode()


class Blobs:
    """A registry that has only blobs."""

    def __init__(self, *contents: bytes) -> None:
        self.contents = {digest_of(content): content for content in contents}
        self.asked: list[str] = []
        self.failure: Unknown | None = None

    def blob(self, repository: str, digest: str, limit: int) -> bytes | None:
        assert repository == "team/app"
        assert limit <= MAX_BLOB_BYTES
        self.asked.append(digest)
        if self.failure:
            raise CallFailedError(self.failure, "it went wrong")
        return self.contents.get(digest)


def layer(content: bytes = PAYLOAD, private: Any = KEY, *, media_type: str = SIMPLE_SIGNING, **annotations: str) -> dict[str, Any]:  # fmt: skip
    signature = base64.b64encode(private.sign(content, ec.ECDSA(hashes.SHA256()))).decode()
    return {
        "mediaType": media_type,
        "digest": digest_of(content),
        "annotations": {SIGNATURE_ANNOTATION: signature, **annotations},
    }


def check(blobs: Blobs, *manifests: Any, kind: Any = "cosign", verifier: Verifier = VERIFIER, recorder: Recorder | None = None) -> list[Signature]:  # fmt: skip
    """The signatures of the image; each manifest is given as its `layers`."""
    found = []
    for number, layers in enumerate(manifests):
        manifest = Manifest(f"sha256:{number:064x}", MANIFEST, b"", {"layers": layers})
        found.append((Signature(kind, "tag_scheme", manifest.digest, "", UNCHECKED), manifest))
    registry: Any = blobs
    checker = SignatureChecker(
        registry, recorder or Recorder(), verifier, "registry.example.com", datetime(2026, 11, 25, tzinfo=UTC)
    )
    return checker.check(found, IMAGE, "team/app", "urn:cr:oci:x:global:team/app")


def test_one_good_layer_of_many_is_enough_and_their_payload_is_read_once() -> None:
    blobs = Blobs(PAYLOAD)
    [found] = check(blobs, [layer(private=STRANGER), layer(private=STRANGER), layer()])

    assert (found.verification, found.signer, found.detail) == (Known("verified"), "release", "")
    assert len(blobs.asked) == 1


@pytest.mark.parametrize(
    ("layers", "state", "detail"),
    [
        ([layer(private=STRANGER)], "untrusted", "no trusted key made it"),
        ([], "invalid", "the manifest holds no signature"),
        (None, "invalid", "the manifest holds no signature"),
        ("layers", "invalid", "the manifest holds no signature"),
        ([7, None, []], "invalid", "the manifest holds no signature"),
        ([layer(media_type="text/plain")], "invalid", "the manifest holds no signature"),
        ([{**layer(), "annotations": 7}], "invalid", "there is no signature in the annotations"),
    ],
)
def test_states(layers: Any, state: str, detail: str) -> None:
    [found] = check(Blobs(PAYLOAD), layers)

    assert (found.verification, found.detail) == (Known(state), detail)


def test_each_manifest_has_its_own_state() -> None:
    found = check(Blobs(PAYLOAD), [layer(private=STRANGER)], [layer()])

    assert [one.verification for one in found] == [Known("untrusted"), Known("verified")]


def test_an_unread_blob_is_unknown_with_its_call_and_one_error() -> None:
    blobs, recorder = Blobs(), Recorder()
    blobs.failure = Unknown(Reason.TIMEOUT, "oci:GetBlob", "ReadTimeout")
    [found] = check(blobs, [layer(private=STRANGER)], recorder=recorder)

    assert found.verification == Unknown(Reason.TIMEOUT, "oci:GetBlob", "it went wrong")
    [error] = recorder.ledger().errors
    assert (error.operation, error.reason) == ("oci:GetBlob", "timeout")


def test_a_missing_blob_is_unknown() -> None:
    [found] = check(Blobs(), [layer()])

    assert isinstance(found.verification, Unknown)
    assert found.verification.source == "oci:GetBlob"


def test_a_missing_blob_does_not_hide_a_good_signature_and_is_not_hidden_by_a_bad_one() -> None:
    gone, blobs = layer(b"gone"), Blobs(PAYLOAD)

    assert check(blobs, [gone, layer()])[0].verification == Known("verified")
    assert isinstance(check(blobs, [gone, layer(private=STRANGER)])[0].verification, Unknown)


def test_a_certificate_is_not_trusted_where_only_keys_are() -> None:
    [found] = check(Blobs(PAYLOAD), [layer(private=STRANGER, **{CERTIFICATE_ANNOTATION: "x"})])

    assert found.verification == Known("untrusted")
    assert found.detail == "a certificate made it, and only keys are trusted for registry.example.com/team/app"


def test_a_notation_manifest_has_one_envelope() -> None:
    policy = parse_trust_policy(notation.policy(notation.statement(registryScopes=["*"])))
    verifier = Verifier(notation=Trust(policy, TrustStore()))
    [none, two] = check(Blobs(PAYLOAD), [], [layer(), layer()], kind="notation", verifier=verifier)

    assert none.verification == two.verification == Known("invalid")
    assert two.detail == "a notation signature has one envelope, this one has 2"


def test_a_kind_that_nobody_is_trusted_for_was_not_asked_about_and_is_not_read() -> None:
    blobs = Blobs(PAYLOAD)
    elsewhere = Verifier((KeyTrust(VERIFIER.keys[0].key, ("registry.example.com/other",)),))
    [notary] = check(blobs, [layer(media_type="application/jose+json")], kind="notation")
    [cosign] = check(blobs, [layer()], verifier=elsewhere)

    assert [one.verification for one in (notary, cosign)] == [
        Unknown(Reason.NOT_REQUESTED, "trust in auditor.yaml", "no notation trust policy is configured"),
        Unknown(
            Reason.NOT_REQUESTED,
            "trust in auditor.yaml",
            "no key or identity is trusted for registry.example.com/team/app",
        ),
    ]
    assert blobs.asked == []


def test_more_signatures_than_are_read_are_unknown() -> None:
    contents = [str(number).encode() for number in range(MAX_IMAGE_BLOBS + 1)]
    blobs = Blobs(*contents, PAYLOAD)
    layers = [layer(content, STRANGER) for content in contents]
    [found, last] = check(blobs, layers, [layer()])

    assert len(blobs.asked) == MAX_IMAGE_BLOBS
    for one in (found, last):
        assert one.verification == Unknown(
            Reason.TRUNCATED, "oci:GetBlob", "the image has more signatures than are read"
        )


def test_large_signatures_share_one_budget() -> None:
    contents = [bytes([number]) * MAX_BLOB_BYTES for number in range(5)]
    blobs = Blobs(*contents)
    [found] = check(blobs, [layer(content, STRANGER) for content in contents])

    assert len(blobs.asked) == 4
    assert isinstance(found.verification, Unknown)


def test_without_trust_nothing_is_read() -> None:
    blobs = Blobs(PAYLOAD)
    [found] = check(blobs, [layer()], verifier=Verifier())

    assert found.verification == UNCHECKED
    assert blobs.asked == []
