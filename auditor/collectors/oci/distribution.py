"""The distribution API: lists, manifests, blobs, referrers. Content is checked against its digest.

Source: OCI distribution-spec 1.1 (end-3, end-8, end-12) and Docker's `_catalog`, which is not in it.
"""

from __future__ import annotations

import hashlib
import json
import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from urllib.parse import quote, urlencode, urljoin

from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.client import Answer, RegistryClient, Request
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
MAX_MANIFEST_BYTES = 4 * 1024 * 1024
PAGE = 1000
MAX_NAMES = 1_000_000
GET_BLOB = "oci:GetBlob"
NOT_FOUND = 404
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}")
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')
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


class Distribution:
    """Calls of one registry. Errors of every method: `CallFailedError`. Thread-safe."""

    def __init__(self, client: RegistryClient) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._referrers: bool | None = None

    # ---------------------------------------------------------------- lists
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
        """Every page: by Link where the registry gives one, else by `last` until nothing new comes."""
        found: dict[str, None] = {}
        url: str | None = f"{path}?{urlencode({'n': PAGE})}"
        asked: set[str] = set()
        while url is not None:
            if url in asked or len(asked) >= self._client.endpoint.limits.pages:
                raise _truncated(operation, "the registry gives the same page again")
            asked.add(url)
            answer = self._client.fetch(Request(path=url, operation=operation, scope=scope))
            names = _strings(_document(answer.body, operation).get(key), operation)
            before = len(found)
            found.update(dict.fromkeys(names))
            if len(found) > MAX_NAMES:
                raise _truncated(operation, f"more than {MAX_NAMES} names")
            url = self._following(answer, path, names, operation, grew=len(found) > before)
        return list(found)

    def _following(self, answer: Answer, path: str, names: list[str], operation: str, *, grew: bool) -> str | None:
        link = _NEXT.search(answer.headers.get("link", ""))
        if link:
            if names and not grew:
                # There is more, it says, and gives what it gave before: what comes after it stays unread.
                raise _truncated(operation, "the registry gives the same page again")
            following: str = urljoin(answer.url, link.group(1))
            return following
        if len(names) >= PAGE and grew:
            return f"{path}?{urlencode({'n': PAGE, 'last': names[-1]})}"
        return None

    # ---------------------------------------------------------------- manifests and blobs
    def resolve(self, repository: str, tag: str) -> Descriptor | None:
        """What a tag points to, without its content; None where the registry does not say or have it."""
        request = Request(
            path=f"/v2/{repository}/manifests/{quote(tag, safe='')}",
            operation="oci:HeadManifest",
            accept=", ".join(MANIFEST_TYPES),
            scope=_pull(repository),
            expected=frozenset({200, NOT_FOUND, 405}),
            method="HEAD",
        )
        answer = self._client.fetch(request)
        digest = answer.headers.get("docker-content-digest", "")
        if answer.status != 200 or not _DIGEST.fullmatch(digest):  # noqa: PLR2004  HTTP
            return None
        return Descriptor(digest, _media_type(answer))

    def manifest(self, repository: str, reference: str) -> Manifest | None:
        """A manifest by digest or tag; None where there is none. The bytes must have the digest."""
        operation = "oci:GetManifest"
        request = Request(
            path=f"/v2/{repository}/manifests/{quote(reference, safe=':')}",
            operation=operation,
            accept=", ".join(MANIFEST_TYPES),
            scope=_pull(repository),
            expected=_EITHER,
            limit=MAX_MANIFEST_BYTES,
        )
        answer = self._client.fetch(request)
        if answer.status == NOT_FOUND:
            return None
        wanted = reference if ":" in reference else answer.headers.get("docker-content-digest", "")
        digest = _checked(answer.body, wanted or "sha256:", operation)
        document = _document(answer.body, operation)
        return Manifest(digest, str(document.get("mediaType") or _media_type(answer)), answer.body, document)

    def blob(self, repository: str, digest: str, limit: int) -> bytes | None:
        """A blob of at most `limit` bytes; None where there is none."""
        answer = self._client.fetch(replace(_blob_request(repository, digest), limit=limit))
        if answer.status == NOT_FOUND:
            return None
        _checked(answer.body, digest, GET_BLOB)
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
                raise _truncated(operation, "the registry gives the same page again")
            asked.add(url)
            answer = self._client.fetch(
                Request(path=url, operation=operation, accept=INDEX_TYPE, scope=_pull(repository), expected=_REFERRERS)
            )
            if answer.status != 200:  # noqa: PLR2004  HTTP
                return None
            found.extend(_descriptors(_document(answer.body, operation), operation))
            link = _NEXT.search(answer.headers.get("link", ""))
            url = urljoin(answer.url, link.group(1)) if link else None
        return found


def _blob_request(repository: str, digest: str) -> Request:
    if not _DIGEST.fullmatch(digest):
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


def _document(body: bytes, operation: str) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallFailedError(
            Unknown(Reason.PARSE_ERROR, operation, type(error).__name__), "the answer is not JSON that can be read"
        ) from None
    if not isinstance(document, dict):
        raise CallFailedError(Unknown(Reason.PARSE_ERROR, operation, "no object"), "the answer is no JSON object")
    return document


def _strings(value: Any, operation: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise CallFailedError(Unknown(Reason.PARSE_ERROR, operation, "no list"), "the answer holds no list of names")
    return value


def _descriptors(document: dict[str, Any], operation: str) -> Iterator[dict[str, Any]]:
    entries = document.get("manifests")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict) or not _DIGEST.fullmatch(str(entry.get("digest", ""))):
            raise CallFailedError(
                Unknown(Reason.PARSE_ERROR, operation, "descriptor"), "a referrer has no usable digest"
            )
        yield entry


def _truncated(operation: str, message: str) -> CallFailedError:
    return CallFailedError(Unknown(Reason.TRUNCATED, operation, "pages"), message)
