"""Writes one scope of a snapshot: its records line by line, completed on the way, then its context."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec

from auditor.inventory.earlier import EarlierSnapshot
from auditor.inventory.facts import Known
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.names import part_stem
from auditor.inventory.recorder import ErrorEntry, Ledger, Recorder
from auditor.inventory.records import ContextRecord, LineRecord
from auditor.inventory.store import Part, ScopeEntry


class Completion(Protocol):
    """Adds to records what follows from other scopes, just before they are written. Called from many threads."""

    def complete(self, record: LineRecord) -> LineRecord:
        """The record to write."""
        ...

    def closed(self, scope: str, context: ContextRecord | None, errors: list[ErrorEntry]) -> None:
        """A scope is done; `context` is None where nothing of it could be read."""
        ...


class AsCollected:
    """Adds nothing."""

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Completion.complete`."""
        return record

    def closed(self, scope: str, context: ContextRecord | None, errors: list[ErrorEntry]) -> None:
        """See `Completion.closed`."""


class ScopeWriter:
    """Streams one scope to its part. `write` in the order of repository names, from one thread."""

    def __init__(
        self, scope: str, folder: Path, now: str, completion: Completion, earlier: EarlierSnapshot | None = None
    ) -> None:
        self.id = scope
        self.now = now
        self.earlier = earlier
        self._completion = completion
        self.recorder = Recorder()
        self._stem = part_stem(scope)
        self._folder = folder
        self._path = folder / f"{self._stem}.jsonl"
        self._file: BinaryIO = self._path.open("wb")
        self._hash = hashlib.sha256()
        self._size = 0
        self._repositories = 0
        self._images = 0
        self.fingerprint = ""
        """What the collector was told to read, see `ScopeEntry.fingerprint`."""
        self.reused = 0
        self._encoder = msgspec.json.Encoder(order="deterministic")

    def write(self, record: LineRecord) -> None:
        """Append one repository or workload."""
        record = self._completion.complete(record)
        line = self._encoder.encode(record) + b"\n"
        self._file.write(line)
        self._hash.update(line)
        self._size += len(line)
        if isinstance(record, RepositoryRecord):
            self._repositories += 1
            if isinstance(record.images, Known):
                self._images += len(record.images.value)

    def close(self) -> None:
        """Close the file of an unfinished scope."""
        self._file.close()

    def finish(self, context: ContextRecord | None, ledger: Ledger | None = None) -> ScopeEntry:
        """Close the part and say what it holds; `context` is None for a scope that could not be read at all.

        `ledger`: of the run that read it, in place of the recorder's.
        """
        self._file.close()
        context_part = None
        if context is not None:
            content = self._encoder.encode(context) + b"\n"
            path = self._folder / f"{self._stem}.context.json"
            path.write_bytes(content)
            context_part = Part(f"parts/{path.name}", hashlib.sha256(content).hexdigest(), len(content))
        records = Part(f"parts/{self._path.name}", self._hash.hexdigest(), self._size)
        if context is None:
            self._path.unlink()
        ledger = ledger or self.recorder.ledger()
        self._completion.closed(self.id, context, ledger.errors)
        return ScopeEntry(
            id=self.id,
            repositories=self._repositories,
            images=self._images,
            calls=sum(ledger.calls.values()),
            calls_by_operation=ledger.calls,
            errors=ledger.errors,
            notes=ledger.notes,
            wanted=ledger.wanted,
            answered=ledger.answered,
            context=context_part,
            records=None if context is None else records,
            fingerprint=self.fingerprint,
            reused=self.reused,
        )
