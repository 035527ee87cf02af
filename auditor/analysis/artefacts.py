"""What a manifest is: image, index, signature, attestation, SBOM or something else; and what signs what.

Source: OCI image-spec 1.1 (subject, artifactType), cosign's tag scheme and bundle media types, the notation
signature specification, BuildKit's attestation storage. The manifest decides; lists are only hints.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from auditor.errors import InputError
from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.images import Child, Signature

Kind = Literal["image", "index", "signature", "attestation", "sbom", "artefact", "referrers_index"]
NOTATION = "application/vnd.cncf.notary.signature"
BUNDLE = "application/vnd.dev.sigstore.bundle"
COSIGN_SIGNATURE = "application/vnd.dev.cosign.artifact.sig.v1+json"
COSIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
MAX_CHILDREN = 10_000

_TAG_SCHEME = re.compile(r"sha256-([0-9a-f]{64})(?:\.(sig|att|sbom))?")
_INDEX_TYPES = {
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
}
_IMAGE_TYPES = {
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
}
_SBOM = re.compile(r"(application|text)/(spdx|vnd\.cyclonedx|vnd\.syft)\b.*")
_ATTESTATION = re.compile(r"application/(vnd\.in-toto|vnd\.dsse)\b.*")
_BY_SUFFIX: dict[str, Kind] = {"sig": "signature", "att": "attestation", "sbom": "sbom"}


@dataclass(frozen=True)
class ManifestFacts:
    """What a registry lists of a manifest; empty text where it says nothing."""

    digest: str
    tags: tuple[str, ...]
    media_type: str
    artifact_type: str
    subject: str
    layer_types: tuple[str, ...] = ()
    """Media types of its layers; empty where they were not read."""


def signature_tag_subject(tag: str) -> tuple[str, str] | None:
    """(digest, suffix) of a tag of cosign's scheme or of the referrers fallback (no suffix).

    >>> signature_tag_subject("sha256-" + "a" * 64 + ".sig")[1]
    'sig'
    >>> signature_tag_subject("v1.sig") is None
    True
    """
    found = _TAG_SCHEME.fullmatch(tag)
    return (f"sha256:{found.group(1)}", found.group(2) or "") if found else None


def classify(manifest: ManifestFacts) -> Kind:
    """The kind of one manifest."""
    for tag in manifest.tags:
        scheme = signature_tag_subject(tag)
        if scheme:
            return _BY_SUFFIX.get(scheme[1], "referrers_index")
    return _by_own_type(manifest) or _by_layers(manifest) or _by_form(manifest)


def _by_own_type(manifest: ManifestFacts) -> Kind | None:
    kind = manifest.artifact_type
    if kind in (NOTATION, COSIGN_SIGNATURE):
        return "signature"
    if kind.startswith(BUNDLE):
        # A bundle holds a signature or an attestation; without its annotations that cannot be told.
        return "artefact"
    if is_sbom_type(kind):
        return "sbom"
    return "attestation" if is_statement_type(kind) else None


def _by_layers(manifest: ManifestFacts) -> Kind | None:
    if manifest.layer_types and all(map(is_statement_type, manifest.layer_types)):
        # BuildKit stores its statements in what else looks like an image.
        return "attestation"
    if manifest.subject and any(map(is_sbom_type, manifest.layer_types)):
        return "sbom"
    return None


def _by_form(manifest: ManifestFacts) -> Kind:
    kind = manifest.artifact_type
    if manifest.subject:
        return "artefact"
    if manifest.media_type in _INDEX_TYPES:
        return "index"
    return "image" if not kind or kind in _IMAGE_TYPES else "artefact"


def is_sbom_type(media_type: str) -> bool:
    """Whether a media type is one of a bill of materials: SPDX, CycloneDX or Syft's own."""
    return bool(_SBOM.fullmatch(media_type))


def is_statement_type(media_type: str) -> bool:
    """Whether a media type is one of an in-toto statement, bare or in a DSSE envelope."""
    return bool(_ATTESTATION.fullmatch(media_type))


@dataclass(frozen=True)
class Found:
    """Signatures by the digest they belong to, and digests whose bundles may be signatures or not."""

    signatures: dict[str, list[Signature]]
    ambiguous: frozenset[str]


def signatures_of(manifests: Iterable[ManifestFacts]) -> Found:
    """Match signatures with what they sign, from the tag scheme and from subjects."""
    signatures: dict[str, list[Signature]] = {}
    ambiguous: set[str] = set()
    for manifest in manifests:
        for tag in manifest.tags:
            scheme = signature_tag_subject(tag)
            if scheme and scheme[1] == "sig":
                signatures.setdefault(scheme[0], []).append(_signature("cosign", "tag_scheme", manifest))
        if not manifest.subject:
            continue
        if manifest.artifact_type == NOTATION:
            signatures.setdefault(manifest.subject, []).append(_signature("notation", "subject", manifest))
        elif manifest.artifact_type == COSIGN_SIGNATURE:
            signatures.setdefault(manifest.subject, []).append(_signature("cosign", "subject", manifest))
        elif manifest.artifact_type.startswith(BUNDLE):
            ambiguous.add(manifest.subject)
    for found in signatures.values():
        found.sort(key=lambda signature: (signature.digest, signature.kind))
    return Found(signatures, frozenset(ambiguous))


def bundle_is_signature(annotations: Mapping[str, str]) -> bool | None:
    """Whether a sigstore bundle holds a signature of the image; None where its annotations do not tell."""
    content = annotations.get("dev.sigstore.bundle.content")
    if content == "message-signature":
        return True
    if content == "dsse-envelope":
        predicate = annotations.get("dev.sigstore.bundle.predicateType")
        return None if predicate is None else predicate == COSIGN_PREDICATE
    return None


def _signature(
    kind: Literal["cosign", "notation"], via: Literal["tag_scheme", "subject"], m: ManifestFacts
) -> Signature:
    return Signature(kind, via, m.digest, m.artifact_type, unverified())


def unverified() -> Unknown:
    """Presence is not validity: a signature that was listed without its content is not verified."""
    return Unknown(Reason.NOT_REQUESTED, "read_signatures of the target", "their content was not asked for")


def index_children(text: str) -> list[Child]:
    """The manifests that an index names. Errors: `InputError` for text that is no index."""
    if len(text) > MAX_MANIFEST_BYTES:
        raise InputError(f"the index is larger than {MAX_MANIFEST_BYTES // 2**20} MiB")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the index is not JSON: {error}") from error
    entries = document.get("manifests") if isinstance(document, dict) else None
    if not isinstance(entries, list) or len(entries) > MAX_CHILDREN:
        raise InputError("the index has no usable list of manifests")
    return [_child(entry) for entry in entries]


def _child(entry: Any) -> Child:
    digest = entry.get("digest") if isinstance(entry, dict) else None
    if not isinstance(digest, str):
        raise InputError("the index names a manifest without digest")
    annotations = entry.get("annotations") or {}
    platform = entry.get("platform") or {}
    attestation = (
        isinstance(annotations, dict) and annotations.get("vnd.docker.reference.type") == "attestation-manifest"
    )
    shown = "/".join(str(platform.get(key, "unknown")) for key in ("os", "architecture")) if platform else ""
    described = str(annotations.get("vnd.docker.reference.digest", ""))[:200] if attestation else ""
    return Child(digest=digest, kind="attestation" if attestation else "image", platform=shown, describes=described)
