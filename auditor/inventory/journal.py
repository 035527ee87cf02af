"""What an interrupted run leaves beside its destination, so that the next one need not read finished scopes again.

Shape of `.<name>.partial`: `run.json` (what was collected, by which version, at which time), `parts/` as in a
snapshot, and `journal/<stem>.json`, the manifest's entry of each scope that is finished, which appears by a rename
once the parts are written. A run that resumes moves all of it to `taken/`, from where a scope is taken over once
its digests are checked; what is not whole is read again.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from auditor.errors import UsageError
from auditor.inventory.names import part_stem
from auditor.inventory.recorder import Ledger
from auditor.inventory.store import Part, ScopeEntry

_HEAD = "run.json"
_JOURNAL = "journal"
_PARTS = "parts"
_TAKEN = "taken"


class RunHead(msgspec.Struct, frozen=True):
    """What a run collects."""

    key: str
    """A digest over everything that decides what is read."""
    auditor_version: str
    now: str


@dataclass(frozen=True)
class Interrupted:
    """An interrupted run that can be resumed."""

    head: RunHead
    finished: int
    """Scopes that need not be read again."""


@dataclass(frozen=True)
class Taken:
    """A finished scope of the interrupted run, its digests checked."""

    entry: ScopeEntry
    folder: Path

    def lines(self) -> Iterator[bytes]:
        """Its records as JSON lines."""
        if self.entry.records is not None:
            with (self.folder / self.entry.records.path).open("rb") as file:
                for line in file:
                    yield line.rstrip(b"\n")

    def context(self) -> bytes:
        """Its context as JSON."""
        assert self.entry.context is not None  # noqa: S101  `Journal.taken` gives no other
        return (self.folder / self.entry.context.path).read_bytes()

    def ledger(self) -> Ledger:
        """What reading it took."""
        entry = self.entry
        return Ledger(entry.calls_by_operation, entry.errors, entry.notes, entry.wanted, entry.answered)


def partial_path(path: Path) -> Path:
    """Where the snapshot at `path` is written until it is complete."""
    return path.with_name(f".{path.name}.partial")


def find_interrupted(path: Path) -> Interrupted | None:
    """What is left of an interrupted run that was writing the snapshot at `path`."""
    work = partial_path(path)
    head = _head(work)
    if head is None:
        return None
    finished = {file.name for folder in (work, work / _TAKEN) for file in (folder / _JOURNAL).glob("*.json")}
    return Interrupted(head, len(finished)) if finished else None


class Journal:
    """The partial directory of one run."""

    def __init__(self, work: Path) -> None:
        self._work = work

    def start(self, head: RunHead) -> None:
        """Begin anew: what an earlier run left goes. Errors: `OSError`."""
        shutil.rmtree(self._work, ignore_errors=True)
        (self._work / _PARTS).mkdir(parents=True)
        (self._work / _JOURNAL).mkdir()
        _write(self._work / _HEAD, msgspec.json.encode(head))

    def resume(self, head: RunHead) -> RunHead:
        """Continue what an earlier run left; its head, with its time.

        Errors: `UsageError` when there is nothing, or it is of another configuration or version; `OSError`.
        """
        old = _head(self._work)
        if old is None:
            raise UsageError("there is no interrupted collection to resume", path=self._work, hint="omit --resume")
        for what, before, after in (
            ("version of the auditor", old.auditor_version, head.auditor_version),
            ("configuration or --since", old.key, head.key),
        ):
            if before != after:
                raise UsageError(
                    f"the interrupted collection was made with another {what}",
                    path=self._work,
                    hint="collect again without --resume",
                )
        for folder in (_PARTS, _JOURNAL):
            (self._work / _TAKEN / folder).mkdir(parents=True, exist_ok=True)
            (self._work / folder).mkdir(exist_ok=True)
        for file in sorted((self._work / _JOURNAL).glob("*.json")):
            for part in (f"{file.stem}.jsonl", f"{file.stem}.context.json"):
                if (self._work / _PARTS / part).exists():
                    (self._work / _PARTS / part).replace(self._work / _TAKEN / _PARTS / part)
            file.replace(self._work / _TAKEN / _JOURNAL / file.name)
        return old

    def keep(self, entry: ScopeEntry) -> None:
        """Note a scope that is finished. One that could not be read is not: it is tried again."""
        if entry.context is not None:
            _write(self._work / _JOURNAL / f"{part_stem(entry.id)}.json", msgspec.json.encode(entry))

    def finished(self) -> bool:
        """Whether a later run would find something to take over."""
        return any(any((folder / _JOURNAL).glob("*.json")) for folder in (self._work, self._work / _TAKEN))

    def taken(self, scope: str) -> Taken | None:
        """A scope of the earlier run, when it is there and whole."""
        folder = self._work / _TAKEN
        try:
            entry = msgspec.json.decode((folder / _JOURNAL / f"{part_stem(scope)}.json").read_bytes(), type=ScopeEntry)
        except (OSError, msgspec.MsgspecError):
            return None
        parts = [entry.context, entry.records]
        whole = entry.id == scope and all(part is not None and _fits(folder, part) for part in parts)
        return Taken(entry, folder) if whole else None

    def clear(self) -> None:
        """Leave only what belongs to the snapshot."""
        for name in (_JOURNAL, _TAKEN):
            shutil.rmtree(self._work / name, ignore_errors=True)
        (self._work / _HEAD).unlink(missing_ok=True)


def _head(work: Path) -> RunHead | None:
    try:
        return msgspec.json.decode((work / _HEAD).read_bytes(), type=RunHead)
    except (OSError, msgspec.MsgspecError):
        return None


def _fits(folder: Path, part: Part) -> bool:
    try:
        with (folder / part.path).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == part.sha256
    except OSError:
        return False


def _write(path: Path, content: bytes) -> None:
    """The file appears complete or not at all."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)
