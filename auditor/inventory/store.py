"""The snapshot store: a directory of parts and a manifest with their digests.

Shape: `manifest.json`, and per scope `parts/<stem>.jsonl` (one record a line: repositories sorted by name, or
workloads) with `parts/<stem>.context.json` (the registry, the account or the platform). This module reads it;
`writing` writes it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec

from auditor.errors import InputError
from auditor.inventory.recorder import ErrorEntry

MANIFEST = "manifest.json"
MAX_LINE_BYTES = 512 * 1024 * 1024
"""The largest repository accepted: 100,000 images, the platform's limit, take about 200 MiB."""


class Part(msgspec.Struct, frozen=True):
    """One file of a snapshot."""

    path: str
    sha256: str
    size_bytes: int


class ScopeEntry(msgspec.Struct, frozen=True):
    """One scope in the manifest. A scope that could not be listed has no parts, only errors."""

    id: str
    repositories: int
    images: int
    calls: int
    calls_by_operation: dict[str, int]
    errors: list[ErrorEntry]
    notes: list[str]
    wanted: int
    answered: int
    context: Part | None
    records: Part | None
    fingerprint: str = ""
    """What the collector was told to read: records of another fingerprint are not reused."""
    reused: int = 0
    """Repositories taken over from an earlier snapshot."""


class Manifest(msgspec.Struct, frozen=True):
    """manifest.json."""

    schema_version: Literal[1]
    kind: Literal["registry-auditor/snapshot"]
    taken_at: str
    auditor_version: str
    complete: bool
    scopes: list[ScopeEntry]
    calls_by_operation: dict[str, int] = {}
    """Calls made for no scope in particular, as listing an organisation's accounts."""
    notes: list[str] = []


class SnapshotReader:
    """Reads a snapshot directory, checking every part against the manifest before the first line.

    Errors: `InputError` that names the part, for anything that does not fit.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            content = (path / MANIFEST).read_bytes()
        except FileNotFoundError:
            raise InputError(
                "no manifest.json: not a snapshot", path=path, hint="make one with auditor collect"
            ) from None
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=path / MANIFEST) from error
        try:
            self.manifest = msgspec.json.decode(content, type=Manifest)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise InputError(f"does not fit: {error}", path=path / MANIFEST, hint="collect again") from error
        self.digest = "sha256:" + hashlib.sha256(content).hexdigest()

    def context(self, scope: ScopeEntry) -> bytes | None:
        """The registry record of a scope as JSON, checked; None for a scope that could not be read."""
        if scope.context is None:
            return None
        return b"".join(self._lines(scope.context)).rstrip(b"\n")

    def records(self, scope: ScopeEntry) -> Iterator[bytes]:
        """The repository records of a scope as JSON lines, once the part's digest is checked."""
        if scope.records is not None:
            yield from self._lines(scope.records)

    def read_at(self, scope: ScopeEntry, offset: int, size: int) -> bytes:
        """One record by its place in the part, whose digest `records` has checked."""
        if scope.records is None:
            return b""
        with (self.path / scope.records.path).open("rb") as file:
            file.seek(offset)
            return file.read(size)

    def _lines(self, part: Part) -> Iterator[bytes]:
        path = self.path / part.path
        if not path.resolve().is_relative_to(self.path.resolve()):
            raise InputError("names a part outside the snapshot", path=self.path / MANIFEST, field=part.path)
        try:
            with path.open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != part.sha256:
                    raise InputError(
                        "does not match the manifest: changed or damaged since it was collected",
                        path=path,
                        hint="restore the snapshot or collect again",
                    )
                file.seek(0)
                while line := file.readline(MAX_LINE_BYTES + 1):
                    if len(line) > MAX_LINE_BYTES:
                        raise InputError(f"has a line over {MAX_LINE_BYTES} bytes", path=path)
                    yield line.rstrip(b"\n")
        except OSError as error:
            raise InputError(f"cannot be read: {error.strerror}", path=path) from error
