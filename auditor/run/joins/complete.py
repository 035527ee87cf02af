"""The joins of a collection, in their order."""

from __future__ import annotations

from pathlib import Path

from auditor.inventory.recorder import ErrorEntry
from auditor.inventory.writing import ContextRecord, LineRecord, SnapshotWriter
from auditor.run.joins.base import Join
from auditor.run.joins.earlier import EarlierJoin
from auditor.run.joins.effective import EffectiveJoin
from auditor.run.joins.growth import GrowthJoin
from auditor.run.joins.outlook import OutlookJoin
from auditor.run.joins.published import PublishedJoin
from auditor.run.joins.replicas import ReplicaJoin
from auditor.run.joins.scans import ScanJoin
from auditor.run.joins.usage import UsageJoin
from auditor.scanners.book import ScanBook


class Joins:
    """See `writing.Completion`.

    `since`: an earlier snapshot; `expects_workloads`: a source of them is configured; `book`: scans made elsewhere.
    """

    def __init__(self, *, since: Path | None, expects_workloads: bool, book: ScanBook | None = None) -> None:
        # Scans first: what others found has its time kept by the comparison with the earlier snapshot.
        self._joins: list[Join] = [ScanJoin(book or ScanBook()), OutlookJoin(), PublishedJoin()]
        if expects_workloads:
            self._joins.append(UsageJoin())
        if since is not None:
            self._joins += [EarlierJoin(since), GrowthJoin(since)]
        self._joins += [ReplicaJoin(), EffectiveJoin()]

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Completion.complete`."""
        for join in self._joins:
            record = join.complete(record)
        return record

    def closed(self, scope: str, context: ContextRecord | None, errors: list[ErrorEntry]) -> None:
        """See `Completion.closed`."""
        for join in self._joins:
            join.closed(scope, context, errors)

    def finish(self, writer: SnapshotWriter) -> None:
        """Complete what needed all scopes."""
        for join in self._joins:
            join.finish(writer)
