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
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Signature
from auditor.inventory.recorder import Recorder
from auditor.signatures.cosign import CERTIFICATE_ANNOTATION, SIGNATURE_ANNOTATION, SIMPLE_SIGNING
from auditor.signatures.keys import read_key
from auditor.signatures.notation import Trust
from auditor.signatures.notation_policy import parse_trust_policy
from auditor.signatures.notation_store import TrustStore
from auditor.signatures.verifier import KeyTrust, Verifier
from tests.support import certificates, notation
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


def check(blobs: Blobs, *manifests: Any, kind: Any = "cosign", verifier: Verifier = VERIFIER, recorder: Recorder | None = None, other_hosts: tuple[str, ...] = ()) -> list[Signature]:  # fmt: skip
    """The signatures of the image; each manifest is given as its `layers`."""
    found = []
    for number, layers in enumerate(manifests):
        manifest = Manifest(f"sha256:{number:064x}", MANIFEST, b"", {"layers": layers})
        found.append((Signature(kind, "tag_scheme", manifest.digest, "", UNCHECKED), manifest))
    registry: Any = blobs
    checker = SignatureChecker(
        registry,
        recorder or Recorder(),
        verifier,
        "registry.example.com",
        datetime(2026, 11, 25, tzinfo=UTC),
        other_hosts=other_hosts,
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


# ---------------------------------------------------------------- names
def naming(reference: str) -> bytes:
    """A payload that names a repository."""
    return json.dumps({"critical": {**CRITICAL, "identity": {"docker-reference": reference}}}).encode()


@pytest.mark.parametrize(
    ("reference", "others", "state"),
    [
        ("registry.example.com/team/app", (), "verified"),
        ("cdn.example.com/team/app", (), "invalid"),
        ("cdn.example.com/team/app", ("cdn.example.com",), "verified"),
        ("cdn.example.com/team/other", ("cdn.example.com",), "invalid"),
        ("evil.example.com/team/app", ("cdn.example.com",), "invalid"),
        ("registry.example.com/team/app", ("cdn.example.com",), "verified"),
    ],
)
def test_a_signature_names_the_registry_by_any_of_its_names(reference: str, others: tuple[str, ...], state: str) -> None:  # fmt: skip
    payload = naming(reference)
    [found] = check(Blobs(payload), [layer(payload)], other_hosts=others)

    assert found.verification == Known(state)


def test_a_stranger_is_untrusted_by_every_name_and_the_content_is_read_once() -> None:
    blobs, payload = Blobs(naming("cdn.example.com/team/app")), naming("cdn.example.com/team/app")
    [found] = check(blobs, [layer(payload, STRANGER)], other_hosts=("a.example.com", "cdn.example.com"))

    assert found.verification == Known("untrusted")
    assert len(blobs.asked) == 1


def test_trust_may_be_given_by_another_name_and_only_there() -> None:
    elsewhere = Verifier((KeyTrust(VERIFIER.keys[0].key, ("cdn.example.com/*",)),))
    [good] = check(Blobs(PAYLOAD), [layer()], verifier=elsewhere, other_hosts=("cdn.example.com",))
    [bad] = check(Blobs(PAYLOAD), [layer(private=STRANGER)], verifier=elsewhere, other_hosts=("cdn.example.com",))
    [none] = check(Blobs(PAYLOAD), [layer()], verifier=elsewhere, other_hosts=("b.example.com",))

    assert (good.verification, bad.verification) == (Known("verified"), Known("untrusted"))
    assert none.verification == Unknown(
        Reason.NOT_REQUESTED, "trust in auditor.yaml", "no key or identity is trusted for registry.example.com/team/app"
    )


def test_a_policy_that_says_nothing_of_one_name_does_not_hide_what_it_says_of_another() -> None:
    policy = parse_trust_policy(notation.policy(notation.statement(registryScopes=["cdn.example.com/team/app"])))
    verifier = Verifier(notation=Trust(policy, TrustStore()))
    [found] = check(Blobs(PAYLOAD), [layer(media_type="application/jose+json")], kind="notation", verifier=verifier, other_hosts=("cdn.example.com",))  # fmt: skip

    assert found.verification == Known("invalid")


@pytest.mark.parametrize(
    ("reference", "tag"),
    [
        ("", ""),
        ("registry.example.com/team/app", ""),
        ("registry.example.com/team/app:v1", "v1"),
        ("registry.example.com/team/app:v1@" + IMAGE.digest, "v1"),
        ("registry.example.com/team/app@" + IMAGE.digest, ""),
    ],
)
def test_the_tag_that_a_verified_signature_names_is_kept(reference: str, tag: str) -> None:
    payload = naming(reference)
    [good] = check(Blobs(payload), [layer(payload)])
    [bad] = check(Blobs(payload), [layer(payload, STRANGER)])

    assert (good.verification, good.signed_tag, bad.signed_tag) == (Known("verified"), tag, "")


def test_a_port_is_no_tag() -> None:
    payload = naming("localhost:5000/team/app")
    [found] = check(Blobs(payload), [layer(payload)], other_hosts=("localhost:5000",))

    assert (found.verification, found.signed_tag) == (Known("verified"), "")


# ---------------------------------------------------------------- certificates
def notation_signature(signer: certificates.Party) -> Signature:
    """The one signature, checked against a store that trusts its root."""
    policy = parse_trust_policy(notation.policy(notation.statement(registryScopes=["*"])))
    payload = notation.payload(IMAGE.digest, IMAGE.media_type, len(IMAGE.content))
    envelope = notation.jws(notation.Recipe(signer=signer, payload=payload))
    blobs = Blobs(envelope)
    [found] = check(blobs, [{"mediaType": "application/jose+json", "digest": digest_of(envelope)}], kind="notation", verifier=Verifier(notation=Trust(policy, TrustStore())))  # fmt: skip
    return found


@pytest.mark.parametrize(
    ("signer", "kind"),
    [
        (lambda: certificates.leaf(certificates.authority()), "issued"),
        (lambda: certificates.leaf(None), "self_signed"),
        (
            lambda: certificates.leaf(
                None, "wabbit-networks.io", names={"O": "Notary", "L": "Seattle", "ST": "WA", "C": "US"}
            ),
            "test",
        ),
    ],
)
def test_what_a_certificate_is_stands_in_the_signature(signer: Any, kind: str) -> None:
    found = notation_signature(signer())

    assert found.certificate == Known(kind)
    assert found.verification == Known("untrusted")


def test_a_bare_key_has_no_certificate_and_what_was_not_read_is_unknown() -> None:
    [key] = check(Blobs(PAYLOAD), [layer()])
    [gone] = check(Blobs(), [layer()])
    [unasked] = check(Blobs(PAYLOAD), [layer()], verifier=Verifier())

    assert isinstance(key.certificate, Absent)
    assert gone.certificate == gone.verification
    assert isinstance(unasked.certificate, Unknown)
    assert unasked.certificate.reason is Reason.NOT_REQUESTED
