"""Makes calls: paced, counted, paged to the end, and failed ones turned into what they mean."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any, Self, TypeVar

from auditor.collectors.aws.failures import explain, is_throttling
from auditor.collectors.aws.pace import Pace, Silences
from auditor.collectors.failed import CallFailedError
from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.recorder import Recorder

T = TypeVar("T")
MAX_PAGES = 100_000
GIVE_UP_AFTER = 3
"""Calls in a row that brought no answer at all, each with all its attempts."""
_NO_ANSWER = (Reason.TIMEOUT, Reason.NETWORK)


class Caller:
    """Calls one client, or one that `make` makes when it is first needed.

    `service` is the prefix of operation names, as in `ecr:DescribeImages`.

    The first call goes alone: while nothing has answered yet, the others wait for it, so that a service that hangs
    holds one request in flight and not all of them. When it brings no answer, nor three later ones in a row, the rest
    is not tried.
    """

    def __init__(
        self,
        client: Any,
        service: str,
        pace: Pace,
        recorder: Recorder,
        silences: Silences | None = None,
        *,
        make: Callable[[], Any] | None = None,
        region: str = "",
    ) -> None:
        self._client: Any = None
        self._make = make
        self._recorder = recorder
        self._operations: dict[str, str] = {}
        self._service = service
        self._pace = pace
        self._silences = silences or Silences()
        self._region = region
        self._first = threading.Lock()
        self._answered = False
        self._unanswered = 0
        if client is not None:
            self._use(client)

    def _use(self, client: Any) -> None:
        """Count what the client sends, and slow down where the service says so."""
        self._operations = {client.meta.method_to_api_mapping[name]: name for name in client.meta.method_to_api_mapping}
        self._region = str(client.meta.region_name)
        self._client = client
        service, pace, recorder = self._service, self._pace, self._recorder

        def sent(event_name: str, **_: Any) -> None:
            # Every attempt is a request, retries included.
            recorder.call(f"{service}:{event_name.rpartition('.')[2]}")

        def answered(event_name: str, response: Any, **_: Any) -> None:
            pace.check()
            if response is not None and is_throttling(response[1]):
                pace.throttled(f"{service}:{event_name.rpartition('.')[2]}")

        client.meta.events.register("before-send", sent)
        client.meta.events.register_first("needs-retry", answered)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the client's connections back."""
        if self._client is not None:
            self._client.close()

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call. Errors: `CallFailedError`; `StoppedError` once the run was interrupted."""
        name = f"{self._service}:{operation}"
        if self._answered:
            return self._call(name, operation, parameters)
        with self._first:
            if not self._answered:
                if self._unanswered or self._silences.silent(self._service, self._region):
                    raise self._silence(name)
                if self._client is None and self._make is not None:
                    self._use(self._make())
                self._silences.ask(self._region)
                try:
                    return self._call(name, operation, parameters)
                finally:
                    tried = self._answered or self._unanswered > 0
                    self._silences.note(self._service, self._region, answered=self._answered if tried else None)
        return self._call(name, operation, parameters)

    def _call(self, name: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        method = self._operations.get(operation)
        if method is None:
            raise CallFailedError(
                Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, name, "the installed SDK does not know it"), "update boto3"
            )
        if self._unanswered >= GIVE_UP_AFTER:
            raise self._silence(name)
        if not self._pace.admit(name):
            raise CallFailedError(Unknown(Reason.TIMEOUT, name, "region_timeout"), "the region's time was over")
        with self._pace.in_flight:
            try:
                answer: dict[str, Any] = getattr(self._client, method)(**parameters)
            except Exception as error:
                failure = explain(error, name)
                if failure is None:
                    raise
                if isinstance(failure.fact, Unknown) and failure.fact.reason in _NO_ANSWER:
                    self._unanswered += 1
                else:
                    self._heard()
                raise failure from error
        self._heard()
        return answer

    def _heard(self) -> None:
        self._answered = True
        self._unanswered = 0

    def _silence(self, name: str) -> CallFailedError:
        text = f"{self._service} in {self._region} did not answer earlier requests, so this one was not made"
        return CallFailedError(Unknown(Reason.TIMEOUT, name, "no_answer"), text)

    def pages(self, operation: str, key: str, token: str = "nextToken", **parameters: Any) -> Iterator[dict[str, Any]]:  # noqa: S107
        """The items under `key` of every page. Errors: `CallFailedError`, also for a page token that repeats."""
        for answer in self.answers(operation, token, **parameters):
            yield from answer.get(key) or []

    def answers(self, operation: str, token: str, **parameters: Any) -> Iterator[dict[str, Any]]:
        """Every page as it comes, for answers with several lists. Errors: as `pages`."""
        seen: set[str] = set()
        for _ in range(MAX_PAGES):
            answer = self.call(operation, **parameters)
            yield answer
            following = answer.get(token)
            if not following:
                return
            if following in seen:
                raise CallFailedError(
                    Unknown(Reason.TRUNCATED, f"{self._service}:{operation}", "repeated page token"),
                    "the server gave the same page token twice",
                )
            seen.add(following)
            parameters[token] = following
        raise CallFailedError(
            Unknown(Reason.TRUNCATED, f"{self._service}:{operation}", "too many pages"), "too many pages"
        )
