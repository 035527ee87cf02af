"""The distribution API: lists, manifests, blobs, referrers. Content is checked against its digest.

Source: OCI distribution-spec 1.1 (end-3, end-8, end-12) and Docker's `_catalog`, which is not in it.
"""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote

from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.client import Answer, RegistryClient, Request
from auditor.collectors.oci.content_cache import ContentCache
from auditor.collectors.oci.paging import STATUSES, all_names, json_object, next_link, truncated
from auditor.inventory.facts import Reason, Unknown

T = TypeVar("T")

MANIFEST_TYPES = (
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v1+prettyjws",
    "application/vnd.docker.distribution.manifest.v1+json",
)
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
GET_MANIFEST = "oci:GetManifest"
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
GET_BLOB = "oci:GetBlob"
MAX_REFERRERS = 1000
"""Of one image."""
NOT_FOUND = 404
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_EITHER = frozenset({200, NOT_FOUND})
# 303 and 404 both say that there is no referrers API: one registry redirects it to a page for people.
_REFERRERS = frozenset({200, 303, 400, NOT_FOUND, 405})


@dataclass(frozen=True)
class Manifest:
    """A manifest whose bytes have this digest."""

    digest: str
    media_type: str
    content: bytes
    document: dict[str, Any]


@dataclass(frozen=True)
class Descriptor:
    """What a tag points to."""

    digest: str
    media_type: str


def is_digest(text: str) -> bool:
    """Whether content can be asked for by it."""
    return bool(_DIGEST.fullmatch(text))


class Distribution:
    """Calls of one registry. Errors of every method: `CallFailedError`. Thread-safe.

    `cache`: content read before. It saves bytes, not the question whether the registry has them and gives them to us.
    """

    def __init__(self, client: RegistryClient, cache: ContentCache | None = None) -> None:
        self._client = client
        self._cache = cache
        self._lock = threading.Lock()
        self._referrers: bool | None = None

    def catalog(self) -> list[str]:
        """The names of all repositories."""
        return self._names("/v2/_catalog", "repositories", "oci:ListCatalog", "registry:catalog:*")

    def tags(self, repository: str) -> list[str]:
        """The tags of a repository, as listed; none for a repository without any."""
        path = f"/v2/{repository}/tags/list"
        return self._names(path, "tags", "oci:ListTags", _pull(repository))

    def is_open_to_strangers(self, repository: str) -> bool:
        """Whether the list of tags is given without any credentials."""
        request = Request(
            path=f"/v2/{repository}/tags/list?n=1",
            operation="oci:ProbeAnonymous",
            expected=frozenset({200, 401, 403, NOT_FOUND}),
            anonymous=True,
        )
        return self._client.fetch(request).status == 200  # noqa: PLR2004  HTTP

    def _names(self, path: str, key: str, operation: str, scope: str) -> list[str]:
        def fetch(url: str) -> Answer:
            return self._client.fetch(Request(path=url, operation=operation, scope=scope, expected=STATUSES))

        return all_names(fetch, path, key, operation, pages=self._client.endpoint.limits.pages)

    # ---------------------------------------------------------------- manifests and blobs
    def resolve(self, repository: str, tag: str) -> Descriptor | None:
        """What a tag points to, without its content; None where the registry does not say or have it."""
        answer = self._head(repository, tag)
        digest = answer.headers.get("docker-content-digest", "")
        if answer.status != 200 or not is_digest(digest):  # noqa: PLR2004  HTTP
            return None
        return Descriptor(digest, _media_type(answer))

    def _head(self, repository: str, reference: str) -> Answer:
        return self._client.fetch(
            Request(
                path=f"/v2/{repository}/manifests/{quote(reference, safe=':')}",
                operation="oci:HeadManifest",
                accept=", ".join(MANIFEST_TYPES),
                scope=_pull(repository),
                expected=frozenset({200, NOT_FOUND, 405}),
                method="HEAD",
            )
        )

    @property
    def keeps(self) -> bool:
        """Whether content of an earlier run may be there, so that it is worth asking for a digest first."""
        return self._cache is not None

    def manifest(self, repository: str, digest: str, *, present: bool = False) -> Manifest | None:
        """A manifest by digest; None where there is none. The bytes must have the digest.

        `present`: the registry has just said that this repository has it, as when it resolved a tag. Otherwise it is
        asked before cached content is taken for what it has.
        """
        kept = self._cache.get(digest) if self._cache else None
        if kept is not None:
            if not present:
                status = self._head(repository, digest).status
                if status == NOT_FOUND:
                    return None
                present = status == 200  # noqa: PLR2004  HTTP; not so where HEAD is not taken
            if present:
                document = json_object(kept, GET_MANIFEST)
                return Manifest(digest, str(document.get("mediaType")), kept, document)
        answer = self._manifest(repository, digest)
        return None if answer is None else self._keep(_manifest_of(answer, digest))

    def tagged(self, repository: str, tag: str, known: Container[str]) -> Manifest | str | None:
        """What a tag points to; only its digest where that is among the `known` ones; None where there is none."""
        answer = self._manifest(repository, tag)
        if answer is None:
            return None
        digest = answer.headers.get("docker-content-digest", "")
        return digest if digest in known else self._keep(_manifest_of(answer, digest or "sha256:"))

    def _keep(self, manifest: Manifest) -> Manifest:
        if self._cache and manifest.document.get("mediaType"):  # else its bytes alone do not say what it is
            self._cache.put(manifest.digest, manifest.content)
        return manifest

    def _manifest(self, repository: str, reference: str) -> Answer | None:
        request = Request(
            path=f"/v2/{repository}/manifests/{quote(reference, safe=':')}",
            operation=GET_MANIFEST,
            accept=", ".join(MANIFEST_TYPES),
            scope=_pull(repository),
            expected=_EITHER,
            limit=MAX_MANIFEST_BYTES,
        )
        answer = self._client.fetch(request)
        return None if answer.status == NOT_FOUND else answer

    def blob(self, repository: str, digest: str, limit: int, *, config: bool = False) -> bytes | None:
        """A blob of at most `limit` bytes; None where there is none.

        Cached content counts for what the registry has: a manifest that it was just shown to have names the blob.
        `config`: it is an image's config, which is kept only where the user said so.
        """
        request = replace(_blob_request(repository, digest), limit=limit)
        cache = self._cache if self._cache and (self._cache.configs or not config) else None
        kept = cache.get(digest) if cache else None
        if kept is not None and len(kept) <= limit:
            return kept
        answer = self._client.fetch(request)
        if answer.status == NOT_FOUND:
            return None
        _checked(answer.body, digest, GET_BLOB)
        if cache:
            cache.put(digest, answer.body)
        return answer.body

    def stream(self, repository: str, digest: str, consume: Callable[[Iterator[bytes]], T], until: float) -> T | None:
        """What `consume` makes of a blob's pieces, which it checks and bounds itself; None where there is no such blob.

        `until`: when it must be over, by `time.monotonic`.
        """
        answer = self._client.fetch(replace(_blob_request(repository, digest), consume=consume, until=until))
        found: T | None = answer.consumed
        return found

    def referrers(self, repository: str, digest: str) -> list[dict[str, Any]] | None:
        """The manifests whose subject is `digest`; None where the registry has no referrers API, which is asked once.

        What the first answer says of the API holds: a later 404 is only about its repository.
        """
        if self._referrers is None:
            with self._lock:
                if self._referrers is None:
                    found = self._ask_referrers(repository, digest)
                    self._referrers = found is not None
                    return found
        return self._ask_referrers(repository, digest) if self._referrers else None

    def _ask_referrers(self, repository: str, digest: str) -> list[dict[str, Any]] | None:
        operation = "oci:ListReferrers"
        found: list[dict[str, Any]] = []
        url: str | None = f"/v2/{repository}/referrers/{digest}"
        asked: set[str] = set()
        while url is not None:
            if url in asked or len(asked) >= self._client.endpoint.limits.pages:
                raise truncated(operation, "the registry gives the same page again")
            asked.add(url)
            answer = self._client.fetch(
                Request(path=url, operation=operation, accept=INDEX_TYPE, scope=_pull(repository), expected=_REFERRERS)
            )
            if answer.status != 200:  # noqa: PLR2004  HTTP
                return None
            found.extend(_descriptors(json_object(answer.body, operation), operation))
            if len(found) > MAX_REFERRERS:
                raise truncated(operation, f"more than {MAX_REFERRERS} manifests refer to {digest}")
            url = next_link(answer)
        return found


