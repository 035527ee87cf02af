"""DSSE envelopes: a payload of a declared type, signed over both.

Source: DSSE 1.0 (secure-systems-lab/dsse): the signature is over the pre-authentication encoding (PAE), so that
neither payload nor type can be swapped; signatures are base64, standard or URL-safe.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from auditor.signatures.keys import TrustedKey, verifies
from auditor.signatures.strict_json import NotStrictError, strict_object

IN_TOTO = "application/vnd.in-toto+json"
MAX_ENVELOPE_BYTES = 64 * 1024 * 1024
MAX_SIGNATURES = 64
_STANDARD = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]*={0,2}")


class BadEnvelopeError(ValueError):
    """An envelope that cannot be read in one way only."""


@dataclass(frozen=True)
class Envelope:
    """A parsed envelope, not verified."""

    payload_type: str
    payload: bytes
    signatures: tuple[bytes, ...]

    def signed_bytes(self) -> bytes:
        """What a signature is over."""
        kind = self.payload_type.encode()
        return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(self.payload), self.payload)


def read_envelope(content: bytes) -> Envelope:
    """An envelope from its bytes. Errors: `BadEnvelopeError`."""
    try:
        return envelope_of(strict_object(content, MAX_ENVELOPE_BYTES))
    except NotStrictError as error:
        raise BadEnvelopeError(f"the envelope cannot be read: {error}") from None


def envelope_of(document: dict[str, Any]) -> Envelope:
    """An envelope from its JSON object. Errors: `BadEnvelopeError`."""
    kind, payload, entries = (document.get(key) for key in ("payloadType", "payload", "signatures"))
    if not isinstance(kind, str) or not isinstance(payload, str) or not isinstance(entries, list):
        raise BadEnvelopeError("the envelope lacks payload, payloadType or signatures")
    if not 0 < len(entries) <= MAX_SIGNATURES:
        raise BadEnvelopeError(f"the envelope has {len(entries)} signatures")
    if not all(isinstance(entry, dict) and isinstance(entry.get("sig"), str) for entry in entries):
        raise BadEnvelopeError("a signature of the envelope has no sig")
    return Envelope(kind, decode_base64(payload), tuple(decode_base64(entry["sig"]) for entry in entries))


def decode_base64(text: str) -> bytes:
    """Standard or URL-safe base64 with or without padding, in its one canonical form. Errors: `BadEnvelopeError`."""
    if _STANDARD.fullmatch(text):
        plain = text.rstrip("=")
    elif _URL_SAFE.fullmatch(text):
        plain = text.rstrip("=").replace("-", "+").replace("_", "/")
    else:
        raise BadEnvelopeError("a value is no base64")
    try:
        content = base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True)
    except binascii.Error as error:
        raise BadEnvelopeError(f"a value is no base64: {error}") from None
    if base64.b64encode(content).decode().rstrip("=") != plain:
        raise BadEnvelopeError("a value is base64 with bits to spare")
    return content


def signer_of(envelope: Envelope, keys: Iterable[TrustedKey]) -> TrustedKey | None:
    """The first trusted key that signed the envelope; one of several signatures is enough."""
    message = envelope.signed_bytes()
    for key in keys:
        if any(verifies(key.key, signature, message) for signature in envelope.signatures):
            return key
    return None
