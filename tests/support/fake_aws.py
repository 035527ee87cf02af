"""AWS services in this process: answers by operation, checked against botocore's models, paged as the models say.

The requests never leave botocore: parameters are validated against the input shape, answers against the output
shape, and an operation that the SDK knows how to page hands its items out in small pages.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import botocore.session
from botocore.exceptions import DataNotFoundError
from botocore.validate import ParamValidator

Answer = dict[str, Any] | Callable[[dict[str, Any]], dict[str, Any]]
_LOADER = botocore.session.get_session()


class RefusedError(Exception):
    """Raise it from an answer to have the service refuse."""

    def __init__(self, code: str = "AccessDeniedException", status: int = 400, message: str = "refused by the test"):
        super().__init__(code)
        self.code, self.status, self.message = code, status, message


class _Http:
    def __init__(self, status: int) -> None:
        self.status_code = status
        self.headers: dict[str, str] = {}
        self.content = b""


class FakeAws:
    """Answers calls of every account and region; `world["ecs:ListClusters"] = {...}` or a function of the parameters.

    A function may read `params["_region"]` and `params["_account"]`. An operation without an answer is refused
    with AccessDeniedException.
    """

    def __init__(self, page_size: int = 2, account: str = "111111111111") -> None:
        self.page_size = page_size
        self.account = account
        self.calls: Counter[str] = Counter()
        self._answers: dict[str, Answer] = {}
        self._lock = threading.Lock()
        self["sts:GetCallerIdentity"] = {"Account": account, "Arn": f"arn:aws:iam::{account}:role/audit", "UserId": "A"}

    def __setitem__(self, operation: str, answer: Answer) -> None:
        service, _, name = operation.partition(":")
        _LOADER.get_service_model(service).operation_model(name)  # it exists, or this raises
        self._answers[operation] = answer

    def refuse(self, operation: str, code: str = "AccessDeniedException", status: int = 400) -> None:
        """Have an operation refused."""

        def answer(_params: dict[str, Any]) -> dict[str, Any]:
            raise RefusedError(code, status)

        self[operation] = answer

    # ---------------------------------------------------------------- the hooks
    def attach(self, client: Any) -> Any:
        """Take over every call of a client."""
        service = client.meta.service_model.service_name
        region = client.meta.region_name

        def remember(params: dict[str, Any], context: dict[str, Any], **_: Any) -> None:
            context["api_params"] = params

        def answer(model: Any, context: dict[str, Any], **_: Any) -> tuple[_Http, dict[str, Any]]:
            name = f"{service}:{model.name}"
            client.meta.events.emit(f"before-send.{service}.{model.name}", request=None)
            with self._lock:
                self.calls[name] += 1
            return self._reply(name, model, {**context["api_params"], "_region": region, "_account": self.account})

        client.meta.events.register_last("before-parameter-build", remember)
        client.meta.events.register_last("before-call", answer)
        return client

    def _reply(self, name: str, model: Any, params: dict[str, Any]) -> tuple[_Http, dict[str, Any]]:
        own = {key: value for key, value in params.items() if not key.startswith("_")}
        _check(name, own, model.input_shape, "parameters")
        found = self._answers.get(name)
        try:
            if found is None:
                raise RefusedError
            content = found(params) if callable(found) else found
            content = self._page(name, content, own)
        except RefusedError as refused:
            error = {"Code": refused.code, "Message": refused.message}
            return _Http(refused.status), {"Error": error, "ResponseMetadata": {"HTTPStatusCode": refused.status}}
        _check(name, content, model.output_shape, "answer")
        return _Http(200), {**content, "ResponseMetadata": {"HTTPStatusCode": 200}}

    def _page(self, name: str, content: dict[str, Any], params: dict[str, Any]) -> dict[str, Any]:
        """A page of the answer, where the SDK's model says how the operation is paged."""
        service, _, operation = name.partition(":")
        rule = _pagination(service, operation)
        if rule is None or not isinstance(rule.get("output_token"), str) or rule["output_token"] in content:
            return content
        keys = rule["result_key"] if isinstance(rule["result_key"], list) else [rule["result_key"]]
        key = next((k for k in keys if k in content), None)
        if key is None or len(content[key]) <= self.page_size:
            return content
        start = int(params.get(rule["input_token"]) or 0)
        page = {**content, key: content[key][start : start + self.page_size]}
        if start + self.page_size < len(content[key]):
            page[rule["output_token"]] = str(start + self.page_size)
            if more := rule.get("more_results"):
                page[more] = True
        return page


def _pagination(service: str, operation: str) -> dict[str, Any] | None:
    try:
        rules: dict[str, Any] = _LOADER.get_paginator_model(service)._paginator_config
    except DataNotFoundError:
        return None
    return rules.get(operation)


def _check(name: str, content: dict[str, Any], shape: Any, what: str) -> None:
    if shape is None:
        assert not content, f"{name} takes and gives nothing: {content}"
        return
    report = ParamValidator().validate(content, shape)
    assert not report.has_errors(), f"{what} of {name}: {report.generate_report()}"


@contextmanager
def fake_aws(world: FakeAws) -> Iterator[FakeAws]:
    """Every client that boto3 makes meanwhile talks to `world`."""
    original = boto3.Session.client

    def client(session: boto3.Session, *args: Any, **kwargs: Any) -> Any:
        return world.attach(original(session, *args, **kwargs))

    boto3.Session.client = client  # type: ignore[method-assign]
    try:
        yield world
    finally:
        boto3.Session.client = original  # type: ignore[method-assign]
