"""Revocation by lists (CRLs) that the user gives as files; nothing is fetched.

Source: RFC 5280, 5 and 6.3, checked against notation-core-go 1.3.0. A certificate that names neither a list nor a
responder cannot be revoked in notation's eyes, and so in ours, unless a given list has it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.x509.oid import AuthorityInformationAccessOID

from auditor.errors import ConfigError
from auditor.signatures.notation_store import read_bounded
from auditor.signatures.x509_chain import UNREADABLE, subject_of

Status = Literal["good", "revoked", "unknown"]


@dataclass(frozen=True)
class Revocation:
    """What the lists say of a chain. `detail`: of which certificate, and why."""

    status: Status
    detail: str = ""


def read_revocation_lists(paths: Iterable[Path]) -> tuple[x509.CertificateRevocationList, ...]:
    """Lists from PEM or DER files. Errors: `ConfigError`."""
    return tuple(_read(path) for path in paths)


def _read(path: Path) -> x509.CertificateRevocationList:
    content = read_bounded(path)
    try:
        found = x509.load_pem_x509_crl(content) if b"-----BEGIN" in content else x509.load_der_x509_crl(content)
        _ = (found.extensions, found.issuer, found.last_update_utc, found.signature_hash_algorithm)
    except UNREADABLE as error:
        hint = "give a certificate revocation list in PEM or DER form"
        raise ConfigError(f"the revocation list cannot be read: {str(error)[:120]}", path=path, hint=hint) from None
    return found


def revocation_of(
    chain: Sequence[x509.Certificate],
    lists: Sequence[x509.CertificateRevocationList],
    *,
    now: datetime,
    signed_at: datetime | None,
) -> Revocation:
    """The worst status in a chain; the root has none.

    `signed_at`: an authentic time of signing, which may lie before the date since which a key counts as lost.
    """
    unknown = ""
    for certificate, issuer in pairwise(chain):
        status = _status(certificate, issuer, lists, now, signed_at)
        if status == "revoked":
            return Revocation("revoked", f"the certificate of {subject_of(certificate)} is revoked")
        if status == "unknown":
            unknown = unknown or f"no valid revocation list was given for {subject_of(certificate)}"
    return Revocation("unknown", unknown) if unknown else Revocation("good")


def _status(
    certificate: x509.Certificate,
    issuer: x509.Certificate,
    lists: Sequence[x509.CertificateRevocationList],
    now: datetime,
    signed_at: datetime | None,
) -> Status:
    complete = False
    for one in lists:
        if one.issuer != issuer.subject or not _signed_by(one, issuer):
            continue
        entry = one.get_revoked_certificate_by_serial_number(certificate.serial_number)
        # An outdated list still tells who was revoked, but no longer who was not.
        if entry is not None and _counts(entry, signed_at):
            return "revoked"
        complete = complete or _is_complete(one, now)
    return "good" if complete or not _names_a_source(certificate) else "unknown"


def _signed_by(found: x509.CertificateRevocationList, issuer: x509.Certificate) -> bool:
    algorithm = found.signature_hash_algorithm
    if algorithm is not None and algorithm.name in ("sha1", "md5"):
        return False
    try:
        usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
        return usage.crl_sign and found.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
    except (x509.ExtensionNotFound, TypeError, ValueError, UnsupportedAlgorithm):
        return False


def _counts(entry: x509.RevokedCertificate, signed_at: datetime | None) -> bool:
    """Whether an entry revokes: not where the key was lost after the signature, nor where it was taken back."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        reason = x509.ReasonFlags.unspecified
    except ValueError:
        return True
    if reason == x509.ReasonFlags.remove_from_crl:
        return False
    try:
        since = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except (x509.ExtensionNotFound, ValueError):
        return True
    return signed_at is None or signed_at >= since


def _is_complete(found: x509.CertificateRevocationList, now: datetime) -> bool:
    """Whether a certificate that the list lacks is not revoked: it is current, and neither partial nor a delta."""
    if found.next_update_utc is None or not found.last_update_utc <= now <= found.next_update_utc:
        return False
    for extension in found.extensions:
        if isinstance(extension.value, x509.DeltaCRLIndicator):
            return False
        if isinstance(extension.value, x509.IssuingDistributionPoint):
            point = extension.value
            if point.only_contains_attribute_certs or point.only_some_reasons or point.indirect_crl:
                return False
        elif extension.critical:
            return False
    return True


def _names_a_source(certificate: x509.Certificate) -> bool:
    """Whether a certificate says where its revocation can be asked for."""
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.CRLDistributionPoints):
            return True
        if isinstance(extension.value, x509.AuthorityInformationAccess):
            return any(item.access_method == AuthorityInformationAccessOID.OCSP for item in extension.value)
    return False
