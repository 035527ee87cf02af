"""An ECR lifecycle policy run day by day, written from the text of the user guide alone: slow and plain.

It shares nothing with `auditor.analysis.lifecycle`, not even how a policy is read: it takes ECR's own JSON.
Everything has to be known: see `tests.support.lifecycle_worlds` for what to do where it is not.
"""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any


@dataclass
class Thing:
    """An image in a repository."""

    digest: str
    tags: list[str]
    pushed: datetime
    pulled: datetime | None = None
    archived: datetime | None = None
    """When it was moved to the archive, where it is now; None while it is in the standard class."""
    restored: datetime | None = None
    children: list[str] = field(default_factory=list)
    subject: str | None = None


def meets(selection: dict[str, Any], thing: Thing) -> bool:
    """Tags and storage class satisfy a rule's selection."""
    if (selection.get("storageClass", "standard") == "archive") != (thing.archived is not None):
        return False
    if selection["tagStatus"] == "untagged":
        return thing.tags == []
    if selection["tagStatus"] == "tagged":
        wanted = [prefix + "*" for prefix in selection.get("tagPrefixList", [])] + selection.get("tagPatternList", [])
        return all(any(fnmatch.fnmatchcase(tag, pattern) for tag in thing.tags) for pattern in wanted)
    return True


def over(selection: dict[str, Any], things: list[Thing], moment: datetime) -> list[Thing]:
    """Those of the selected images that are too many or too old."""
    number = selection["countNumber"]
    limit = timedelta(days=number)
    match selection["countType"]:
        case "imageCountMoreThan":
            return sorted(things, key=lambda t: t.restored or t.pushed, reverse=True)[number:]
        case "sinceImagePushed":
            return [t for t in things if moment - (t.restored or t.pushed) > limit]
        case "sinceImageTransitioned":
            return [t for t in things if t.archived is not None and moment - t.archived > limit]
        case "sinceImagePulled":
            return [t for t in things if moment - last_use(t) > limit]
    raise AssertionError(selection)


def last_use(thing: Thing) -> datetime:
    if thing.restored is not None and (thing.pulled is None or thing.pulled < thing.restored):
        return thing.restored
    return thing.pulled or thing.pushed


def play(policy: dict[str, Any], things: list[Thing], now: datetime, days: int) -> list[tuple[int, str, str, int, str]]:
    """(day, digest, action, rule priority or 0, subject) of everything that happens, sorted."""
    rules = sorted(policy["rules"], key=lambda rule: rule["rulePriority"])
    left = list(things)
    happened: list[tuple[int, str, str, int, str]] = []
    for day in range(days + 1):
        moment = now + timedelta(days=day)
        marked: list[tuple[Thing, dict[str, Any]]] = []
        for position, rule in enumerate(rules):
            selected = [t for t in left if meets(rule["selection"], t)]
            for thing in over(rule["selection"], selected, moment):
                if any(meets(earlier["selection"], thing) for earlier in rules[:position]):
                    continue
                if any(t.archived is None and thing.digest in t.children and t is not thing for t in left):
                    continue
                if thing.subject != thing.digest and any(t.digest == thing.subject for t in left):
                    continue
                marked.append((thing, rule))
        moved = {thing.digest: rule["action"]["type"] for thing, rule in marked}
        for thing, rule in marked:
            move(thing, rule["action"]["type"], rule["rulePriority"], "", day, moment, left, happened)
        # What refers to them goes the same way, whatever order they went in.
        while follower := next((t for t in left if follows(t, moved, left)), None):
            assert follower.subject is not None
            moved[follower.digest] = moved[follower.subject]
            move(follower, moved[follower.subject], 0, follower.subject, day, moment, left, happened)
    return sorted(happened)


def follows(thing: Thing, moved: dict[str, str], left: list[Thing]) -> bool:
    """Its subject was moved in this run, it was not, and no index that stands names it."""
    if thing.subject not in moved or thing.digest in moved or thing.subject == thing.digest:
        return False
    if moved[thing.subject] == "transition" and thing.archived is not None:
        return False
    return not any(t.archived is None and thing.digest in t.children and t is not thing for t in left)


def move(
    thing: Thing,
    action: str,
    priority: int,
    because_of: str,
    day: int,
    moment: datetime,
    left: list[Thing],
    happened: list[tuple[int, str, str, int, str]],
) -> None:
    happened.append((day, thing.digest, "archive" if action == "transition" else "expire", priority, because_of))
    if action == "transition":
        thing.archived = moment
    else:
        left.remove(thing)
