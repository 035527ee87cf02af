"""What retention policies will remove."""

from __future__ import annotations

from auditor.analysis.derive import with_outlook
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.writing import LineRecord
from auditor.run.joins.base import Join


class OutlookJoin(Join):
    """Plays the retention policy of every repository forward from the snapshot's time."""

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Join.complete`."""
        return with_outlook(record) if isinstance(record, RepositoryRecord) else record
