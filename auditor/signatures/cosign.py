"""cosign signatures with a key: classic (simple signing payload) and sigstore bundles.

Source: cosign's signature specification; the sigstore bundle format 0.1 to 0.3. Keyless ones are for `keyless`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditor.signatures.dsse import (
    IN_TOTO,
    BadEnvelopeError,
    Envelope,
    decode_base64,
    envelope_of,
    read_envelope,
    signer_of,
)
from auditor.signatures.keys import TrustedKey, verifies
from auditor.signatures.outcome import Outcome
from auditor.signatures.strict_json import NotStrictError, strict_object

SIGNATURE_ANNOTATION = "dev.cosignproject.cosign/signature"
CERTIFICATE_ANNOTATION = "dev.sigstore.cosign/certificate"
SIMPLE_SIGNING = "application/vnd.dev.cosign.simplesigning.v1+json"
PAYLOAD_TYPE = "cosign container image signature"
SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
BUNDLE_TYPE = "application/vnd.dev.sigstore.bundle"
CERTIFIED = Outcome("not_checked", "it was made with a certificate, and no identity is trusted")
"""Over to `keyless`, where identities are trusted."""
NO_KEY = Outcome("not_checked", "no key is trusted")
MAX_PAYLOAD_BYTES = 128 * 1024
MAX_BUNDLE_BYTES = 16 * 1024 * 1024


def verify_classic(
    payload: bytes, annotations: dict[str, str], *, digest: str, repository: str, keys: Sequence[TrustedKey]
) -> Outcome:
    """A layer of a classic signature manifest.

    `digest`: of the image that is audited; `repository`: `host/path` it is audited as, which the payload must
    name where it names one.
    """
    text = annotations.get(SIGNATURE_ANNOTATION, "")
    if not text:
        return Outcome("invalid", "there is no signature in the annotations")
    try:
        signature = decode_base64(text)
        document = strict_object(payload, MAX_PAYLOAD_BYTES)
    except (BadEnvelopeError, NotStrictError) as error:
        return Outcome("invalid", str(error))
    problem = _payload_problem(document, digest, repository)
    if problem:
        return Outcome("invalid", problem)
    signer = next((key for key in keys if verifies(key.key, signature, payload)), None)
    if signer is not None:
        return Outcome("verified", signer=signer.name, tag=_tag_in(document))
    if CERTIFICATE_ANNOTATION in annotations:
        return CERTIFIED
    if not keys:
        return NO_KEY
    return Outcome("untrusted", "no trusted key made it")


def _payload_problem(document: dict[str, Any], digest: str, repository: str) -> str:
    critical = document.get("critical")
    if not isinstance(critical, dict):
        return "the payload has no critical part"
    if critical.get("type") != PAYLOAD_TYPE:
        return f"the payload is of the type {str(critical.get('type'))[:80]!r}"
    image, identity = critical.get("image"), critical.get("identity")
    signed = image.get("docker-manifest-digest") if isinstance(image, dict) else None
    if signed != digest:
        return f"it signs {str(signed)[:80]}, another digest"
    named = identity.get("docker-reference") if isinstance(identity, dict) else ""
    if isinstance(named, str) and named and _without_tag(named) != repository:
        return f"it names {named[:200]}, another repository"
    return ""


def _tag_in(document: dict[str, Any]) -> str:
    """The tag that a checked payload names, as of `host/app:v1`; cosign writes one only where it is told to."""
    identity = document["critical"].get("identity")
    named = identity.get("docker-reference") if isinstance(identity, dict) else ""
    return named.partition("@")[0].rpartition("/")[2].partition(":")[2][:128] if isinstance(named, str) else ""


def _without_tag(reference: str) -> str:
    """`host:5000/app:v1@sha256:…` without tag and digest."""
    name = reference.partition("@")[0]
    head, slash, last = name.rpartition("/")
    return head + slash + last.partition(":")[0]


def verify_bundle(content: bytes, *, digest: str, keys: Sequence[TrustedKey]) -> tuple[Outcome, dict[str, Any] | None]:
    """A sigstore bundle with a DSSE envelope signed by a key: its outcome, and the in-toto statement in it.

    The statement must have `digest` among its subjects. A bundle with a certificate is not checked here.
    """
    try:
        document, envelope, statement = open_bundle(content, digest)
    except NotOpenedError as error:
        return error.outcome, error.statement
    material = document.get("verificationMaterial")
    if not isinstance(material, dict) or "publicKey" not in material:
        return CERTIFIED, statement
    return _by_key(envelope, keys) or _nobody(keys), statement


def verify_envelope(
    content: bytes, annotations: dict[str, str], *, digest: str, keys: Sequence[TrustedKey]
) -> tuple[Outcome, dict[str, Any] | None]:
    """A layer of a classic attestation manifest, a DSSE envelope: its outcome, and the statement in it.

    The statement must have `digest` among its subjects. One with a certificate is not checked here.
    """
    try:
        envelope, statement = open_envelope(content, digest)
    except NotOpenedError as error:
        return error.outcome, error.statement
    signed = _by_key(envelope, keys)
    if signed is None and annotations.get(CERTIFICATE_ANNOTATION):
        return CERTIFIED, statement
    return signed or _nobody(keys), statement


def _by_key(envelope: Envelope, keys: Sequence[TrustedKey]) -> Outcome | None:
    signer = signer_of(envelope, keys)
    return Outcome("verified", signer=signer.name) if signer is not None else None


def _nobody(keys: Sequence[TrustedKey]) -> Outcome:
    return Outcome("untrusted", "no trusted key made it") if keys else NO_KEY


class NotOpenedError(Exception):
    """There is nothing about the digest that a signature could speak for; the statement, where one can be read."""

    def __init__(self, outcome: Outcome, statement: dict[str, Any] | None = None) -> None:
        super().__init__(outcome.detail)
        self.outcome = outcome
        self.statement = statement


def open_bundle(content: bytes, digest: str) -> tuple[dict[str, Any], Envelope, dict[str, Any]]:
    """A bundle, its envelope, and the statement in it about `digest`; not verified. Errors: `NotOpenedError`."""
    try:
        document = strict_object(content, MAX_BUNDLE_BYTES)
    except NotStrictError as error:
        raise NotOpenedError(Outcome("invalid", str(error))) from None
    envelope, statement = bundled_statement(document)
    return document, envelope, _about(statement, digest)


def bundled_statement(document: dict[str, Any]) -> tuple[Envelope, dict[str, Any]]:
    """The envelope in a bundle and the statement in that, whatever it is about. Errors: `NotOpenedError`."""
    if not str(document.get("mediaType", "")).startswith(BUNDLE_TYPE):
        raise NotOpenedError(Outcome("invalid", "it is no sigstore bundle"))
    raw = document.get("dsseEnvelope")
    if not isinstance(raw, dict):
        raise NotOpenedError(Outcome("not_checked", "the bundle signs a blob, not a statement"))
    try:
        envelope = envelope_of(raw)
        return envelope, statement_of(envelope)
    except (BadEnvelopeError, NotStrictError) as error:
        raise NotOpenedError(Outcome("invalid", str(error))) from None


def open_envelope(content: bytes, digest: str) -> tuple[Envelope, dict[str, Any]]:
    """A DSSE envelope, and the statement in it about `digest`; not verified. Errors: `NotOpenedError`."""
    try:
        envelope = read_envelope(content)
        statement = statement_of(envelope)
    except (BadEnvelopeError, NotStrictError) as error:
        raise NotOpenedError(Outcome("invalid", str(error))) from None
    return envelope, _about(statement, digest)


def _about(statement: dict[str, Any], digest: str) -> dict[str, Any]:
    if digest not in subjects_of(statement):
        raise NotOpenedError(Outcome("invalid", "it is about another digest"), statement)
    return statement


def statement_of(envelope: Envelope) -> dict[str, Any]:
    """The in-toto statement in an envelope. Errors: `BadEnvelopeError`, `NotStrictError`."""
    if envelope.payload_type != IN_TOTO:
        raise BadEnvelopeError(f"the payload is of the type {envelope.payload_type[:80]!r}")
    return strict_object(envelope.payload, MAX_BUNDLE_BYTES)


def subjects_of(statement: dict[str, Any]) -> set[str]:
    """The digests that a statement is about, as `sha256:…`."""
    found = set()
    subjects = statement.get("subject")
    for subject in subjects if isinstance(subjects, list) else []:
        digests = subject.get("digest") if isinstance(subject, dict) else None
        if isinstance(digests, dict):
            found |= {f"{kind}:{value}" for kind, value in digests.items() if isinstance(value, str)}
    return found
