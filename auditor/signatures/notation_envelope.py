"""What a notation signature envelope says, whichever of the two formats it has.

Source: Notary Project signature specification 1.1 ("Signed Attributes", "Unsigned Attributes", "Signing Scheme").
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from auditor.signatures.algorithms import NAMES
from auditor.signatures.dsse import BadEnvelopeError
from auditor.signatures.strict_json import NotStrictError, strict_object

PAYLOAD_TYPE = "application/vnd.cncf.notary.payload.v1+json"
MAX_ENVELOPE_BYTES = 1024 * 1024
MAX_TIMESTAMP_BYTES = 128 * 1024

SCHEME = "io.cncf.notary.signingScheme"
EXPIRY = "io.cncf.notary.expiry"
SIGNING_TIME = "io.cncf.notary.signingTime"
AUTHENTIC_TIME = "io.cncf.notary.authenticSigningTime"
TIMESTAMP = "io.cncf.notary.timestampSignature"
PLUGIN = "io.cncf.notary.verificationPlugin"
PLUGIN_VERSION = "io.cncf.notary.verificationPluginMinVersion"
X509 = "notary.x509"
SIGNING_AUTHORITY = "notary.x509.signingAuthority"

AWS_SIGNER = "com.amazonaws.signer.notation.plugin"
AWS_PROFILE = "com.amazonaws.signer.signingProfileVersion"
AWS_JOB = "com.amazonaws.signer.signingJob"
AWS_ALIAS = "com.amazonaws.signer.signingProfileAlias"

_UNDERSTOOD: Mapping[str, frozenset[str]] = {"": frozenset(), AWS_SIGNER: frozenset([AWS_PROFILE, AWS_JOB, AWS_ALIAS])}
"""Critical attributes beside the specification's own, by the plugin that they belong to."""


@dataclass(frozen=True)
class Signed:
    """An envelope's parts, none of them verified. `chain`: DER, the leaf first; `plugin`: the one it asks for."""

    algorithm: str
    payload: bytes
    message: bytes
    signature: bytes
    chain: tuple[bytes, ...]
    scheme: str
    signing_time: datetime
    expiry: datetime | None
    plugin: str
    attributes: Mapping[str, Any]
    timestamp: bytes

    @property
    def authentic_time(self) -> datetime | None:
        """When it was signed, where the scheme makes the signer answer for it."""
        return self.signing_time if self.scheme == SIGNING_AUTHORITY else None


@dataclass(frozen=True)
class Target:
    """What is audited. `digest`: `sha256:…`; `repository`: `host/path`; media type and size where they are known."""

    digest: str
    repository: str
    media_type: str = ""
    size: int | None = None


@dataclass(frozen=True)
class Attributes:
    """The signed attributes that both formats share, after their rules were checked."""

    scheme: str
    signing_time: datetime
    expiry: datetime | None
    plugin: str


def check_attributes(protected: Mapping[Any, Any], critical: list[Any], known: frozenset[Any]) -> Attributes:
    """Hold the signed attributes to the specification.

    `protected`: by name, with times as `datetime`; `known`: labels of the format itself, which are never critical.
    Errors: `BadEnvelopeError`, also for a critical attribute that nobody here understands.
    """
    scheme, time_name = _scheme(protected)
    needed = {SCHEME} | ({AUTHENTIC_TIME} if scheme == SIGNING_AUTHORITY else set())
    needed |= {EXPIRY} if EXPIRY in protected else set()
    seen: list[Any] = []
    for name in critical:
        if isinstance(name, bool) or name in seen:
            raise BadEnvelopeError("the list of critical attributes is wrong")
        seen.append(name)
    lacking = sorted(needed - set(seen))
    if lacking:
        raise BadEnvelopeError(f"the attribute {lacking[0]} is not marked as critical")
    plugin = _plugin(protected, seen)
    for name in seen:
        if name in known or name not in protected:
            raise BadEnvelopeError(f"the attribute {str(name)[:80]} is marked as critical but is not there")
        if name not in needed | {PLUGIN, PLUGIN_VERSION} and name not in _UNDERSTOOD.get(plugin, {name}):
            raise BadEnvelopeError(f"the critical attribute {str(name)[:80]!r} is not understood")
    signing_time, expiry = protected[time_name], protected.get(EXPIRY)
    if expiry is not None and expiry <= signing_time:
        raise BadEnvelopeError("it expires before it was signed")
    return Attributes(scheme, signing_time, expiry, plugin)


def _scheme(protected: Mapping[Any, Any]) -> tuple[str, str]:
    """The signing scheme, and the name of its time."""
    scheme = protected.get(SCHEME)
    if scheme not in (X509, SIGNING_AUTHORITY) or not isinstance(scheme, str):
        raise BadEnvelopeError(f"the signing scheme {str(scheme)[:80]!r} is not known")
    wanted, other = (SIGNING_TIME, AUTHENTIC_TIME) if scheme == X509 else (AUTHENTIC_TIME, SIGNING_TIME)
    if wanted not in protected:
        raise BadEnvelopeError(f"the attribute {wanted} is missing")
    if other in protected:
        raise BadEnvelopeError(f"the attribute {other} does not go with the scheme {scheme}")
    return scheme, wanted


def _plugin(protected: Mapping[Any, Any], critical: list[Any]) -> str:
    """The plugin that the signature asks for, or the empty string."""
    for name in (PLUGIN, PLUGIN_VERSION):
        value = protected.get(name)
        if name in protected and (name not in critical or not isinstance(value, str) or not value.strip()):
            raise BadEnvelopeError(f"the attribute {name} is not a critical text")
    return str(protected.get(PLUGIN, ""))[:200]


def check_algorithm(name: object) -> str:
    """The algorithm's name. Errors: `BadEnvelopeError`."""
    if not isinstance(name, str) or name not in NAMES:
        raise BadEnvelopeError(f"the algorithm {str(name)[:40]!r} is not accepted")
    return name


def check_payload(payload: bytes, target: Target) -> None:
    """Whether the signed descriptor is of what is audited. Errors: `BadEnvelopeError`."""
    try:
        document = strict_object(payload, MAX_ENVELOPE_BYTES)
    except NotStrictError as error:
        raise BadEnvelopeError(f"the payload cannot be read: {error}") from None
    artifact = document.get("targetArtifact")
    if not isinstance(artifact, dict):
        raise BadEnvelopeError("the payload has no targetArtifact")
    digest, kind, size = (artifact.get(key) for key in ("digest", "mediaType", "size"))
    if digest != target.digest:
        raise BadEnvelopeError(f"it signs {str(digest)[:80]}, another digest")
    if not isinstance(kind, str) or not kind or not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise BadEnvelopeError("the signed descriptor lacks mediaType or size")
    if target.media_type and kind != target.media_type:
        raise BadEnvelopeError(f"it signs the media type {kind[:80]!r}, not {target.media_type}")
    if target.size is not None and size != target.size:
        raise BadEnvelopeError(f"it signs {size} bytes, not {target.size}")
