"""Chains of X.509 certificates as the Notary Project wants them: order, constraints, usages, strength.

Source: Notary Project signature specification 1.1, "Certificate Requirements", checked against notation-core-go 1.3.0.
A chain is the leaf first and a self-signed root last, each certificate issued by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import Literal

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID as Usage
from cryptography.x509.oid import NameOID

from auditor.signatures.algorithms import algorithm_of
from auditor.signatures.der import BITS, INTEGER, elements
from auditor.signatures.keys import MAX_RSA_BITS, MIN_RSA_BITS

MAX_CERTIFICATES = 16
MAX_CERTIFICATE_BYTES = 64 * 1024
UNREADABLE = (
    *(ValueError, TypeError, LookupError, StopIteration, ArithmeticError, AttributeError, UnsupportedAlgorithm),
    *(x509.InvalidVersion, x509.DuplicateExtension, x509.UnsupportedGeneralNameType),
)
"""What parsers of X.509 and CMS raise for bytes that are made to confuse them."""
_HASHES = ("sha256", "sha384", "sha512", "sha3-256", "sha3-384", "sha3-512")
_CURVES = ("secp256r1", "secp384r1", "secp521r1")
_TEST_NAME = {
    (NameOID.ORGANIZATION_NAME, "Notary"),
    (NameOID.LOCALITY_NAME, "Seattle"),
    (NameOID.STATE_OR_PROVINCE_NAME, "WA"),
    (NameOID.COUNTRY_NAME, "US"),
}
"""What `notation cert generate-test` puts into every subject, beside the common name that it is given."""
_NOT_FOR_CODE = {
    Usage.SERVER_AUTH: "serverAuth",
    Usage.CLIENT_AUTH: "clientAuth",
    Usage.EMAIL_PROTECTION: "emailProtection",
    Usage.TIME_STAMPING: "timeStamping",
    Usage.OCSP_SIGNING: "OCSPSigning",
}
_NOT_FOR_LEAVES = {
    "key_encipherment": "keyEncipherment",
    "data_encipherment": "dataEncipherment",
    "key_agreement": "keyAgreement",
    "key_cert_sign": "keyCertSign",
    "crl_sign": "cRLSign",
}


class BadChainError(ValueError):
    """A chain, or a certificate of one, that may not be used; the text says which and why."""


def read_chain(ders: Sequence[bytes]) -> tuple[x509.Certificate, ...]:
    """Certificates from DER. Errors: `BadChainError`."""
    if not 0 < len(ders) <= MAX_CERTIFICATES:
        raise BadChainError(f"the chain has {len(ders)} certificates")
    return tuple(read_certificate(der) for der in ders)


def read_certificate(der: bytes) -> x509.Certificate:
    """One certificate of which every part can be read. Errors: `BadChainError`."""
    if len(der) > MAX_CERTIFICATE_BYTES:
        raise BadChainError(f"a certificate is larger than {MAX_CERTIFICATE_BYTES // 1024} KiB")
    try:
        _check_form(der)
        certificate = x509.load_der_x509_certificate(der)
        _ = (certificate.extensions, certificate.subject, certificate.issuer, certificate.public_key())
        _ = (certificate.not_valid_before_utc, certificate.not_valid_after_utc, certificate.signature_hash_algorithm)
    except BadChainError:
        raise
    except UNREADABLE as error:
        raise BadChainError(f"a certificate cannot be read: {str(error)[:120]}") from None
    return certificate


def _check_form(der: bytes) -> None:
    """What `cryptography` lets pass: a number that is not positive, a signature that does not end with a byte."""
    body, _, signature = elements(der)[0].children()
    number = next(part.content for part in body.children()[:2] if part.tag == INTEGER)
    if int.from_bytes(number, signed=True) <= 0:
        raise BadChainError("a certificate's serial number is not positive")
    if signature.tag != BITS or signature.content[:1] != b"\0":
        raise BadChainError("a certificate's signature is no whole number of bytes")


def subject_of(certificate: x509.Certificate) -> str:
    """The subject in RFC 4514 form, bounded, for messages."""
    try:
        return certificate.subject.rfc4514_string()[:300]
    except ValueError:
        return f"serial number {certificate.serial_number:x}"


def check_code_signing(chain: Sequence[x509.Certificate]) -> None:
    """Whether a chain may sign artefacts, validity in time aside. Errors: `BadChainError`."""
    _check_links(chain)
    _check_leaf(chain[0], usage_critical=True)
    usage = _usages(chain[0])
    wrong = next((name for kind, name in _NOT_FOR_CODE.items() if usage is not None and kind in usage.value), "")
    if wrong:
        raise BadChainError(f"the signing certificate is for {wrong}")
    for below, authority in enumerate(chain[1:]):
        _check_authority(authority, below, usage_critical=True)


def check_timestamping(chain: Sequence[x509.Certificate]) -> None:
    """Whether a chain may make timestamps, validity in time aside. Errors: `BadChainError`."""
    _check_links(chain)
    _check_leaf(chain[0], usage_critical=False)
    usage = _usages(chain[0])
    if usage is None or not usage.critical or list(usage.value) != [Usage.TIME_STAMPING]:
        raise BadChainError("the timestamping certificate is not for timestamps alone")
    for below, authority in enumerate(chain[1:]):
        _check_authority(authority, below, usage_critical=False)


def invalid_at(chain: Iterable[x509.Certificate], start: datetime, end: datetime) -> x509.Certificate | None:
    """The first certificate that is not valid for the whole time from `start` to `end`."""
    for certificate in chain:
        if start < certificate.not_valid_before_utc or end > certificate.not_valid_after_utc:
            return certificate
    return None


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether name and signature say so, and the signature is made with what still counts."""
    algorithm = certificate.signature_hash_algorithm
    if algorithm is not None and algorithm.name not in _HASHES:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError, UnsupportedAlgorithm):
        return False
    return True


