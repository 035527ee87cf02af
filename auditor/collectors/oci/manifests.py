"""What a manifest says of itself. Pure: the bytes were read and hold their digest."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from auditor.analysis.artefacts import ManifestFacts, index_children
from auditor.collectors.oci.distribution import GET_MANIFEST, Manifest
from auditor.errors import InputError
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Child

MAX_LABELS = 1000
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def facts_of(manifest: Manifest, tags: Iterable[str] = ()) -> ManifestFacts:
    """What decides its kind."""
    document = manifest.document
    config, subject = document.get("config"), document.get("subject")
    own = document.get("artifactType") or (config.get("mediaType") if isinstance(config, dict) else "")
    return ManifestFacts(
        digest=manifest.digest,
        tags=tuple(tags),
        media_type=manifest.media_type,
        artifact_type=own if isinstance(own, str) else "",
        subject=str(subject.get("digest", "")) if isinstance(subject, dict) else "",
        layer_types=tuple(str(layer.get("mediaType", "")) for layer in layers_of(manifest)),
    )


def layers_of(manifest: Manifest) -> list[dict[str, Any]]:
    """The descriptors of its layers; what is none is left out."""
    layers = manifest.document.get("layers")
    return [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []


def children_of(manifest: Manifest) -> Fact[list[Child]]:
    """The manifests that an index names."""
    try:
        return Known(index_children(manifest.content.decode()), GET_MANIFEST)
    except (InputError, UnicodeDecodeError) as error:
        return Unknown(Reason.PARSE_ERROR, GET_MANIFEST, str(error))


def size_of(manifest: Manifest) -> Fact[int]:
    """Config and layers; of an index the manifests that it names."""
    document = manifest.document
    parts = [document.get("config"), *(document.get("layers") or []), *(document.get("manifests") or [])]
    described = [part.get("size") for part in parts if isinstance(part, dict)]
    sizes = [size for size in described if isinstance(size, int) and 0 <= size < 2**60]
    if not sizes or len(sizes) != len(described):
        return Unknown(Reason.PARSE_ERROR, GET_MANIFEST, "no sizes")
    return Known(sum(sizes))


def config_digest_of(manifest: Manifest) -> str:
    """The digest of the config; empty where the manifest names none."""
    config = manifest.document.get("config")
    digest = config.get("digest") if isinstance(config, dict) else None
    return digest if isinstance(digest, str) and _DIGEST.fullmatch(digest) else ""


def texts_of(value: Any) -> dict[str, str]:
    """Labels or annotations, bounded; empty for what is no object."""
    if not isinstance(value, dict):
        return {}
    return {str(k)[:256]: str(v)[:4096] for k, v in list(value.items())[:MAX_LABELS]}
