"""The reference engine: a real Open Policy Agent, through opa-python-client.

With a URL that server is used: our policies are put beside what it holds, under ids of our own, and taken
away again. Without one a server is started on a free loopback port and stopped in the end.
"""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import partial
from types import TracebackType
from typing import Any, ClassVar, Self
from urllib.parse import quote, urlsplit

import requests
from opa_client.errors import PolicyNotFoundError, RegoParseError
from opa_client.opa import OpaClient

from auditor.errors import AuditorError, EngineError, LimitExceededError, PolicyError, UsageError
from auditor.policy.engines.opa_server import OpaServer

MAIN = "data.auditor.main.verdicts"
ID_PREFIX = "registry-auditor"
_OWN_DATA = ("params", "selection", "context")


class OpaEngine:
    """See `ports.Engine`. `url`: a running server; its bearer token is read from AUDITOR_OPA_TOKEN."""

    name: ClassVar[str] = "opa"

    def __init__(self, *, url: str | None = None, limit_s: float = 30.0) -> None:
        self._limit_s = limit_s
        self._server: OpaServer | None = None
        self._put: list[str] = []
        self._data: list[str] = []
        self._client = self._connect(url)
        try:
            self.version: str = self._version()
        except BaseException:
            self.close()
            raise

    def _connect(self, url: str | None) -> OpaClient:
        if url is None:
            self._server = OpaServer()
            return self._client_of(self._server)
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.path not in ("", "/"):
            raise UsageError(f"--opa-url {url!r} is no server address", hint="as in http://127.0.0.1:8181")
        secure = parts.scheme == "https"
        return OpaClient(
            host=parts.hostname,
            port=parts.port or (443 if secure else 8181),
            ssl=secure,
            token=os.environ.get("AUDITOR_OPA_TOKEN"),
            timeout=self._limit_s,
        )

    def _client_of(self, server: OpaServer) -> OpaClient:
        client = OpaClient(host="127.0.0.1", port=server.port, token=server.token, timeout=self._limit_s)
        # A proxy of the environment must not see requests to our own loopback server.
        client._session.trust_env = False
        return client

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _version(self) -> str:
        answer = self._call(lambda: self._client.ad_hoc_query("x := opa.runtime().version"))
        return str(answer["result"][0]["x"])

    def load(self, modules: Mapping[str, str], data: Mapping[str, Any], *, tested: Collection[str] = ()) -> None:  # noqa: ARG002  OPA has one path
        """See `ports.Engine.load`."""
        self._refuse_occupied()
        started = self._start_with(modules)
        for name, value in data.items():
            self._put_data(name, value)
        if started:
            return
        # A module can be put only after those whose functions it calls: libraries first, then whatever
        # is refused once more, until nothing moves.
        waiting = dict(sorted(modules.items(), key=lambda item: ("/lib/" not in item[0], item[0])))
        while waiting:
            errors = {path: self._put_module(path, text) for path, text in waiting.items()}
            rest = {path: text for path, text in waiting.items() if errors[path] is not None}
            if len(rest) == len(waiting):
                raise next(error for error in errors.values() if error is not None)
            waiting = rest

    def _start_with(self, modules: Mapping[str, str]) -> bool:
        """Start our own server anew with the modules; False for another's, and where it refuses one of them.

        Which one it refuses is told when they are put one by one.
        """
        if self._server is None:
            return False
        try:
            server = OpaServer(modules)
        except EngineError:
            return False
        self._client.close_connection()
        self._server.stop()
        self._server, self._client = server, self._client_of(server)
        return True

    def _put_module(self, path: str, text: str) -> PolicyError | None:
        identity = f"{ID_PREFIX}/{quote(path, safe='/')}"
        try:
            self._call(lambda: self._client.update_policy_from_string(text, identity, rego_compat=False))
        except RegoParseError as error:
            return _policy_error(error, path)
        self._put.append(identity)
        return None

    def _refuse_occupied(self) -> None:
        """A shared server may hold anything, but not what we are about to put there."""
        if self._server is not None or self._put:
            return
        for name in (*_OWN_DATA, "auditor"):
            if self._call(partial(self._held, name)):
                raise EngineError(
                    f"the OPA server already holds data.{name}",
                    hint="another audit may be using it; leave --opa-url out to have one started",
                )

    def _held(self, name: str) -> bool:
        try:
            return bool(self._client.get_data(name).get("result"))
        except PolicyNotFoundError:
            return False

    def _put_data(self, name: str, value: Any) -> None:
        document = value if isinstance(value, dict) else {"value": value}
        self._call(lambda: self._client.update_or_create_data(document, name))
        if name not in self._data:
            self._data.append(name)

    def judge(self, context: bytes, inputs: Iterable[bytes]) -> Iterator[bytes]:
        """See `ports.Engine.judge`."""
        self._put_data("context", json.loads(context))
        for item in inputs:
            yield self._query(MAIN, item)

    def evaluate(self, query: str, context: bytes, item: bytes) -> bytes:
        """See `ports.Engine.evaluate`."""
        self._put_data("context", json.loads(context))
        return self._query(query, item)

    def _query(self, query: str, item: bytes) -> bytes:
        package, _, rule = query.removeprefix("data.").rpartition(".")
        record = json.loads(item)
        answer = self._call(lambda: self._client.query_rule(record, package, rule))
        if "result" not in answer:
            raise EngineError(f"{query} has no value", hint="is the rule's package right?")
        text = json.dumps(answer["result"], ensure_ascii=False, separators=(",", ":"))
        return text.encode("utf-8", "surrogatepass")

    def _call(self, work: Any) -> Any:
        """Make one request; every failure of the connection or the server becomes one of ours."""
        try:
            return work()
        except requests.Timeout as error:
            raise LimitExceededError(f"OPA did not answer within {self._limit_s:g} s") from error
        except requests.HTTPError as error:
            raise EngineError(f"OPA refused: {_server_message(error)}") from error
        except requests.RequestException as error:
            raise EngineError(
                f"OPA cannot be reached at {self._client.host}:{self._client.port}", hint="check --opa-url"
            ) from error

    def close(self) -> None:
        """See `ports.Engine.close`."""
        if self._server is not None:
            self._server.stop()
            self._client.close_connection()
            return
        for remove, names in ((self._client.delete_policy, self._put), (self._client.delete_data, self._data)):
            for name in reversed(names):
                try:
                    self._call(partial(remove, name))
                except AuditorError as error:
                    raise EngineError(
                        f"left {name} behind on the OPA server: {error.message}", hint="delete it by hand"
                    ) from error
        self._put, self._data = [], []
        self._client.close_connection()


def _policy_error(error: RegoParseError, path: str) -> PolicyError:
    """OPA's answer to a module it refuses, as file and line of the first error."""
    first = error.errors[0] if error.errors and isinstance(error.errors[0], dict) else {}
    line = first.get("location", {}).get("row")
    message = str(first.get("message", error.message))
    return PolicyError(message, path=path, line=line, hint="auditor policy check tells more")


def _server_message(error: requests.HTTPError) -> str:
    try:
        body = error.response.json() if error.response is not None else {}
    except ValueError:
        return str(error)
    errors = body.get("errors") or [body]
    return "; ".join(str(item.get("message", item)) for item in errors)[:300]
