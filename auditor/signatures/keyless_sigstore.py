"""What the `sigstore` library says of a bundle, against a trusted root from a file; no network, no TUF.

The library verifies chain, certificate transparency, the log's proof and promise, the signature, and that the log's
entry is about it. Added here, as its Go twin does: authorities and logs count only for the time that the trusted root
gives them. Also, a bundle of version 0.1 needs no inclusion proof beside the log's promise, as its format says and as
classic cosign signatures have it; the library wants one. Loaded lazily: it takes most of a second.
"""

from __future__ import annotations

import hashlib
import json
import logging
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import ValidationError
from sigstore._internal.trust import KeyringPurpose
from sigstore.errors import Error
from sigstore.models import Bundle, InvalidBundle, TransparencyLogEntry, TrustedRoot
from sigstore.verify import Verifier
from sigstore_models.bundle.v1 import Bundle as BundleContent
from sigstore_models.trustroot.v1 import TrustedRoot as RootContent

from auditor.signatures.identities import Identity, NoIdentityError, identity_of
from auditor.signatures.keyless import BadRootError
from auditor.signatures.outcome import Outcome
from auditor.signatures.strict_json import strict_object

# The library warns about bundles; what is wrong with one stands in its outcome.
logging.getLogger("sigstore").addHandler(logging.NullHandler())

MAX_ROOT_BYTES = 4 * 1024 * 1024
PROBLEMS = (
    Error, ArithmeticError, AttributeError, LookupError, OSError, RecursionError, TypeError, ValueError, struct.error,
    x509.DuplicateExtension, x509.ExtensionNotFound, x509.UnsupportedGeneralNameType, InvalidSignature,
    UnsupportedAlgorithm,
)  # fmt: skip
"""What the libraries raise over bytes that a stranger chose."""
_KINDS = {True: {"dsse/0.0.1", "hashedrekord/0.0.2"}, False: {"hashedrekord/0.0.1", "hashedrekord/0.0.2"}}
"""Log entries that can be compared with a bundle, by whether it holds an envelope."""
_FORMATS = {str(one) for one in Bundle.BundleType}
_NO_PROOF = {"inclusionProof": {"logIndex": "0", "rootHash": "", "treeSize": "1", "hashes": []}}
_OLD = str(Bundle.BundleType.BUNDLE_0_1)


class _PromisedEntry(TransparencyLogEntry):
    """A log entry of which the log promised in writing that it has it."""

    def _validate(self) -> None:
        if self._inner.inclusion_promise is None or not self._inner.integrated_time:
            raise InvalidBundle("the log entry has neither an inclusion proof nor a promise with a time")

    def _verify(self, keyring: Any) -> None:
        self._verify_set(keyring)


class _PromisedBundle(Bundle):
    """A bundle of version 0.1 without inclusion proof."""

    def _verify(self) -> None:
        material = self._inner.verification_material
        chain = material.x509_certificate_chain
        if chain is None or not chain.certificates:
            raise InvalidBundle("there is no certificate")
        self._signing_certificate = x509.load_der_x509_certificate(chain.certificates[0].raw_bytes)
        self._log_entry = _PromisedEntry(material.tlog_entries[0])


class _Anybody:
    """Whom the certificate is for is judged by the caller."""

    def verify(self, cert: x509.Certificate) -> None:
        """Takes everybody."""


@dataclass(frozen=True)
class Found:
    """`identity`: who signed, where everything holds (`verified`); whether they are trusted is not judged here."""

    outcome: Outcome
    identity: Identity | None = None


class _RefusedError(ValueError):
    """A bundle with its state and the reason."""

    def __init__(self, state: Any, detail: str) -> None:
        super().__init__(detail)
        self.outcome = Outcome(state, detail)


