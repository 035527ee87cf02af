"""Random repositories with ECR lifecycle policies: wholly known ones, and ones with gaps and what may be behind them."""

from __future__ import annotations

import copy
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from auditor.analysis.retention import analyse_retention
from auditor.inventory.derived import RetentionAnalysis
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Child, Image
from tests.support.naive_lifecycle import Thing

NOW = "2026-11-24T12:00:00Z"
MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
SOURCE = "ecr:DescribeImages"
ABSENT = Absent(SOURCE)
TAGS = [
    "release-1",
    "release-2",
    "dev-1",
    "develop",
    "v1.0.0",
    "v1.1",
    "V1",
    "latest",
    "prod-a",
    "sha256-" + "a" * 64 + ".sig",
]
PREFIXES = [["release"], ["dev"], ["v"], ["release", "dev"], ["prod"], ["l"], [""]]
PATTERNS = [["*"], ["v*"], ["v1*"], ["*1"], ["*e*"], ["v*", "*1*"], ["latest"], ["*.*"], ["*a*e*"]]
DAYS = [1, 3, 7, 20, 30, 60, 90]


def digest(n: int) -> str:
    return f"sha256:{n:064x}"


def stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def unknown(call: str = SOURCE) -> Unknown:
    return Unknown(Reason.ACCESS_DENIED, call)


def image(n: int, tags: list[str] | None = None, pushed: float | Fact[str] = 0.0, **changes: Any) -> Image:
    """An image; `pushed` in days before NOW. `children`: numbers of images, which makes it an index."""
    when = pushed if isinstance(pushed, (Known, Absent, Unknown)) else ago(pushed)
    children = changes.pop("children", None)
    if isinstance(children, list):
        children = Known([Child(digest(child), "image", "linux/amd64") for child in children])
    subject = changes.pop("subject", None)
    known: dict[str, Any] = {
        "digest": digest(n),
        "kind": "index" if children is not None else "image",
        "tags": sorted(tags or []),
        "status": "active",
        "media_type": ABSENT,
        "artifact_type": ABSENT,
        "subject": Known(digest(subject)) if isinstance(subject, int) else subject or ABSENT,
        "size_bytes": Known(1000),
        "pushed_at": when,
        "last_pulled_at": ABSENT,
        "children": ABSENT if children is None else children,
        "scan": ABSENT,
        "signatures": Known([]),
        "signing_status": ABSENT,
        "archived_at": ABSENT,
        "activated_at": ABSENT,
    }
    return Image(**{**known, **changes})


def ago(days: float) -> Known[str]:
    return Known(stamp(MOMENT - timedelta(days=days)))


def policy(*rules: dict[str, Any]) -> dict[str, Any]:
    """A document of rules as `rule` gives them, numbered from 1."""
    return {"rules": [{**rule, "rulePriority": rule.get("rulePriority", i + 1)} for i, rule in enumerate(rules)]}


def rule(status: str, count_type: str, number: int, *, action: str = "expire", **selection: Any) -> dict[str, Any]:
    """A rule as ECR writes it; prefixes=, patterns= and archive= for the rest of the selection."""
    chosen: dict[str, Any] = {"tagStatus": status, "countType": count_type, "countNumber": number}
    if "prefixes" in selection:
        chosen["tagPrefixList"] = selection["prefixes"]
    if "patterns" in selection:
        chosen["tagPatternList"] = selection["patterns"]
    if selection.get("archive"):
        chosen["storageClass"] = "archive"
    if count_type != "imageCountMoreThan":
        chosen["countUnit"] = "days"
    target = {"targetStorageClass": "archive"} if action == "transition" else {}
    return {"selection": chosen, "action": {"type": action, **target}}


def analysis(document: dict[str, Any]) -> RetentionAnalysis:
    """The policy, which must be valid."""
    found = analyse_retention(json.dumps(document))
    assert found.errors == [], found.errors
    return found


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    """A valid policy of up to six rules, in any order, with gaps between priorities."""
    rules: list[dict[str, Any]] = []
    used: set[str] = set()
    for _ in range(draw(st.integers(0, 4))):
        how = draw(st.sampled_from(["prefix", "prefix", "pattern", "untagged"]))
        chosen: dict[str, Any] = {}
        if how == "prefix":
            chosen["prefixes"] = draw(st.sampled_from(PREFIXES))
        elif how == "pattern":
            chosen["patterns"] = draw(st.sampled_from(PATTERNS))
        if json.dumps([how, chosen]) in used:
            continue
        used.add(json.dumps([how, chosen]))
        rules.append(_counted(draw, "untagged" if how == "untagged" else "tagged", chosen))
    if draw(st.booleans()):
        rules.append(_counted(draw, "any", {}))
    if draw(st.booleans()):
        status = draw(st.sampled_from(["any", "untagged", "tagged"]))
        chosen = {"prefixes": [""]} if status == "tagged" else {}
        rules.append(rule(status, "sinceImageTransitioned", draw(st.sampled_from([90, 120])), archive=True, **chosen))
    step = draw(st.integers(1, 3))
    numbered = [{**entry, "rulePriority": (i + 1) * step} for i, entry in enumerate(rules)]
    return {"rules": draw(st.permutations(numbered))}


