"""Public keys and what they may verify: ECDSA on P-256, P-384 and P-521, Ed25519, RSA from 2048 bits.

Hashes: SHA-256, which cosign takes for every key unless told otherwise, and the curve's own. SHA-1 never.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

MIN_RSA_BITS = 2048
MAX_RSA_BITS = 8192
MAX_PEM_BYTES = 64 * 1024

PublicKey = ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey
_CURVES: dict[str, tuple[hashes.HashAlgorithm, ...]] = {
    "secp256r1": (hashes.SHA256(),),
    "secp384r1": (hashes.SHA256(), hashes.SHA384()),
    "secp521r1": (hashes.SHA256(), hashes.SHA512()),
}


class KeyUnusableError(ValueError):
    """A key that is no public key, or too weak; the text says why."""


@dataclass(frozen=True)
class TrustedKey:
    """A key that the user trusts. `fingerprint`: SHA-256 of its DER SubjectPublicKeyInfo, hexadecimal."""

    name: str
    key: PublicKey
    fingerprint: str


def read_key(content: bytes, name: str) -> TrustedKey:
    """A PEM public key. Errors: `KeyUnusableError`."""
    if len(content) > MAX_PEM_BYTES:
        raise KeyUnusableError(f"it is larger than {MAX_PEM_BYTES // 1024} KiB")
    if b"PRIVATE KEY" in content:
        raise KeyUnusableError("it is a private key: give the public one (cosign.pub)")
    try:
        key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnusableError(f"it is no PEM public key: {error}") from None
    return trusted_key(key, name)


def trusted_key(key: object, name: str) -> TrustedKey:
    """A key of a kind and strength that counts. Errors: `KeyUnusableError`."""
    if isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name not in _CURVES:
            raise KeyUnusableError(f"the curve {key.curve.name} is not accepted")
    elif isinstance(key, rsa.RSAPublicKey):
        if not MIN_RSA_BITS <= key.key_size <= MAX_RSA_BITS:
            raise KeyUnusableError(f"RSA with {key.key_size} bits is not accepted")
    elif not isinstance(key, ed25519.Ed25519PublicKey):
        raise KeyUnusableError(f"keys of the kind {type(key).__name__} are not accepted")
    der = key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return TrustedKey(name, key, hashlib.sha256(der).hexdigest())


def verifies(key: PublicKey, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is the key's over `message`. RSA is PKCS #1 v1.5, as cosign signs."""
    if isinstance(key, ed25519.Ed25519PublicKey):
        return _holds(lambda: key.verify(signature, message))
    if isinstance(key, rsa.RSAPublicKey):
        return _holds(lambda: key.verify(signature, message, padding.PKCS1v15(), hashes.SHA256()))
    return any(
        _holds(lambda algorithm=algorithm: key.verify(signature, message, ec.ECDSA(algorithm)))
        for algorithm in _CURVES[key.curve.name]
    )


def _holds(check: object) -> bool:
    try:
        check()  # type: ignore[operator]
    except (InvalidSignature, ValueError):
        return False
    return True
