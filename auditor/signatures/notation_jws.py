"""notation envelopes in JWS JSON serialisation (`application/jose+json`).

Source: Notary Project signature envelope specification for JWS; RFC 7515. Base64 is taken in its one canonical form.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any

from auditor.signatures.dsse import BadEnvelopeError, decode_base64
from auditor.signatures.notation_envelope import (
    AUTHENTIC_TIME,
    EXPIRY,
    MAX_ENVELOPE_BYTES,
    MAX_TIMESTAMP_BYTES,
    PAYLOAD_TYPE,
    SIGNING_TIME,
    TIMESTAMP,
    Signed,
    check_algorithm,
    check_attributes,
)
from auditor.signatures.strict_json import NotStrictError, strict_object
from auditor.signatures.x509_chain import MAX_CERTIFICATES

MEDIA_TYPE = "application/jose+json"
_KNOWN: frozenset[Any] = frozenset(["alg", "cty", "crit"])
_REGISTERED = frozenset(["jku", "jwk", "kid", "x5u", "x5c", "x5t", "x5t#S256", "typ", "b64"])
"""Headers of RFC 7515 and 7797 that change how a signature is read; notation has no use for them."""
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")
_STANDARD = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?(?:Z|[+-]\d\d:\d\d)")


def read_jws(content: bytes) -> Signed:
    """The parts of an envelope. Errors: `BadEnvelopeError`."""
    document = _object(content, "the envelope")
    header = document.get("header")
    if not isinstance(header, dict) or "signatures" in document:
        raise BadEnvelopeError("the envelope is no JWS with one signature")
    texts = [document.get(name) for name in ("protected", "payload", "signature")]
    raw_protected, payload, signature = (_url_safe(text) for text in texts)
    protected = _object(raw_protected, "the protected header")
    if protected.get("cty") != PAYLOAD_TYPE:
        raise BadEnvelopeError(f"the payload is of the type {str(protected.get('cty'))[:80]!r}")
    unwanted = sorted(_REGISTERED & protected.keys())
    if unwanted:
        raise BadEnvelopeError(f"the header {unwanted[0]} has no place in it")
    critical = protected.get("crit")
    if not isinstance(critical, list) or not critical or not all(isinstance(name, str) for name in critical):
        raise BadEnvelopeError("there is no list of critical attributes")
    algorithm = check_algorithm(protected.get("alg"))
    named = {
        name: _time(name, value) if name in (SIGNING_TIME, AUTHENTIC_TIME, EXPIRY) else value
        for name, value in protected.items()
    }
    attributes = check_attributes(named, critical, _KNOWN)
    return Signed(
        algorithm=algorithm,
        payload=payload,
        message=f"{texts[0]}.{texts[1]}".encode(),
        signature=signature,
        chain=_chain(header.get("x5c")),
        scheme=attributes.scheme,
        signing_time=attributes.signing_time,
        expiry=attributes.expiry,
        plugin=attributes.plugin,
        attributes=named,
        timestamp=_timestamp(header.get(TIMESTAMP)),
    )


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        return strict_object(content, MAX_ENVELOPE_BYTES)
    except NotStrictError as error:
        raise BadEnvelopeError(f"{what} cannot be read: {error}") from None


def _url_safe(text: object) -> bytes:
    if not isinstance(text, str) or not _URL_SAFE.fullmatch(text):
        raise BadEnvelopeError("a part of the envelope is missing or no base64url without padding")
    return decode_base64(text)


def _standard(text: object) -> bytes:
    if not isinstance(text, str) or not text or not _STANDARD.fullmatch(text):
        raise BadEnvelopeError("a certificate or timestamp is no base64")
    return decode_base64(text)


def _chain(entries: object) -> tuple[bytes, ...]:
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_CERTIFICATES:
        raise BadEnvelopeError("the certificate chain is missing or too long")
    return tuple(_standard(entry) for entry in entries)


def _timestamp(text: object) -> bytes:
    if text is None:
        return b""
    token = _standard(text)
    if len(token) > MAX_TIMESTAMP_BYTES:
        raise BadEnvelopeError(f"the timestamp is larger than {MAX_TIMESTAMP_BYTES // 1024} KiB")
    return token


def _time(name: str, text: object) -> datetime:
    """RFC 3339, in UTC."""
    if not isinstance(text, str) or not _TIME.fullmatch(text):
        raise BadEnvelopeError(f"{name} is no time")
    # Python keeps microseconds; nanoseconds are cut off.
    seconds, fraction, zone = re.fullmatch(r"(.{19})(\.\d+)?(.+)", text).groups(default="")  # type: ignore[union-attr]
    try:
        return datetime.fromisoformat(seconds + fraction[:7] + zone).astimezone(UTC)
    except (ValueError, OverflowError):
        raise BadEnvelopeError(f"{name} is no time") from None
