"""One service of one account and region: asked in bulk, and every failure kept."""

from __future__ import annotations

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

import msgspec
from botocore import exceptions

from auditor.collectors.aws.calls import MAX_PAGES, Caller
from auditor.collectors.aws.scopes import Visit
from auditor.collectors.failed import CallFailedError
from auditor.inventory.facts import Absent, Known, Reason, Unknown

T = TypeVar("T")
R = TypeVar("R")

GONE = frozenset({"ResourceNotFoundException", "ClusterNotFoundException", "ServiceNotFoundException"})
_GONE_TEXTS = ("could not find", "does not exist", "unable to describe task definition")
_GONE_CODES = frozenset({"ValidationException", "ClientException", "InvalidParameterException"})
"""SageMaker and ECS have no code of their own for what was deleted meanwhile."""
_NO_ENDPOINT = frozenset({"EndpointConnectionError", "UnknownEndpointError", "EndpointProviderError"})
_ATTEMPTS_AT_NOTHING = 2


class Service:
    """Calls one service within a visit. What cannot be read is noted, and the rest goes on."""

    def __init__(self, visit: Visit, name: str) -> None:
        self._visit = visit
        self._offered = is_offered(visit, name)
        if not self._offered:
            # Its name does not resolve, most likely: that is not tried many times.
            hasty = msgspec.structs.replace(visit.settings, attempts=min(visit.settings.attempts, _ATTEMPTS_AT_NOTHING))
            visit = dataclasses.replace(visit, settings=hasty)
        self._caller: Caller = visit.caller(name)
        self.name = name

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call. Errors: `CallFailedError`."""
        return self._caller.call(operation, **parameters)

    def pages(
        self, operation: str, key: str, *, mark: str = "nextToken", into: str = "", **parameters: Any
    ) -> list[Any]:
        """The items of every page. Errors: `CallFailedError`.

        `mark` is the field that tells where the next page starts, `into` the parameter that takes it, where that
        has another name.
        """
        items: list[Any] = []
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            answer = self.call(operation, **parameters)
            items.extend(answer.get(key) or [])
            following = answer.get(mark)
            if not following:
                return items
            if following in seen:
                break
            seen.add(following)
            parameters[into or mark] = following
        source = f"{self.name}:{operation}"
        raise CallFailedError(
            Unknown(Reason.TRUNCATED, source, "repeated page token"), "the server gave the same page token twice"
        )

    def all(
        self, operation: str, key: str, *, mark: str = "nextToken", into: str = "", **parameters: Any
    ) -> list[Any] | None:
        """The items of every page; None where they were not read, which is noted.

        A service that the region does not have runs nothing there.
        """
        recorder, affects = self._visit.recorder, self._visit.scope.id
        try:
            items = self.pages(operation, key, mark=mark, into=into, **parameters)
        except CallFailedError as failure:
            if not self._offered and failure.fact.source and _code(failure) in _NO_ENDPOINT:
                recorder.settle(Absent(f"{self.name}:{operation}", "not_offered"), affects)
                recorder.note(f"{self.name} is not offered in {self._visit.region}")
                return []
            recorder.settle(failure.fact, affects, message=failure.message)
            return None
        recorder.settle(Known(True), affects)
        return items

    def each(self, ask: Callable[[T], R], things: Iterable[T], name: Callable[[T], str] = str) -> Iterator[tuple[T, R]]:
        """`ask` of every thing, several at once, in order; those that failed or are gone are noted and left out."""
        ahead = self._visit.settings.concurrency * 2
        pending: deque[tuple[T, Future[R]]] = deque()

        def take() -> Iterator[tuple[T, R]]:
            thing, future = pending.popleft()
            try:
                answer = future.result()
            except CallFailedError as failure:
                self._settle(failure, name(thing))
                return
            self._visit.recorder.settle(Known(True), name(thing))
            yield thing, answer

        try:
            for thing in things:
                pending.append((thing, self._visit.pool.submit(ask, thing)))
                if len(pending) >= ahead:
                    yield from take()
            while pending:
                yield from take()
        finally:
            for _, future in pending:
                future.cancel()

    def refused(self, operation: str, failures: Iterable[dict[str, Any]]) -> None:
        """Note the failures that a bulk answer lists: what is gone is no gap, anything else is."""
        recorder = self._visit.recorder
        for failure in failures:
            reason, arn = str(failure.get("reason", "")), str(failure.get("arn", ""))
            if reason == "MISSING":
                recorder.note(f"{arn} was deleted while it was read")
            else:
                detail = str(failure.get("detail", "")) or reason
                recorder.settle(Unknown(Reason.SERVER_ERROR, f"{self.name}:{operation}", reason), arn, message=detail)

    def _settle(self, failure: CallFailedError, affects: str) -> None:
        recorder = self._visit.recorder
        code, text = _code(failure), failure.message.lower()
        said = code in _GONE_CODES and any(part in text for part in _GONE_TEXTS)
        if failure.gone or code in GONE or said:
            recorder.note(f"{affects} was deleted while it was read")
        else:
            recorder.settle(failure.fact, affects, message=failure.message)


def is_offered(visit: Visit, service: str) -> bool:
    """Whether a region has a service, as far as the SDK knows; true for a region that it does not know at all."""
    session = visit.account.session
    try:
        partition = session.get_partition_for_region(visit.region)
    except exceptions.BotoCoreError:
        return True
    known = visit.region in session.get_available_regions("ecr", partition)
    return not known or visit.region in session.get_available_regions(service, partition)


def batches(items: Sequence[T], size: int) -> Iterator[list[T]]:
    """Lists of at most `size`."""
    for start in range(0, len(items), size):
        yield list(items[start : start + size])


def tags_of(entries: Any) -> dict[str, str]:
    """Resource tags as a dictionary, whichever way the service writes them."""
    if isinstance(entries, dict):
        return {str(key): str(value) for key, value in entries.items()}
    return {
        str(entry.get("key", entry.get("Key", ""))): str(entry.get("value", entry.get("Value", "")))
        for entry in entries or []
    }


def _code(failure: CallFailedError) -> str:
    return failure.fact.code if isinstance(failure.fact, Absent) else failure.fact.detail
