"""How much a layer may cost. Whoever pushes an image chooses every byte of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from auditor.inventory.facts import Reason

MIB = 1024 * 1024


@dataclass(frozen=True)
class LayerLimits:
    """Bounds of one layer and of one image. Sizes in bytes, times in seconds."""

    compressed: int = 2048 * MIB
    unpacked: int = 8192 * MIB
    ratio: int = 200
    """Unpacked bytes for each compressed one, judged once `ratio_from` bytes are unpacked: text gives 3 to 10."""
    ratio_from: int = 64 * MIB
    entries: int = 1_000_000
    text_file: int = 16 * MIB
    """A text is looked at up to here."""
    path_depth: int = 64
    path_length: int = 4096
    header: int = MIB
    """A PAX header or GNU long name, as Go's reader has it, which runtimes unpack layers with."""
    layer_s: float = 45.0
    image_s: float = 300.0


class LimitReachedError(Exception):
    """A layer that is not read to its end; `reason` and `detail` say why."""

    def __init__(self, reason: Reason, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason
        self.detail = detail


class Deadline:
    """Ends work that has taken its time. `clock`: seconds that only grow."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._end = clock() + seconds
        self._seconds = seconds

    @property
    def left(self) -> float:
        """Seconds; not positive once it is over."""
        return self._end - self._clock()

    def check(self) -> None:
        """Errors: `LimitReachedError` once the time is over."""
        if self.left <= 0:
            raise LimitReachedError(Reason.TIMEOUT, f"it takes more than {self._seconds:g} s to search")
