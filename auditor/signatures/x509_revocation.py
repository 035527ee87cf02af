"""Revocation by lists (CRLs) that the user gives as files; nothing is fetched.

Source: RFC 5280, 5 and 6.3, checked against notation-core-go 1.3.0. A certificate that names neither a list nor a
responder cannot be revoked in notation's eyes, and so in ours, unless a given list has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Literal

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from auditor.errors import ConfigError
from auditor.signatures.notation_store import read_bounded
from auditor.signatures.x509_chain import UNREADABLE, is_authority, subject_of

_OCSP = AuthorityInformationAccessOID.OCSP
_PEM = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
Status = Literal["good", "revoked", "unknown"]


@dataclass(frozen=True)
class Revocation:
    """What the lists say of a chain. `detail`: of which certificate, and why."""

    status: Status
    detail: str = ""


class RevocationList:
    """A list, read once: its signature is checked once for each issuer, its entries are found by number."""

    def __init__(self, content: x509.CertificateRevocationList) -> None:
        self.content = content
        self.issuer = content.issuer
        self._signed_by: dict[x509.Certificate, bool] = {}

    @cached_property
    def _entries(self) -> dict[int, list[x509.RevokedCertificate]]:
        found: dict[int, list[x509.RevokedCertificate]] = {}
        for entry in self.content:
            found.setdefault(entry.serial_number, []).append(entry)
        return found

    def revokes(self, number: int, signed_at: datetime | None) -> bool:
        """Whether a certificate of that serial number is revoked."""
        return any(_counts(entry, signed_at) for entry in self._entries.get(number, ()))

    def is_signed_by(self, issuer: x509.Certificate) -> bool:
        """Whether it is the list of `issuer`, which may sign lists."""
        if self.issuer != issuer.subject:
            return False
        if issuer not in self._signed_by:
            self._signed_by[issuer] = self._verifies(issuer)
        return self._signed_by[issuer]

    def _verifies(self, issuer: x509.Certificate) -> bool:
        algorithm = self.content.signature_hash_algorithm
        if algorithm is not None and algorithm.name in ("sha1", "md5"):
            return False
        try:
            usage = issuer.extensions.get_extension_for_class(x509.KeyUsage).value
            return usage.crl_sign and self.content.is_signature_valid(issuer.public_key())  # type: ignore[arg-type]
        except (x509.ExtensionNotFound, *UNREADABLE):
            return False

    def clears(self, certificate: x509.Certificate, now: datetime) -> bool:
        """Whether a certificate that is not in it is not revoked: the list is current and about such certificates."""
        end = self.content.next_update_utc
        if end is None or not self.content.last_update_utc <= now <= end:
            return False
        return all(_spans(extension, certificate) for extension in self.content.extensions)


def _spans(extension: x509.Extension[x509.ExtensionType], certificate: x509.Certificate) -> bool:
    """Whether an extension leaves a list one that a certificate had to be in: no delta, and no part without it."""
    point = extension.value
    if not isinstance(point, x509.IssuingDistributionPoint):
        return not (isinstance(point, x509.DeltaCRLIndicator) or extension.critical)
    if point.only_contains_attribute_certs or point.only_some_reasons or point.indirect_crl or point.relative_name:
        return False
    if point.only_contains_ca_certs if not is_authority(certificate) else point.only_contains_user_certs:
        return False
    return not point.full_name or any(name in point.full_name for name in _places(certificate))


def _places(certificate: x509.Certificate) -> Iterator[x509.GeneralName]:
    """Where a certificate says that its list is."""
    for extension in certificate.extensions:
        if isinstance(extension.value, x509.CRLDistributionPoints):
            for point in extension.value:
                yield from point.full_name or ()


def read_revocation_lists(paths: Iterable[Path]) -> tuple[RevocationList, ...]:
    """Lists from files, one in DER or several in PEM each. Errors: `ConfigError`."""
    return tuple(found for path in paths for found in _read(path))


def _read(path: Path) -> list[RevocationList]:
    content = read_bounded(path)
    try:
        found = [x509.load_pem_x509_crl(block) for block in _PEM.findall(content)] or [x509.load_der_x509_crl(content)]
        _ = [(one.extensions, one.issuer, one.last_update_utc, one.signature_hash_algorithm) for one in found]
    except UNREADABLE as error:
        hint = "give a certificate revocation list in PEM or DER form"
        raise ConfigError(f"the revocation list cannot be read: {str(error)[:120]}", path=path, hint=hint) from None
    return [RevocationList(one) for one in found]


def revocation_of(
    chain: Sequence[x509.Certificate],
    lists: Sequence[RevocationList],
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
    lists: Sequence[RevocationList],
    now: datetime,
    signed_at: datetime | None,
) -> Status:
    own = [one for one in lists if one.is_signed_by(issuer)]
    # An outdated list still tells who was revoked, but no longer who was not.
    if any(one.revokes(certificate.serial_number, signed_at) for one in own):
        return "revoked"
    if any(one.clears(certificate, now) for one in own) or not _names_a_source(certificate):
        return "good"
    return "unknown"


def _counts(entry: x509.RevokedCertificate, signed_at: datetime | None) -> bool:
    """Whether an entry revokes: not where the key was lost after the signature, nor where it was taken back."""
    try:
        reason = entry.extensions.get_extension_for_class(x509.CRLReason).value.reason
    except x509.ExtensionNotFound:
        reason = x509.ReasonFlags.unspecified
    except UNREADABLE:
        return True
    if reason == x509.ReasonFlags.remove_from_crl:
        return False
    try:
        since = entry.extensions.get_extension_for_class(x509.InvalidityDate).value.invalidity_date_utc
    except (x509.ExtensionNotFound, *UNREADABLE):
        return True
    return signed_at is None or signed_at >= since


def _names_a_source(certificate: x509.Certificate) -> bool:
    """Whether a certificate says where its revocation can be asked for."""
    for extension in certificate.extensions:
        value = extension.value
        if isinstance(value, x509.CRLDistributionPoints):
            return True
        if isinstance(value, x509.AuthorityInformationAccess) and any(item.access_method == _OCSP for item in value):
            return True
    return False