@dataclass
class Root:
    """A trusted root. Safe to use from many threads."""

    content: RootContent
    _verifiers: dict[tuple[tuple[int, ...], ...], Verifier] = field(default_factory=dict)

    def check(self, document: dict[str, Any], payload: bytes) -> Found:
        """What a bundle, read from JSON, is worth. `payload`: what it must have signed, in an envelope or by itself."""
        try:
            bundle = _bundle(document)
            times = _times(bundle)
            self._check(bundle, payload, times)
            identity = identity_of(bundle.signing_certificate)
        except _RefusedError as refused:
            return Found(refused.outcome)
        except NoIdentityError as error:
            return Found(Outcome("invalid", str(error)))
        except PROBLEMS as error:
            return Found(Outcome("invalid", f"the bundle does not hold: {_line(error)}"))
        signed_at = min(times).strftime("%Y-%m-%dT%H:%M:%SZ")
        return Found(Outcome("verified", signed_at=signed_at), identity)

    def _check(self, bundle: Bundle, payload: bytes, times: Sequence[datetime]) -> None:
        """Errors: `_RefusedError`, and what the libraries raise."""
        certificate, entry = bundle.signing_certificate, bundle.log_entry
        key = certificate.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP256R1):
            raise _RefusedError("not_checked", "its certificate's key is not of the kind ECDSA P-256")
        stamp = _stamp(certificate)
        places = (
            _during(self.content.certificate_authorities, times),
            _during([log.public_key for log in self.content.tlogs], times),
            _during([log.public_key for log in self.content.ctlogs], [_utc(stamp.timestamp)]),
        )
        authorities, logs, transparency = places
        if not any(_issued(certificate, self.content.certificate_authorities[number]) for number in authorities):
            raise _RefusedError("untrusted", "no authority of the trusted root issued its certificate at that time")
        if entry._inner.log_id.key_id not in _ids([self.content.tlogs[number] for number in logs]):
            raise _RefusedError("untrusted", "the log that proves it is not in the trusted root for that time")
        if stamp.log_id not in _ids([self.content.ctlogs[number] for number in transparency]):
            raise _RefusedError(
                "untrusted", "its certificate is in no certificate log of the trusted root at that time"
            )
        verifier = self._verifier(places)
        if any(not certificate.not_valid_before_utc <= time <= certificate.not_valid_after_utc for time in times):
            # Only a time that a trusted log states makes it expired; else it is anybody's invention.
            entry._verify(verifier._trusted_root.rekor_keyring(KeyringPurpose.VERIFY))
            raise _RefusedError(
                "expired", f"its certificate was not valid at {times[0]:%Y-%m-%d %H:%M:%S}, when it signed"
            )
        if bundle._dsse_envelope is None:
            verifier.verify_artifact(payload, bundle, _Anybody())
        elif verifier.verify_dsse(bundle, _Anybody())[1] != payload:
            raise _RefusedError("invalid", "what it signs is not what its envelope says")

    def _verifier(self, places: tuple[tuple[int, ...], ...]) -> Verifier:
        """A verifier that knows only some authorities and logs, by their places in the root."""
        if places not in self._verifiers:
            authorities, logs, transparency = places
            part = self.content.model_copy(
                update={
                    "certificate_authorities": [self.content.certificate_authorities[number] for number in authorities],
                    "tlogs": [self.content.tlogs[number] for number in logs],
                    "ctlogs": [self.content.ctlogs[number] for number in transparency],
                }
            )
            self._verifiers[places] = Verifier(trusted_root=TrustedRoot(part))
        return self._verifiers[places]


