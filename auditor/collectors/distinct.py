"""Workloads under ids of their own: the same container found twice is one, another image of it is another."""

from __future__ import annotations

from itertools import count

from auditor.inventory.facts import Known
from auditor.inventory.workloads import Workload, WorkloadRecord
from auditor.inventory.writing import ScopeWriter

_DIGEST_SHOWN = 12


class DistinctWorkloads:
    """Filled by one thread."""

    def __init__(self) -> None:
        self._found: dict[str, Workload] = {}

    def add(self, identity: str, workload: Workload) -> None:
        """Take one container; where its id is taken by another image, what it runs is added to the id."""
        digest = workload.digest
        mark = (
            digest.value.partition(":")[2][:_DIGEST_SHOWN]
            if isinstance(digest, Known)
            else workload.image.rpartition("/")[2].partition(":")[2]
        )
        candidates = (
            identity if number == 0 else f"{identity}@{mark}" + (f".{number}" if number > 1 else "")
            for number in count()
        )
        for candidate in candidates:
            if self._found.setdefault(candidate, workload) == workload:
                return

    def note(self, scope: ScopeWriter, unread: list[str]) -> None:
        """Say in the scope's notes how much was found, and what was left out."""
        number = len(self._found)
        scope.recorder.note(f"{number} container{'' if number == 1 else 's'} that run or may be started")
        for text in unread:
            scope.recorder.note(f"not read: {text}")

    def records(self, scope: str, now: str) -> list[WorkloadRecord]:
        """Every workload as a record, by id."""
        return [
            WorkloadRecord(id=identity, scope=scope, now=now, workload=self._found[identity])
            for identity in sorted(self._found)
        ]
