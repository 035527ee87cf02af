"""What an outlook means to people: images, bytes and cost by day, rules, images in use, newest releases."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import Literal

import msgspec

from auditor.analysis.lifecycle import moments
from auditor.inventory.derived import Removal, RepositoryUsage, RetentionOutlook, RuleOutlook
from auditor.inventory.facts import Fact, Known
from auditor.inventory.images import Image

GIB = 2**30
RELEASE = re.compile(r"v|release")
"""How tags of releases begin, as in the rules on them."""
KEEP_ROLLBACK = 5


class Prices(msgspec.Struct, frozen=True):
    """USD per GiB and month. Defaults: Amazon ECR pricing, private repositories, us-east-1, read in 2026.

    The archive costs the same for its first 150 TB a month, and 0.07 beyond.
    """

    standard: float = 0.10
    archive: float = 0.10
    source: str = "Amazon ECR pricing, private repositories, us-east-1; archive: first 150 TB"


class Point(msgspec.Struct, frozen=True):
    """What is gone by a day. Bytes are an upper bound: a layer that images share is counted with each of them.

    `usd_per_month`: storage no longer paid for (the difference, for archived images).
    """

    days: int
    expired: int
    archived: int
    expired_bytes: int
    archived_bytes: int
    sizes_unknown: int
    usd_per_month: float


class NeededImage(msgspec.Struct, frozen=True):
    """An image that is taken though a workload runs it or may start it."""

    digest: str
    tags: list[str]
    action: Literal["expire", "archive"]
    after_days: int
    priority: int
    workloads: list[str]
    running: bool


class Release(msgspec.Struct, frozen=True):
    """One of the newest releases; `after_days` is None for one that stays until the horizon."""

    digest: str
    tags: list[str]
    pushed_at: str
    after_days: int | None
    action: str = ""


class Forecast(msgspec.Struct, frozen=True):
    """One repository under one policy."""

    horizon_days: int
    points: list[Point]
    rules: list[RuleOutlook]
    in_use: list[NeededImage]
    in_use_known: Literal["known", "partly", "unknown"]
    in_use_missing: list[str]
    releases: list[Release]
    uncovered: list[str]
    removals: list[Removal]
    doubts: list[str]


def forecast(
    outlook: RetentionOutlook,
    images: Sequence[Image],
    usage: Fact[RepositoryUsage],
    *,
    days: Sequence[int],
    prices: Prices,
) -> Forecast:
    """Read an outlook at each of `days`, none of them after its horizon."""
    known = usage.value if isinstance(usage, Known) else None
    missing = known.missing if known else [f"{getattr(usage, 'reason', 'absent')}: {getattr(usage, 'source', '')}"]
    return Forecast(
        horizon_days=outlook.horizon_days,
        points=[_point(outlook.removals, images, day, prices) for day in days],
        rules=outlook.rules,
        in_use=_needed(outlook.removals, images, known) if known else [],
        in_use_known="unknown" if known is None else "known" if known.complete else "partly",
        in_use_missing=missing,
        releases=_releases(outlook.removals, images),
        uncovered=outlook.uncovered,
        removals=outlook.removals,
        doubts=outlook.doubts,
    )


def _point(removals: Sequence[Removal], images: Sequence[Image], day: int, prices: Prices) -> Point:
    ends = {removal.digest: removal.action for removal in removals if removal.after_days <= day}
    expired = archived = expired_bytes = archived_bytes = unknown = 0
    saved = 0.0
    for image in images:
        action = ends.get(image.digest)
        if action is None:
            continue
        size = _size(image)
        unknown += size is None
        was_archived = image.status == "archived"
        if action == "expire":
            expired += 1
            expired_bytes += size or 0
            saved += (size or 0) * (prices.archive if was_archived else prices.standard)
        else:
            archived += 1
            archived_bytes += size or 0
            saved += (size or 0) * (prices.standard - prices.archive)
    return Point(day, expired, archived, expired_bytes, archived_bytes, unknown, round(saved / GIB, 4))


def _size(image: Image) -> int | None:
    """Bytes. Of an index none: ECR says the size of its largest child, which counts by itself."""
    if image.kind == "index":
        return 0
    return image.size_bytes.value if isinstance(image.size_bytes, Known) else None


def _needed(removals: Sequence[Removal], images: Sequence[Image], usage: RepositoryUsage) -> list[NeededImage]:
    """The first removal of every image in use."""
    users = _users(images, [(use.digest, use.workload) for use in usage.uses if use.digest])
    running = _users(images, [(use.digest, use.workload) for use in usage.uses if use.digest and use.running])
    tags = {image.digest: image.tags for image in images}
    first: dict[str, Removal] = {}
    for removal in removals:
        if removal.digest in users:
            first.setdefault(removal.digest, removal)
    return [
        NeededImage(
            digest, tags.get(digest, []), r.action, r.after_days, r.priority, sorted(users[digest]), digest in running
        )
        for digest, r in first.items()
    ]


def _users(images: Sequence[Image], uses: Sequence[tuple[str, str]]) -> dict[str, set[str]]:
    """Digest -> workloads; an index counts with its children, and a child with its index."""
    named: defaultdict[str, set[str]] = defaultdict(set)
    for digest, workload in uses:
        named[digest].add(workload)
    users = {digest: set(workloads) for digest, workloads in named.items()}
    for image in images:
        for child in image.children.value if named and isinstance(image.children, Known) else []:
            for one, other in ((image.digest, child.digest), (child.digest, image.digest)):
                if one in named:
                    users.setdefault(other, set()).update(named[one])
    return users


def _releases(removals: Sequence[Removal], images: Sequence[Image]) -> list[Release]:
    """The newest releases, newest first. Without a push time an image cannot be placed, and is left out."""
    dated = [
        (time, image)
        for image in images
        if image.kind in ("image", "index") and image.status == "active" and any(RELEASE.match(t) for t in image.tags)
        if (time := moments.of(image.pushed_at)) is not None
    ]
    dated.sort(key=lambda pair: (-pair[0], pair[1].digest))
    ends: dict[str, Removal] = {}
    for removal in removals:
        ends.setdefault(removal.digest, removal)
    found = []
    for _, image in dated[:KEEP_ROLLBACK]:
        end = ends.get(image.digest)
        pushed = image.pushed_at.value if isinstance(image.pushed_at, Known) else ""
        found.append(
            Release(image.digest, image.tags, pushed, end.after_days if end else None, end.action if end else "")
        )
    return found
