"""What changed in a repository since an earlier snapshot: moved tags, growth."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from auditor.analysis.artefacts import signature_tag_subject
from auditor.analysis.first_seen import EarlierScan, clock_of, with_first_seen
from auditor.inventory.derived import MovedTag, RepositoryHistory
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RepositoryRecord

SOURCE = "auditor:since"


class _EarlierVerification(msgspec.Struct):
    state: str = "unknown"
    value: str = ""


class _EarlierSignature(msgspec.Struct):
    verification: _EarlierVerification = msgspec.field(default_factory=_EarlierVerification)


class _EarlierSignatures(msgspec.Struct):
    state: str
    value: list[_EarlierSignature] = []


class _EarlierImage(msgspec.Struct):
    digest: str
    kind: str
    tags: list[str]
    size_bytes: Any
    scan: EarlierScan = msgspec.field(default_factory=lambda: EarlierScan("unknown"))
    signatures: _EarlierSignatures = msgspec.field(default_factory=lambda: _EarlierSignatures("unknown"))


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

    A tag that is new is no move; one that is gone has an empty `after`. Tags that signatures and referrers are found by
    move whenever one is added, and are left out. Sizes are summed as in
    `Repository.size_bytes`: an index has none of its own.
    """
    if earlier is None:
        return Absent(SOURCE)
    if earlier.images.state != "known":
        return Unknown(Reason.NOT_REQUESTED, SOURCE, "the earlier snapshot does not hold the images")
    if not isinstance(record.images, Known):
        return Unknown(Reason.PENDING, record.images.source, "the list of images was not read")
    before = {tag: image for image in earlier.images.value for tag in image.tags}
    after = {tag: image for image in record.images.value for tag in image.tags}
    moved = [
        MovedTag(tag, old.digest, after[tag].digest, _signature(old, after[tag]))
        if tag in after
        else MovedTag(tag, old.digest, "")
        for tag, old in sorted(before.items())
        if (tag not in after or after[tag].digest != old.digest) and not _follows(tag)
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


def _follows(tag: str) -> bool:
    return signature_tag_subject(tag) is not None


def _signature(old: _EarlierImage, new: Image) -> Literal["", "lost", "untrusted"]:
    """What became of the signature of what a tag leads to."""
    states = [one.verification.value for one in old.signatures.value if one.verification.state == "known"]
    if old.signatures.state != "known" or not old.signatures.value or not isinstance(new.signatures, Known):
        return ""
    if states and "verified" not in states and len(states) == len(old.signatures.value):
        return ""  # it was signed by nobody who counts
    if not new.signatures.value:
        return "lost"
    verifications = [one.verification for one in new.signatures.value]
    bad = all(isinstance(one, Known) and one.value != "verified" for one in verifications)
    return "untrusted" if bad and "verified" in states else ""


def _size(fact: Any) -> int:
    value = fact.get("value") if isinstance(fact, dict) else None
    return value if isinstance(value, int) else 0
