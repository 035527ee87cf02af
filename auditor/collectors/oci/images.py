"""Reads the images of one repository: tags, manifests, children, referrers, configs. No digest is read twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from auditor.analysis.artefacts import classify
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.collectors.oci.attestations import Attached, AttestationReader, Held, documents_by_tag, sort_out
from auditor.collectors.oci.blobs import ImageBlobs
from auditor.collectors.oci.distribution import Distribution, Manifest
from auditor.collectors.oci.manifests import GET_MANIFEST, children_of, facts_of, size_of, texts_of
from auditor.collectors.oci.signatures import SignatureChecker, settled, signs, tagged_signature
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image, ImageConfig, Signature
from auditor.inventory.recorder import Recorder

MAX_CONFIG_BYTES = 8 * 1024 * 1024


def unsupported(what: str) -> Unknown:
    """A fact that the distribution API has no notion of."""
    return Unknown(Reason.UNSUPPORTED_BY_PLATFORM, "oci", f"the distribution API has no {what}")


@dataclass
class _Repository:
    """What was found so far. Manifests by digest, tags by digest."""

    name: str
    urn: str
    tags: dict[str, list[str]] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    unread: dict[str, Unknown] = field(default_factory=dict)
    """Digests whose manifest could not be read."""
    referrers: dict[str, Fact[list[str]]] = field(default_factory=dict)
    """Subject -> digests of the manifests that the registry lists as its referrers."""
    described: dict[str, list[str]] = field(default_factory=dict)
    """Platform -> digests of the attestations that its index names for it."""


class OciImageReader:
    """Reads repositories of one registry; safe to use from many threads."""

    def __init__(
        self,
        registry: Distribution,
        recorder: Recorder,
        checker: SignatureChecker,
        attestations: AttestationReader,
        *,
        read_configs: bool,
    ) -> None:
        self._registry = registry
        self._checker = checker
        self._attestations = attestations
        self._recorder = recorder
        self._read_configs = read_configs

    def read(self, name: str, urn: str) -> Fact[list[Image]]:
        """Every image that can be reached from a tag, sorted by digest."""

        def listing() -> Known[list[str]]:
            return Known(sorted(self._registry.tags(name)))

        listed = fact_of(listing, recorder=self._recorder, affects=urn)
        if not isinstance(listed, Known):
            return listed
        found = _Repository(name, urn)
        for tag in listed.value:
            failure = self._take_tag(found, tag)
            if failure is not None:
                # A tag that cannot be resolved leaves the list of images incomplete.
                return failure
        self._take_children(found)
        self._take_referrers(found)
        return Known([self._image(found, digest) for digest in sorted(found.manifests)], GET_MANIFEST)

    # ---------------------------------------------------------------- walking
    def _take_tag(self, found: _Repository, tag: str) -> Unknown | None:
        try:
            descriptor = self._registry.resolve(found.name, tag)
            if descriptor is None:
                manifest = self._registry.manifest(found.name, tag)
                if manifest is None:
                    self._recorder.note(f"{found.name}:{tag} was deleted while it was read")
                    return None
                found.manifests.setdefault(manifest.digest, manifest)
                found.tags.setdefault(manifest.digest, []).append(tag)
                return None
        except CallFailedError as failure:
            return self._failed(failure, f"{found.urn}:{tag}")
        found.tags.setdefault(descriptor.digest, []).append(tag)
        return self._take_manifest(found, descriptor.digest)

    def _failed(self, failure: CallFailedError, affects: str) -> Unknown:
        fact = failure.fact if isinstance(failure.fact, Unknown) else Unknown(Reason.RACE_DELETED, failure.fact.source)
        self._recorder.settle(fact, affects, message=failure.message)
        return fact

    def _take_manifest(self, found: _Repository, digest: str) -> Unknown | None:
        """Read a manifest once; None where it is there."""
        if digest in found.manifests:
            return None
        if digest in found.unread:
            return found.unread[digest]
        try:
            manifest = self._registry.manifest(found.name, digest)
        except CallFailedError as failure:
            found.unread[digest] = self._failed(failure, f"{found.urn}@{digest}")
            return found.unread[digest]
        if manifest is None:
            found.unread[digest] = Unknown(Reason.RACE_DELETED, GET_MANIFEST, "no such manifest")
            return found.unread[digest]
        self._recorder.settle(Known(True), f"{found.urn}@{digest}")
        found.manifests[digest] = manifest
        return None

    def _take_children(self, found: _Repository) -> None:
        for digest in list(found.manifests):
            manifest = found.manifests[digest]
            if facts_of(manifest, ()).media_type.endswith(("image.index.v1+json", "manifest.list.v2+json")):
                children = children_of(manifest)
                for child in children.value if isinstance(children, Known) else ():
                    self._take_manifest(found, child.digest)
                    if child.describes and child.digest not in found.described.get(child.describes, ()):
                        found.described.setdefault(child.describes, []).append(child.digest)

    def _take_referrers(self, found: _Repository) -> None:
        for digest in sorted(found.manifests):
            if classify(facts_of(found.manifests[digest], found.tags.get(digest, ()))) not in ("image", "index"):
                continue
            found.referrers[digest] = fact_of(
                lambda digest=digest: self._referrers(found, digest),  # type: ignore[misc]  # bound now
                recorder=self._recorder,
                affects=f"{found.urn}@{digest}",
            )

    def _referrers(self, found: _Repository, digest: str) -> Known[list[str]]:
        """By the referrers API, else by the tag that stands in for it, which is among the tags already."""
        listed = self._registry.referrers(found.name, digest)
        if listed is None:
            fallback = f"sha256-{digest.partition(':')[2]}"
            index = next((d for d, tags in found.tags.items() if fallback in tags), None)
            entries: Any = found.manifests[index].document.get("manifests") if index in found.manifests else []
            listed = [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
        digests = []
        for entry in listed:
            referrer = str(entry.get("digest", ""))
            failed = self._take_manifest(found, referrer)
            if failed is not None and failed.reason is not Reason.RACE_DELETED:
                raise CallFailedError(failed, f"the referrer {referrer} could not be read")
            # The manifest decides, never the list: it must say itself whose it is.
            if failed is None and facts_of(found.manifests[referrer], ()).subject == digest:
                digests.append(referrer)
        return Known(sorted(digests))

    # ---------------------------------------------------------------- images
    def _image(self, found: _Repository, digest: str) -> Image:
        manifest = found.manifests[digest]
        tags = sorted(found.tags.get(digest, ()))
        facts = facts_of(manifest, tags)
        kind = classify(facts)
        judged = kind in ("image", "index")
        blobs = ImageBlobs(self._registry, found.name)
        attached = self._attached(found, digest, blobs) if judged else Attached()
        return Image(
            digest=digest,
            kind=kind,
            tags=tags,
            status="active",
            media_type=Known(facts.media_type) if facts.media_type else Absent(GET_MANIFEST),
            artifact_type=Known(facts.artifact_type) if facts.artifact_type else Absent(GET_MANIFEST),
            subject=Known(facts.subject) if facts.subject else Absent(GET_MANIFEST),
            size_bytes=size_of(manifest),
            pushed_at=unsupported("push times"),
            last_pulled_at=unsupported("pull times"),
            children=children_of(manifest) if kind == "index" else Absent(GET_MANIFEST, "not_an_index"),
            scan=unsupported("scans") if judged else Absent(GET_MANIFEST, "not_an_image"),
            signatures=self._signatures(found, digest, attached, blobs),
            signing_status=unsupported("signing of its own"),
            config=self._config(found, digest, manifest) if kind == "image" else Absent(GET_MANIFEST, "not_an_image"),
            replicas=unsupported("replication"),
            attestations=attached.unclear or self._attestations.read(attached.held, manifest, found.urn, blobs),
        )

    def _attached(self, found: _Repository, digest: str, blobs: ImageBlobs) -> Attached:
        """By cosign's tag scheme, as referrers, and as children of the index beside the image."""
        attached = Attached()
        for other, tags in found.tags.items():
            manifest = found.manifests.get(other)
            if manifest is not None and signs(tags, digest):
                attached.signatures.append((tagged_signature(manifest, tags), manifest))
            elif manifest is not None and documents_by_tag(tags, digest):
                attached.held.append(Held(manifest, "tag_scheme"))
        referrers = found.referrers.get(digest, Known([]))
        if isinstance(referrers, Known):
            failure = sort_out([found.manifests[other] for other in referrers.value], attached, blobs)
            if failure is not None:
                attached.unclear = self._failed(failure, f"{found.urn}@{digest}")
        else:
            attached.unclear = (
                referrers if isinstance(referrers, Unknown) else Unknown(Reason.RACE_DELETED, referrers.source)
            )
        for other in found.described.get(digest, ()):
            if other in found.manifests:
                attached.held.append(Held(found.manifests[other], "index_child"))
            elif found.unread[other].reason is not Reason.RACE_DELETED:
                attached.unclear = attached.unclear or found.unread[other]
        return attached

    def _signatures(
        self, found: _Repository, digest: str, attached: Attached, blobs: ImageBlobs
    ) -> Fact[list[Signature]]:
        """Those that were found, checked."""
        manifest = found.manifests[digest]
        signatures = self._checker.check(attached.signatures, manifest, found.name, found.urn, blobs)
        if attached.unclear is not None and not settled(signatures):
            # One that was not listed may be the good one.
            return attached.unclear
        return Known(signatures)

    def _config(self, found: _Repository, digest: str, manifest: Manifest) -> Fact[ImageConfig]:
        if not self._read_configs:
            return Unknown(Reason.NOT_REQUESTED, "oci:GetBlob", "read_configs is off")

        def ask() -> Known[ImageConfig] | Absent:
            descriptor = manifest.document.get("config")
            wanted = str(descriptor.get("digest", "")) if isinstance(descriptor, dict) else ""
            content = self._registry.blob(found.name, wanted, MAX_CONFIG_BYTES)
            if content is None:
                return Absent("oci:GetBlob", "BLOB_UNKNOWN")
            return Known(_image_config(content, manifest), "oci:GetBlob")

        return fact_of(ask, recorder=self._recorder, affects=f"{found.urn}@{digest}")


def _image_config(content: bytes, manifest: Manifest) -> ImageConfig:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise CallFailedError(Unknown(Reason.PARSE_ERROR, "oci:GetBlob", "config"), "the config is no JSON object")
    inner = document.get("config")
    own: dict[str, Any] = inner if isinstance(inner, dict) else {}
    created = document.get("created")
    return ImageConfig(
        labels={**texts_of(own.get("Labels")), **texts_of(manifest.document.get("annotations"))},
        created_at=Known(created) if isinstance(created, str) and created else Absent("oci:GetBlob"),
        user=str(own.get("User") or "")[:256],
    )
