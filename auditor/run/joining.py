"""Joins scopes while a snapshot is written: what runs, and what changed since an earlier snapshot."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from auditor.analysis.history import EarlierRecord, compare_with
from auditor.analysis.usage import UsageBook
from auditor.inventory.model import RegistryRecord
from auditor.inventory.names import entities_of
from auditor.inventory.recorder import ErrorEntry
from auditor.inventory.store import ContextRecord, LineRecord, ScopeEntry, SnapshotReader, SnapshotWriter
from auditor.inventory.workloads import WorkloadRecord


class Join:
    """See `store.Completion`. `since`: an earlier snapshot; `expects_workloads`: a source of them is configured."""

    def __init__(self, *, since: Path | None, expects_workloads: bool) -> None:
        self._usage = UsageBook() if expects_workloads else None
        self._earlier = EarlierRecords(since) if since else None

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Completion.complete`."""
        if isinstance(record, WorkloadRecord):
            if self._usage is not None:
                self._usage.add(record)
            return record
        derived = record.derived
        if self._usage is not None:
            derived = msgspec.structs.replace(derived, usage=self._usage.usage_of(record))
        if self._earlier is not None:
            derived = msgspec.structs.replace(
                derived, history=compare_with(self._earlier.find(record.scope, record.id), record)
            )
        return record if derived is record.derived else msgspec.structs.replace(record, derived=derived)

    def closed(self, scope: str, context: ContextRecord | None, errors: list[ErrorEntry]) -> None:
        """See `Completion.closed`."""
        if self._usage is None:
            return
        if isinstance(context, RegistryRecord):
            self._usage.saw_registry(context.registry)
        elif entities_of(scope) == {"workload"}:
            self._usage.missing.extend(f"{scope}: {error.operation}: {error.reason}" for error in errors)

    def finish(self, writer: SnapshotWriter) -> None:
        """Write into every workload what its reference means, now that all registries are read."""
        if self._usage is None:
            return
        encode = msgspec.json.Encoder(order="deterministic").encode
        decode = msgspec.json.Decoder(WorkloadRecord).decode
        usage = self._usage
        for scope in writer.scopes():
            if entities_of(scope) == {"workload"}:
                writer.rewrite(scope, lambda line: encode(usage.resolve(decode(line))))


class _Head(msgspec.Struct):
    id: str


class EarlierRecords:
    """An earlier snapshot, asked by repository. Positions are kept, not records."""

    def __init__(self, path: Path) -> None:
        self._reader = SnapshotReader(path)
        self._positions: dict[str, dict[str, tuple[int, int]]] = {}
        self._lock = threading.Lock()
        self._decode = msgspec.json.Decoder(EarlierRecord).decode

    def find(self, scope: str, identity: str) -> EarlierRecord | None:
        """The record of a repository; None when the snapshot has no such repository."""
        line = self.line(scope, identity)
        return None if line is None else self._decode(line)

    def line(self, scope: str, identity: str) -> bytes | None:
        """The record as it stands in the earlier snapshot. Errors: `InputError` for a damaged part."""
        entry = next((entry for entry in self._reader.manifest.scopes if entry.id == scope), None)
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
