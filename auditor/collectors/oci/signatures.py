"""Signatures of images: which manifests are some, and what they are worth to the user's trust.

Each signature manifest was read already; its blobs are read here, each once an image and within a budget.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import msgspec

from auditor.analysis.artefacts import (
    BUNDLE,
    COSIGN_SIGNATURE,
    NOTATION,
    signature_tag_subject,
)
from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.blobs import GET_BLOB, MAX_BLOB_BYTES, MAX_IMAGE_BLOBS, ImageBlobs, Purse
from auditor.collectors.oci.distribution import Distribution, Manifest
from auditor.collectors.oci.manifests import facts_of, layers_of, texts_of
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Signature
from auditor.inventory.recorder import Recorder
from auditor.signatures.cosign import SIMPLE_SIGNING
from auditor.signatures.outcome import Outcome
from auditor.signatures.verifier import SETTING, Checked, Target, Verifier, best_of

REFERRING: dict[str, Literal["notation", "cosign"]] = {NOTATION: "notation", COSIGN_SIGNATURE: "cosign"}
"""The artifact types that are signatures by themselves; of a bundle its content decides."""
UNCHECKED = Unknown(Reason.NOT_REQUESTED, SETTING, "no trust is configured")


def signs(tags: Iterable[str], digest: str) -> bool:
    """Whether one of a manifest's tags says, in cosign's scheme, that it signs `digest`."""
    return any(signature_tag_subject(tag) == (digest, "sig") for tag in tags)


def tagged_signature(manifest: Manifest, tags: Iterable[str]) -> Signature:
    """A signature by cosign's tag scheme, not checked yet."""
    return Signature("cosign", "tag_scheme", manifest.digest, facts_of(manifest, tags).artifact_type, UNCHECKED)


def referring_signature(manifest: Manifest) -> Signature | None:
    """A manifest that refers to an image as a signature, not checked yet; None for something else or a bundle."""
    artifact_type = facts_of(manifest).artifact_type
    kind = REFERRING.get(artifact_type)
    return Signature(kind, "referrers", manifest.digest, artifact_type, UNCHECKED) if kind else None


def bundled_signature(manifest: Manifest) -> Signature:
    """A sigstore bundle that is a signature, not checked yet."""
    return Signature("cosign_bundle", "referrers", manifest.digest, facts_of(manifest).artifact_type, UNCHECKED)


def settled(signatures: Sequence[Signature]) -> bool:
    """Whether more of them would change nothing: one is verified, or there is one and none was to be checked."""
    return any(one.verification in (Known("verified"), UNCHECKED) for one in signatures)


def by_any_name(checked: list[Checked]) -> Checked:
    """What one signature is worth, checked by each name of its repository.

    That a policy says nothing of one name does not hide what it says of another.
    """
    asked = [one for one in checked if not _unasked(one)]
    return best_of(asked) or checked[0]


def _unasked(checked: Checked) -> bool:
    return checked.outcome.state == "not_checked" and checked.reason is Reason.NOT_REQUESTED


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

    `host`, `other_hosts`: of the registry; signatures and policies name its repositories by any of them; `now`: the
    snapshot's time.
    """

    def __init__(
        self,
        registry: Distribution,
        recorder: Recorder,
        verifier: Verifier,
        host: str,
        now: datetime,
        *,
        other_hosts: Sequence[str] = (),
    ) -> None:
        self._registry = registry
        self._recorder = recorder
        self._verifier = verifier
        self._hosts = (host, *other_hosts)
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
            targets = [
                Target(image.digest, f"{host}/{name}", image.media_type, len(image.content))
                for host in dict.fromkeys(self._hosts)
            ]
            reader = _Reader(blobs or ImageBlobs(self._registry, name))
            found = [
                (self._verified(signature, manifest, targets, reader, urn), manifest)
                for signature, manifest in sorted(found, key=lambda pair: pair[1].digest)
            ]
        return sorted((signature for signature, _ in found), key=lambda one: (one.digest, one.kind))

    def _verified(
        self, signature: Signature, manifest: Manifest, targets: list[Target], reader: _Reader, urn: str
    ) -> Signature:
        checked = self._best(signature.kind, manifest, targets, reader)
        fact = checked.fact
        self._recorder.settle(fact, f"{urn}@{signature.digest}", message=checked.detail)
        known = isinstance(fact, Known)
        kind = checked.outcome.certificate
        return msgspec.structs.replace(
            signature,
            verification=fact,
            detail=checked.detail if known else "",
            signer=checked.signer,
            certificate=Known(kind) if kind else Absent(GET_BLOB) if isinstance(fact, Known) else fact,
            signed_tag=checked.outcome.tag,
        )

    def _best(self, kind: str, manifest: Manifest, targets: list[Target], reader: _Reader) -> Checked:
        """The best of the manifest's signatures, by any name of the repository; one good one is enough."""
        unasked = [self._verifier.unasked(kind, target.repository) for target in targets]
        if unasked[0] is not None and None not in unasked:
            return unasked[0]
        # A name that nobody is trusted for decides nothing beside one that somebody is.
        targets = [target for target, why in zip(targets, unasked, strict=True) if why is None]
        layers = layers_of(manifest)
        if kind == "notation" and len(layers) != 1:
            return Checked(Outcome("invalid", f"a notation signature has one envelope, this one has {len(layers)}"))
        outcomes = []
        for checked in self._each(kind, layers, targets, reader):
            outcomes.append(checked)
            if checked.outcome.state == "verified":
                break
        return best_of(outcomes) or Checked(Outcome("invalid", "the manifest holds no signature"))

    def _each(
        self, kind: str, layers: list[dict[str, Any]], targets: list[Target], reader: _Reader
    ) -> Iterator[Checked]:
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
            yield by_any_name([self._checked(kind, layer, media_type, content, target) for target in targets])

    def _checked(self, kind: str, layer: dict[str, Any], media_type: str, content: bytes, target: Target) -> Checked:
        if kind == "cosign":
            return self._verifier.classic(content, texts_of(layer.get("annotations")), target)
        if kind == "cosign_bundle":
            return self._verifier.bundle(content, target)
        return self._verifier.envelope(content, media_type, target, self._now)


__all__ = ["MAX_BLOB_BYTES", "MAX_IMAGE_BLOBS", "SignatureChecker"]
