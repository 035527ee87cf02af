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
    bundle_is_signature,
    signature_tag_subject,
)
from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.distribution import Distribution, Manifest
from auditor.collectors.oci.manifests import facts_of, texts_of
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Signature
from auditor.inventory.recorder import Recorder
from auditor.signatures.cosign import SIMPLE_SIGNING
from auditor.signatures.outcome import Outcome
from auditor.signatures.verifier import SETTING, Checked, Target, Verifier, best_of

GET_BLOB = "oci:GetBlob"
MAX_BLOB_BYTES = 16 * 1024 * 1024
MAX_IMAGE_BYTES = 64 * 1024 * 1024
"""Of all signatures of one image together."""
MAX_IMAGE_BLOBS = 200
MAX_KEPT_BYTES = 128 * 1024
"""A blob up to this size is kept while the image is checked: two keys' signatures share their payload."""
UNCHECKED = Unknown(Reason.NOT_REQUESTED, SETTING, "no trust is configured")


def signs(tags: Iterable[str], digest: str) -> bool:
    """Whether one of a manifest's tags says, in cosign's scheme, that it signs `digest`."""
    return any(signature_tag_subject(tag) == (digest, "sig") for tag in tags)


def tagged_signature(manifest: Manifest, tags: Iterable[str]) -> Signature:
    """A signature by cosign's tag scheme, not checked yet."""
    return Signature("cosign", "tag_scheme", manifest.digest, facts_of(manifest, tags).artifact_type, UNCHECKED)


def referring_signature(manifest: Manifest) -> Signature | None:
    """A manifest that refers to an image as a signature, not checked yet; None where it is something else."""
    kind = facts_of(manifest).artifact_type
    if kind == NOTATION:
        return Signature("notation", "referrers", manifest.digest, kind, UNCHECKED)
    if kind == COSIGN_SIGNATURE:
        return Signature("cosign", "referrers", manifest.digest, kind, UNCHECKED)
    if kind.startswith(BUNDLE) and bundle_is_signature(texts_of(manifest.document.get("annotations"))):
        return Signature("cosign_bundle", "referrers", manifest.digest, kind, UNCHECKED)
    return None


def settled(signatures: Sequence[Signature]) -> bool:
    """Whether more of them would change nothing: one is verified, or there is one and none was to be checked."""
    return any(one.verification in (Known("verified"), UNCHECKED) for one in signatures)


def _by_any_name(checked: list[Checked]) -> Checked:
    """What one signature is worth, checked by each name of its repository.

    That a policy says nothing of one name does not hide what it says of another.
    """
    asked = [one for one in checked if not _unasked(one)]
    return best_of(asked) or checked[0]


def _unasked(checked: Checked) -> bool:
    return checked.outcome.state == "not_checked" and checked.reason is Reason.NOT_REQUESTED


@dataclass
class _Budget:
    """What may still be read for one image, and what was."""

    bytes_left: int = MAX_IMAGE_BYTES
    blobs_left: int = MAX_IMAGE_BLOBS
    kept: dict[str, bytes] = field(default_factory=dict)


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
        self, found: Sequence[tuple[Signature, Manifest]], image: Manifest, name: str, urn: str
    ) -> list[Signature]:
        """The signatures of one image with their verification, sorted. `name`, `urn`: of its repository."""
        if self._verifier.asked and found:
            targets = [
                Target(image.digest, f"{host}/{name}", image.media_type, len(image.content))
                for host in dict.fromkeys(self._hosts)
            ]
            budget = _Budget()
            found = [
                (self._verified(signature, manifest, targets, budget, name, urn), manifest)
                for signature, manifest in sorted(found, key=lambda pair: pair[1].digest)
            ]
        return sorted((signature for signature, _ in found), key=lambda one: (one.digest, one.kind))

    def _verified(
        self, signature: Signature, manifest: Manifest, targets: list[Target], budget: _Budget, name: str, urn: str
    ) -> Signature:
        checked = self._best(signature.kind, manifest, targets, budget, name)
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

    def _best(self, kind: str, manifest: Manifest, targets: list[Target], budget: _Budget, name: str) -> Checked:
        """The best of the manifest's signatures, by any name of the repository; one good one is enough."""
        unasked = [self._verifier.unasked(kind, target.repository) for target in targets]
        if unasked[0] is not None and None not in unasked:
            return unasked[0]
        # A name that nobody is trusted for decides nothing beside one that somebody is.
        targets = [target for target, why in zip(targets, unasked, strict=True) if why is None]
        layers = manifest.document.get("layers")
        layers = [layer for layer in layers if isinstance(layer, dict)] if isinstance(layers, list) else []
        if kind == "notation" and len(layers) != 1:
            return Checked(Outcome("invalid", f"a notation signature has one envelope, this one has {len(layers)}"))
        outcomes = []
        for checked in self._each(kind, layers, targets, budget, name):
            outcomes.append(checked)
            if checked.outcome.state == "verified":
                break
        return best_of(outcomes) or Checked(Outcome("invalid", "the manifest holds no signature"))

    def _each(
        self, kind: str, layers: list[dict[str, Any]], targets: list[Target], budget: _Budget, name: str
    ) -> Iterator[Checked]:
        for layer in layers:
            media_type = str(layer.get("mediaType", ""))
            if kind == "cosign" and media_type != SIMPLE_SIGNING:
                continue
            if kind == "cosign_bundle" and not media_type.startswith(BUNDLE):
                continue
            try:
                content = self._blob(name, str(layer.get("digest", "")), budget)
            except CallFailedError as failure:
                fact = failure.fact
                reason = fact.reason if isinstance(fact, Unknown) else Reason.RACE_DELETED
                yield Checked(Outcome("not_checked", failure.message), reason, fact.source)
                continue
            yield _by_any_name([self._checked(kind, layer, media_type, content, target) for target in targets])

    def _checked(self, kind: str, layer: dict[str, Any], media_type: str, content: bytes, target: Target) -> Checked:
        if kind == "cosign":
            return self._verifier.classic(content, texts_of(layer.get("annotations")), target)
        if kind == "cosign_bundle":
            return self._verifier.bundle(content, target)
        return self._verifier.envelope(content, media_type, target, self._now)

    def _blob(self, name: str, digest: str, budget: _Budget) -> bytes:
        """A signature's content. Errors: `CallFailedError`, also for more than one image's signatures may cost."""
        if digest in budget.kept:
            return budget.kept[digest]
        if budget.bytes_left <= 0 or budget.blobs_left <= 0:
            raise CallFailedError(
                Unknown(Reason.TRUNCATED, GET_BLOB, "too many"), "the image has more signatures than are read"
            )
        budget.blobs_left -= 1
        content = self._registry.blob(name, digest, min(MAX_BLOB_BYTES, budget.bytes_left))
        if content is None:
            raise CallFailedError(
                Unknown(Reason.RACE_DELETED, GET_BLOB, "BLOB_UNKNOWN"),
                "the registry does not have the signature's blob",
            )
        budget.bytes_left -= len(content)
        if len(content) <= MAX_KEPT_BYTES:
            budget.kept[digest] = content
        return content
