"""What manifests of attestations may do to their reader: wrong labels, missing blobs, far too much of everything."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.attestations import MAX_DOCUMENTS, Attached, AttestationReader, Held, sort_out
from auditor.collectors.oci.blobs import MAX_BLOB_BYTES, MAX_IMAGE_BLOBS, ImageBlobs
from auditor.collectors.oci.distribution import Manifest
from auditor.inventory.attestations import Attestation
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.recorder import Recorder
from auditor.signatures.keys import read_key
from auditor.signatures.verifier import KeyTrust, Verifier
from tests.support.attested_world import PROVENANCE_V1, SLSA_V1, SPDX, statement
from tests.support.registries import MANIFEST, digest_of

KEY, STRANGER = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
PEM = KEY.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
VERIFIER = Verifier((KeyTrust(read_key(PEM, "release")),), digest="sha256:0")
IMAGE = Manifest("sha256:" + "a" * 64, MANIFEST, b"{}", {})
OTHER = "sha256:" + "b" * 64
DSSE, BUNDLE, IN_TOTO = "application/vnd.dsse.envelope.v1+json", "application/vnd.dev.sigstore.bundle.v0.3+json", "application/vnd.in-toto+json"  # fmt: skip
SIGN = "https://sigstore.dev/cosign/sign/v1"


class Blobs:
    """A registry that has only blobs."""

    def __init__(self, *contents: bytes, failure: Unknown | None = None) -> None:
        self.contents = {digest_of(content): content for content in contents}
        self.failure = failure
        self.asked: list[str] = []

    def blob(self, repository: str, digest: str, limit: int) -> bytes | None:
        assert limit <= MAX_BLOB_BYTES
        self.asked.append(digest)
        if self.failure:
            raise CallFailedError(self.failure, "it went wrong")
        return self.contents.get(digest)


def envelope(document: Any, key: Any = KEY, *, kind: str = IN_TOTO, signed_kind: str = "") -> dict[str, Any]:
    """A DSSE envelope; `signed_kind`: the payload type that was signed, where it was swapped."""
    payload = document if isinstance(document, bytes) else json.dumps(document).encode()
    named = (signed_kind or kind).encode()
    message = b"DSSEv1 %d %s %d %s" % (len(named), named, len(payload), payload)
    signature = base64.b64encode(key.sign(message, ec.ECDSA(hashes.SHA256()))).decode()
    return {"payloadType": kind, "payload": base64.b64encode(payload).decode(), "signatures": [{"sig": signature}]}


def content(value: Any) -> bytes:
    return json.dumps(value).encode()


def bundle(signed: dict[str, Any]) -> bytes:
    return content({"mediaType": BUNDLE, "verificationMaterial": {"publicKey": {"hint": ""}}, "dsseEnvelope": signed})


def manifest(*layers: tuple[bytes, str, dict[str, str]], own: str = "", annotations: Any = None, n: int = 1) -> Manifest:  # fmt: skip
    described = [{"mediaType": kind, "digest": digest_of(blob), "annotations": noted} for blob, kind, noted in layers]
    document = {"artifactType": own, "layers": described, "annotations": annotations or {}}
    return Manifest(f"sha256:{n:064x}", MANIFEST, b"", document)


def read(
    *manifests: Manifest, blobs: Blobs, wanted: bool = True, verifier: Verifier = VERIFIER, recorder: Recorder | None = None
) -> Fact[list[Attestation]]:  # fmt: skip
    registry: Any = blobs
    reader = AttestationReader(recorder or Recorder(), verifier, "registry.example.com", read=wanted)
    held = [Held(one, "referrers") for one in manifests]
    return reader.read(held, IMAGE, "urn:cr:oci:x:global:team/app", ImageBlobs(registry, "team/app"))


def one(layer: bytes, kind: str = DSSE, label: str = SLSA_V1, **options: Any) -> Attestation:
    found = read(manifest((layer, kind, {"predicateType": label})), blobs=Blobs(layer), **options)
    assert isinstance(found, Known)
    [attestation] = found.value
    return attestation


GOOD = statement(IMAGE.digest, SLSA_V1, PROVENANCE_V1)


def test_a_good_envelope_is_verified_and_parsed() -> None:
    found = one(content(envelope(GOOD)))

    assert (found.verification, found.content, found.subject) == (Known("verified"), Known("valid"), Known(True))
    assert found.signer == "release"
    assert isinstance(found.provenance, Known)


@pytest.mark.parametrize(
    ("signed", "verification", "body", "detail"),
    [
        (envelope(GOOD, STRANGER), "untrusted", "valid", "no trusted key made it"),
        (envelope(statement(OTHER, SLSA_V1, PROVENANCE_V1)), "invalid", "valid", "it is about another digest"),
        (envelope(GOOD, kind="application/json"), "invalid", "invalid", "the payload is of the type"),
        (envelope(GOOD, signed_kind="application/json"), "untrusted", "valid", "no trusted key made it"),
        (envelope(content(GOOD)[:-20]), "invalid", "invalid", "no plain JSON"),
        (envelope(content(GOOD)[:-1] + b', "subject": []}'), "invalid", "invalid", "is there twice"),
        ({**envelope(GOOD), "signatures": []}, "invalid", "invalid", "0 signatures"),
        ({**envelope(GOOD), "payload": "e30==="}, "invalid", "invalid", "base64"),
        (envelope({**GOOD, "predicate": {}}), "verified", "invalid", "lacks buildDefinition"),
        (envelope({**GOOD, "_type": "x"}), "verified", "invalid", "no in-toto statement"),
    ],
)
def test_envelopes_that_do_not_count(signed: dict[str, Any], verification: str, body: str, detail: str) -> None:
    found = one(content(signed))

    assert (found.verification, found.content) == (Known(verification), Known(body))
    assert detail in found.detail


@pytest.mark.parametrize("layer", [b"", b"{", content(envelope(GOOD))[:-30], b"[]", bundle(envelope(GOOD))])
def test_what_is_no_envelope_is_invalid_and_keeps_its_label(layer: bytes) -> None:
    found = one(layer)

    assert (found.kind, found.content, found.verification) == ("provenance", Known("invalid"), Known("invalid"))
    assert found.provenance == Unknown(Reason.PARSE_ERROR, "oci:GetBlob", found.detail)


def test_a_label_that_is_not_true_is_invalid() -> None:
    found = one(content(envelope(GOOD)), label="https://spdx.dev/Document")

    assert (found.kind, found.content) == ("sbom", Known("invalid"))
    assert found.detail == "it is labelled https://spdx.dev/Document, and says https://slsa.dev/provenance/v1"


def test_a_bundle_is_verified_and_one_with_a_blob_signature_is_no_attestation() -> None:
    signed, blob = bundle(envelope(GOOD)), content({"mediaType": BUNDLE, "messageSignature": {}})
    noted = {"dev.sigstore.bundle.predicateType": SLSA_V1}
    found = read(
        manifest((signed, BUNDLE, {}), own=BUNDLE, annotations=noted),
        manifest((blob, BUNDLE, {}), own=BUNDLE, annotations=noted, n=2),
        blobs=Blobs(signed, blob),
    )

    assert isinstance(found, Known)
    assert [(a.verification, a.content) for a in found.value] == [
        (Known("verified"), Known("valid")),
        (Known("invalid"), Known("invalid")),
    ]


def test_without_trust_the_content_counts_and_its_signature_was_not_asked_about() -> None:
    recorder = Recorder()
    found = one(content(envelope(GOOD)), verifier=Verifier(), recorder=recorder)

    assert (found.content, found.subject) == (Known("valid"), Known(True))
    assert isinstance(found.verification, Unknown)
    assert found.verification.reason is Reason.NOT_REQUESTED
    assert recorder.ledger().errors == []


def test_contents_that_nobody_asked_for_are_not_read() -> None:
    blobs = Blobs()
    found = read(
        manifest((content(envelope(GOOD)), DSSE, {"predicateType": SLSA_V1})),
        manifest((content(SPDX), "application/spdx+json", {}), n=2),
        blobs=blobs,
        wanted=False,
    )

    assert isinstance(found, Known)
    assert [(a.kind, a.subject.__class__, a.verification.__class__) for a in found.value] == [
        ("provenance", Unknown, Unknown),
        ("sbom", Known, Absent),
    ]
    assert blobs.asked == []


def test_an_unread_blob_is_unknown_with_one_error() -> None:
    recorder = Recorder()
    blobs = Blobs(failure=Unknown(Reason.TIMEOUT, "oci:GetBlob", "ReadTimeout"))
    found = read(manifest((b"x", DSSE, {"predicateType": SLSA_V1})), blobs=blobs, recorder=recorder)

    assert isinstance(found, Known)
    assert found.value[0].content == Unknown(Reason.TIMEOUT, "oci:GetBlob", "ReadTimeout")
    assert [error.reason for error in recorder.ledger().errors] == ["timeout"]


def test_a_document_in_several_manifests_is_read_once() -> None:
    layer = content(envelope(GOOD))
    blobs = Blobs(layer)
    read(*(manifest((layer, DSSE, {}), n=n) for n in range(1, 6)), blobs=blobs)

    assert blobs.asked == [digest_of(layer)]


def test_more_documents_than_are_listed_or_read_are_unknown() -> None:
    layers = [(str(n).encode(), IN_TOTO, {}) for n in range(MAX_DOCUMENTS + 1)]
    recorder = Recorder()
    found = read(manifest(*layers), blobs=Blobs(), recorder=recorder)

    assert found == Unknown(Reason.TRUNCATED, "oci:GetManifest", f"it has more than {MAX_DOCUMENTS} attestations")
    assert len(recorder.ledger().errors) == 1


def test_large_documents_share_one_budget() -> None:
    contents = [bytes([number]) * MAX_BLOB_BYTES for number in range(6)]
    blobs = Blobs(*contents)
    found = read(manifest(*((one, IN_TOTO, {}) for one in contents)), blobs=blobs)

    assert isinstance(found, Known)
    assert len(blobs.asked) == 2 < MAX_IMAGE_BLOBS
    assert sum(isinstance(a.content, Unknown) for a in found.value) == 4


def test_a_manifest_without_documents_is_invalid() -> None:
    found = read(manifest(own="application/spdx+json"), blobs=Blobs())

    assert isinstance(found, Known)
    assert (found.value[0].kind, found.value[0].content) == ("sbom", Known("invalid"))


# ---------------------------------------------------------------- bundles that do not say what they are
def sorted_out(layer: bytes, blobs: Blobs | None = None, **annotations: str) -> tuple[Attached, Any]:
    registry: Any = blobs or Blobs(layer)
    attached = Attached()
    noted = {f"dev.sigstore.bundle.{name}": value for name, value in annotations.items()}
    failure = sort_out(
        [manifest((layer, BUNDLE, {}), own=BUNDLE, annotations=noted)], attached, ImageBlobs(registry, "team/app")
    )
    return attached, failure


@pytest.mark.parametrize(
    ("layer", "signature"),
    [
        (bundle(envelope(statement(IMAGE.digest, SIGN, {}))), True),
        (bundle(envelope(statement(OTHER, SIGN, {}))), True),
        (content({"mediaType": BUNDLE, "messageSignature": {}}), True),
        (bundle(envelope(GOOD)), False),
        (b"{", False),
        (b"", False),
    ],
)
def test_a_bundle_without_label_is_read(layer: bytes, signature: bool) -> None:
    attached, failure = sorted_out(layer)

    assert failure is None
    assert (len(attached.signatures), len(attached.held)) == (int(signature), int(not signature))


def test_a_label_saves_reading() -> None:
    blobs = Blobs()
    attached, _ = sorted_out(b"x", blobs, content="dsse-envelope", predicateType=SLSA_V1)
    signed, _ = sorted_out(b"x", blobs, content="message-signature")

    assert (len(attached.held), len(signed.signatures), blobs.asked) == (1, 1, [])


def test_a_bundle_that_cannot_be_read_may_be_either() -> None:
    attached, failure = sorted_out(b"x", Blobs(failure=Unknown(Reason.TIMEOUT, "oci:GetBlob", "")))

    assert (attached.signatures, attached.held) == ([], [])
    assert failure is not None
