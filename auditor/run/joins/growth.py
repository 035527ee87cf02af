"""How much registries grew since an earlier snapshot."""

from __future__ import annotations

import threading
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from auditor.inventory.derived import Growth
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.names import entities_of
from auditor.inventory.store import ScopeEntry, SnapshotReader
from auditor.inventory.writing import LineRecord, SnapshotWriter
from auditor.run.joins.base import Join
from auditor.run.joins.splice import splice_derived

_SOURCE = "auditor:since"


@dataclass
class _Totals:
    """What a registry holds. `unread`: the first repository whose images or size were not read."""

    repositories: int = 0
    images: int = 0
    size_bytes: int = 0
    unread: str = ""

    def add(self, name: str, images: int | None, size: int | None) -> None:
        self.repositories += 1
        self.images += images or 0
        self.size_bytes += size or 0
        if (images is None or size is None) and not self.unread:
            self.unread = name


class _Count(msgspec.Struct):
    """A fact of which only the number of items is taken."""

    state: str
    value: list[_Nothing] = []


class _Nothing(msgspec.Struct):
    pass


class _Size(msgspec.Struct):
    state: str
    value: int = 0


class _Repository(msgspec.Struct):
    name: str
    size_bytes: _Size


class _Line(msgspec.Struct):
    repository: _Repository
    images: _Count


class _Registry(msgspec.Struct):
    repository_names: Fact[Any]
    selection: str = "filtered"


class _Context(msgspec.Struct):
    now: str
    registry: _Registry


class GrowthJoin(Join):
    """Compares totals of registries: repositories, images, bytes (indexes hold none of their own)."""

    def __init__(self, path: Path) -> None:
        self._reader = SnapshotReader(path)
        self._entries = {entry.id: entry for entry in self._reader.manifest.scopes}
        self._totals: defaultdict[str, _Totals] = defaultdict(_Totals)
        self._lock = threading.Lock()
        self._context = msgspec.json.Decoder(_Context).decode

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Join.complete`."""
        if isinstance(record, RepositoryRecord):
            images = len(record.images.value) if isinstance(record.images, Known) else None
            size = record.repository.size_bytes
            with self._lock:
                name = record.repository.name
                self._totals[record.scope].add(name, images, size.value if isinstance(size, Known) else None)
        return record

    def finish(self, writer: SnapshotWriter) -> None:
        """See `Join.finish`."""
        for scope in writer.scopes():
            context = writer.context(scope)
            if "registry" in entities_of(scope) and context is not None:
                fact = self._growth(scope, self._context(context))
                writer.rewrite_context(scope, lambda line, fact=fact: splice_derived(line, "growth", fact))  # type: ignore[misc]  # bound now

    def _growth(self, scope: str, context: _Context) -> Fact[Growth]:
        entry = self._entries.get(scope)
        if entry is None:
            return Absent(_SOURCE)
        before = self._reader.context(entry)
        if before is None:
            return Unknown(Reason.NOT_REQUESTED, _SOURCE, "the earlier snapshot could not read this registry")
        earlier = self._context(before)
        for one, which in ((earlier, "the earlier snapshot"), (context, "this snapshot")):
            if one.registry.selection != "all" or not isinstance(one.registry.repository_names, Known):
                return Unknown(Reason.NOT_REQUESTED, _SOURCE, f"{which} does not hold every repository")
        old, new = self._earlier(entry), self._totals[scope]
        for totals, which in ((old, "the earlier snapshot"), (new, "this snapshot")):
            if totals.unread:
                return Unknown(Reason.PENDING, _SOURCE, f"{which} did not read the images of {totals.unread}")
        return Known(
            Growth(
                since=earlier.now,
                repositories_before=old.repositories,
                repositories=new.repositories,
                images_before=old.images,
                images=new.images,
                size_bytes_before=old.size_bytes,
                size_bytes=new.size_bytes,
            ),
            _SOURCE,
        )

    def _earlier(self, entry: ScopeEntry) -> _Totals:
        decode = msgspec.json.Decoder(_Line).decode
        totals = _Totals()
        for line in self._reader.records(entry):
            record = decode(line)
            size = record.repository.size_bytes
            totals.add(
                record.repository.name,
                len(record.images.value) if record.images.state == "known" else None,
                size.value if size.state == "known" else None,
            )
        return totals
