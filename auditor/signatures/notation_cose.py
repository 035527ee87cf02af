"""notation envelopes in COSE_Sign1 (`application/cose`).

Source: Notary Project signature envelope specification for COSE; RFC 9052 and RFC 9360 (x5chain).
"""

from __future__ import annotations

from datetime import UTC, datetime
from io import BytesIO
from typing import Any

from auditor.signatures.dsse import BadEnvelopeError
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
from auditor.signatures.x509_chain import MAX_CERTIFICATES

MEDIA_TYPE = "application/cose"
ALGORITHM, CRITICAL, CONTENT_TYPE, X5CHAIN = 1, 2, 3, 33
MAX_DEPTH = 16
_ALGORITHMS = {-7: "ES256", -35: "ES384", -36: "ES512", -37: "PS256", -38: "PS384", -39: "PS512"}
_KNOWN: frozenset[Any] = frozenset([ALGORITHM, CRITICAL, CONTENT_TYPE])
_SIGN1 = 18
_EPOCH = 1


def read_cose(content: bytes) -> Signed:
    """The parts of an envelope. Errors: `BadEnvelopeError`."""
    import cbor2  # a snapshot without COSE signatures needs none of it

    if len(content) > MAX_ENVELOPE_BYTES:
        raise BadEnvelopeError(f"the envelope is larger than {MAX_ENVELOPE_BYTES} bytes")
    message = _decode(content)
    if not isinstance(message, cbor2.CBORTag) or message.tag != _SIGN1:
        raise BadEnvelopeError("the envelope is no COSE_Sign1")
    raw_protected, unprotected, payload, signature = _parts(message.value)
    protected = _decode(raw_protected)
    if not isinstance(protected, dict) or any(not isinstance(label, int | str) for label in protected):
        raise BadEnvelopeError("the protected header is no map")
    if any(label in unprotected for label in protected):
        raise BadEnvelopeError("a header is both protected and unprotected")
    if protected.get(CONTENT_TYPE) != PAYLOAD_TYPE:
        raise BadEnvelopeError(f"the payload is of the type {str(protected.get(CONTENT_TYPE))[:80]!r}")
    critical = protected.get(CRITICAL)
    if not isinstance(critical, list) or not critical or not all(isinstance(name, int | str) for name in critical):
        raise BadEnvelopeError("there is no list of critical attributes")
    label = protected.get(ALGORITHM)
    algorithm = check_algorithm(_ALGORITHMS.get(label, label) if isinstance(label, int) else label)
    named = {
        name: _time(name, value) if name in (SIGNING_TIME, AUTHENTIC_TIME, EXPIRY) else value
        for name, value in protected.items()
    }
    attributes = check_attributes(named, critical, _KNOWN)
    return Signed(
        algorithm=algorithm,
        payload=payload,
        message=cbor2.dumps(["Signature1", raw_protected, b"", payload]),
        signature=signature,
        chain=_chain(unprotected.get(X5CHAIN)),
        scheme=attributes.scheme,
        signing_time=attributes.signing_time,
        expiry=attributes.expiry,
        plugin=attributes.plugin,
        attributes={name: value for name, value in named.items() if isinstance(name, str)},
        timestamp=_timestamp(unprotected.get(TIMESTAMP)),
    )


def _decode(content: bytes) -> Any:
    """One CBOR item without duplicate keys, indefinite lengths or trailing bytes; tags are kept as they are."""
    import cbor2

    stream = BytesIO(content)
    try:
        item = cbor2.CBORDecoder(
            stream,
            max_depth=MAX_DEPTH,
            allow_indefinite=False,
            allow_duplicate_keys=False,
            semantic_decoders=_Tags(),
            read_size=1,
        ).decode()
    except (cbor2.CBORDecodeError, ValueError, TypeError, OverflowError, RecursionError) as error:
        raise BadEnvelopeError(f"the envelope is no plain CBOR: {str(error)[:120]}") from None
    if stream.read(1):
        raise BadEnvelopeError("bytes follow the envelope")
    return item


class _Tags(dict[int, Any]):
    """Leaves every tag uninterpreted: regular expressions, huge fractions and references have no place here."""

    def __missing__(self, tag: int) -> Any:
        import cbor2

        return lambda value, _immutable: cbor2.CBORTag(tag, value)


def _time(name: str, value: object) -> datetime:
    """Tag 1 with whole seconds since 1970."""
    seconds = getattr(value, "value", None) if getattr(value, "tag", None) == _EPOCH else None
    if not isinstance(seconds, int) or isinstance(seconds, bool):
        raise BadEnvelopeError(f"{name} is no time")
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        raise BadEnvelopeError(f"{name} is no time") from None


def _parts(value: object) -> tuple[bytes, dict[Any, Any], bytes, bytes]:
    if not isinstance(value, list | tuple) or len(value) != 4:  # noqa: PLR2004  COSE_Sign1 is an array of four
        raise BadEnvelopeError("the envelope is no COSE_Sign1")
    protected, unprotected, payload, signature = value
    if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
        raise BadEnvelopeError("the envelope lacks a header")
    if not isinstance(payload, bytes) or not payload or not isinstance(signature, bytes) or not signature:
        raise BadEnvelopeError("the envelope lacks payload or signature")
    return protected, unprotected, payload, signature


def _chain(entries: object) -> tuple[bytes, ...]:
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_CERTIFICATES:
        raise BadEnvelopeError("the certificate chain is missing or too long")
    if not all(isinstance(entry, bytes) for entry in entries):
        raise BadEnvelopeError("the certificate chain is no list of byte strings")
    return tuple(entries)


def _timestamp(token: object) -> bytes:
    if token is None:
        return b""
    if not isinstance(token, bytes) or len(token) > MAX_TIMESTAMP_BYTES:
        raise BadEnvelopeError("the timestamp is no byte string, or too large")
    return token
