"""Signatures of images: which manifests are some, and what they are worth to the user's trust.

Each signature manifest was read already; its blobs are read here, each once an image and within a budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from auditor.analysis.artefacts import (
    BUNDLE,
    COSIGN_SIGNATURE,
    NOTATION,
    signature_tag_subject,
)
from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.blobs import MAX_BLOB_BYTES, MAX_IMAGE_BLOBS, ImageBlobs, Purse
from auditor.collectors.oci.distribution import Distribution, Manifest
from auditor.collectors.oci.manifests import facts_of, layers_of, texts_of
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.images import Signature
from auditor.inventory.recorder import Recorder
from auditor.signatures.cosign import SIMPLE_SIGNING
from auditor.signatures.outcome import Outcome
from auditor.signatures.verifier import SETTING, Checked, Target, Verifier, best_of

UNCHECKED = Unknown(Reason.NOT_REQUESTED, SETTING, "no trust is configured")


def signs(tags: Iterable[str], digest: str) -> bool:
    """Whether one of a manifest's tags says, in cosign's scheme, that it signs `digest`."""
    return any(signature_tag_subject(tag) == (digest, "sig") for tag in tags)


def tagged_signature(manifest: Manifest, tags: Iterable[str]) -> Signature:
    """A signature by cosign's tag scheme, not checked yet."""
    return Signature("cosign", "tag_scheme", manifest.digest, facts_of(manifest, tags).artifact_type, UNCHECKED)


def referring_signature(manifest: Manifest) -> Signature | None:
    """A manifest that refers to an image as a signature, not checked yet; None for something else or a bundle."""
    kind = facts_of(manifest).artifact_type
    if kind == NOTATION:
        return Signature("notation", "referrers", manifest.digest, kind, UNCHECKED)
    if kind == COSIGN_SIGNATURE:
        return Signature("cosign", "referrers", manifest.digest, kind, UNCHECKED)
    return None


def bundled_signature(manifest: Manifest) -> Signature:
    """A sigstore bundle that is a signature, not checked yet."""
    return Signature("cosign_bundle", "referrers", manifest.digest, facts_of(manifest).artifact_type, UNCHECKED)


def settled(signatures: Sequence[Signature]) -> bool:
    """Whether more of them would change nothing: one is verified, or there is one and none was to be checked."""
    return any(one.verification in (Known("verified"), UNCHECKED) for one in signatures)


@dataclass
class _Reader:
    """Reads the signatures of one image, within their own purse."""

    blobs: ImageBlobs
    purse: Purse = field(default_factory=lambda: Purse("signature"))

    def read(self, digest: str) -> bytes:
        """See `ImageBlobs.read`."""
        return self.blobs.read(digest, self.purse)


class SignatureChecker:
    """Checks signatures of one registry's images; safe to use from many threads.

    `host`: of the registry, which names its repositories in signatures and policies; `now`: the snapshot's time.
    """

    def __init__(
        self, registry: Distribution, recorder: Recorder, verifier: Verifier, host: str, now: datetime
    ) -> None:
        self._registry = registry
        self._recorder = recorder
        self._verifier = verifier
        self._host = host
        self._now = now

    def check(
        self,
        found: Sequence[tuple[Signature, Manifest]],
        image: Manifest,
        name: str,
        urn: str,
        blobs: ImageBlobs | None = None,
    ) -> list[Signature]:
        """The signatures of one image with their verification, sorted. `name`, `urn`: of its repository."""
        if self._verifier.asked and found:
            target = Target(image.digest, f"{self._host}/{name}", image.media_type, len(image.content))
            reader = _Reader(blobs or ImageBlobs(self._registry, name))
            found = [
                (self._verified(signature, manifest, target, reader, urn), manifest)
                for signature, manifest in sorted(found, key=lambda pair: pair[1].digest)
            ]
        return sorted((signature for signature, _ in found), key=lambda one: (one.digest, one.kind))

    def _verified(
        self, signature: Signature, manifest: Manifest, target: Target, reader: _Reader, urn: str
    ) -> Signature:
        checked = self._best(signature.kind, manifest, target, reader)
        fact = checked.fact
        self._recorder.settle(fact, f"{urn}@{signature.digest}", message=checked.detail)
        known = isinstance(fact, Known)
        return msgspec.structs.replace(
            signature, verification=fact, detail=checked.detail if known else "", signer=checked.signer
        )

    def _best(self, kind: str, manifest: Manifest, target: Target, reader: _Reader) -> Checked:
        """The best of the manifest's signatures; one good one is enough."""
        unasked = self._verifier.unasked(kind, target.repository)
        if unasked is not None:
            return unasked
        layers = layers_of(manifest)
        if kind == "notation" and len(layers) != 1:
            return Checked(Outcome("invalid", f"a notation signature has one envelope, this one has {len(layers)}"))
        outcomes = []
        for checked in self._each(kind, layers, target, reader):
            outcomes.append(checked)
            if checked.outcome.state == "verified":
                break
        return best_of(outcomes) or Checked(Outcome("invalid", "the manifest holds no signature"))

    def _each(self, kind: str, layers: list[dict[str, Any]], target: Target, reader: _Reader) -> Iterator[Checked]:
        for layer in layers:
            media_type = str(layer.get("mediaType", ""))
            if kind == "cosign" and media_type != SIMPLE_SIGNING:
                continue
            if kind == "cosign_bundle" and not media_type.startswith(BUNDLE):
                continue
            try:
                content = reader.read(str(layer.get("digest", "")))
            except CallFailedError as failure:
                fact = failure.fact
                reason = fact.reason if isinstance(fact, Unknown) else Reason.RACE_DELETED
                yield Checked(Outcome("not_checked", failure.message), reason, fact.source)
                continue
            if kind == "cosign":
                yield self._verifier.classic(content, texts_of(layer.get("annotations")), target)
            elif kind == "cosign_bundle":
                yield self._verifier.bundle(content, target)
            else:
                yield self._verifier.envelope(content, media_type, target, self._now)


__all__ = ["MAX_BLOB_BYTES", "MAX_IMAGE_BLOBS", "SignatureChecker"]
