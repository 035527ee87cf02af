"""Streams layers through the search for secrets. Each digest is read once a run; nothing is written anywhere."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.distribution import GET_BLOB, Distribution
from auditor.inventory.contents import ScanGap
from auditor.inventory.facts import Reason, Unknown
from auditor.secrets.image import Layer
from auditor.secrets.layer import LayerContents, search_layer
from auditor.secrets.limits import Deadline, LayerLimits

MAX_KEPT_BYTES = 64 * 1024 * 1024
SEARCHES = 2
"""At the same time: each may hold a text of 16 MiB, and they share one interpreter."""
MOST_LAYERS = 1000
_FOREIGN = ("nondistributable", ".foreign.")


class LayerBook:
    """What was found in each layer, by digest. Thread-safe; the longest unasked makes room.

    Failures are kept where they are of the bytes themselves; a registry that did not answer may answer elsewhere.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._slots = threading.Semaphore(SEARCHES)
        self._known: OrderedDict[str, LayerContents] = OrderedDict()
        self._weight = 0
        self._running: dict[str, Future[LayerContents]] = {}

    def get(self, digest: str, read: Callable[[], LayerContents]) -> LayerContents:
        """What is in a layer, read now if nobody did. Errors: those of `read`, for all who wait for it."""
        with self._lock:
            known = self._known.get(digest)
            if known is not None:
                self._known.move_to_end(digest)
                return known
            running = self._running.get(digest)
            if running is None:
                mine: Future[LayerContents] = Future()
                self._running[digest] = mine
        if running is not None:
            try:
                return running.result()
            except CallFailedError:
                # Somebody else's repository may have refused it, and this one give it.
                return self.get(digest, read)
        try:
            with self._slots:
                found = read()
        except BaseException as error:
            with self._lock:
                del self._running[digest]
            mine.set_exception(error)
            raise
        with self._lock:
            self._keep(digest, found)
            del self._running[digest]
        mine.set_result(found)
        return found

    def _keep(self, digest: str, found: LayerContents) -> None:
        self._known[digest] = found
        self._weight += found.weight
        while self._weight > MAX_KEPT_BYTES and self._known:
            _, oldest = self._known.popitem(last=False)
            self._weight -= oldest.weight


class LayerReader:
    """Reads the layers of the images of one registry."""

    def __init__(self, registry: Distribution, book: LayerBook, limits: LayerLimits | None = None) -> None:
        self._registry = registry
        self._book = book
        self._limits = limits or LayerLimits()

    def read(self, repository: str, manifest: dict[str, Any]) -> tuple[list[Layer], list[ScanGap]]:
        """The layers that could be had, from the lowest up, and those that could not."""
        layers: list[Layer] = []
        gaps: list[ScanGap] = []
        left = self._limits.image_s
        listed = manifest.get("layers")
        if not isinstance(listed, list) or len(listed) > MOST_LAYERS:
            return [], [
                ScanGap("", Reason.UNSUPPORTED_BY_COLLECTOR, "the manifest has no list of layers that can be read")
            ]
        for descriptor in listed:
            digest, size, problem = self._check(descriptor)
            if problem is None and left <= 0:
                problem = ScanGap(
                    digest, Reason.TIMEOUT, f"the image takes more than {self._limits.image_s:g} s to search"
                )
            if problem is not None:
                gaps.append(problem)
                continue
            started = time.monotonic()
            try:
                layers.append(Layer(digest, self._contents(repository, digest, size)))
            except CallFailedError as failure:
                fact = failure.fact if isinstance(failure.fact, Unknown) else Unknown(Reason.RACE_DELETED, GET_BLOB)
                # A request that ran out of its own time ran out of the layer's.
                late = fact.reason is Reason.TIMEOUT and time.monotonic() - started >= self._limits.layer_s
                detail = (
                    f"it takes more than {self._limits.layer_s:g} s to search"
                    if late
                    else f"it was not read ({fact.detail or fact.reason})"
                )
                gaps.append(ScanGap(digest, fact.reason, detail))
            left -= time.monotonic() - started
        return layers, gaps

    def _check(self, descriptor: Any) -> tuple[str, int, ScanGap | None]:
        """A layer's digest and size, and why it is not read, if it is not."""
        found = descriptor if isinstance(descriptor, dict) else {}
        digest, media_type, size = (
            str(found.get("digest", ""))[:200],
            str(found.get("mediaType", "")),
            found.get("size"),
        )
        if any(word in media_type for word in _FOREIGN):
            # Its bytes are elsewhere, at an address that the image chose: that address is not asked.
            return digest, 0, ScanGap(digest, Reason.UNSUPPORTED_BY_PLATFORM, "a foreign layer, not in the registry")
        if not isinstance(size, int) or size < 0:
            return digest, 0, ScanGap(digest, Reason.PARSE_ERROR, "its descriptor has no size")
        if size > self._limits.compressed:
            return digest, 0, ScanGap(digest, Reason.TRUNCATED, f"it is larger than {self._limits.compressed} bytes")
        return digest, size, None

    def _contents(self, repository: str, digest: str, size: int) -> LayerContents:
        seconds = self._limits.layer_s
        # What goes on beyond its size is not the layer that the manifest names.
        limits = replace(self._limits, compressed=size)

        def read() -> LayerContents:
            deadline = Deadline(seconds)
            found = self._registry.stream(
                repository,
                digest,
                lambda pieces: search_layer(pieces, digest, limits, deadline),
                time.monotonic() + seconds,
            )
            if found is None:
                raise CallFailedError(
                    Unknown(Reason.RACE_DELETED, GET_BLOB, "no such blob"), "the registry has no such blob"
                )
            return found

        return self._book.get(digest, read)