def _manifest_of(answer: Answer, wanted: str) -> Manifest:
    """The manifest in an answer, whose digest must be the one that is `wanted`."""
    digest = _checked(answer.body, wanted, GET_MANIFEST)
    document = json_object(answer.body, GET_MANIFEST)
    return Manifest(digest, str(document.get("mediaType") or _media_type(answer)), answer.body, document)


def _blob_request(repository: str, digest: str) -> Request:
    if not is_digest(digest):
        raise CallFailedError(Unknown(Reason.PARSE_ERROR, GET_BLOB, "digest"), "a descriptor has no usable digest")
    return Request(
        path=f"/v2/{repository}/blobs/{digest}",
        operation=GET_BLOB,
        accept="*/*",
        scope=_pull(repository),
        expected=_EITHER,
        blob=True,
    )


def _pull(repository: str) -> str:
    return f"repository:{repository}:pull"


def _media_type(answer: Answer) -> str:
    return answer.headers.get("content-type", "").partition(";")[0].strip()


def _checked(content: bytes, wanted: str, operation: str) -> str:
    """The digest of `content`, in the algorithm of `wanted`, which it must equal where that is whole."""
    algorithm, _, value = wanted.partition(":")
    if algorithm not in ("sha256", "sha512"):
        raise CallFailedError(
            Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, operation, algorithm), f"digests of kind {algorithm} are not known"
        )
    found = f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"
    if value and found != wanted:
        raise CallFailedError(
            Unknown(Reason.PARSE_ERROR, operation, "digest mismatch"), f"the registry answered {found} for {wanted}"
        )
    return found


def _descriptors(document: dict[str, Any], operation: str) -> Iterator[dict[str, Any]]:
    entries = document.get("manifests")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or not _DIGEST.fullmatch(str(entry.get("digest", ""))):
            raise CallFailedError(
                Unknown(Reason.PARSE_ERROR, operation, "descriptor"), "a referrer has no usable digest"
            )
        yield entry
