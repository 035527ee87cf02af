"""The ledger of one scope: calls made, errors met, facts wanted and answered."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import msgspec

from auditor.inventory.facts import Absent, Known, Reason, Unknown


class ErrorEntry(msgspec.Struct, frozen=True):
    """One kind of failure in a scope; equal ones are counted, the first message is kept."""

    operation: str
    reason: str
    code: str
    message: str
    affects: str
    """The first resource it hit; `count` tells how many."""
    count: int = 1


class Ledger(msgspec.Struct, frozen=True):
    """What the manifest keeps of a scope."""

    calls: dict[str, int]
    errors: list[ErrorEntry]
    notes: list[str]
    wanted: int
    answered: int


class Recorder:
    """Counts for one scope. Thread-safe: collectors read a scope with several workers."""

    MAX_MESSAGE = 500

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: Counter[str] = Counter()
        self._errors: dict[tuple[str, str, str], ErrorEntry] = {}
        self._notes: list[str] = []
        self._wanted = 0
        self._answered = 0

    def call(self, operation: str) -> None:
        """Count one request sent, retries included; `operation` as `ecr:DescribeImages`."""
        with self._lock:
            self._calls[operation] += 1

    def settle(self, fact: Known[Any] | Absent | Unknown, affects: str, *, message: str = "") -> None:
        """Count a fact that the collector set out to read; an unknown one is also an error entry.

        Facts of kind `unsupported_by_platform` and `not_requested` were never wanted: they are not counted.
        """
        if isinstance(fact, Unknown):
            if fact.reason in (Reason.UNSUPPORTED_BY_PLATFORM, Reason.NOT_REQUESTED):
                return
            self.error(fact.source, fact.reason, fact.detail, message or fact.detail, affects)
            with self._lock:
                self._wanted += 1
            return
        with self._lock:
            self._wanted += 1
            self._answered += 1

    def error(self, operation: str, reason: Reason, code: str, message: str, affects: str) -> None:
        """Note a failure without counting a fact."""
        key = (operation, reason.value, code)
        text = " ".join(message.split())[: self.MAX_MESSAGE]
        with self._lock:
            old = self._errors.get(key)
            if old is None:
                self._errors[key] = ErrorEntry(operation, reason.value, code, text, affects)
            else:
                self._errors[key] = msgspec.structs.replace(old, count=old.count + 1)

    def note(self, text: str) -> None:
        """Keep a remark that is no failure, as a repository deleted while collecting."""
        with self._lock:
            self._notes.append(text)

    def ledger(self) -> Ledger:
        """The counts so far, sorted, so that two runs compare."""
        with self._lock:
            return Ledger(
                calls=dict(sorted(self._calls.items())),
                errors=[self._errors[key] for key in sorted(self._errors)],
                notes=sorted(self._notes),
                wanted=self._wanted,
                answered=self._answered,
            )
