"""Reads the repositories of a scope with a bounded look-ahead, and writes them in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.settings import RepositoryFilter
from auditor.collectors.failed import CallFailedError
from auditor.collectors.selection import selected
from auditor.inventory.model import RepositoryRecord

AHEAD = 2
"""Repositories read ahead of the one that is written, as a multiple of the requests in flight."""

Entry = dict[str, Any]


def wanted_entries(entries: list[Entry], names: RepositoryFilter, limit: int | None) -> tuple[list[Entry], bool]:
    """The selected entries of DescribeRepositories by name, at most `limit`, and whether these are all."""
    found = [e for e in entries if selected(str(e["repositoryName"]), names.include, names.exclude)]
    found.sort(key=lambda entry: str(entry["repositoryName"]))
    return (found, True) if limit is None or len(found) <= limit else (found[:limit], False)


def write_in_order(
    visit: Visit,
    entries: list[Entry],
    read: Callable[[Entry], RepositoryRecord],
    written: Callable[[RepositoryRecord], None] = lambda _record: None,
) -> set[str]:
    """Write a record for each entry, in their order. Returns the names that were gone meanwhile.

    `written` is called with each record, from one thread.

    Errors: `CallFailedError` of `read` for anything else than a repository that is gone.
    """
    gone: set[str] = set()
    pending: deque[tuple[str, Future[RepositoryRecord]]] = deque()

    def write() -> None:
        name, future = pending.popleft()
        try:
            record = future.result()
            visit.scope.write(record)
            written(record)
        except CallFailedError as failure:
            if not failure.gone:
                raise
            gone.add(name)
            visit.recorder.note(f"{name} was deleted while it was read")
        visit.progress(visit.scope.id, 1)

    for entry in entries:
        pending.append((str(entry["repositoryName"]), visit.pool.submit(read, entry)))
        if len(pending) >= visit.settings.concurrency * AHEAD:
            write()
    while pending:
        write()
    return gone
