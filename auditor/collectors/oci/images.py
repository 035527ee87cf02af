"""Reads the images of one repository: tags, manifests, children, referrers, configs. No digest is read twice."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from auditor.analysis.artefacts import classify
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.collectors.oci.aliases import family, in_reading_order
from auditor.collectors.oci.distribution import GET_MANIFEST, MAX_REFERRERS, Distribution, Manifest
from auditor.collectors.oci.manifests import children_of, facts_of, size_of, texts_of
from auditor.collectors.oci.paging import truncated
from auditor.collectors.oci.signatures import (
    SignatureChecker,
    referring_signature,
    settled,
    signs,
    tagged_signature,
)
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
    aliases: set[str] = field(default_factory=set)
    """Families of tags that turned out to name what others name."""
    unread: dict[str, Unknown] = field(default_factory=dict)
    """Digests whose manifest could not be read."""
    referrers: dict[str, Fact[list[str]]] = field(default_factory=dict)
    """Subject -> digests of the manifests that the registry lists as its referrers."""


class OciImageReader:
    """Reads repositories of one registry; safe to use from many threads."""

    def __init__(
        self, registry: Distribution, recorder: Recorder, checker: SignatureChecker, *, read_configs: bool
    ) -> None:
        self._registry = registry
        self._checker = checker
        self._recorder = recorder
        self._read_configs = read_configs

    def read(self, name: str, urn: str) -> Fact[list[Image]]:
        """Every image that can be reached from a tag, sorted by digest."""

        def listing() -> Known[list[str]]:
            return Known(self._registry.tags(name))

        listed = fact_of(listing, recorder=self._recorder, affects=urn)
        if not isinstance(listed, Known):
            return listed
        found = _Repository(name, urn)
        for tag, alias in in_reading_order(listed.value):
            failure = self._take_tag(found, tag, alias=alias)
            if failure is not None:
                # A tag that cannot be resolved leaves the list of images incomplete.
                return failure
        self._take_children(found)
        self._take_referrers(found)
        return Known([self._image(found, digest) for digest in sorted(found.manifests)], GET_MANIFEST)

    # ---------------------------------------------------------------- walking
    def _take_tag(self, found: _Repository, tag: str, *, alias: bool) -> Unknown | None:
        """Read what a tag points to; None where that is done. What probably was read already is only looked up."""
        lookup = family(tag) in found.aliases or (alias and bool(found.manifests))
        try:
            descriptor = self._registry.resolve(found.name, tag) if lookup else None
            if descriptor is not None:
                found.tags.setdefault(descriptor.digest, []).append(tag)
                return self._take_manifest(found, descriptor.digest)
            manifest = self._registry.tagged(found.name, tag, found.manifests)
        except CallFailedError as failure:
            return self._failed(failure, f"{found.urn}:{tag}")
        if manifest is None:
            self._recorder.note(f"{found.name}:{tag} was deleted while it was read")
            return None
        digest = manifest if isinstance(manifest, str) else manifest.digest
        found.tags.setdefault(digest, []).append(tag)
        if isinstance(manifest, str) or digest in found.manifests:
            found.aliases.add(family(tag))
        else:
            self._recorder.settle(Known(True), f"{found.urn}@{digest}")
            found.manifests[digest] = manifest
        return None

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

    def _take_referrers(self, found: _Repository) -> None:
        for digest in sorted(found.manifests):
            if classify(facts_of(found.manifests[digest], found.tags.get(digest, ()))) not in ("image", "index"):
                continue
            if not found.tags.get(digest):
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
        if len(listed) > MAX_REFERRERS:
            raise truncated("oci:ListReferrers", f"more than {MAX_REFERRERS} manifests refer to {digest}")
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
            scan=unsupported("scans") if kind in ("image", "index") else Absent(GET_MANIFEST, "not_an_image"),
            signatures=self._signatures(found, digest) if kind in ("image", "index") else Known([]),
            signing_status=unsupported("signing of its own"),
            config=self._config(found, digest, manifest) if kind == "image" else Absent(GET_MANIFEST, "not_an_image"),
            replicas=unsupported("replication"),
        )

    def _signatures(self, found: _Repository, digest: str) -> Fact[list[Signature]]:
        """Those of cosign's tag scheme, and those that refer to the digest, checked."""
        listed = [
            (tagged_signature(manifest, tags), manifest)
            for other, tags in found.tags.items()
            if (manifest := found.manifests.get(other)) is not None and signs(tags, digest)
        ]
        referrers = found.referrers.get(digest, Known([]))
        for other in referrers.value if isinstance(referrers, Known) else ():
            manifest = found.manifests[other]
            signature = referring_signature(manifest)
            if signature is not None:
                listed.append((signature, manifest))
        signatures = self._checker.check(listed, found.manifests[digest], found.name, found.urn)
        if not isinstance(referrers, Known) and not settled(signatures):
            # One that was not listed may be the good one.
            return referrers
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
