"""Records on the content of registries: what could not be read of it."""

from __future__ import annotations

from auditor.inventory.base import Record
from auditor.inventory.facts import Unknown


class UnreadManifest(Record, frozen=True):
    """A manifest that something in the repository names, and of which nothing is known: it may be there or not."""

    digest: str
    why: Unknown