def read_root(path: Path) -> tuple[Root, str]:
    """A trusted root from a file, and the SHA-256 of the file. Errors: `BadRootError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_ROOT_BYTES + 1)
        document = strict_object(content, MAX_ROOT_BYTES)
        for kind in ("certificateAuthorities", "timestampAuthorities"):
            for one in document.get(kind, []):
                # Names are for people, and protobuf leaves empty ones out; the library wants them there.
                one["subject"] = {"organization": "", "commonName": ""} | one.get("subject", {})
        root = RootContent.from_json(json.dumps(document))
        trusted = TrustedRoot(root)
        Verifier(trusted_root=trusted)
        _ = [trusted.rekor_keyring(KeyringPurpose.VERIFY), trusted.ct_keyring(KeyringPurpose.VERIFY)]
    except OSError as error:
        raise BadRootError(f"cannot be read: {error.strerror}") from None
    except PROBLEMS as error:
        raise BadRootError(f"cannot be used: {_line(error)}") from None
    return Root(root), hashlib.sha256(content).hexdigest()


def _bundle(document: dict[str, Any]) -> Bundle:
    """A bundle of a form that can be checked. Errors: `_RefusedError`, and what the libraries raise."""
    try:
        inner = BundleContent.from_json(json.dumps(_completed(document)))
    except ValidationError as error:
        if all(one["type"] == "extra_forbidden" for one in error.errors()):
            raise _RefusedError("not_checked", "the bundle has parts that are not understood") from None
        raise
    if inner.media_type not in _FORMATS:
        raise _RefusedError("not_checked", "the bundle is of a version that is not understood")
    entries = inner.verification_material.tlog_entries
    if not entries:
        raise _RefusedError("invalid", "it has no proof of a transparency log")
    if len(entries) > 1:
        raise _RefusedError("not_checked", f"it is in {len(entries)} logs at once, which is not understood")
    kind = f"{entries[0].kind_version.kind}/{entries[0].kind_version.version}"
    if kind not in _KINDS[inner.dsse_envelope is not None]:
        raise _RefusedError("not_checked", f"its log entry is of the type {kind[:80]!r}, which is not understood")
    proof = entries[0].inclusion_proof
    promised = inner.media_type == _OLD and (proof is None or not proof.checkpoint)
    return (_PromisedBundle if promised else Bundle)(inner)


def _completed(document: dict[str, Any]) -> dict[str, Any]:
    """A bundle of version 0.1 with an empty proof where it has none, since the library's model has no other place."""
    material = document.get("verificationMaterial")
    entries = material.get("tlogEntries") if isinstance(material, dict) else None
    if document.get("mediaType") != _OLD or not isinstance(material, dict) or not isinstance(entries, list):
        return document
    return {
        **document,
        "verificationMaterial": {
            **material,
            "tlogEntries": [_NO_PROOF | one if isinstance(one, dict) else one for one in entries],
        },
    }


def _times(bundle: Bundle) -> list[datetime]:
    """When it was signed: by the log's promise, else by the timestamps. None of them is proven here."""
    entry = bundle.log_entry._inner
    if entry.integrated_time and entry.inclusion_promise:
        return [datetime.fromtimestamp(entry.integrated_time, UTC)]
    stamps = bundle.verification_material.timestamp_verification_data
    found = [stamp.tst_info.gen_time for stamp in stamps.rfc3161_timestamps] if stamps else []
    if not found:
        raise _RefusedError("invalid", "neither the log nor a timestamp says when it was signed")
    return [_utc(time) for time in found]


def _stamp(certificate: x509.Certificate) -> Any:
    """The certificate log's receipt in a certificate."""
    try:
        kind = x509.PrecertificateSignedCertificateTimestamps
        stamps = list(certificate.extensions.get_extension_for_class(kind).value)
    except x509.ExtensionNotFound:
        stamps = []
    if len(stamps) != 1:
        raise _RefusedError(
            "invalid", f"its certificate has {len(stamps)} receipts of a certificate log instead of one"
        )
    return stamps[0]


def _during(things: Sequence[Any], times: Sequence[datetime]) -> tuple[int, ...]:
    """The places of those that the root trusts at all those times."""
    found = []
    for number, thing in enumerate(things):
        period = thing.valid_for
        start, end = (period.start, period.end) if period is not None else (None, None)
        if all((start is None or start <= time) and (end is None or time <= end) for time in times):
            found.append(number)
    return tuple(found)


def _issued(certificate: x509.Certificate, authority: Any) -> bool:
    for content in authority.cert_chain.certificates:
        try:
            certificate.verify_directly_issued_by(x509.load_der_x509_certificate(content.raw_bytes))
        except PROBLEMS:
            continue
        return True
    return False


def _ids(logs: Sequence[Any]) -> set[bytes]:
    """What logs are called: as the root says, and by their key, as the specification says."""
    found = {hashlib.sha256(log.public_key.raw_bytes).digest() for log in logs}
    return found | {log.log_id.key_id for log in logs if log.log_id is not None}


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time


def _line(error: BaseException) -> str:
    """An error of a library, which may quote a stranger, in one short line."""
    text = str(error)
    if isinstance(error, ValidationError):
        first = error.errors(include_input=False, include_url=False)[0]
        text = f"{'.'.join(str(step) for step in first['loc'])}: {first['msg']}"
    text = " ".join(text.split())[:200]
    return "".join(character if character.isprintable() else "?" for character in text) or type(error).__name__
