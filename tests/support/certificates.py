"""Certificates, revocation lists and timestamps, good and bad, for tests of signatures."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtendedKeyUsageOID, NameOID

NOW = datetime.now(UTC).replace(microsecond=0)
DAY = timedelta(days=1)
CURVES = {"P-256": ec.SECP256R1(), "P-384": ec.SECP384R1(), "P-521": ec.SECP521R1()}


@cache
def key(kind: str, name: str = "") -> Any:
    """A private key, the same one for the same arguments: `P-256`, `RSA-2048`..."""
    if kind in CURVES:
        return ec.generate_private_key(CURVES[kind])
    return rsa.generate_private_key(65537, int(kind.removeprefix("RSA-")))


@dataclass(frozen=True)
class Party:
    """A holder of a certificate. `chain`: its own first, the root last."""

    key: Any
    chain: tuple[x509.Certificate, ...]

    @property
    def certificate(self) -> x509.Certificate:
        return self.chain[0]

    @property
    def ders(self) -> list[bytes]:
        return [certificate.public_bytes(Encoding.DER) for certificate in self.chain]

    def pem(self) -> str:
        return "".join(pem(certificate) for certificate in self.chain)

    def key_pem(self) -> str:
        form = serialization.PrivateFormat.PKCS8
        return self.key.private_bytes(Encoding.PEM, form, serialization.NoEncryption()).decode()


def pem(thing: Any) -> str:
    return thing.public_bytes(Encoding.PEM).decode()


def subject(common_name: str, **more: str) -> x509.Name:
    """C=US, ST=WA, O=Acme and a common name; `more`: other values by short name, empty ones left out."""
    values = {"C": "US", "ST": "WA", "O": "Acme", "CN": common_name, **more}
    kinds = {"C": NameOID.COUNTRY_NAME, "ST": NameOID.STATE_OR_PROVINCE_NAME, "O": NameOID.ORGANIZATION_NAME, "CN": NameOID.COMMON_NAME, "EMAIL": NameOID.EMAIL_ADDRESS, "OU": NameOID.ORGANIZATIONAL_UNIT_NAME, "L": NameOID.LOCALITY_NAME}  # fmt: skip
    return x509.Name([x509.NameAttribute(kinds[kind], value) for kind, value in values.items() if value])


def usage(*bits: str) -> x509.KeyUsage:
    names = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")  # fmt: skip
    return x509.KeyUsage(**{name: name in bits for name in names})


def authority(name: str = "Root", parent: Party | None = None, *, kind: str = "P-256", start: datetime = NOW - 400 * DAY, end: datetime = NOW + 400 * DAY, path_length: int | None = None, bits: tuple[str, ...] = ("key_cert_sign", "crl_sign"), is_authority: bool = True, crl_url: str = "") -> Party:  # fmt: skip
    """A certificate authority, a root without `parent`."""
    extensions: list[tuple[Any, bool]] = [
        (x509.BasicConstraints(ca=is_authority, path_length=path_length if is_authority else None), True),
        (usage(*bits), True),
    ]
    return issue(subject(name), parent, key(kind, name), extensions, start, end, crl_url=crl_url)


def leaf(parent: Party | None, name: str = "Signer", *, kind: str = "P-256", start: datetime = NOW - 40 * DAY, end: datetime = NOW + 40 * DAY, bits: tuple[str, ...] | None = ("digital_signature",), bits_critical: bool = True, purposes: tuple[str, ...] = ("code_signing",), purposes_critical: bool = False, is_authority: bool = False, crl_url: str = "", ocsp_url: str = "", names: dict[str, str] | None = None, algorithm: Any = None, more: tuple[tuple[Any, bool], ...] = ()) -> Party:  # fmt: skip
    """A certificate that signs; self-signed without `parent`."""
    extensions: list[tuple[Any, bool]] = [(x509.BasicConstraints(ca=is_authority, path_length=None), True)]
    if bits is not None:
        extensions.append((usage(*bits), bits_critical))
    if purposes:
        oids = [getattr(ExtendedKeyUsageOID, purpose.upper()) for purpose in purposes]
        extensions.append((x509.ExtendedKeyUsage(oids), purposes_critical))
    if ocsp_url:
        place = x509.AccessDescription(AuthorityInformationAccessOID.OCSP, x509.UniformResourceIdentifier(ocsp_url))
        extensions.append((x509.AuthorityInformationAccess([place]), False))
    name_ = subject(name, **(names or {}))
    return issue(name_, parent, key(kind, name), [*extensions, *more], start, end, crl_url=crl_url, algorithm=algorithm)


def issue(name: x509.Name, parent: Party | None, private: Any, extensions: list[tuple[Any, bool]], start: datetime, end: datetime, *, crl_url: str = "", algorithm: Any = None) -> Party:  # fmt: skip
    issuer = parent.certificate.subject if parent else name
    builder = x509.CertificateBuilder(issuer, name, private.public_key(), x509.random_serial_number(), start, end)
    if crl_url:
        point = x509.DistributionPoint([x509.UniformResourceIdentifier(crl_url)], None, None, None)
        extensions = [*extensions, (x509.CRLDistributionPoints([point]), False)]
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    signer = parent.key if parent else private
    return Party(private, (builder.sign(signer, algorithm or hashes.SHA256()), *(parent.chain if parent else ())))


def revocation_list(issuer: Party, revoked: tuple[Party, ...] = (), *, start: datetime = NOW - DAY, end: datetime = NOW + DAY, reason: Any = None, since: datetime | None = None, signer: Any = None, delta: bool = False, point: Any = None) -> x509.CertificateRevocationList:  # fmt: skip
    builder = x509.CertificateRevocationListBuilder(issuer.certificate.subject, start, end)
    builder = builder.add_extension(x509.CRLNumber(7), critical=False)
    if delta:
        builder = builder.add_extension(x509.DeltaCRLIndicator(3), critical=True)
    if point is not None:
        builder = builder.add_extension(point, critical=True)
    for party in revoked:
        entry = x509.RevokedCertificateBuilder(party.certificate.serial_number, start)
        if reason is not None:
            entry = entry.add_extension(x509.CRLReason(reason), critical=False)
        if since is not None:
            entry = entry.add_extension(x509.InvalidityDate(since), critical=False)
        builder = builder.add_revoked_certificate(entry.build())
    return builder.sign(signer or issuer.key, hashes.SHA256())


# ---------------------------------------------------------------- timestamps (RFC 3161, RFC 5652)
def tlv(tag: int, *contents: bytes) -> bytes:
    content = b"".join(contents)
    size = len(content).to_bytes((len(content).bit_length() + 7) // 8 or 1)
    return bytes([tag]) + (size if len(content) < 128 else bytes([0x80 | len(size)]) + size) + content


SHA256 = bytes.fromhex("0609608648016503040201")
TST_INFO = bytes.fromhex("060b2a864886f70d0109100104")
SIGNED_DATA = bytes.fromhex("06092a864886f70d010702")
CONTENT_TYPE = bytes.fromhex("06092a864886f70d010903")
MESSAGE_DIGEST = bytes.fromhex("06092a864886f70d010904")
SIGNING_CERTIFICATE = bytes.fromhex("060b2a864886f70d010910022f")
ECDSA_SHA256 = bytes.fromhex("06082a8648ce3d040302")
RSA_SHA256 = bytes.fromhex("06092a864886f70d01010b0500")
ANY_POLICY = bytes.fromhex("06042a030401")
BASELINE_POLICY = bytes.fromhex("060604008f670101")


def timestamper(parent: Party, name: str = "Stamper", **options: Any) -> Party:
    options = {"purposes": ("time_stamping",), "purposes_critical": True, "kind": "RSA-2048", **options}
    return leaf(parent, name, **options)


def timestamp(signer: Party, message: bytes, at: datetime, *, accuracy: int | None = 1, names_signer: bool = True, named: Party | None = None, chain: bool = True, policy: bytes = ANY_POLICY) -> bytes:  # fmt: skip
    """A timestamp token over `message`. `named`: whose hash the signed attributes hold."""
    parts = [
        b"\x02\x01\x01",
        policy,
        tlv(0x30, tlv(0x30, SHA256, b"\x05\x00"), tlv(0x04, hashlib.sha256(message).digest())),
        b"\x02\x01\x09",
        tlv(0x18, at.strftime("%Y%m%d%H%M%SZ").encode()),
    ]
    if accuracy is not None:
        parts.append(tlv(0x30, b"\x02\x01", bytes([accuracy])))
    info = tlv(0x30, *parts)
    attributes = [
        tlv(0x30, CONTENT_TYPE, tlv(0x31, TST_INFO)),
        tlv(0x30, MESSAGE_DIGEST, tlv(0x31, tlv(0x04, hashlib.sha256(info).digest()))),
    ]
    if names_signer:
        hashed = hashlib.sha256((named or signer).ders[0]).digest()
        one = tlv(0x30, tlv(0x30, tlv(0x30, tlv(0x04, hashed))))
        attributes.append(tlv(0x30, SIGNING_CERTIFICATE, tlv(0x31, one)))
    content = b"".join(sorted(attributes))
    message_signed = tlv(0x31, content)
    if isinstance(signer.key, rsa.RSAPrivateKey):
        algorithm, value = RSA_SHA256, signer.key.sign(message_signed, padding.PKCS1v15(), hashes.SHA256())
    else:
        algorithm, value = ECDSA_SHA256, signer.key.sign(message_signed, ec.ECDSA(hashes.SHA256()))
    number = signer.certificate.serial_number
    serial = tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1))
    signer_info = tlv(0x30, b"\x02\x01\x01", tlv(0x30, signer.certificate.issuer.public_bytes(), serial), tlv(0x30, SHA256), tlv(0xA0, content), tlv(0x30, algorithm), tlv(0x04, value))  # fmt: skip
    certificates = tlv(0xA0, *(signer.ders if chain else signer.ders[:1]))
    encapsulated = tlv(0x30, TST_INFO, tlv(0xA0, tlv(0x04, info)))
    data = tlv(0x30, b"\x02\x01\x03", tlv(0x31, tlv(0x30, SHA256)), encapsulated, certificates, tlv(0x31, signer_info))
    return tlv(0x30, SIGNED_DATA, tlv(0xA0, data))
