"""notation's trust store: directories of certificates that signatures may lead to.

Source: Notary Project trust store specification 1.1: `truststore/x509/<ca|signingAuthority|tsa>/<name>/*`. Unlike
notation, links are followed and hidden entries left out, since a mounted ConfigMap is made of both.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.errors import ConfigError
from auditor.signatures.notation_policy import TrustPolicy
from auditor.signatures.x509_chain import (
    BadChainError,
    is_authority,
    is_self_signed,
    read_certificate,
    subject_of,
)

MAX_FILE_BYTES = 4 * 1024 * 1024
MAX_FILES = 1000
_HINT = "the layout is truststore/x509/ca/NAME/CERTIFICATE.pem"


@dataclass(frozen=True)
class TrustStore:
    """Trusted certificates by `kind:name`."""

    certificates: Mapping[str, tuple[x509.Certificate, ...]] = field(default_factory=dict)

    def of(self, kind: str, names: Iterable[str]) -> list[x509.Certificate]:
        """The certificates of several stores of one kind."""
        return [certificate for name in names for certificate in self.certificates.get(f"{kind}:{name}", ())]


def read_trust_store(path: Path, policy: TrustPolicy) -> TrustStore:
    """The stores that a policy names.

    `path`: the `truststore` directory, or the one that holds it. Errors: `ConfigError`.
    """
    root = path / "truststore" if (path / "truststore").is_dir() else path
    names = sorted({store for statement in policy.statements for store in statement.stores})
    return TrustStore({name: _read_store(root, *name.split(":", 1)) for name in names})


def _read_store(root: Path, kind: str, name: str) -> tuple[x509.Certificate, ...]:
    folder = root / "x509" / kind / name
    try:
        files = sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))
    except OSError as error:
        message = f"the trust store {kind}:{name} cannot be read: {error.strerror}"
        raise ConfigError(message, path=folder, hint=_HINT) from None
    if not 0 < len(files) <= MAX_FILES:
        raise ConfigError(f"the trust store {kind}:{name} has {len(files)} files", path=folder, hint=_HINT)
    found = [certificate for file in files for certificate in read_certificates(file)]
    for certificate in found:
        if kind == "tsa" and not is_self_signed(certificate):
            hint = "put the timestamp authority's root certificate there"
            raise ConfigError(f"{subject_of(certificate)} is no root", path=folder, hint=hint)
        if not is_authority(certificate) and not is_self_signed(certificate):
            hint = "put the root or an intermediate certificate there"
            raise ConfigError(f"{subject_of(certificate)} is no certificate authority", path=folder, hint=hint)
    return tuple(found)


def read_certificates(path: Path) -> list[x509.Certificate]:
    """The certificates in a PEM or DER file. Errors: `ConfigError`."""
    content = read_bounded(path)
    try:
        if b"-----BEGIN" not in content:
            return [read_certificate(content)]
        ders = [certificate.public_bytes(Encoding.DER) for certificate in x509.load_pem_x509_certificates(content)]
        return [read_certificate(der) for der in ders]
    except (BadChainError, ValueError) as error:
        hint = "only certificates in PEM or DER form belong there"
        raise ConfigError(f"the certificate cannot be read: {str(error)[:120]}", path=path, hint=hint) from None


def read_bounded(path: Path) -> bytes:
    """A file of a size that such files have. Errors: `ConfigError`."""
    try:
        if not path.is_file():
            raise ConfigError("it is no regular file", path=path, hint=_HINT)
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise ConfigError(f"it cannot be read: {error.strerror}", path=path) from None
    if len(content) > MAX_FILE_BYTES:
        raise ConfigError(f"it is larger than {MAX_FILE_BYTES // 1024 // 1024} MiB", path=path)
    return content
