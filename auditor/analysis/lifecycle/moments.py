"""When things happened to an image, as the lifecycle evaluator counts it: microseconds since 1970."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
DAY: Final = 86_400_000_000
NEVER: Final = "never"
Event = int | str | None
"""A moment, NEVER, or None where it was not read."""


def parse(text: str) -> int | None:
    """An RFC 3339 time; None for a text that is none, or that has no zone.

    >>> parse("1970-01-02T00:00:00Z") == DAY
    True
    >>> parse("yesterday") is None
    True
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if moment.tzinfo is None else (moment - _EPOCH) // _MICROSECOND


def of(fact: Fact[str]) -> int | None:
    """The moment of a fact that has to be there; None where it was not read."""
    return parse(fact.value) if isinstance(fact, Known) else None


def pushed(image: Image, now: int) -> int | None:
    """The moment that order and age count from: the push, or the return from the archive."""
    if image.status == "activating":
        return now
    restored = _restored(image)
    if restored == NEVER:
        return of(image.pushed_at)
    return restored if isinstance(restored, int) else None


def pulled(image: Image, now: int) -> int | None:
    """The last pull; for an image never pulled (since it was restored, if it was) its push (or the restoring)."""
    since = pushed(image, now)
    if isinstance(image.last_pulled_at, Absent) or since is None:
        return since
    last = of(image.last_pulled_at)
    if last is None:
        return None
    restored = _restored(image)
    return max(last, restored) if isinstance(restored, int) else last


def _restored(image: Image) -> Event:
    """A platform that has no archive never restored anything."""
    fact = image.activated_at
    if isinstance(fact, Absent):
        return NEVER
    if isinstance(fact, Unknown):
        return NEVER if fact.reason == Reason.UNSUPPORTED_BY_PLATFORM else None
    return of(fact)


def first_day(since: int, days: int, now: int) -> int:
    """The first daily run, 0 being at `now`, at which `since` is more than `days` days ago.

    >>> first_day(0, 7, 7 * DAY), first_day(-1, 7, 7 * DAY), first_day(0, 7, 0)
    (1, 0, 8)
    """
    return max(0, (since + days * DAY - now) // DAY + 1)
