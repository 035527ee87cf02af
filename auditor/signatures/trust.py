"""Reads `trust:` of auditor.yaml: keys, identities and their trusted root, notation's files."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
from cryptography.hazmat.primitives.serialization import Encoding

from auditor.config.settings import (
    Config,
    NotationTrustSettings,
    TrustedIdentitySettings,
    TrustedKeySettings,
    TrustSettings,
    judgement_digest,
)
from auditor.signatures.identities import TrustedIdentity
from auditor.signatures.keyless import BadRootError, KeylessTrust
from auditor.signatures.keys import MAX_PEM_BYTES, KeyUnusableError, read_key
from auditor.signatures.linear_regexp import BadPatternError, compile_pattern
from auditor.signatures.notation import Trust, read_trust
from auditor.signatures.verifier import KeyTrust, Verifier


def read_verifier(config: Config) -> Verifier:
    """The verifier of a configuration; one that checks nothing where no trust is configured.

    Errors: `ConfigError` for a key, policy, store or list that cannot be used.
    """
    settings = config.settings.trust
    if settings is None:
        return Verifier()
    keys = tuple(_key(config, number, one) for number, one in enumerate(settings.keys))
    notation = _notation(config, settings.notation) if settings.notation is not None else None
    keyless, root_digest = _keyless(config, settings)
    decides = [
        msgspec.to_builtins(settings),
        [one.key.fingerprint for one in keys],
        _digests(config, settings.notation, notation) if settings.notation is not None and notation else [],
        root_digest,
    ]
    return Verifier(keys, notation, judgement_digest(decides), keyless)


def _key(config: Config, number: int, settings: TrustedKeySettings) -> KeyTrust:
    at = f"/trust/keys/{number}/file"
    path = config.resolve(settings.file)
    try:
        with path.open("rb") as file:
            key = read_key(file.read(MAX_PEM_BYTES + 1), settings.name or path.name)
    except OSError as error:
        raise config.error(at, f"the key {settings.file} cannot be read: {error.strerror}") from None
    except KeyUnusableError as error:
        hint = "cosign public-key --key KEY writes one"
        raise config.error(at, f"the key {settings.file} cannot be used: {error}", hint) from None
    return KeyTrust(key, tuple(settings.repositories))


def _keyless(config: Config, settings: TrustSettings) -> tuple[KeylessTrust, str]:
    """Who is trusted without a key, and the digest of the trusted root."""
    identities = tuple(_identity(config, number, one) for number, one in enumerate(settings.identities))
    if settings.trusted_root is None:
        return KeylessTrust(identities), ""
    from auditor.signatures.keyless_sigstore import read_root  # loads sigstore, which takes most of a second

    try:
        root, digest = read_root(config.resolve(settings.trusted_root))
    except BadRootError as error:
        at, hint = "/trust/trusted_root", "give sigstore's trusted_root.json; cosign trusted-root create makes one"
        raise config.error(at, f"the trusted root {settings.trusted_root} {error}", hint) from None
    return KeylessTrust(identities, root), digest


def _identity(config: Config, number: int, settings: TrustedIdentitySettings) -> TrustedIdentity:
    repositories = tuple(settings.repositories)
    if settings.identity_regexp is None:
        return TrustedIdentity(settings.issuer, settings.identity or "", None, repositories)
    try:
        pattern = compile_pattern(settings.identity_regexp)
    except BadPatternError as error:
        at = f"/trust/identities/{number}/identity_regexp"
        raise config.error(at, f"the pattern cannot be used: {error}") from None
    return TrustedIdentity(settings.issuer, "", pattern, repositories)


def _notation(config: Config, settings: NotationTrustSettings) -> Trust:
    """Errors in the files themselves name these files; a path that leads nowhere names the line of auditor.yaml."""
    policy, store = config.resolve(settings.policy), config.resolve(settings.store)
    lists = [config.resolve(name) for name in settings.revocation_lists]
    if not policy.is_file():
        raise config.error("/trust/notation/policy", f"the trust policy {settings.policy} is no file")
    if not store.is_dir():
        raise config.error("/trust/notation/store", f"the trust store {settings.store} is no directory")
    for number, path in enumerate(lists):
        if not path.is_file():
            at = f"/trust/notation/revocation_lists/{number}"
            raise config.error(at, f"the revocation list {settings.revocation_lists[number]} is no file")
    return read_trust(policy, store, lists)


def _digests(config: Config, settings: NotationTrustSettings, trust: Trust) -> list[str]:
    """Of every file that decides."""
    files = [_sha256(config.resolve(name)) for name in (settings.policy, *settings.revocation_lists)]
    certificates = [
        f"{store} {hashlib.sha256(certificate.public_bytes(Encoding.DER)).hexdigest()}"
        for store in sorted(trust.store.certificates)
        for certificate in trust.store.certificates[store]
    ]
    return files + certificates


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
