"""Makes calls: paced, counted, paged to the end, and failed ones turned into what they mean."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from auditor.collectors.aws.failures import CallFailedError, explain
from auditor.collectors.aws.pace import Pace
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.recorder import Recorder

T = TypeVar("T")
MAX_PAGES = 100_000


class Caller:
    """Calls one client. `service` is the prefix of operation names, as in `ecr:DescribeImages`."""

    def __init__(self, client: Any, service: str, pace: Pace, recorder: Recorder) -> None:
        self._client = client
        self._service = service
        self._pace = pace
        self._operations = {client.meta.method_to_api_mapping[name]: name for name in client.meta.method_to_api_mapping}
        # Every attempt is a request, retries included.
        client.meta.events.register(
            "before-send",
            lambda event_name, **_: recorder.call(f"{service}:{event_name.rpartition('.')[2]}"),
        )

    def call(self, operation: str, **parameters: Any) -> dict[str, Any]:
        """One call. Errors: `CallFailedError`."""
        name = f"{self._service}:{operation}"
        method = self._operations.get(operation)
        if method is None:
            raise CallFailedError(
                Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, name, "the installed SDK does not know it"), "update boto3"
            )
        if not self._pace.admit(operation):
            raise CallFailedError(Unknown(Reason.TIMEOUT, name, "region_timeout"), "the region's time was over")
        with self._pace.in_flight:
            try:
                answer: dict[str, Any] = getattr(self._client, method)(**parameters)
            except Exception as error:
                failure = explain(error, name)
                if failure is None:
                    raise
                raise failure from error
        return answer

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
