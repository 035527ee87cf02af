"""Key signatures as cosign makes them, and what an attacker may change about them."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from auditor.signatures.cosign import SIGNATURE_ANNOTATION, verify_bundle, verify_classic
from auditor.signatures.dsse import BadEnvelopeError, decode_base64, read_envelope
from auditor.signatures.keys import KeyUnusableError, TrustedKey, read_key

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
REPOSITORY = "registry.example.com/team/app"
P256, P384 = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP384R1())
ED, RSA = ed25519.Ed25519PrivateKey.generate(), rsa.generate_private_key(65537, 2048)


def pem(private: Any) -> bytes:
    return private.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )


def trusted(private: Any, name: str = "release.pub") -> TrustedKey:
    return read_key(pem(private), name)


def sign(private: Any, message: bytes, algorithm: Any = None) -> bytes:
    if private is ED:
        return private.sign(message)
    if private is RSA:
        return private.sign(message, padding.PKCS1v15(), hashes.SHA256())
    return private.sign(message, ec.ECDSA(algorithm or hashes.SHA256()))


def payload(digest: str = DIGEST, reference: str = REPOSITORY, kind: str = "cosign container image signature") -> bytes:
    critical = {"identity": {"docker-reference": reference}, "image": {"docker-manifest-digest": digest}, "type": kind}
    return json.dumps({"critical": critical, "optional": None}).encode()


def classic(body: bytes, signature: bytes, keys: list[TrustedKey]) -> str:
    annotations = {SIGNATURE_ANNOTATION: base64.b64encode(signature).decode()}
    return verify_classic(body, annotations, digest=DIGEST, repository=REPOSITORY, keys=keys).state


@pytest.mark.parametrize("private", [P256, P384, ED, RSA], ids=["p256", "p384", "ed25519", "rsa"])
def test_each_kind_of_key_verifies_and_no_other_does(private: Any) -> None:
    body = payload()
    signature = sign(private, body)

    assert classic(body, signature, [trusted(private)]) == "verified"
    assert classic(body, signature, [trusted(ec.generate_private_key(ec.SECP256R1()))]) == "untrusted"
    assert classic(body, signature, []) == "not_checked"
    assert classic(body + b" ", signature, [trusted(private)]) == "untrusted"


@pytest.mark.parametrize(
    "body",
    [
        payload(digest=OTHER),
        payload(reference="registry.example.com/team/other"),
        payload(kind="something else"),
        b"{}",
        b"[]",
        payload()[:-5],
        payload().replace(b'"optional": null', b'"critical": {}, "optional": null'),
    ],
    ids=["digest", "repository", "type", "empty", "list", "truncated", "duplicate"],
)
def test_a_payload_that_says_something_else_is_invalid_though_well_signed(body: bytes) -> None:
    assert classic(body, sign(P256, body), [trusted(P256)]) == "invalid"


@pytest.mark.parametrize("reference", ["", REPOSITORY, f"{REPOSITORY}:v1", f"{REPOSITORY}@{DIGEST}"])
def test_a_payload_may_name_the_repository_in_any_way(reference: str) -> None:
    body = payload(reference=reference)

    assert classic(body, sign(P256, body), [trusted(P256)]) == "verified"


# ---------------------------------------------------------------- bundles
def statement(digest: str = DIGEST) -> bytes:
    kind, value = digest.split(":")
    return json.dumps({"_type": "https://in-toto.io/Statement/v1", "subject": [{"digest": {kind: value}}], "predicateType": "https://sigstore.dev/cosign/sign/v1"}).encode()  # fmt: skip


def bundle(body: bytes, *, private: Any = P256, kind: str = "application/vnd.in-toto+json", signed_kind: str = "", more: Any = None) -> bytes:  # fmt: skip
    signed = signed_kind or kind
    message = b"DSSEv1 %d %s %d %s" % (len(signed), signed.encode(), len(body), body)
    signatures = [*(more or []), {"sig": base64.b64encode(sign(private, message)).decode()}]
    envelope = {"payload": base64.b64encode(body).decode(), "payloadType": kind, "signatures": signatures}
    return json.dumps({"mediaType": "application/vnd.dev.sigstore.bundle.v0.3+json", "verificationMaterial": {"publicKey": {"hint": ""}}, "dsseEnvelope": envelope}).encode()  # fmt: skip


def state(content: bytes, *keys: Any) -> str:
    return verify_bundle(content, digest=DIGEST, keys=[trusted(key) for key in keys])[0].state


def test_bundles() -> None:
    assert state(bundle(statement()), P256) == "verified"
    assert state(bundle(statement()), P384) == "untrusted"
    assert state(bundle(statement()), P384, P256) == "verified"
    assert state(bundle(statement())) == "not_checked"
    assert state(bundle(statement(OTHER)), P256) == "invalid"


def test_the_type_is_signed_as_well() -> None:
    swapped = bundle(statement(), kind="application/vnd.in-toto+json", signed_kind="text/plain")
    assert state(swapped, P256) == "untrusted"
    assert state(bundle(statement(), kind="text/plain"), P256) == "invalid"


def test_one_good_signature_of_two_is_enough() -> None:
    assert state(bundle(statement(), more=[{"sig": "AAAA"}]), P256) == "verified"


def test_envelopes_are_read_in_one_way_only() -> None:
    for content in (b"{}", b'{"payload": 1}', b'{"payloadType": "a", "payload": "", "signatures": []}', b"\xff"):
        with pytest.raises(BadEnvelopeError):
            read_envelope(content)
    assert decode_base64("-_8") == decode_base64("+/8=") == b"\xfb\xff"
    for text in ("+_8=", "a b=", "AB==", "A", "\u212aAAA"):
        with pytest.raises(BadEnvelopeError):
            decode_base64(text)


def test_weak_and_wrong_keys_are_refused() -> None:
    weak = rsa.generate_private_key(65537, 1024)
    private = P256.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    for content, message in ((pem(weak), "1024 bits"), (private, "private key"), (b"x", "no PEM"), (pem(ec.generate_private_key(ec.SECP256K1())), "secp256k1")):  # fmt: skip
        with pytest.raises(KeyUnusableError, match=message):
            read_key(content, "k")
