"""Reads the signatures of ECR's images and checks them, where the target asks for it.

Which manifests there are, with their tags and subjects, is in the list of images already. Their content is read as that
of any other registry: through the shared client, each manifest by digest and checked against it, with the same limits,
the same cache and the same verification. (BatchGetImage would give a hundred manifests a call, but only manifests: the
signatures themselves are blobs, for which the API gives an address anywhere, one a call. One way of reading serves both
and keeps every rule on where requests may go.)
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import datetime
from types import TracebackType
from typing import Self

import msgspec

from auditor.analysis.artefacts import BUNDLE, signature_tag_subject
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.ecr_login import endpoint_of, log_in, names_of
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.client import RegistryClient
from auditor.collectors.oci.attestations import Attached, sort_out
from auditor.collectors.oci.blobs import ImageBlobs
from auditor.collectors.oci.content_cache import shared_cache
from auditor.collectors.oci.distribution import Distribution, Manifest
from auditor.collectors.oci.manifests import facts_of
from auditor.collectors.oci.running import running_digests
from auditor.collectors.oci.signatures import REFERRING, SignatureChecker, settled, signs, tagged_signature
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Image, Signature
from auditor.inventory.parts import RegistryRef
from auditor.inventory.recorder import Recorder
from auditor.inventory.writing import SnapshotWriter
from auditor.signatures.verifier import shared_verifier

CALLS = frozenset({"ecr:GetAuthorizationToken", "oci:GetBlob", "oci:GetManifest", "oci:HeadManifest", "oci:Token"})
_MANIFEST = "oci:GetManifest"
_OUT_OF_SCOPE = Unknown(Reason.NOT_REQUESTED, _MANIFEST, "no tag leads to the image, and it is not known to run")
_ARCHIVED = Unknown(
    Reason.NOT_REQUESTED, "ecr:UpdateImageStorageClass", "the signature is archived: nobody can pull it"
)


class EcrSignatureReader:
    """Checks the signatures of one registry's images. Use as a context manager; safe to use from many threads.

    It logs in when there is the first signature to read. Without `read_signatures` it changes nothing.
    """

    def __init__(
        self, ecr: Caller, recorder: Recorder, settings: EcrSettings, ref: RegistryRef, writer: SnapshotWriter
    ) -> None:
        self._ecr = ecr
        self._recorder = recorder
        self._settings = settings
        self._verifier = shared_verifier(writer)
        self._cache = shared_cache(writer)
        self._now = datetime.fromisoformat(writer.now)
        self._lock = threading.Lock()
        self._client: RegistryClient | None = None
        self._opened: tuple[Distribution, SignatureChecker] | CallFailedError | None = None
        self._readable: set[str] = set()
        """Repositories of which the registry has answered a request for content in this run."""
        self._wanted = settings.read_signatures and self._verifier.asked
        if self._wanted:
            self._endpoint = endpoint_of(settings, ref)
            self._hosts = names_of(ref, self._endpoint)
            self._running: Mapping[str, list[str]] = running_digests(writer, self._hosts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._client is not None:
            self._client.__exit__(kind, error, trace)

    def read(self, name: str, urn: str, images: Fact[list[Image]]) -> Fact[list[Image]]:
        """The same images, with the signatures checked of those that a tag leads to, or that are in use.

        What an earlier snapshot said of signatures is not kept: whom the user trusts, and the time, may be others.
        """
        if not self._wanted or not isinstance(images, Known):
            return images
        found = images.value
        candidates = _candidates(found)
        named = {one.digest for one in self._settings.named if one.repository == name and one.digest}
        scope = _in_scope(found, named) | set(self._running.get(name, ()))
        checked = [
            image
            if image.digest not in candidates or image.kind not in ("image", "index")
            else msgspec.structs.replace(image, signatures=self._checked(name, urn, image, candidates[image.digest]))
            if image.digest in scope and image.status == "active"
            else msgspec.structs.replace(image, signatures=_unread(image.signatures))
            for image in found
        ]
        return Known(checked, images.source)

    # ---------------------------------------------------------------- one image
    def _checked(self, name: str, urn: str, image: Image, candidates: list[Image]) -> Fact[list[Signature]]:
        attached, referring = Attached(), list[Manifest]()
        others: list[Signature] = []
        for other in candidates:
            listed = _as_listed(other, image.digest)
            if other.status != "active":
                if listed is not None:
                    others.append(msgspec.structs.replace(listed, verification=_ARCHIVED))
                continue
            try:
                manifest = self._manifest(name, other.digest)
            except CallFailedError as failure:
                fact = self._failed(failure, f"{urn}@{other.digest}")
                if listed is None:
                    attached.unclear = fact  # a bundle: nobody knows whether it is a signature
                else:
                    others.append(msgspec.structs.replace(listed, verification=fact))
                continue
            # The manifest decides, never the list.
            if signs(other.tags, image.digest):
                attached.signatures.append((tagged_signature(manifest, other.tags), manifest))
            elif facts_of(manifest).subject == image.digest:
                referring.append(manifest)
        checked = [*self._sorted_out(name, urn, image, attached, referring), *others]
        if attached.unclear is not None and not settled(checked):
            return attached.unclear
        return Known(sorted(checked, key=lambda one: (one.digest, one.kind)), _MANIFEST)

    def _sorted_out(
        self, name: str, urn: str, image: Image, attached: Attached, referring: list[Manifest]
    ) -> list[Signature]:
        """Those of the manifests that are signatures, verified."""
        if not attached.signatures and not referring:
            return []
        blobs = ImageBlobs(self._open()[0], name)
        failure = sort_out(referring, attached, blobs)
        if failure is not None:
            attached.unclear = self._failed(failure, f"{urn}@{image.digest}")
        read = [
            (signature if signature.found_via == "tag_scheme" else _by_subject(signature), manifest)
            for signature, manifest in attached.signatures
        ]
        return self._verified(name, urn, image, read, blobs)

    def _failed(self, failure: CallFailedError, affects: str) -> Unknown:
        fact = _unknown(failure)
        self._recorder.settle(fact, affects, message=failure.message)
        return fact

    def _verified(
        self, name: str, urn: str, image: Image, read: list[tuple[Signature, Manifest]], blobs: ImageBlobs
    ) -> list[Signature]:
        if not read:
            return []
        own = Manifest(image.digest, str(getattr(image.media_type, "value", "")), b"", {})
        unsized: list[Signature] = []
        if any(signature.kind == "notation" for signature, _ in read):
            # What notation signs names the image's size as well, which no list tells.
            try:
                own = self._manifest(name, image.digest)
            except CallFailedError as failure:
                fact = self._failed(failure, f"{urn}@{image.digest}")
                unsized = [
                    msgspec.structs.replace(signature, verification=fact)
                    for signature, _ in read
                    if signature.kind == "notation"
                ]
                read = [pair for pair in read if pair[0].kind != "notation"]
        _, checker = self._open()
        return [*checker.check(read, own, name, urn, blobs), *unsized]

    def _manifest(self, name: str, digest: str) -> Manifest:
        """A manifest that the list of images has. Errors: `CallFailedError`.

        The list proves that it is there, not that we may read it: of each repository something is asked for once.
        """
        registry, _ = self._open()
        manifest = registry.manifest(name, digest, present=name in self._readable)
        self._readable.add(name)
        if manifest is None:
            fact = Unknown(Reason.RACE_DELETED, _MANIFEST, "no such manifest")
            raise CallFailedError(fact, f"{digest} was deleted while it was read")
        return manifest

    def _open(self) -> tuple[Distribution, SignatureChecker]:
        """The registry, logged in to. Errors: `CallFailedError`, the same for everybody who asks."""
        with self._lock:
            if self._opened is None:
                try:
                    login = log_in(self._ecr)
                except CallFailedError as failure:
                    self._opened = failure
                else:
                    workers = self._settings.concurrency
                    self._client = RegistryClient(self._endpoint, login, self._recorder, concurrency=workers)
                    registry = Distribution(self._client, self._cache)
                    own, *more = self._hosts
                    checker = SignatureChecker(
                        registry, self._recorder, self._verifier, own, self._now, other_hosts=more
                    )
                    self._opened = registry, checker
            if isinstance(self._opened, CallFailedError):
                raise self._opened
            return self._opened


# ---------------------------------------------------------------- the list of images
def _in_scope(images: list[Image], named: Collection[str]) -> set[str]:
    """Digests that a tag leads to, or that were named: of such images, and of the platforms of such indexes."""
    tagged = [image for image in images if image.tags or image.digest in named]
    children = {c.digest for image in tagged if isinstance(image.children, Known) for c in image.children.value}
    return children | {image.digest for image in tagged}


def _candidates(images: list[Image]) -> dict[str, list[Image]]:
    """Digest -> what may sign it, by tag or by subject."""
    found: dict[str, list[Image]] = defaultdict(list)
    for image in images:
        signed = {scheme[0] for tag in image.tags if (scheme := signature_tag_subject(tag)) and scheme[1] == "sig"}
        kind = image.artifact_type.value if isinstance(image.artifact_type, Known) else ""
        if isinstance(image.subject, Known) and (kind in REFERRING or kind.startswith(BUNDLE)):
            signed.add(image.subject.value)
        for digest in signed:
            found[digest].append(image)
    return found


def _as_listed(other: Image, digest: str) -> Signature | None:
    """What the list alone says: a signature whose content is not read; None for a bundle, which may be none."""
    artifact_type = other.artifact_type.value if isinstance(other.artifact_type, Known) else ""
    if signs(other.tags, digest):
        return Signature("cosign", "tag_scheme", other.digest, artifact_type, _OUT_OF_SCOPE)
    kind = REFERRING.get(artifact_type)
    return Signature(kind, "subject", other.digest, artifact_type, _OUT_OF_SCOPE) if kind else None


def _by_subject(signature: Signature) -> Signature:
    return msgspec.structs.replace(signature, found_via="subject")


def _unread(signatures: Fact[list[Signature]]) -> Fact[list[Signature]]:
    if not isinstance(signatures, Known):
        return signatures
    return Known(
        [Signature(one.kind, one.found_via, one.digest, one.artifact_type, _OUT_OF_SCOPE) for one in signatures.value],
        signatures.source,
    )


def _unknown(failure: CallFailedError) -> Unknown:
    fact = failure.fact
    return fact if isinstance(fact, Unknown) else Unknown(Reason.RACE_DELETED, fact.source)
