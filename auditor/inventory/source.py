"""What is judged, whichever form it came in: scopes with a context and a stream of records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from auditor.inventory.recorder import ErrorEntry
from auditor.inventory.store import ScopeEntry, SnapshotReader


@dataclass(frozen=True)
class ScopeInput:
    """One scope, ready for an engine."""

    id: str
    context: bytes | None
    """JSON of the registry record; None when nothing of the scope could be read."""
    records: Iterator[bytes]
    """JSON of each repository record."""
    repositories: int
    images: int
    calls: int
    errors: list[ErrorEntry]
    notes: list[str]
    wanted: int
    answered: int


class Source(Protocol):
    """A snapshot or an inventory document."""

    digest: str
    """`sha256:…` over the whole content."""
    taken_at: str

    def scopes(self) -> Iterator[ScopeInput]:
        """Every scope, in the order of ids. Errors: `InputError` for content that does not fit."""
        ...


class SnapshotSource:
    """A snapshot directory as a source."""

    def __init__(self, path: Path) -> None:
        self._reader = SnapshotReader(path)
        self.digest = self._reader.digest
        self.taken_at = self._reader.manifest.taken_at

    def scopes(self) -> Iterator[ScopeInput]:
        """See `Source.scopes`."""
        for entry in self._reader.manifest.scopes:
            yield self._scope(entry)

    def _scope(self, entry: ScopeEntry) -> ScopeInput:
        return ScopeInput(
            id=entry.id,
            context=self._reader.context(entry),
            records=self._reader.records(entry),
            repositories=entry.repositories,
            images=entry.images,
            calls=entry.calls,
            errors=entry.errors,
            notes=entry.notes,
            wanted=entry.wanted,
            answered=entry.answered,
        )
