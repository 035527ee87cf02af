"""What was not read and may change what a policy takes."""

from __future__ import annotations

from collections import defaultdict
from typing import Literal

Doubt = Literal["held", "pushed", "pulled", "archived", "subject", "tie", "later"]

_TEXTS: dict[Doubt, tuple[str, str]] = {
    "held": (
        "1 image may belong to an index whose children were not read",
        "{} images may belong to an index whose children were not read",
    ),
    "pushed": ("1 image has no known push time", "{} images have no known push time"),
    "pulled": ("1 image has no known time of its last pull", "{} images have no known time of their last pull"),
    "archived": ("1 image has no known time of archiving", "{} images have no known time of archiving"),
    "subject": ("whether 1 image refers to another was not read", "whether {} images refer to others was not read"),
    "tie": (
        "1 image stands at the limit of a count beside others whose order cannot be told",
        "{} images stand at the limit of a count beside others whose order cannot be told",
    ),
    "later": (
        "1 image goes or stays by a count that depends on the above",
        "{} images go or stay by a count that depends on the above",
    ),
}


class Doubts:
    """Images by what is not known of them."""

    def __init__(self) -> None:
        self._found: defaultdict[Doubt, set[int]] = defaultdict(set)

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, doubt: Doubt, image: int) -> None:
        """The image may be taken or not."""
        self._found[doubt].add(image)

    def texts(self) -> list[str]:
        """One sentence a kind of doubt, in a fixed order."""
        return [
            one if len(self._found[kind]) == 1 else many.format(f"{len(self._found[kind]):,}")
            for kind, (one, many) in _TEXTS.items()
            if kind in self._found
        ]
