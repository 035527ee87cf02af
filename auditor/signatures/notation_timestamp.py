"""Timestamp countersignatures (RFC 3161) over notation signatures.

Source: Notary Project trust policy specification 1.1, "Steps to verify authentic timestamp"; RFC 3161, RFC 5816. The
token's own signature is checked by `rfc3161-client`; chain, usages and accuracy here. The header that holds the token
is not signed: what does not lead to a trusted timestamp authority counts for nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.signatures.der import OBJECT_ID, OCTETS, SEQUENCE, BadDerError, Element, elements, encode
from auditor.signatures.x509_chain import (
    MAX_CERTIFICATES,
    UNREADABLE,
    BadChainError,
    check_timestamping,
    invalid_at,
    issued_by,
    read_certificate,
)

_BASELINE_POLICY = "0.4.0.2023.1.1"
"""ETSI EN 319 421: a token that names no accuracy is exact to a second."""
_SIGNING_CERTIFICATE_V2 = bytes.fromhex("2a864886f70d010910022f")
_HASHES = {
    bytes.fromhex("608648016503040201"): "sha256",
    bytes.fromhex("608648016503040202"): "sha384",
    bytes.fromhex("608648016503040203"): "sha512",
}
_CERTIFICATES = _SIGNED_ATTRIBUTES = 0xA0  # [0]
_GRANTED = encode(SEQUENCE, b"\x02\x01\x00")


class BadTimestampError(ValueError):
    """A token that proves no time; the text says why."""


@dataclass(frozen=True)
class Timestamp:
    """A proven time: the signature was there between `earliest` and `latest`."""

    time: datetime
    accuracy: timedelta
    chain: tuple[x509.Certificate, ...]

    @property
    def earliest(self) -> datetime:
        """The first moment that the token may mean."""
        return self.time - self.accuracy

    @property
    def latest(self) -> datetime:
        """The last one."""
        return self.time + self.accuracy


def read_timestamp(token: bytes, signature: bytes, roots: Sequence[x509.Certificate]) -> Timestamp:
    """The time that a token proves for `signature`. Errors: `BadTimestampError`."""
    from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response

    if not roots:
        raise BadTimestampError("no timestamp authority is trusted")
    try:
        response: TimeStampResponse = decode_timestamp_response(encode(SEQUENCE, _GRANTED + _in_order(token)))
        embedded = [read_certificate(der) for der in sorted(response.signed_data.certificates)[: 2 * MAX_CERTIFICATES]]
        signer = _signer(response, embedded)
        info = response.tst_info
        stamp = Timestamp(info.gen_time, _accuracy(info), _chain(signer, embedded, roots))
    except BadTimestampError:
        raise
    except UNREADABLE:
        raise BadTimestampError("the token cannot be read") from None
    try:
        check_timestamping(stamp.chain)
    except BadChainError as error:
        raise BadTimestampError(str(error)) from None
    if invalid_at(stamp.chain, stamp.time, stamp.time) is not None:
        raise BadTimestampError("a certificate of the timestamp authority was not valid at its time")
    try:
        VerifierBuilder(roots=[stamp.chain[-1]]).build().verify_message(response, signature)
    except (VerificationError, *UNREADABLE):
        raise BadTimestampError("the token does not verify, or is over another signature") from None
    _check_signing_certificate(token, signer)
    return stamp


def _signer(response: Any, embedded: list[x509.Certificate]) -> x509.Certificate:
    """The one certificate that the token says it was signed with."""
    infos = list(response.signed_data.signer_infos)
    if len(infos) != 1:
        raise BadTimestampError(f"the token has {len(infos)} signers")
    issuer, number = infos[0].issuer, infos[0].serial_number
    found = [one for one in embedded if one.issuer == issuer and one.serial_number == number]
    if len(found) != 1:
        raise BadTimestampError("the token does not hold the one certificate that signed it")
    return found[0]


def _chain(
    signer: x509.Certificate, embedded: list[x509.Certificate], roots: Sequence[x509.Certificate]
) -> tuple[x509.Certificate, ...]:
    """From the signer to a trusted root."""
    chain = [signer]
    while len(chain) <= MAX_CERTIFICATES:
        root = next((one for one in roots if chain[-1] == one or issued_by(chain[-1], one)), None)
        if root is not None:
            return tuple(chain) if chain[-1] == root else (*chain, root)
        above = next((one for one in embedded if one not in chain and issued_by(chain[-1], one)), None)
        if above is None:
            break
        chain.append(above)
    raise BadTimestampError("no trusted timestamp authority made it")


def _accuracy(info: Any) -> timedelta:
    accuracy = info.accuracy
    if accuracy is None:
        return timedelta(seconds=1 if info.policy.dotted_string == _BASELINE_POLICY else 0)
    return timedelta(
        seconds=accuracy.seconds or 0, milliseconds=accuracy.millis or 0, microseconds=accuracy.micros or 0
    )


def _check_signing_certificate(token: bytes, signer: x509.Certificate) -> None:
    """RFC 5816: the signed attributes name the certificate, so that another with the same key cannot stand in."""
    der = signer.public_bytes(Encoding.DER)
    try:
        named = next(filter(None, (_named_digest(attribute) for attribute in _signed_attributes(token))), None)
    except (IndexError, StopIteration, BadDerError):
        named = None
    if named is None:
        raise BadTimestampError("the token does not name the certificate that signed it")
    name, digest = named
    if not name or hashlib.new(name, der).digest() != digest:
        raise BadTimestampError("the token names another certificate than the one that signed it")


def _named_digest(attribute: Element) -> tuple[str, bytes] | None:
    """Hash and digest of the first certificate in a signing-certificate-v2 attribute; None for another attribute."""
    kind, *values = attribute.children()
    if kind.tag != OBJECT_ID or kind.content != _SIGNING_CERTIFICATE_V2 or not values:
        return None
    first = values[0].children()[0].children()[0].children()[0].children()
    # The hash is left out where it is SHA-256; a sequence after the digest names issuer and number.
    name = _HASHES.get(first[0].children()[0].content, "") if first[0].tag == SEQUENCE else "sha256"
    digest = first[1] if first[0].tag == SEQUENCE else first[0]
    return (name, digest.content) if digest.tag == OCTETS else None


def _in_order(token: bytes) -> bytes:
    """The token with its certificates sorted, as DER wants sets; many authorities leave the chain's order instead."""
    try:
        kind, wrapped = elements(token)[0].children()
        data = [
            encode(part.tag, b"".join(sorted(one.whole for one in part.children())))
            if part.tag == _CERTIFICATES
            else part.whole
            for part in wrapped.children()[0].children()
        ]
    except (IndexError, ValueError):
        raise BadTimestampError("the token is no signed data") from None
    return encode(SEQUENCE, kind.whole + encode(wrapped.tag, encode(SEQUENCE, b"".join(data))))


def _signed_attributes(token: bytes) -> list[Element]:
    """ContentInfo, SignedData, its last part signerInfos, the first of them, its part [0]."""
    data = elements(token)[0].children()[1].children()[0]
    info = data.children()[-1].children()[0]
    return next((part.children() for part in info.children() if part.tag == _SIGNED_ATTRIBUTES), [])
