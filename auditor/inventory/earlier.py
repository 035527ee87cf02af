"""An earlier snapshot, asked for the records that a collection may reuse. Positions are kept, not records."""

from __future__ import annotations

import threading
from pathlib import Path

import msgspec

from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.records import decode_context, decode_line
from auditor.inventory.store import ScopeEntry, SnapshotReader


class EarlierScope:
    """One scope of the earlier snapshot."""

    def __init__(
        self,
        reader: SnapshotReader,
        entry: ScopeEntry,
        registry: RegistryRecord,
        destinations: frozenset[tuple[str, str]],
    ) -> None:
        self.destinations = destinations
        """(account, region) of every registry that a replication rule of the snapshot names."""
        self.entry = entry
        self.registry = registry
        self._reader = reader
        self._positions: dict[str, tuple[int, int]] = {}
        head = msgspec.json.Decoder(_Head).decode
        offset = 0
        for line in reader.records(entry):
            self._positions[head(line).id] = (offset, len(line))
            offset += len(line) + 1

    def find(self, identity: str) -> RepositoryRecord | None:
        """The record of a repository; None when there is none, or none that this version can read."""
        position = self._positions.get(identity)
        if position is None:
            return None
        try:
            record = decode_line(self._reader.read_at(self.entry, *position))
        except (msgspec.MsgspecError, KeyError):
            return None
        return record if isinstance(record, RepositoryRecord) else None


class EarlierSnapshot:
    """A snapshot made before. Errors: `InputError` for one that cannot be read."""

    def __init__(self, path: Path) -> None:
        self._reader = SnapshotReader(path)
        self._entries = {entry.id: entry for entry in self._reader.manifest.scopes}
        self._lock = threading.Lock()
        self._destinations: frozenset[tuple[str, str]] | None = None
        self.taken_at = self._reader.manifest.taken_at
        self.auditor_version = self._reader.manifest.auditor_version
        self.digest = self._reader.digest

    def entry(self, identity: str) -> ScopeEntry | None:
        """What the manifest says of a scope."""
        return self._entries.get(identity)

    def scope(self, identity: str) -> EarlierScope | None:
        """A scope of registries; None when it was not read, or not in a form that this version can read."""
        entry = self._entries.get(identity)
        if entry is None or entry.context is None or entry.records is None:
            return None
        try:
            content = self._reader.context(entry)
            context = decode_context(content or b"")
        except (msgspec.MsgspecError, KeyError):
            return None
        if not isinstance(context, RegistryRecord):
            return None
        with self._lock:
            if self._destinations is None:
                self._destinations = self._all_destinations()
        return EarlierScope(self._reader, entry, context, self._destinations)

    def _all_destinations(self) -> frozenset[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        decode = msgspec.json.Decoder(_Context).decode
        for entry in self._entries.values():
            rules = decode(self._reader.context(entry) or b"{}").registry.replication.value
            found.update((d.account, d.region) for rule in rules for d in rule.destinations)
        return frozenset(found)


class _Head(msgspec.Struct):
    id: str


class _Destination(msgspec.Struct):
    account: str
    region: str


class _Rule(msgspec.Struct):
    destinations: list[_Destination] = []


class _Replication(msgspec.Struct):
    value: list[_Rule] = []


class _Registry(msgspec.Struct):
    replication: _Replication = msgspec.field(default_factory=_Replication)


class _Context(msgspec.Struct):
    registry: _Registry = msgspec.field(default_factory=_Registry)
