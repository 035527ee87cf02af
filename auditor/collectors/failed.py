"""A call that brought no answer, and facts made of calls. Shared by every collector."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from auditor.inventory.facts import Absent, Known, Unknown
from auditor.inventory.recorder import Recorder

T = TypeVar("T")


class CallFailedError(Exception):
    """A call that brought no answer; `fact` is what it means for whatever was asked."""

    def __init__(self, fact: Absent | Unknown, message: str, *, gone: bool = False) -> None:
        super().__init__(message)
        self.fact = fact
        self.message = message
        self.gone = gone
        """The repository or image was deleted while it was read."""


def fact_of(work: Callable[[], Known[T] | Absent], *, recorder: Recorder, affects: str) -> Known[T] | Absent | Unknown:
    """Run `work`; a failed call becomes an absent or unknown fact. Counted once.

    A repository or image that is gone is not a fact: `CallFailedError` with `gone` goes on up.
    """
    try:
        fact: Known[T] | Absent | Unknown = work()
        message = ""
    except CallFailedError as failure:
        if failure.gone:
            raise
        fact, message = failure.fact, failure.message
    recorder.settle(fact, affects, message=message)
    return fact