def _counted(draw: st.DrawFn, status: str, chosen: dict[str, Any]) -> dict[str, Any]:
    kind = draw(st.sampled_from(["imageCountMoreThan", "imageCountMoreThan", "sinceImagePushed", "sinceImagePulled"]))
    number = draw(st.integers(1, 4) if kind == "imageCountMoreThan" else st.sampled_from(DAYS))
    action = "transition" if kind == "sinceImagePulled" else draw(st.sampled_from(["expire", "expire", "transition"]))
    return rule(status, kind, number, action=action, **chosen)


@st.composite
def repositories(draw: st.DrawFn) -> list[Thing]:
    """Up to twelve images with distinct times, some of them indexes and referrers, some archived or restored."""
    count = draw(st.integers(0, 12))
    # Whole days are likely, so that ages stand exactly at a limit.
    times = draw(
        st.lists(
            st.one_of(st.sampled_from([d * 86400 for d in DAYS]), st.integers(0, 130 * 86400)),
            min_size=count,
            max_size=count,
            unique=True,
        )
    )
    things = []
    for n, seconds in enumerate(times):
        thing = Thing(digest(n), draw(st.lists(st.sampled_from(TAGS), max_size=2, unique=True)), _before(seconds))
        if draw(st.integers(0, 3)) == 0:
            thing.pulled = _before(draw(st.integers(0, seconds)))
        past = draw(st.integers(0, 9))
        if past == 0:
            thing.archived = _before(draw(st.integers(0, seconds)) + n / 100)
        elif past == 1:
            thing.restored = _before(draw(st.integers(0, seconds)) * 100 // 100 + n / 100)
        things.append(thing)
    for n, thing in enumerate(things):
        what = draw(st.integers(0, 4))
        others = [other.digest for other in things if other is not thing]
        if what == 0 and others:
            # An index is pushed after what it names; only the order of numbers is kept free of cycles.
            younger = [other.digest for other in things[n + 1 :] if other.pushed < thing.pushed]
            if younger:
                thing.children = draw(st.lists(st.sampled_from(younger), max_size=3, unique=True))
        elif what == 1 and n:
            thing.subject = draw(st.sampled_from([other.digest for other in things[:n]]))
    return things


def _before(seconds: float) -> datetime:
    return MOMENT - timedelta(seconds=seconds)


def as_image(thing: Thing) -> Image:
    """The record of a thing."""

    def fact(moment: datetime | None) -> Fact[str]:
        return ABSENT if moment is None else Known(moment.isoformat())

    children = [Child(child, "image", "") for child in thing.children]
    return image(
        0,
        thing.tags,
        Known(thing.pushed.isoformat()),
        digest=thing.digest,
        status="active" if thing.archived is None else "archived",
        kind="index" if children else "image",
        children=Known(children) if children else ABSENT,
        subject=ABSENT if thing.subject is None else Known(thing.subject),
        last_pulled_at=fact(thing.pulled),
        archived_at=fact(thing.archived),
        activated_at=fact(thing.restored),
    )


@dataclass
class World:
    """What is known of a repository, and the truth that may be behind it."""

    images: list[Image]
    truth: list[Thing]


@st.composite
def gapped(draw: st.DrawFn) -> World:
    """A repository of which some facts were not read: any one of many truths would look like this."""
    truth = draw(repositories())
    images = []
    for thing in truth:
        known = as_image(copy.deepcopy(thing))
        gap = draw(
            st.sampled_from(
                ["", "", "", "", "pushed_at", "last_pulled_at", "archived_at", "activated_at", "subject", "children"]
            )
        )
        if gap == "children":
            if thing.children:
                known = _changed(known, children=unknown("ecr:BatchGetImage"))
        elif gap:
            known = _changed(known, **{gap: unknown()})
        images.append(known)
    return World(images, truth)


def _changed(known: Image, **changes: Any) -> Image:
    import msgspec

    return msgspec.structs.replace(known, **changes)