def is_self_signed(certificate: x509.Certificate) -> bool:
    """Whether a certificate is its own issuer."""
    return issued_by(certificate, certificate)


def kind_of(chain: Sequence[x509.Certificate]) -> Literal["issued", "self_signed", "test"]:
    """What signs with a checked chain; `test`: what `notation cert generate-test` makes, by the name it writes."""
    if len(chain) > 1:
        return "issued"
    names = {(one.oid, one.value) for one in chain[0].subject}
    return "test" if names >= _TEST_NAME else "self_signed"


def is_authority(certificate: x509.Certificate) -> bool:
    """Whether the basic constraints make it a certificate authority."""
    constraints = _constraints(certificate)
    return constraints is not None and constraints.ca


def _check_links(chain: Sequence[x509.Certificate]) -> None:
    for certificate in chain:
        _check_strength(certificate)
    if not is_self_signed(chain[-1]):
        raise BadChainError("the chain does not end with a self-signed root")
    for certificate, issuer in pairwise(chain):
        if certificate.subject == certificate.issuer and is_self_signed(certificate):
            raise BadChainError("a self-signed certificate stands before the end of the chain")
        if not issued_by(certificate, issuer):
            raise BadChainError(f"the certificate of {subject_of(certificate)} is not issued by the next in the chain")


def _check_strength(certificate: x509.Certificate) -> None:
    key, algorithm = certificate.public_key(), certificate.signature_hash_algorithm
    if algorithm is not None and algorithm.name not in _HASHES:
        raise BadChainError(f"the certificate of {subject_of(certificate)} is signed with {algorithm.name}")
    if any(one.critical and isinstance(one.value, x509.UnrecognizedExtension) for one in certificate.extensions):
        raise BadChainError(f"the certificate of {subject_of(certificate)} has a critical extension that is not known")
    if isinstance(key, rsa.RSAPublicKey) and MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
        return
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        return
    if not isinstance(key, ed25519.Ed25519PublicKey):
        raise BadChainError(f"the key of {subject_of(certificate)} is too weak or of a kind that is not accepted")


def _check_leaf(leaf: x509.Certificate, *, usage_critical: bool) -> None:
    if is_authority(leaf):
        raise BadChainError("the signing certificate is a certificate authority")
    usage = _key_usage(leaf, critical=usage_critical)
    if not usage.digital_signature:
        raise BadChainError("the signing certificate's key usage lacks digitalSignature")
    wrong = next((name for field, name in _NOT_FOR_LEAVES.items() if getattr(usage, field)), "")
    if wrong:
        raise BadChainError(f"the signing certificate's key usage has {wrong}")
    if not algorithm_of(leaf.public_key()):
        raise BadChainError("the signing certificate's key is neither RSA of 2048, 3072 or 4096 bits nor NIST ECDSA")


def _check_authority(certificate: x509.Certificate, below: int, *, usage_critical: bool) -> None:
    """`below`: how many authorities stand between it and the leaf."""
    constraints = _constraints(certificate)
    if constraints is None or not constraints.ca:
        raise BadChainError(f"{subject_of(certificate)} is no certificate authority")
    if constraints.path_length is not None and constraints.path_length < below:
        raise BadChainError(f"the path length of {subject_of(certificate)} is too short for the chain")
    if not _key_usage(certificate, critical=usage_critical).key_cert_sign:
        raise BadChainError(f"the key usage of {subject_of(certificate)} lacks keyCertSign")


def _constraints(certificate: x509.Certificate) -> x509.BasicConstraints | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
    except x509.ExtensionNotFound:
        return None


def _key_usage(certificate: x509.Certificate, *, critical: bool) -> x509.KeyUsage:
    try:
        found = certificate.extensions.get_extension_for_class(x509.KeyUsage)
    except x509.ExtensionNotFound:
        raise BadChainError(f"the certificate of {subject_of(certificate)} has no key usage") from None
    if critical and not found.critical:
        raise BadChainError(f"the key usage of {subject_of(certificate)} is not critical")
    return found.value


def _usages(certificate: x509.Certificate) -> x509.Extension[x509.ExtendedKeyUsage] | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)
    except x509.ExtensionNotFound:
        return None
