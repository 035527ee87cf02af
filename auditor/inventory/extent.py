"""How much of a repository a record holds: all of it, or the images that somebody named."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact, Known


class NamedReference(Record, frozen=True):
    """One image that is asked for: `text` as the user wrote it; where there is a digest, the tag decides nothing."""

    text: str
    registry: str
    repository: str
    tag: str
    digest: str


class NamedImage(Record, frozen=True):
    """An image that was asked for by name."""

    reference: str
    tag: str
    """Empty for one that was named by its digest."""
    digest: Fact[str]
    """What it led to when it was read: everything else was read by this digest."""


class Extent(Record, frozen=True):
    """What of a repository was read; without any names it is the whole."""

    named: list[NamedImage] = []
    other_images: Fact[Literal["read"]] = Known("read")
    """Unknown where only the named images were read, with what belongs to them."""
    other_tags: Fact[Literal["read"]] = Known("read")
    """Unknown where the images that were read may have more tags."""


WHOLE = Extent()
