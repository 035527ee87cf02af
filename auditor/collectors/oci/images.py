"""Reads the images of one repository: tags, manifests, children, referrers, configs. No digest is read twice.

What is read: every manifest that a tag leads to, the children of indexes, what a signature's tag or a manifest's
subject names, and what runs by digest. Referrers are asked for of images with a tag and of those in use; of the
children of tagged indexes on request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from auditor.analysis.artefacts import classify, signature_tag_subject
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.collectors.oci.aliases import family, in_reading_order
from auditor.collectors.oci.attestations import Attached, AttestationReader, Held, documents_by_tag, sort_out
from auditor.collectors.oci.blobs import ImageBlobs
from auditor.collectors.oci.contents import ContentsReader
from auditor.collectors.oci.distribution import GET_MANIFEST, MAX_REFERRERS, Distribution, Manifest, is_digest
from auditor.collectors.oci.manifests import children_of, config_digest_of, facts_of, size_of
from auditor.collectors.oci.paging import truncated
from auditor.collectors.oci.signatures import SignatureChecker, settled, signs, tagged_signature
from auditor.inventory.content import UnreadManifest
from auditor.inventory.extent import WHOLE, Extent
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image, Signature
from auditor.inventory.recorder import Recorder

MAX_SUBJECTS = 8
"""Of a subject's subject's subject: how far they are followed."""
_REFERRERS = "oci:ListReferrers"
_CHILD = Unknown(Reason.NOT_REQUESTED, _REFERRERS, "read_child_signatures is off")
_ALL_READ = Absent("auditor:collect")
_UNTAGGED = Unknown(Reason.NOT_REQUESTED, _REFERRERS, "no tag leads to it, and it is not known to run")


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
    named: set[str] = field(default_factory=set)
    """Digests that were asked for by name."""
    referrers: dict[str, Fact[list[str]]] = field(default_factory=dict)
    """Subject -> digests of the manifests that the registry lists as its referrers."""
    described: dict[str, list[str]] = field(default_factory=dict)
    """Platform -> digests of the attestations that its index names for it."""
    children: set[str] = field(default_factory=set)
    """Of tagged indexes, attestations left out."""


@dataclass(frozen=True)
class Images:
    """The images of a repository, and the manifests that belong among them and could not be read."""

    found: Fact[list[Image]]
    unread: Fact[list[UnreadManifest]] = _ALL_READ
    extent: Extent = WHOLE


class OciImageReader:
    """Reads repositories of one registry; safe to use from many threads."""

    def __init__(
        self,
        registry: Distribution,
        recorder: Recorder,
        checker: SignatureChecker,
        attestations: AttestationReader,
        contents: ContentsReader,
        *,
        read_children: bool = False,
    ) -> None:
        self._registry = registry
        self._checker = checker
        self._attestations = attestations
        self._recorder = recorder
        self._contents = contents
        self._read_children = read_children

    def read(self, name: str, urn: str, running: Sequence[str] = ()) -> Images:
        """Every image that can be reached, sorted by digest; `running`: the digests known to be in use."""

        def listing() -> Known[list[str]]:
            return Known(self._registry.tags(name))

        listed = fact_of(listing, recorder=self._recorder, affects=urn)
        if not isinstance(listed, Known):
            return Images(listed)
        found = _Repository(name, urn)
        for tag, alias in in_reading_order(listed.value):
            failure = self._take_tag(found, tag, alias=alias)
            if failure is not None:
                # A tag that cannot be resolved leaves the list of images incomplete.
                return Images(failure)
        for digest in running:
            self._take_manifest(found, digest)
        self._take_children(found)
        self._take_referrers(found, frozenset(running))
        self._take_subjects(found)
        self._take_children(found)
        return self._images(found)

    def _images(self, found: _Repository, extent: Extent = WHOLE) -> Images:
        images = [self._image(found, digest) for digest in sorted(found.manifests)]
        # What the registry says it does not have is gone; of anything else that failed nothing is known.
        unread = [
            UnreadManifest(digest, why)
            for digest, why in sorted(found.unread.items())
            if why.reason is not Reason.RACE_DELETED
        ]
        return Images(Known(images, GET_MANIFEST), Known(unread, _ALL_READ.source) if unread else _ALL_READ, extent)

    # ---------------------------------------------------------------- walking
    def _take_tag(self, found: _Repository, tag: str, *, alias: bool) -> Unknown | None:
        """Read what a tag points to; None where that is done. What probably was read already is only looked up."""
        lookup = self._registry.keeps or family(tag) in found.aliases or (alias and bool(found.manifests))
        try:
            descriptor = self._registry.resolve(found.name, tag) if lookup else None
            if descriptor is not None:
                found.tags.setdefault(descriptor.digest, []).append(tag)
                return self._take_manifest(found, descriptor.digest, present=True)
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

    def _take_manifest(self, found: _Repository, digest: str, *, present: bool = False) -> Unknown | None:
        """Read a manifest once; None where it is there. `present`: see `Distribution.manifest`."""
        if digest in found.manifests:
            return None
        if digest in found.unread:
            return found.unread[digest]
        try:
            if not is_digest(digest):
                raise CallFailedError(Unknown(Reason.PARSE_ERROR, GET_MANIFEST, "digest"), "an index names no digest")
            manifest = self._registry.manifest(found.name, digest, present=present)
        except CallFailedError as failure:
            found.unread[digest] = self._failed(failure, f"{found.urn}@{digest}")
            return found.unread[digest]
        if manifest is None:
            found.unread[digest] = Unknown(Reason.RACE_DELETED, GET_MANIFEST, "no such manifest")
            return found.unread[digest]
        self._recorder.settle(Known(True), f"{found.urn}@{digest}")
        found.manifests[digest] = manifest
        return None

    def _take_subjects(self, found: _Repository) -> None:
        """What signatures' tags and subjects name: without a tag of its own an image may be there all the same."""
        named = {scheme[0] for tags in found.tags.values() for tag in tags if (scheme := signature_tag_subject(tag))}
        for depth in range(MAX_SUBJECTS + 1):
            named |= {facts_of(manifest).subject for manifest in found.manifests.values()}
            for digest in sorted(filter(is_digest, named - found.manifests.keys() - found.unread.keys())):
                if depth < MAX_SUBJECTS:
                    self._take_manifest(found, digest)
                else:
                    found.unread[digest] = Unknown(Reason.TRUNCATED, GET_MANIFEST, "a long chain of subjects")

    def _take_children(self, found: _Repository) -> None:
        for digest in list(found.manifests):
            manifest = found.manifests[digest]
            if facts_of(manifest, ()).media_type.endswith(("image.index.v1+json", "manifest.list.v2+json")):
                children = children_of(manifest)
                for child in children.value if isinstance(children, Known) else ():
                    self._take_manifest(found, child.digest)
                    if child.kind == "image" and (found.tags.get(digest) or digest in found.named):
                        found.children.add(child.digest)
                    if child.describes and child.digest not in found.described.get(child.describes, ()):
                        found.described.setdefault(child.describes, []).append(child.digest)

    def _take_referrers(self, found: _Repository, running: frozenset[str]) -> None:
        for digest in sorted(found.manifests):
            if classify(facts_of(found.manifests[digest], found.tags.get(digest, ()))) not in ("image", "index"):
                continue
            # What an index says of a platform may not be all that there is.
            described = digest in found.described
            asked = bool(found.tags.get(digest)) or described or digest in running or digest in found.named
            if not asked and not (self._read_children and digest in found.children):
                found.referrers[digest] = _CHILD if digest in found.children else _UNTAGGED
                continue
            found.referrers[digest] = fact_of(
                lambda digest=digest: self._referrers(found, digest),  # type: ignore[misc]  # bound now
                recorder=self._recorder,
                affects=f"{found.urn}@{digest}",
            )

    def _referrers(self, found: _Repository, digest: str) -> Known[list[str]]:
        """By the referrers API, else by the tag that stands in for it, which is among the tags already."""
        listed = self._registry.referrers(found.name, digest)
        by_api = listed is not None
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
            failed = self._take_manifest(found, referrer, present=by_api)
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
        image = Image(
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
            config=Absent(GET_MANIFEST, "not_an_image"),
            replicas=unsupported("replication"),
            config_digest=config_digest_of(manifest) if kind == "image" else "",
            attestations=attached.unclear or self._attestations.read(attached.held, manifest, found.urn, blobs),
        )
        return self._contents.filled(image, manifest, found.name, found.urn) if kind == "image" else image

    def _attached(self, found: _Repository, digest: str, blobs: ImageBlobs) -> Attached:
        """By cosign's tag scheme, as referrers, and as children of the index beside the image."""
        attached = Attached()
        for other, tags in found.tags.items():
            manifest = found.manifests.get(other)
            if manifest is not None and signs(tags, digest):
                attached.signatures.append((tagged_signature(manifest, tags), manifest))
            elif manifest is not None and documents_by_tag(tags, digest):
                attached.held.append(Held(manifest, "tag_scheme"))
        referrers = found.referrers.get(digest, _UNTAGGED)
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
