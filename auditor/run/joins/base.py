"""What a join may do, and when."""

from __future__ import annotations

from auditor.inventory.recorder import ErrorEntry
from auditor.inventory.writing import ContextRecord, LineRecord, SnapshotWriter


class Join:
    """Base of joins: does nothing. `complete` and `closed` are called from many threads."""

    def complete(self, record: LineRecord) -> LineRecord:
        """The record to write, with what this join can already tell."""
        return record

    def closed(self, scope: str, context: ContextRecord | None, errors: list[ErrorEntry]) -> None:
        """A scope is done; `context` is None where nothing of it could be read."""

    def finish(self, writer: SnapshotWriter) -> None:
        """All scopes are closed: change with `writer.rewrite` what needed them all."""
