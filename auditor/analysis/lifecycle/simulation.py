"""The daily runs of a lifecycle policy, by events: only days and images at which something can happen are visited.

Cost: the images that each rule selects are matched and sorted once; every image is then visited a few times.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from auditor.analysis.lifecycle import moments
from auditor.analysis.lifecycle.belonging import Belonging
from auditor.analysis.lifecycle.doubts import Doubt, Doubts
from auditor.analysis.lifecycle.ranking import Ranking
from auditor.analysis.lifecycle.selection import Selection
from auditor.errors import InputError
from auditor.inventory.derived import Removal, RetentionRule
from auditor.inventory.images import Image

_STANDARD: Literal["standard"] = "standard"
_ARCHIVE: Literal["archive"] = "archive"
_GONE: Literal["gone"] = "gone"
Place = Literal["standard", "archive", "gone"]
Action = Literal["expire", "archive"]


@dataclass(frozen=True)
class Course:
    """What happened until the horizon. `matched` and `owned`: images that each rule selects, and may take."""

    removals: list[Removal]
    matched: list[int]
    owned: list[int]
    selection: Selection
    doubts: list[str]


def simulate(rules: Sequence[RetentionRule], images: Sequence[Image], *, now: str, horizon_days: int) -> Course:
    """Play `rules` (of a policy without errors) forward from `now` (RFC 3339) over `horizon_days` daily runs.

    The order of `images` and of `rules` has no influence. Errors: `InputError` for a `now` that is no time.
    """
    start = moments.parse(now)
    if start is None:
        raise InputError(f"{now!r} is no RFC 3339 time")
    run = _Run(sorted(rules, key=lambda rule: rule.priority), images, start, horizon_days)
    run.play()
    removals = sorted(run.removals, key=lambda r: (r.after_days, r.digest, r.action))
    return Course(removals, run.matched, run.owned, run.selection, run.doubts.texts())


class _Run:
    def __init__(self, rules: list[RetentionRule], images: Sequence[Image], now: int, horizon: int) -> None:
        self.rules, self.images, self.now, self.horizon = rules, images, now, horizon
        self.selection = Selection(rules, [image.tags for image in images])
        self.removals: list[Removal] = []
        self.doubts = Doubts()
        self._belonging = Belonging(images)
        self._place: list[Place] = [_ARCHIVE if image.status == "archived" else _STANDARD for image in images]
        self._pushed = [moments.pushed(image, now) for image in images]
        self._holders = [0] * len(images)
        for index, children in self._belonging.children.items():
            if self._place[index] == _STANDARD:
                for child in children:
                    self._holders[child] += 1
        self.matched = [0] * len(rules)
        self.owned = [0] * len(rules)
        self._rankings = self._count()
        self._events: list[tuple[int, int]] = []
        self._archived: dict[int, int] = {}
        """When these runs moved an image to the archive."""

    def _count(self) -> dict[int, Ranking]:
        """Count what each rule selects and owns; rank what the counting ones select."""
        times: dict[int, dict[int, int | None]] = {i: {} for i, r in enumerate(self.rules) if r.count_type == "count"}
        for i, found in enumerate(self.selection.matches):
            place = self._place[i]
            for rule in found:
                if self.rules[rule].storage_class == place:
                    self.matched[rule] += 1
                    if rule in times:
                        times[rule][i] = self._pushed[i]
            owner = self._owner(i)
            if owner is not None:
                self.owned[owner] += 1
        return {rule: Ranking(found, self.rules[rule].count) for rule, found in times.items()}

    def _owner(self, image: int) -> int | None:
        place = self._place[image]
        return None if place == _GONE else self.selection.owner[place][image]

    # ---------------------------------------------------------------- the runs
    def play(self) -> None:
        """Every run that changes something."""
        for i in range(len(self.images)):
            self._schedule(i, 0)
        heapq.heapify(self._events)
        while self._events and self._events[0][0] <= self.horizon:
            day = self._events[0][0]
            due: set[int] = set()
            while self._events and self._events[0][0] == day:
                due.add(heapq.heappop(self._events)[1])
            # All are judged by what stood at the start of the run.
            taken = [(i, rule) for i in sorted(due) if (rule := self._taken_by(i, day)) is not None]
            self._take([(i, self.rules[rule]) for i, rule in taken], day)
        if self.removals:
            for i in self._belonging.unread_subject:
                if self._place[i] != _GONE:
                    self.doubts.add("subject", i)

    def _schedule(self, i: int, earliest: int) -> None:
        """Plan the first run, from `earliest` on, at which the owner of an image may take it."""
        owner = self._owner(i)
        if owner is None or self._held(i):
            return
        rule = self.rules[owner]
        if rule.count_type == "count":
            self._plan(earliest, i)
            return
        since, doubt = self._since(rule, i)
        if since is None:
            self._suspect(doubt, i, rule)
            return
        self._plan(max(earliest, moments.first_day(since, rule.count, self.now)), i)

    def _plan(self, day: int, i: int) -> None:
        if day <= self.horizon:
            heapq.heappush(self._events, (day, i))

    def _since(self, rule: RetentionRule, i: int) -> tuple[int | None, Doubt]:
        match rule.count_type:
            case "since_pulled":
                return moments.pulled(self.images[i], self.now), "pulled"
            case "since_transitioned":
                return self._archived.get(i, moments.of(self.images[i].archived_at)), "archived"
        return self._pushed[i], "pushed"

    def _suspect(self, doubt: Doubt, i: int, rule: RetentionRule) -> None:
        """A time is not known: no doubt only where even the earliest it can be is too late."""
        earliest = moments.of(self.images[i].pushed_at)
        if earliest is None or moments.first_day(earliest, rule.count, self.now) <= self.horizon:
            self.doubts.add(doubt, i)

    # ---------------------------------------------------------------- who is taken
    def _held(self, i: int) -> bool:
        """Whether an index that stands names the image, or its subject is there."""
        subject = self._belonging.subject.get(i)
        return self._holders[i] > 0 or (subject is not None and self._place[subject] != _GONE)

    def _taken_by(self, i: int, day: int) -> int | None:
        """The rule that surely takes an image in this run; a doubt where it only may."""
        owner = self._owner(i)
        if owner is None or self._held(i) or not self._is_due(i, owner, day):
            return None
        if self._belonging.may_be_held(i):
            self.doubts.add("held", i)
            return None
        if i in self._belonging.unread_subject:
            self.doubts.add("subject", i)
            return None
        return owner

    def _is_due(self, i: int, owner: int, day: int) -> bool:
        ranking = self._rankings.get(owner)
        if ranking is None:
            return True
        if day > 0 and self.doubts and ranking.may_be_over(i):
            # What else went before this run is not sure, and so neither is the count.
            self.doubts.add("later", i)
            return False
        if ranking.surely_over(i):
            return True
        if ranking.may_be_over(i):
            self.doubts.add("pushed" if self._pushed[i] is None else "tie", i)
        return False

    # ---------------------------------------------------------------- what follows
    def _take(self, taken: list[tuple[int, RetentionRule]], day: int) -> None:
        """Move images out, and then what refers to them, one after another.

        What refers to an image follows as soon as no index that still stands names it, so the outcome of a run does
        not hang on the order in which it takes the images.
        """
        freed: list[int] = []
        released: dict[int, tuple[Action, str]] = {}
        for i, rule in taken:
            freed += self._remove(i, day, rule.action, rule.priority, "", released)
        while released:
            ready = [i for i in released if not self._holders[i]]
            if not ready:
                break
            for i in ready:
                action, subject = released.pop(i)
                if self._belonging.may_be_held(i):
                    self.doubts.add("held", i)
                else:
                    freed += self._remove(i, day, action, 0, subject, released)
        for i in freed:
            self._schedule(i, day + 1)

    def _remove(
        self, i: int, day: int, action: Action, priority: int, because_of: str, released: dict[int, tuple[Action, str]]
    ) -> list[int]:
        """Move one image, and note in `released` what would follow it. Returns what rules may take from then on."""
        digest = self.images[i].digest
        self.removals.append(Removal(digest, action, priority, day, because_of))
        for referrer in self._belonging.referrers.get(i, ()):
            place = self._place[referrer]
            if place != _GONE and not (action == "archive" and place == _ARCHIVE):
                released[referrer] = (action, digest)
        return self._move(i, day, action)

    def _move(self, i: int, day: int, action: Action) -> list[int]:
        """Change the place of one image. Returns those that a rule may take from the next run on."""
        was = self._place[i]
        freed: list[int] = []
        if action == "archive":
            self._place[i] = _ARCHIVE
            self._archived[i] = self.now + day * moments.DAY
            freed.append(i)
        else:
            self._place[i] = _GONE
            freed.extend(self._belonging.referrers.get(i, ()))
        if was == _STANDARD:
            for rule in self.selection.matches[i]:
                if rule in self._rankings:
                    self._rankings[rule].remove(i)
            for child in self._belonging.children.get(i, ()):
                self._holders[child] -= 1
                freed.append(child)
        return freed
