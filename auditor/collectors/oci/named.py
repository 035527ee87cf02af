"""Reads images that are named one by one, and what belongs to them; the repository's other tags are not asked for.

A tag is asked for once, by one GET whose bytes have the digest: whatever comes after goes by digest, so a tag that
moves meanwhile changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import msgspec

from auditor.analysis.artefacts import classify
from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.distribution import GET_MANIFEST, Manifest
from auditor.collectors.oci.images import Images, OciImageReader, _Repository
from auditor.collectors.oci.manifests import facts_of
from auditor.inventory.extent import Extent, NamedImage, NamedReference
from auditor.inventory.facts import Known, Reason, Unknown

LIST_TAGS = "oci:ListTags"
PROBES = 8
"""Tags of the scheme that are asked for at the same time."""
SCHEME = ("", ".sig", ".att", ".sbom")
"""What tags add to a digest, by cosign's scheme and in place of the referrers API: found without a list of tags."""
ATTEMPTS, REGISTRY_S = 3, 60.0
"""Somebody waits for the answer: less patience than an audit has, unless the target says otherwise."""
_HUB = frozenset({"docker.io", "index.docker.io", "registry-1.docker.io"})


def unread_rest(what: str) -> Unknown:
    """A fact that would take the whole repository."""
    return Unknown(Reason.NOT_REQUESTED, LIST_TAGS, f"only the images that were named were read, not the {what}")


def narrowed(
    target: Mapping[str, Any], references: Sequence[NamedReference]
) -> tuple[dict[str, Any], list[NamedReference]]:
    """See `ports.ReferenceReader.narrow`."""
    host = _host(urlsplit(target["url"]).netloc, target["url"].startswith("https:"))
    own = [one for one in references if _host(one.registry, target["url"].startswith("https:")) == host]
    quicker = {"attempts": ATTEMPTS, "registry_timeout_s": REGISTRY_S}
    named = [msgspec.to_builtins(one) for one in own]
    return {**quicker, **target, "probe_anonymous": False, "named": named}, own


def _host(text: str, encrypted: bool) -> str:
    """A host as it is compared: Docker Hub has three names, and the scheme's own port is none."""
    host = text.lower().removesuffix(":443" if encrypted else ":80")
    return "docker.io" if host in _HUB else host


class NamedImageReader(OciImageReader):
    """Takes what a reader of whole repositories takes, after the images to read."""

    def __init__(self, named: Sequence[NamedReference], *parts: Any, **options: Any) -> None:
        super().__init__(*parts, **options)
        self._named = named

    def read(self, name: str, urn: str, running: Sequence[str] = ()) -> Images:
        """The named images and what hangs on them, sorted by digest; unknown where none of them could be read."""
        found = _Repository(name, urn)
        named = [self._take(found, one) for one in self._named if one.repository == name]
        extent = Extent(named, unread_rest("others"), unread_rest("other tags"))
        unread = [one.digest for one in named if isinstance(one.digest, Unknown)]
        if unread and not found.named:
            return Images(unread[0], extent=extent)
        self._take_children(found)
        failed = self._take_scheme(found)
        self._take_children(found)
        self._take_referrers(found, frozenset(running))
        # What could not be asked for may be the good signature.
        found.referrers.update(failed)
        return self._images(found, extent)

    def _take(self, found: _Repository, reference: NamedReference) -> NamedImage:
        """Read one named image's manifest, the only time that its tag is asked for."""
        tag = "" if reference.digest else reference.tag
        affects = f"{found.urn}@{reference.digest}" if reference.digest else f"{found.urn}:{tag}"
        try:
            manifest = self._manifest(found, tag) if tag else self._registry.manifest(found.name, reference.digest)
        except CallFailedError as failure:
            return NamedImage(reference.text, tag, self._failed(failure, affects))
        if manifest is None:
            gone = Unknown(Reason.RACE_DELETED, GET_MANIFEST, "the registry has no such image")
            self._recorder.settle(gone, affects)
            return NamedImage(reference.text, tag, gone)
        self._recorder.settle(Known(True), affects)
        found.manifests.setdefault(manifest.digest, manifest)
        found.named.add(manifest.digest)
        tags = found.tags.setdefault(manifest.digest, []) if tag else []
        if tag and tag not in tags:
            tags.append(tag)
        return NamedImage(reference.text, tag, Known(manifest.digest, GET_MANIFEST))

    def _take_scheme(self, found: _Repository) -> dict[str, Unknown]:
        """Take in what the tag schemes hold of each image; gives digest -> why it is not known."""
        wanted = []
        for digest, manifest in found.manifests.items():
            if classify(facts_of(manifest, found.tags.get(digest, ()))) in ("image", "index"):
                stem = digest.replace(":", "-")
                wanted += [(digest, stem + suffix) for suffix in SCHEME]
        with ThreadPoolExecutor(PROBES, thread_name_prefix="oci") as pool:
            answers = list(pool.map(lambda pair: self._probe(found, pair[1]), wanted))
        failed: dict[str, Unknown] = {}
        for (digest, tag), answer in zip(wanted, answers, strict=True):
            if isinstance(answer, Unknown):
                failed.setdefault(digest, answer)
            elif answer is not None:
                found.manifests.setdefault(answer.digest, answer)
                found.tags.setdefault(answer.digest, []).append(tag)
        return failed

    def _probe(self, found: _Repository, tag: str) -> Manifest | Unknown | None:
        try:
            return self._manifest(found, tag)
        except CallFailedError as failure:
            return self._failed(failure, f"{found.urn}:{tag}")

    def _manifest(self, found: _Repository, tag: str) -> Manifest | None:
        manifest = self._registry.tagged(found.name, tag, ())
        return manifest if isinstance(manifest, Manifest) else None
