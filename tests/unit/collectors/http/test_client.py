"""The registry client against servers that behave and servers that do not."""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from email.utils import formatdate
from typing import Any

import pytest

from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.client import RegistryClient, Request
from auditor.collectors.http.endpoint import Endpoint, Limits
from auditor.collectors.http.secret import ANONYMOUS, Login, Secret
from auditor.inventory.facts import Reason
from auditor.inventory.recorder import Recorder
from tests.support.http_server import Reply, Seen, Server, http_server, reply

CANARY = "hunter2-canary"
LOGIN = Login("robot", Secret(CANARY))
QUICK = Limits(connect_s=1, read_s=1, request_s=2, body_bytes=4096, attempts=3, wait_s=2)


@contextmanager
def client_of(server: Server, login: Login = ANONYMOUS, **more: Any) -> Iterator[RegistryClient]:
    endpoint = Endpoint(server.url, limits=more.pop("limits", QUICK), **more)
    with RegistryClient(endpoint, login, Recorder()) as client:
        yield client


def ask(path: str = "/v2/", **more: Any) -> Request:
    return Request(path=path, operation="oci:Ping", **more)


def failure_of(server: Server, request: Request, **more: Any) -> CallFailedError:
    with client_of(server, **more) as client, pytest.raises(CallFailedError) as caught:
        client.fetch(request)
    return caught.value


# ---------------------------------------------------------------- identity
def test_the_token_dance_is_danced_once_a_scope() -> None:
    def answer(seen: Seen) -> Reply:
        if seen.path.startswith("/token"):
            assert seen.headers["authorization"] == "Basic " + base64.b64encode(f"robot:{CANARY}".encode()).decode()
            return reply(200, json.dumps({"token": f"t-{seen.path.count('%3A')}", "expires_in": 300}).encode())
        if "authorization" not in seen.headers:
            realm = f'Bearer realm="http://{seen.headers["host"]}/token",service="reg",scope="repository:a:pull"'
            return reply(401, WWW_Authenticate=realm)
        assert seen.headers["authorization"].startswith("Bearer t-")
        return reply(200, b"{}")

    with http_server(answer) as server, client_of(server, LOGIN) as client:
        for _ in range(3):
            client.fetch(ask(scope="repository:a:pull"))
        client.fetch(ask(scope="repository:b:pull"))

    assert [s.path.partition("?")[0] for s in server.seen] == [
        "/v2/", "/token", "/v2/", "/v2/", "/v2/", "/token", "/v2/",
    ]  # fmt: skip
    assert "scope=repository%3Ab%3Apull" in server.seen[5].path


def test_an_identity_token_is_exchanged_with_a_form() -> None:
    def answer(seen: Seen) -> Reply:
        if seen.path == "/token":
            assert seen.method == "POST"
            assert b"grant_type=refresh_token" in seen.body
            assert CANARY.encode() in seen.body
            return reply(200, b'{"access_token": "t"}')
        if "authorization" in seen.headers:
            return reply(200)
        return reply(401, WWW_Authenticate=f'Bearer realm="http://{seen.headers["host"]}/token"')

    with http_server(answer) as server, client_of(server, Login(identity_token=Secret(CANARY))) as client:
        assert client.fetch(ask()).status == 200


def test_credentials_are_not_sent_to_a_realm_that_was_not_configured() -> None:
    with http_server(lambda _: reply(401, WWW_Authenticate='Bearer realm="https://evil.example/token"')) as server:
        failure = failure_of(server, ask(), login=LOGIN)

    assert failure.fact.reason is Reason.UNAUTHENTICATED
    assert "evil.example" in failure.message
    assert "token_hosts" in failure.message
    assert len(server.seen) == 1


def test_basic_is_used_once_the_registry_asks_for_it() -> None:
    def answer(seen: Seen) -> Reply:
        return reply(200) if "authorization" in seen.headers else reply(401, WWW_Authenticate='Basic realm="x"')

    with http_server(answer) as server, client_of(server, LOGIN) as client:
        client.fetch(ask())
        client.fetch(ask())

    assert ["authorization" in s.headers for s in server.seen] == [False, True, True]


def test_requests_under_way_when_the_registry_asks_for_basic_are_made_again() -> None:
    both = threading.Barrier(2)

    def answer(seen: Seen) -> Reply:
        if "authorization" in seen.headers:
            return reply(200)
        both.wait(10)
        return reply(401, WWW_Authenticate='Basic realm="x"')

    with http_server(answer) as server, client_of(server, LOGIN) as client, ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda _: client.fetch(ask()).status, range(2)))

    assert found == [200, 200]
    assert ["authorization" in s.headers for s in server.seen] == [False, False, True, True]


