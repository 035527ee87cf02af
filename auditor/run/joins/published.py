"""Which images of public repositories a private registry of the same snapshot holds as well."""

from __future__ import annotations

import threading
from typing import Literal

import msgspec

from auditor.inventory.derived import PublishedImage, PublishedImages
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.names import entities_of
from auditor.inventory.recorder import ErrorEntry
from auditor.inventory.writing import ContextRecord, LineRecord, SnapshotWriter
from auditor.run.joins.base import Join

SOURCE = "auditor:join"
MAX_IMAGES = 1000
MAX_PLACES = 20
MAX_MISSING = 20


class _ImageHead(msgspec.Struct):
    digest: str


class _ImagesHead(msgspec.Struct):
    state: str
    value: list[_ImageHead] = []
    source: str = ""
    reason: str = ""


class _VisibilityHead(msgspec.Struct):
    value: str = ""


class _SettingsHead(msgspec.Struct):
    visibility: _VisibilityHead


class _RepositoryHead(msgspec.Struct):
    id: str
    repository: _SettingsHead
    images: _ImagesHead


class PublishedJoin(Join):
    """Keeps the digests of public images only: the private records are read again once all scopes are closed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._public: set[str] = set()
        """Scopes of registries with public repositories."""
        self._wanted: set[str] = set()
        """Digests of images that a public repository holds under a tag."""
        self._private: set[str] = set()
        """Scopes of registries that were read and are not public as a whole."""
        self._missing: list[str] = []

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Join.complete`."""
        if isinstance(record, RepositoryRecord) and _is_public(record.repository.visibility):
            with self._lock:
                self._public.add(record.scope)
                self._wanted.update(image.digest for image in _tagged(record.images))
        return record

    def closed(self, scope: str, context: ContextRecord | None, errors: list[ErrorEntry]) -> None:
        """See `Join.closed`."""
        if "repository" not in entities_of(scope) or scope.startswith("ecr_public/"):
            return
        with self._lock:
            if context is None:
                reason = f"{errors[0].operation}: {errors[0].reason}" if errors else "no reason was recorded"
                self._missing.append(f"{scope}: {reason}")
            elif isinstance(context, RegistryRecord) and not _is_public(context.registry.visibility):
                self._private.add(scope)
                names = context.registry.repository_names
                if not isinstance(names, Known):
                    self._missing.append(f"{scope}: the list of repositories was not read")
                elif context.registry.selection != "all":
                    self._missing.append(f"{scope}: only selected repositories were read")

    def finish(self, writer: SnapshotWriter) -> None:
        """See `Join.finish`."""
        if not self._public:
            return
        found = self._search(writer) if self._wanted else {}
        encode = msgspec.json.Encoder(order="deterministic").encode
        decode = msgspec.json.Decoder(RepositoryRecord).decode
        for scope in sorted(self._public):
            writer.rewrite(scope, lambda line: encode(self._derive(decode(line), found)))

    def _search(self, writer: SnapshotWriter) -> dict[str, list[str]]:
        """Wanted digest -> ids of the private repositories that hold it."""
        found: dict[str, list[str]] = {}
        decode = msgspec.json.Decoder(_RepositoryHead).decode
        for scope in sorted(self._private):
            for line in writer.lines(scope):
                head = decode(line)
                if head.repository.visibility.value == "public":
                    continue
                if head.images.state != "known":
                    self._missing.append(f"{head.id}: {head.images.source}: {head.images.reason}")
                for image in head.images.value:
                    if image.digest in self._wanted:
                        found.setdefault(image.digest, []).append(head.id)
        return found

    def _derive(self, record: RepositoryRecord, found: dict[str, list[str]]) -> RepositoryRecord:
        if not _is_public(record.repository.visibility):
            return record
        derived = msgspec.structs.replace(record.derived, published=self._published(record, found))
        return msgspec.structs.replace(record, derived=derived)

    def _published(self, record: RepositoryRecord, found: dict[str, list[str]]) -> Fact[PublishedImages]:
        if not isinstance(record.images, Known):
            return Unknown(Reason.PENDING, record.images.source, "the images of the repository were not read")
        if not self._private and not self._missing:
            return Unknown(Reason.NOT_REQUESTED, SOURCE, "no private registry was audited beside it")
        images = [
            PublishedImage(image.digest, image.tags, sorted(found[image.digest])[:MAX_PLACES])
            for image in _tagged(record.images)
            if image.digest in found
        ]
        images.sort(key=lambda image: image.digest)
        return Known(PublishedImages(images[:MAX_IMAGES], sorted(self._missing)[:MAX_MISSING]), SOURCE)


def _is_public(visibility: Fact[Literal["private", "public"]]) -> bool:
    return isinstance(visibility, Known) and visibility.value == "public"


def _tagged(images: Fact[list[Image]]) -> list[Image]:
    """Images and indexes under a tag: what people pull, and no signatures or the like."""
    if not isinstance(images, Known):
        return []
    return [image for image in images.value if image.tags and image.kind in ("image", "index")]
