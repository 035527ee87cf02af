"""A layer's blob as the bytes of its tar archive, a piece at a time, within limits."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator

from auditor.inventory.facts import Reason
from auditor.secrets.limits import Deadline, LayerLimits, LimitReachedError

_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"
_PIECE = 256 * 1024
_WITH_GZIP_HEADER = 31


class Blob:
    """The compressed bytes on their way: counted, hashed, and never more than the limit.

    `digest`: as `sha256:…`, which the bytes must have once they are all there.
    """

    def __init__(self, chunks: Iterator[bytes], digest: str, limits: LayerLimits, deadline: Deadline) -> None:
        self._chunks = chunks
        self._wanted = digest
        self._hash = hashlib.new(digest.partition(":")[0])
        self._limits = limits
        self._deadline = deadline
        self.received = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._chunks:
            self._deadline.check()
            self.received += len(chunk)
            if self.received > self._limits.compressed:
                raise LimitReachedError(Reason.TRUNCATED, f"it is larger than {self._limits.compressed} bytes")
            self._hash.update(chunk)
            yield chunk

    def finish(self) -> None:
        """Take what is left and compare. Errors: `LimitReachedError`, for another digest as a parse error."""
        for _ in self:
            pass
        if f"{self._wanted.partition(':')[0]}:{self._hash.hexdigest()}" != self._wanted:
            raise LimitReachedError(Reason.PARSE_ERROR, "digest mismatch")


def unpacked(blob: Blob, limits: LayerLimits, deadline: Deadline) -> Iterator[bytes]:
    """The archive's bytes, told by the first bytes rather than by what the manifest says.

    Errors: `LimitReachedError` for what grows without bound, is cut off, or is of a kind that is not read.
    """
    chunks = iter(blob)
    head = b""
    for chunk in chunks:
        head += chunk
        if len(head) >= len(_ZSTD):
            break
    if head.startswith(_ZSTD):
        raise LimitReachedError(Reason.UNSUPPORTED_BY_COLLECTOR, "it is compressed with zstd, which is not read")
    pieces = _inflated(head, chunks) if head.startswith(_GZIP) else _plain(head, chunks)
    total = 0
    for piece in pieces:
        deadline.check()
        total += len(piece)
        if total > limits.unpacked:
            raise LimitReachedError(Reason.TRUNCATED, f"it unpacks to more than {limits.unpacked} bytes")
        if total > limits.ratio_from and total > limits.ratio * blob.received:
            raise LimitReachedError(Reason.TRUNCATED, f"it unpacks to more than {limits.ratio} times its size")
        yield piece


def _plain(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    yield head
    yield from chunks


def _inflated(head: bytes, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Gzip with any number of members, as parallel compressors write it."""
    inflater = zlib.decompressobj(_WITH_GZIP_HEADER)
    waiting = head
    try:
        while True:
            piece = inflater.decompress(waiting, _PIECE)
            if piece:
                yield piece
            waiting = inflater.unconsumed_tail
            if inflater.eof:
                waiting = inflater.unused_data or next(chunks, b"")
                if not waiting:
                    return
                inflater = zlib.decompressobj(_WITH_GZIP_HEADER)
            elif not waiting and not piece:
                waiting = next(chunks, b"")
                if not waiting:
                    raise LimitReachedError(Reason.PARSE_ERROR, "its gzip is cut off")
    except zlib.error:
        raise LimitReachedError(Reason.PARSE_ERROR, "its gzip is broken") from None
