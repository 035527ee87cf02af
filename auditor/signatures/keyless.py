"""Keyless signatures: made with a certificate that names an identity, proven by a transparency log.

Three forms: sigstore bundles, classic cosign signatures and classic cosign attestations, whose annotations are made
into a bundle first. The cryptography is the `sigstore` library's (`keyless_sigstore`), loaded when it is needed.
Everything is offline: authorities and logs are those of the trusted root that the user names.
Source: cosign's signature specification; sigstore bundle format 0.1 to 0.3; sigstore client specification.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.signatures.cosign import (
    BUNDLE_TYPE,
    CERTIFICATE_ANNOTATION,
    NotOpenedError,
    open_bundle,
    open_envelope,
)
from auditor.signatures.dsse import BadEnvelopeError, decode_base64
from auditor.signatures.identities import TrustedIdentity
from auditor.signatures.outcome import Outcome
from auditor.signatures.strict_json import NotStrictError, strict_object

if TYPE_CHECKING:
    from auditor.signatures.keyless_sigstore import Root

PROOF_ANNOTATION = "dev.sigstore.cosign/bundle"
MAX_CERTIFICATE_BYTES = 64 * 1024
MAX_PROOF_BYTES = 1024 * 1024
_OLD_BUNDLE = BUNDLE_TYPE + "+json;version=0.1"
NOT_ASKED = Outcome("not_checked", "it was made with a certificate, and no identity is trusted for the repository")
NO_ROOT = Outcome("not_checked", "it was made with a certificate, and no trusted root is given")


class BadRootError(ValueError):
    """A trusted root that cannot be used; the text says why."""


@dataclass(frozen=True)
class KeylessTrust:
    """Whom the user trusts, and by whose word: the authorities and logs of the trusted root."""

    identities: tuple[TrustedIdentity, ...] = ()
    root: Root | None = None

    def covers(self, repository: str) -> bool:
        """Whether anybody is trusted for a repository."""
        return any(identity.covers(repository) for identity in self.identities)


def verify_keyless_bundle(
    content: bytes, *, digest: str, repository: str, trust: KeylessTrust
) -> tuple[Outcome, dict[str, Any] | None]:
    """A sigstore bundle with a certificate over a DSSE envelope: its outcome, and the in-toto statement in it.

    The statement must have `digest` among its subjects. `repository`: `host/path`, for whom is trusted there.
    A statement is returned for what it says, whatever the outcome: only `verified` makes it true.
    """
    try:
        document, envelope, statement = open_bundle(content, digest)
    except NotOpenedError as error:
        return error.outcome, error.statement
    return _checked(document, envelope.payload, repository, trust), statement


def verify_keyless_payload(
    payload: bytes, annotations: Mapping[str, str], *, signature: bytes, repository: str, trust: KeylessTrust
) -> Outcome:
    """A layer of a classic signature whose payload says the right thing already."""
    if not trust.covers(repository):
        return NOT_ASKED
    try:
        document = _document(annotations)
    except (BadEnvelopeError, NotStrictError) as error:
        return Outcome("invalid", str(error))
    document["messageSignature"] = {"signature": base64.b64encode(signature).decode()}
    return _checked(document, payload, repository, trust)


def verify_keyless_envelope(
    content: bytes, annotations: Mapping[str, str], *, digest: str, repository: str, trust: KeylessTrust
) -> tuple[Outcome, dict[str, Any] | None]:
    """A layer of a classic attestation: a DSSE envelope, with certificate and proof in its annotations."""
    try:
        envelope, statement = open_envelope(content, digest)
        document = _document(annotations)
    except NotOpenedError as error:
        return error.outcome, error.statement
    except (BadEnvelopeError, NotStrictError) as error:
        return Outcome("invalid", str(error)), None
    document["dsseEnvelope"] = {
        "payload": base64.b64encode(envelope.payload).decode(),
        "payloadType": envelope.payload_type,
        "signatures": [{"sig": base64.b64encode(signature).decode()} for signature in envelope.signatures],
    }
    return _checked(document, envelope.payload, repository, trust), statement


def _checked(document: dict[str, Any], payload: bytes, repository: str, trust: KeylessTrust) -> Outcome:
    identities = [identity for identity in trust.identities if identity.covers(repository)]
    if not identities:
        return NOT_ASKED
    if trust.root is None:
        return NO_ROOT
    found = trust.root.check(document, payload)
    if found.identity is None:
        return found.outcome
    if not any(identity.is_one(found.identity) for identity in identities):
        return replace(found.outcome, state="untrusted", detail=f"it was made by {found.identity}, who is not trusted")
    return replace(found.outcome, signer=str(found.identity))


def _document(annotations: Mapping[str, str]) -> dict[str, Any]:
    """A bundle of the oldest format, in which a log's promise stands alone, from a classic signature's annotations.

    Errors: `BadEnvelopeError`, `NotStrictError`. Without a proof the bundle has no log entry, and so holds nothing.
    """
    material: dict[str, Any] = {
        "x509CertificateChain": {"certificates": [{"rawBytes": _certificate(annotations)}]},
        "tlogEntries": [],
    }
    text = annotations.get(PROOF_ANNOTATION, "")
    if text:
        material["tlogEntries"] = [_entry(strict_object(text.encode(), MAX_PROOF_BYTES))]
    return {"mediaType": _OLD_BUNDLE, "verificationMaterial": material}


def _certificate(annotations: Mapping[str, str]) -> str:
    """The signing certificate, DER in base64; the authorities are the trusted root's, never the annotation's."""
    content = annotations.get(CERTIFICATE_ANNOTATION, "").encode()
    if len(content) > MAX_CERTIFICATE_BYTES:
        raise BadEnvelopeError("its certificate is too large")
    try:
        certificate = x509.load_pem_x509_certificate(content)
    except ValueError as error:
        raise BadEnvelopeError(f"its certificate cannot be read: {str(error)[:80]}") from None
    return base64.b64encode(certificate.public_bytes(Encoding.DER)).decode()


def _entry(proof: dict[str, Any]) -> dict[str, Any]:
    """The log entry of a bundle, from `{SignedEntryTimestamp, Payload: {body, integratedTime, logIndex, logID}}`."""
    payload, promise = proof.get("Payload"), proof.get("SignedEntryTimestamp")
    if not isinstance(payload, dict) or not isinstance(promise, str):
        raise BadEnvelopeError("the log's proof lacks its payload or its signature")
    body, time, index, log = (payload.get(name) for name in ("body", "integratedTime", "logIndex", "logID"))
    if not isinstance(body, str) or not isinstance(log, str) or type(time) is not int or type(index) is not int:
        raise BadEnvelopeError("the log's proof lacks body, time, index or log")
    kind = strict_object(decode_base64(body), MAX_PROOF_BYTES)
    try:
        log_id = bytes.fromhex(log)
    except ValueError:
        raise BadEnvelopeError("the log's proof names no log") from None
    return {
        "logIndex": str(index),
        "logId": {"keyId": base64.b64encode(log_id).decode()},
        "kindVersion": {"kind": str(kind.get("kind", "")), "version": str(kind.get("apiVersion", ""))},
        "integratedTime": str(time),
        "inclusionPromise": {"signedEntryTimestamp": promise},
        "canonicalizedBody": body,
    }
