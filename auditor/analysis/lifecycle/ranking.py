"""The newest images of a counting rule, while images go."""

from __future__ import annotations

from collections.abc import Sequence


class _Nth:
    """The place of the n-th image that is left; `len(order)` where there are fewer. Each place is passed once."""

    def __init__(self, left: Sequence[bool], n: int) -> None:
        self._left = left
        self.place = n - 1

    def left_at(self, place: int) -> None:
        """The image at `place` is no longer left."""
        if place <= self.place:
            self.place += 1
            while self.place < len(self._left) and not self._left[self.place]:
                self.place += 1


class Ranking:
    """Images that a counting rule selects, newest first. `limit`: how many it keeps.

    Images pushed at one moment have no order, and one of unknown time may stand anywhere. So an image is surely
    over the limit when as many surely newer ones are left; it may be over when there could be as many.
    """

    def __init__(self, times: dict[int, int | None], limit: int) -> None:
        known = sorted(((time, image) for image, time in times.items() if time is not None), reverse=True)
        self._times = [time for time, _ in known]
        self._time_of = {image: time for time, image in known}
        self._place = {image: place for place, (_, image) in enumerate(known)}
        self._left = [True] * len(known)
        unknown = len(times) - len(known)
        self._last_kept = _Nth(self._left, limit)
        self._first_over = _Nth(self._left, limit + 1 - unknown)
        self._any_over = len(times) > limit

    def surely_over(self, image: int) -> bool:
        """Whether at least `limit` surely newer images are left."""
        time, place = self._time_of.get(image), self._last_kept.place
        return time is not None and place < len(self._times) and self._times[place] > time

    def may_be_over(self, image: int) -> bool:
        """Whether at least `limit` images may be newer."""
        time, place = self._time_of.get(image), self._first_over.place
        if time is None or place < 0:
            return self._any_over
        return place < len(self._times) and self._times[place] >= time

    def remove(self, image: int) -> None:
        """The image has gone."""
        place = self._place.get(image)
        if place is None or not self._left[place]:
            return
        self._left[place] = False
        self._last_kept.left_at(place)
        self._first_over.left_at(place)
