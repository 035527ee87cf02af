"""What changed since an earlier snapshot."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from auditor.analysis.history import EarlierRecord, compare_with, keep_clock
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.store import ScopeEntry, SnapshotReader
from auditor.inventory.writing import LineRecord
from auditor.run.joins.base import Join


class EarlierJoin(Join):
    """Compares every repository with its record in the earlier snapshot."""

    def __init__(self, path: Path) -> None:
        self._records = EarlierRecords(path)

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Join.complete`."""
        if not isinstance(record, RepositoryRecord):
            return record
        earlier = self._records.find(record.scope, record.id)
        history = compare_with(earlier, record)
        record = keep_clock(earlier, record)
        return msgspec.structs.replace(record, derived=msgspec.structs.replace(record.derived, history=history))


class _Head(msgspec.Struct):
    id: str


class EarlierRecords:
    """An earlier snapshot, asked by repository. Positions are kept, not records."""

    def __init__(self, path: Path) -> None:
        self._reader = SnapshotReader(path)
        self._entries = {entry.id: entry for entry in self._reader.manifest.scopes}
        self._positions: dict[str, dict[str, tuple[int, int]]] = {}
        self._lock = threading.Lock()
        self._decode = msgspec.json.Decoder(EarlierRecord).decode

    def find(self, scope: str, identity: str) -> EarlierRecord | None:
        """The record of a repository; None when the snapshot has no such repository."""
        line = self.line(scope, identity)
        return None if line is None else self._decode(line)

    def line(self, scope: str, identity: str) -> bytes | None:
        """The record as it stands in the earlier snapshot. Errors: `InputError` for a damaged part."""
        entry = self._entries.get(scope)
        if entry is None or entry.records is None:
            return None
        with self._lock:
            if scope not in self._positions:
                self._positions[scope] = self._index(entry)
        position = self._positions[scope].get(identity)
        return None if position is None else self._reader.read_at(entry, *position)

    def _index(self, entry: ScopeEntry) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        head = msgspec.json.Decoder(_Head).decode
        offset = 0
        for line in self._reader.records(entry):
            found[head(line).id] = (offset, len(line))
            offset += len(line) + 1
        return found
