"""Blobs that hang on one image, signatures and documents: each read once, and no more than an image may cost."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.collectors.failed import CallFailedError
from auditor.collectors.oci.distribution import Distribution
from auditor.inventory.facts import Reason, Unknown

GET_BLOB = "oci:GetBlob"
MAX_BLOB_BYTES = 16 * 1024 * 1024
MAX_IMAGE_BYTES = 64 * 1024 * 1024
"""Of all blobs of one image from one purse together."""
MAX_IMAGE_BLOBS = 200
MAX_KEPT_BYTES = 8 * 1024 * 1024
"""Of blobs that are kept while the image is looked at: two keys' signatures share their payload."""


@dataclass
class Purse:
    """What may still be read for one image of one sort, so that one sort never uses up another's.

    `word`: what is read, in the singular.
    """

    word: str
    bytes_left: int = MAX_IMAGE_BYTES
    blobs_left: int = MAX_IMAGE_BLOBS


@dataclass
class ImageBlobs:
    """Reads the blobs that hang on one image of the repository `name`."""

    registry: Distribution
    name: str
    kept: dict[str, bytes] = field(default_factory=dict)
    room: int = MAX_KEPT_BYTES

    def read(self, digest: str, purse: Purse) -> bytes:
        """A blob's content. Errors: `CallFailedError`, also for more than the purse holds."""
        if digest in self.kept:
            return self.kept[digest]
        if purse.bytes_left <= 0 or purse.blobs_left <= 0:
            raise CallFailedError(
                Unknown(Reason.TRUNCATED, GET_BLOB, "too many"), f"the image has more {purse.word}s than are read"
            )
        purse.blobs_left -= 1
        content = self.registry.blob(self.name, digest, min(MAX_BLOB_BYTES, purse.bytes_left))
        if content is None:
            raise CallFailedError(
                Unknown(Reason.RACE_DELETED, GET_BLOB, "BLOB_UNKNOWN"),
                f"the registry does not have the {purse.word}'s blob",
            )
        purse.bytes_left -= len(content)
        if len(content) <= self.room:
            self.room -= len(content)
            self.kept[digest] = content
        return content
