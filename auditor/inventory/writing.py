"""Writes snapshots: scopes are streamed to parts beside the destination, which is renamed when complete.

So a snapshot is there entirely or not at all. Shape: `store`. What an interrupted run leaves for the next: `journal`.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import msgspec

from auditor.errors import UsageError
from auditor.inventory.earlier import EarlierSnapshot
from auditor.inventory.journal import Journal, RunHead, partial_path
from auditor.inventory.recorder import Recorder
from auditor.inventory.records import AnyRecord, ContextRecord, LineRecord, decode_context, decode_line
from auditor.inventory.scope_writing import AsCollected, Completion, ScopeWriter
from auditor.inventory.store import MANIFEST, Manifest, Part, ScopeEntry

T = TypeVar("T")


class SnapshotWriter:
    """Writes a snapshot directory; nothing appears at `path` until every scope is closed.

    `completion`: see `Completion`; without it records are written as they come. `key` says what is collected: with
    one, scopes that are finished survive an interruption, and `resume` takes them over when key and version are
    the same. `earlier`: a snapshot whose records collectors may reuse.
    Errors: `UsageError` when `path` exists and is not a snapshot, or when there is nothing to resume.
    """

    def __init__(
        self,
        path: Path,
        *,
        now: str,
        auditor_version: str,
        completion: Completion | None = None,
        key: str = "",
        resume: bool = False,
        earlier: EarlierSnapshot | None = None,
    ) -> None:
        if path.exists() and not (path / MANIFEST).is_file() and (not path.is_dir() or any(path.iterdir())):
            raise UsageError("exists and is not a snapshot", path=path, hint="name another directory with -o")
        self.path = path
        self.now = now
        self.earlier = earlier
        self.recorder = Recorder()
        """Calls and notes that belong to no scope in particular."""
        self._completion = completion or AsCollected()
        self._version = auditor_version
        self._key = key
        self._resume = resume
        self._work = partial_path(path)
        self._journal = Journal(self._work)
        self._lock = threading.Lock()
        self._scopes: dict[str, ScopeEntry] = {}
        self._open: dict[str, ScopeWriter] = {}
        self._made: list[Path] = []
        self._shared: dict[str, Any] = {}

    def __enter__(self) -> Self:
        self._made = [parent for parent in self._work.parents if not parent.exists()]
        try:
            head = RunHead(self._key, self._version, self.now)
            if self._resume:
                self.now = self._journal.resume(head).now
            else:
                self._journal.start(head)
        except OSError as error:
            raise UsageError(f"cannot be written: {error.strerror}", path=self.path) from error
        return self

    def shared(self, name: str, make: Callable[[], T]) -> T:
        """A value that collectors of this run share, made by whoever asks first."""
        with self._lock:
            if name not in self._shared:
                self._shared[name] = make()
            value: T = self._shared[name]
            return value

    def take_over(self, scope: str) -> bool:
        """Use what an interrupted run had finished of a scope; False when it has to be read.

        Its records go through the completion again: what they are joined with may be another now.
        """
        taken = self._journal.taken(scope)
        if taken is None:
            return False
        writer = self.open_scope(scope)
        writer.fingerprint, writer.reused = taken.entry.fingerprint, taken.entry.reused
        for line in taken.lines():
            writer.write(decode_line(line))
        self.close_scope(writer.finish(decode_context(taken.context()), taken.ledger()))
        return True

    def open_scope(self, scope: str) -> ScopeWriter:
        """A writer for one scope; scopes may be written at the same time by different threads."""
        with self._lock:
            if scope in self._open or scope in self._scopes:
                raise UsageError(
                    f"scope {scope} is collected twice",
                    hint="two targets reach the same account and region: remove one",
                )
            self._open[scope] = ScopeWriter(scope, self._work / "parts", self.now, self._completion, self.earlier)
            return self._open[scope]

    def close_scope(self, entry: ScopeEntry) -> None:
        """Take a finished scope into the manifest, and into the journal."""
        with self._lock:
            self._scopes[entry.id] = entry
            self._open.pop(entry.id, None)
        if self._key:
            self._journal.keep(entry)

    def scopes(self) -> list[str]:
        """The ids of all closed scopes, sorted."""
        return sorted(self._scopes)

    def entry(self, scope: str) -> ScopeEntry:
        """What is known of a closed scope."""
        return self._scopes[scope]

    def context(self, scope: str) -> bytes | None:
        """The context of a closed scope as JSON; None for a scope that could not be read."""
        part = self._scopes[scope].context
        return None if part is None else (self._work / part.path).read_bytes().rstrip(b"\n")

    def lines(self, scope: str) -> Iterator[bytes]:
        """The records of a closed scope as JSON lines."""
        part = self._scopes[scope].records
        if part is not None:
            with (self._work / part.path).open("rb") as file:
                for line in file:
                    yield line.rstrip(b"\n")

    def line_at(self, scope: str, offset: int, size: int) -> bytes:
        """One record of a closed scope by its place in the part; `rewrite` moves records."""
        part = self._scopes[scope].records
        if part is None:
            return b""
        with (self._work / part.path).open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def rewrite(self, scope: str, change: Callable[[bytes], bytes]) -> None:
        """Replace every line of a closed scope's records by `change(line)`; for joins that need all scopes."""
        entry = self._scopes[scope]
        if entry.records is not None:
            self._scopes[scope] = msgspec.structs.replace(entry, records=self._changed(entry.records, change))

    def rewrite_context(self, scope: str, change: Callable[[bytes], bytes]) -> None:
        """Replace the context of a closed scope by `change(context)`."""
        entry = self._scopes[scope]
        if entry.context is not None:
            self._scopes[scope] = msgspec.structs.replace(entry, context=self._changed(entry.context, change))

    def _changed(self, part: Part, change: Callable[[bytes], bytes]) -> Part:
        path = self._work / part.path
        changed = path.with_suffix(".new")
        digest, size = hashlib.sha256(), 0
        with path.open("rb") as old, changed.open("wb") as new:
            for line in old:
                content = change(line.rstrip(b"\n")) + b"\n"
                new.write(content)
                digest.update(content)
                size += len(content)
        changed.replace(path)
        return Part(part.path, digest.hexdigest(), size)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            for scope in self._open.values():
                scope.close()
            if self._key and self._journal.finished():
                return
            shutil.rmtree(self._work, ignore_errors=True)
            for parent in self._made:
                with suppress(OSError):  # somebody else wrote there meanwhile: it stays
                    parent.rmdir()
            return
        shared = self.recorder.ledger()
        manifest = Manifest(
            schema_version=1,
            kind="registry-auditor/snapshot",
            taken_at=self.now,
            auditor_version=self._version,
            complete=all(not entry.errors for entry in self._scopes.values()),
            scopes=[self._scopes[scope] for scope in sorted(self._scopes)],
            calls_by_operation=shared.calls,
            notes=shared.notes,
        )
        self._journal.clear()
        content = msgspec.json.format(msgspec.json.encode(manifest), indent=2) + b"\n"
        (self._work / MANIFEST).write_bytes(content)
        if self.path.exists():
            old = self.path.with_name(f".{self.path.name}.old")
            shutil.rmtree(old, ignore_errors=True)
            self.path.rename(old)
            self._work.rename(self.path)
            shutil.rmtree(old)
        else:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._work.rename(self.path)


__all__ = [
    "AnyRecord", "AsCollected", "Completion", "ContextRecord", "LineRecord", "ScopeWriter", "SnapshotWriter",
]  # fmt: skip
