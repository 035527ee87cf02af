"""What runs out of which repository, and what each reference means."""

from __future__ import annotations

import msgspec

from auditor.analysis.usage import UsageBook
from auditor.inventory.model import RegistryRecord
from auditor.inventory.names import entities_of
from auditor.inventory.recorder import ErrorEntry
from auditor.inventory.workloads import WorkloadRecord, WorkloadsContext
from auditor.inventory.writing import ContextRecord, LineRecord, SnapshotWriter
from auditor.run.joins.base import Join


class UsageJoin(Join):
    """Workloads come first: see `ports.Phase`."""

    def __init__(self) -> None:
        self._book = UsageBook()

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Join.complete`."""
        if isinstance(record, WorkloadRecord):
            self._book.add(record)
            return record
        derived = msgspec.structs.replace(record.derived, usage=self._book.usage_of(record))
        return msgspec.structs.replace(record, derived=derived)

    def closed(self, scope: str, context: ContextRecord | None, errors: list[ErrorEntry]) -> None:
        """See `Join.closed`."""
        if isinstance(context, RegistryRecord):
            self._book.saw_registry(context.registry)
        elif entities_of(scope) == {"workload"}:
            self._book.saw_scope(scope, context if isinstance(context, WorkloadsContext) else None)
            for error in errors:
                self._book.missed(f"{scope}: {error.operation} ({error.reason}, {error.count}×)")

    def finish(self, writer: SnapshotWriter) -> None:
        """Write into every workload what its reference means, now that all registries are read."""
        encode = msgspec.json.Encoder(order="deterministic").encode
        decode = msgspec.json.Decoder(WorkloadRecord).decode
        for scope in writer.scopes():
            if entities_of(scope) == {"workload"}:
                writer.rewrite(scope, lambda line: encode(self._book.resolve(decode(line))))
