"""Signature algorithms that are named in an envelope and must be the one that its key stands for.

Source: Notary Project signature specification 1.1, "Signature Algorithm Requirements": one algorithm for each kind and
size of key, so that no header can choose a weaker one. RSA is PSS with a salt as long as the hash (RFC 7518, 3.5;
RFC 8230, 2); ECDSA signatures are r and s side by side (RFC 7518, 3.4; RFC 9053, 2.1).
"""

from __future__ import annotations

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

_RSA_SIZES = {2048: "PS256", 3072: "PS384", 4096: "PS512"}
_CURVES = {"secp256r1": "ES256", "secp384r1": "ES384", "secp521r1": "ES512"}
_HASHES: dict[str, hashes.HashAlgorithm] = {"256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512()}
NAMES = frozenset([*_RSA_SIZES.values(), *_CURVES.values()])


def algorithm_of(key: object) -> str:
    """The one algorithm that a public key signs with, as `PS256`; empty for a key that is not accepted."""
    if isinstance(key, rsa.RSAPublicKey):
        return _RSA_SIZES.get(key.key_size, "")
    if isinstance(key, ec.EllipticCurvePublicKey):
        return _CURVES.get(key.curve.name, "")
    return ""


def signature_holds(key: object, algorithm: str, signature: bytes, message: bytes) -> bool:
    """Whether `signature` is the key's over `message`, made with `algorithm` and no other."""
    if not algorithm or algorithm != algorithm_of(key):
        return False
    digest = _HASHES[algorithm[2:]]
    try:
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PSS(padding.MGF1(digest), padding.PSS.DIGEST_LENGTH), digest)
            return True
        if isinstance(key, ec.EllipticCurvePublicKey):
            half = (key.curve.key_size + 7) // 8
            if len(signature) != 2 * half:
                return False
            r, s = int.from_bytes(signature[:half]), int.from_bytes(signature[half:])
            key.verify(encode_dss_signature(r, s), message, ec.ECDSA(digest))
            return True
    except (InvalidSignature, ValueError):
        return False
    return False
