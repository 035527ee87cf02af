"""What changed in a repository since an earlier snapshot: moved tags, growth."""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.analysis.first_seen import EarlierScan, clock_of, with_first_seen
from auditor.inventory.derived import MovedTag, RepositoryHistory
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.model import RepositoryRecord

SOURCE = "auditor:since"


class _EarlierImage(msgspec.Struct):
    digest: str
    kind: str
    tags: list[str]
    size_bytes: Any
    scan: EarlierScan = msgspec.field(default_factory=lambda: EarlierScan("unknown"))


class _EarlierImages(msgspec.Struct):
    state: str
    value: list[_EarlierImage] = []
    reason: str = ""
    source: str = ""


class EarlierRecord(msgspec.Struct):
    """The part of an earlier repository record that a comparison takes."""

    now: str
    images: _EarlierImages


def compare_with(earlier: EarlierRecord | None, record: RepositoryRecord) -> Fact[RepositoryHistory]:
    """What moved. Absent: there was no such repository; unknown: one of the two lists of images was not read.

    A tag that is new is no move; one that is gone has an empty `after`. Sizes are summed as in
    `Repository.size_bytes`: an index has none of its own.
    """
    if earlier is None:
        return Absent(SOURCE)
    if earlier.images.state != "known":
        return Unknown(Reason.NOT_REQUESTED, SOURCE, "the earlier snapshot does not hold the images")
    if not isinstance(record.images, Known):
        return Unknown(Reason.PENDING, record.images.source, "the list of images was not read")
    before = {tag: image.digest for image in earlier.images.value for tag in image.tags}
    after = {tag: image.digest for image in record.images.value for tag in image.tags}
    moved = [
        MovedTag(tag, digest, after.get(tag, ""))
        for tag, digest in sorted(before.items())
        if after.get(tag, "") != digest
    ]
    return Known(
        RepositoryHistory(
            since=earlier.now,
            images_before=len(earlier.images.value),
            size_bytes_before=sum(_size(i.size_bytes) for i in earlier.images.value if i.kind != "index"),
            moved=moved,
        ),
        SOURCE,
    )


def keep_clock(earlier: EarlierRecord | None, record: RepositoryRecord) -> RepositoryRecord:
    """The record with the times since which its vulnerabilities are in the repository; see `first_seen`."""
    if earlier is None or earlier.images.state != "known":
        return record
    clock, whole = clock_of(earlier.now, [image.scan for image in earlier.images.value])
    return with_first_seen(record, clock, whole=whole)


def _size(fact: Any) -> int:
    value = fact.get("value") if isinstance(fact, dict) else None
    return value if isinstance(value, int) else 0