def test_a_stranger_sends_nothing() -> None:
    with http_server(lambda _: reply(401, WWW_Authenticate='Basic realm="x"')) as server:
        failure = failure_of(server, ask(anonymous=True), login=LOGIN)

    assert failure.fact.reason is Reason.UNAUTHENTICATED
    assert [s.headers.get("authorization") for s in server.seen] == [None]


# ---------------------------------------------------------------- other hosts
@pytest.mark.parametrize(
    "target",
    ["http://169.254.169.254/latest/meta-data", "https://blobs.example/x", "//evil.example/", "file:///etc/passwd"],
)
def test_redirects_to_other_hosts_are_not_followed(target: str) -> None:
    with http_server(lambda _: reply(307, Location=target)) as server:
        failure = failure_of(server, ask(blob=True), login=LOGIN)

    assert failure.fact.reason is Reason.NETWORK
    assert "not configured" in failure.message


def test_redirects_within_the_registry_are_followed_to_an_end() -> None:
    moved = reply(302, Location="/b")
    with (
        http_server(lambda seen: moved if seen.path == "/a" else reply(200, b"ok")) as server,
        client_of(server) as client,
    ):
        assert client.fetch(ask("/a")).body == b"ok"
    with http_server(lambda _: reply(302, Location="/a")) as server:
        assert failure_of(server, ask("/a")).fact.detail == "HTTP 302"
        assert len(server.seen) == 4


# ---------------------------------------------------------------- patience
def test_retry_after_in_seconds_dates_and_unix_times_is_waited_for() -> None:
    for value in ("1", formatdate(time.time() + 1.5, usegmt=True), str(int(time.time()) + 1)):
        answers = iter([reply(429, Retry_After=value), reply(200)])
        with http_server(lambda _, answers=answers: next(answers)) as server, client_of(server) as client:
            started = time.monotonic()
            client.fetch(ask())

        assert 0.0 < time.monotonic() - started < 3, value
        assert len(server.seen) == 2


def test_a_pause_beyond_the_limit_is_throttled_at_once() -> None:
    with http_server(lambda _: reply(429, Retry_After="3600")) as server:
        assert failure_of(server, ask()).fact.reason is Reason.THROTTLED
        assert len(server.seen) == 1


def test_servers_that_fail_are_asked_as_often_as_configured() -> None:
    with http_server(lambda _: reply(503, Retry_After="0")) as server:
        assert failure_of(server, ask()).fact.reason is Reason.SERVER_ERROR
        assert len(server.seen) == 3


# ---------------------------------------------------------------- hostile
def drip(head: bytes, every: float) -> Any:
    def write(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(100):
            time.sleep(every)
            connection.sendall(b"x")

    return write


@pytest.mark.parametrize("head", [b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n", b"HTTP/1.1 200 X\r\nX-Slow: "])
def test_slow_bytes_end_at_the_deadline(head: bytes) -> None:
    limits = Limits(connect_s=1, read_s=1, request_s=1, attempts=1)
    with http_server(lambda _: drip(head, 0.1)) as server:
        started = time.monotonic()
        failure = failure_of(server, ask(), limits=limits)

    assert failure.fact.reason is Reason.TIMEOUT
    assert time.monotonic() - started < 3


def test_too_much_is_cut_whether_announced_or_not() -> None:
    announced = b"HTTP/1.1 200 X\r\nContent-Length: 10737418240\r\n\r\n"
    endless = b"HTTP/1.1 200 X\r\nConnection: close\r\n\r\n" + b"x" * 100_000
    for raw in (announced, endless):
        with http_server(lambda _, raw=raw: raw) as server:
            failure = failure_of(server, ask())

        assert failure.fact.reason is Reason.TRUNCATED


def test_compressed_answers_are_refused() -> None:
    with http_server(lambda _: reply(200, b"x", Content_Encoding="gzip")) as server:
        assert failure_of(server, ask()).fact.detail == "compressed"


def test_nonsense_is_an_error_of_its_own() -> None:
    with http_server(lambda _: b"SSH-2.0-x\r\n\r\n") as server:
        assert failure_of(server, ask()).fact.reason is Reason.PARSE_ERROR


# ---------------------------------------------------------------- silence
def test_no_credential_shows_itself() -> None:
    login = Login("robot", Secret(CANARY), Secret(CANARY), Secret(CANARY))
    with http_server(lambda _: reply(403)) as server, client_of(server, login) as client:
        with pytest.raises(CallFailedError) as caught:
            client.fetch(ask("/v2/?X-Amz-Signature=" + CANARY))
        shown = [repr(login), str(login.password), f"{login}", repr(client), str(vars(client)), repr(caught.value.fact)]

    assert not any(CANARY in text for text in [*shown, caught.value.message])
