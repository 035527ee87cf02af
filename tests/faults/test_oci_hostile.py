"""A hostile registry: bounded time, one collection error, the other repository complete, no credential anywhere."""

from __future__ import annotations

import base64
import gzip
import json
import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.audits import records
from tests.support.http_server import Reply, Seen, Server, http_server, reply
from tests.support.registries import CONFIG, INDEX, MANIFEST, digest_of

CANARY = "hunter2-canary"
PAIR = base64.b64encode(f"robot:{CANARY}".encode()).decode()
CONTENT = b'{"architecture": "amd64", "os": "linux", "config": {}}'
BODY = json.dumps({
    "schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
    "config": {"mediaType": CONFIG, "digest": digest_of(CONTENT), "size": len(CONTENT)},
}).encode()  # fmt: skip
QUICK = {"connect_timeout_s": 2, "read_timeout_s": 2, "request_timeout_s": 2, "attempts": 1}
BOUND_S = 20
MORE_MIB = 150
"""Most of it for a million names, the bound of a list."""
ROOT = Path(__file__).parents[2]


def manifest(seen: Seen, content: bytes, wanted: str = "") -> Reply:
    """An honest answer to HEAD and GET of a manifest; `wanted`: the digest that it claims."""
    headers = {"Docker_Content_Digest": wanted or digest_of(content), "Content_Type": MANIFEST}
    return reply(200, b"" if seen.method == "HEAD" else content, **headers)


def honest(seen: Seen) -> Reply:
    """A registry with the repositories bad and good, each with the tag v1, that wants a password."""
    if seen.headers.get("authorization") != f"Basic {PAIR}":
        return reply(401, WWW_Authenticate='Basic realm="registry"')
    path = seen.path.partition("?")[0]
    if path == "/v2/_catalog":
        return reply(200, b'{"repositories": ["bad", "good"]}')
    if path.endswith("/tags/list"):
        return reply(200, b'{"tags": ["v1"]}')
    if "/manifests/" in path:
        return manifest(seen, BODY)
    return reply(200, CONTENT) if "/blobs/" in path else reply(404)


def endless_pages(seen: Seen) -> Reply | None:
    if "/tags/list" not in seen.path:
        return None
    start = int(seen.path.partition("last=")[2] or 0)
    tags = [f"t{number}" for number in range(start, start + 20_000)]
    link = f'</v2/bad/tags/list?n=1000&last={start + 20_000}>; rel="next"'
    return reply(200, json.dumps({"tags": tags}).encode(), Link=link)


def same_page(seen: Seen) -> Reply | None:
    if "/tags/list" not in seen.path:
        return None
    return reply(200, b'{"tags": ["v1"]}', Link='</v2/bad/tags/list?n=1000>; rel="next"')


def instead(content: Callable[[Seen], Reply]) -> Callable[[Seen], Reply | None]:
    """Attack where the manifest is read."""

    def attack(seen: Seen) -> Reply | None:
        return content(seen) if "/manifests/" in seen.path and seen.method == "GET" else None

    return attack


def named(body: bytes) -> Callable[[Seen], Reply | None]:
    """A manifest that has its digest, and is nothing that can be read."""
    return lambda seen: manifest(seen, body) if "/manifests/" in seen.path else None


def drip(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 1000\r\n\r\n")
    while True:
        connection.sendall(b" ")
        time.sleep(0.1)


def drip_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 X\r\nX-Slow: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.1)


def announce(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 X\r\nContent-Length: 10000000000\r\n\r\n" + b" " * 1000)


def endless(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n")
    chunk = b"10000\r\n" + b" " * 0x10000 + b"\r\n"
    while True:
        connection.sendall(chunk)


def endless_headers(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 200 X\r\n")
    while True:
        connection.sendall(b"X-More: " + b"x" * 1000 + b"\r\n")


def named_again(path: str) -> Callable[[Seen], Reply | None]:
    """A redirect to itself, for ever."""
    return instead(lambda _: reply(302, Location=path))


@dataclass(frozen=True)
class Attack:
    """What the registry does to whoever reads the repository bad, and the one error that comes of it."""

    name: str
    answer: Callable[[Seen], Reply | None]
    operation: str
    reason: str


ATTACKS = [
    Attack("endless pages", endless_pages, "oci:ListTags", "truncated"),
    Attack("the same page again", same_page, "oci:ListTags", "truncated"),
    Attack("a manifest of 10 GB", instead(lambda _: announce), "oci:GetManifest", "truncated"),
    Attack("slow bytes", instead(lambda _: drip), "oci:GetManifest", "timeout"),
    Attack("slow headers", instead(lambda _: drip_headers), "oci:GetManifest", "timeout"),
    Attack("a redirect to a link-local address", instead(lambda _: reply(302, Location=f"http://robot:{CANARY}@169.254.169.254/latest?token={CANARY}")), "oci:GetManifest", "network"),
    Attack("deep JSON", named(b'{"a":' * 200_000), "oci:GetManifest", "parse_error"),
    Attack("a deep list", named(b'{"layers":' + b"[" * 200_000), "oci:GetManifest", "parse_error"),
    Attack("no UTF-8", named(b'{"mediaType": "\xff\xfe"}'), "oci:GetManifest", "parse_error"),
    Attack("no object", named(b"[]"), "oci:GetManifest", "parse_error"),
    Attack("another manifest than its digest", instead(lambda seen: manifest(seen, BODY + b" ", digest_of(BODY))), "oci:GetManifest", "parse_error"),
    Attack("a manifest without end", instead(lambda _: endless), "oci:GetManifest", "truncated"),
    Attack("headers without end", instead(lambda _: endless_headers), "oci:GetManifest", "parse_error"),
    Attack("a compressed manifest", instead(lambda _: reply(200, gzip.compress(b" " * 1_000_000), Content_Encoding="gzip")), "oci:GetManifest", "parse_error"),
    Attack("a redirect to itself", named_again("/v2/bad/manifests/v1"), "oci:GetManifest", "unsupported_by_collector"),
    Attack("a redirect to a file", instead(lambda _: reply(302, Location="file:///etc/passwd")), "oci:GetManifest", "network"),
    Attack("a number of many digits", named(b'{"size": ' + b"9" * 100_000 + b"}"), "oci:GetManifest", "parse_error"),
    Attack("a digest of a kind of its own", instead(lambda seen: manifest(seen, BODY, "md5:" + "a" * 32)), "oci:GetManifest", "unsupported_by_collector"),
    Attack("a connection that is closed", instead(lambda _: lambda connection: connection.close()), "oci:GetManifest", "parse_error"),
    Attack("an error that tells the password", instead(lambda _: reply(500, f"no: {PAIR} {CANARY}".encode())), "oci:GetManifest", "server_error"),
]  # fmt: skip


def world(attack: Callable[[Seen], Reply | None]) -> Callable[[Seen], Reply]:
    def answer(seen: Seen) -> Reply:
        if seen.path.startswith("/v2/bad/") and seen.headers.get("authorization") == f"Basic {PAIR}":
            return attack(seen) or honest(seen)
        return honest(seen)

    return answer


def collected(server: Server, folder: Path, **target: Any) -> Any:
    full = {"kind": "oci", "url": server.url, "login": {"username": "robot", "password_env": "CANARY"}, **QUICK, **target}  # fmt: skip
    return collect(Config(Settings(targets=[full])), folder / "snapshot", lambda _what, _count: None).manifest


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
def test_one_error_and_the_rest_complete(
    attack: Attack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("CANARY", CANARY)
    caplog.set_level(logging.INFO)
    started = time.monotonic()
    with http_server(world(attack.answer)) as server:
        manifest_ = collected(server, tmp_path)

    assert time.monotonic() - started < BOUND_S
    [scope] = manifest_.scopes
    assert [(error.operation, error.reason, error.count) for error in scope.errors] == [
        (attack.operation, attack.reason, 1)
    ]
    found = records(tmp_path)
    assert found["bad"]["images"]["state"] == "unknown"
    assert (found["bad"]["images"]["reason"], found["bad"]["images"]["source"]) == (attack.reason, attack.operation)
    [image] = found["good"]["images"]["value"]
    assert (image["digest"], image["tags"]) == (digest_of(BODY), ["v1"])
    assert image["config"]["state"] == "known"
    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for secret in (CANARY, PAIR):
        assert secret.encode() not in kept
        assert secret not in caplog.text
        assert secret not in repr(scope.errors)


CHILD = """
import json, resource, sys
from pathlib import Path
from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
peaks = []
for number, target in enumerate(json.loads(sys.argv[1])):
    collect(Config(Settings(targets=[target])), Path(sys.argv[2]) / str(number), lambda _what, _count: None)
    peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
print(json.dumps(peaks))
"""


def test_all_attacks_together_cost_bounded_memory(tmp_path: Path) -> None:
    with ExitStack() as stack:
        targets = []
        for answer in (lambda _seen: None, *(attack.answer for attack in ATTACKS)):
            url = stack.enter_context(http_server(world(answer))).url
            targets.append({"kind": "oci", "url": url, "login": {"username": "robot", "password_env": "CANARY"}, **QUICK})  # fmt: skip
        command = [sys.executable, "-c", CHILD, json.dumps(targets), str(tmp_path)]
        environment = {"PATH": os.environ["PATH"], "CANARY": CANARY}
        done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, check=True, timeout=120)
    peaks = json.loads(done.stdout)

    assert len(peaks) == len(ATTACKS) + 1
    assert peaks[-1] - peaks[0] < MORE_MIB, "over an honest registry"


@pytest.mark.parametrize("how", ["in one list", "page after page", "in the fallback index"])
def test_more_referrers_than_anybody_has_leave_the_signatures_unknown(how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    monkeypatch.setenv("CANARY", CANARY)
    nothing = b'{"schemaVersion": 2, "manifests": []}'
    fallback = f"sha256-{digest_of(BODY)[7:]}"

    def listed(start: int, count: int) -> bytes:
        entries = [{"mediaType": MANIFEST, "digest": f"sha256:{start + n:064x}", "size": 1} for n in range(count)]
        return json.dumps({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries}).encode()

    def answer(seen: Seen) -> Reply:
        if "authorization" not in seen.headers or not seen.path.startswith("/v2/bad/"):
            return (
                reply(200, nothing) if "/referrers/" in seen.path and how != "in the fallback index" else honest(seen)
            )
        if "/referrers/" in seen.path and how == "in one list":
            return reply(200, listed(0, 20_000))
        if "/referrers/" in seen.path and how == "page after page":
            page = int(seen.path.partition("page=")[2] or 0)
            path = seen.path.partition("?")[0]
            return reply(200, listed(page * 100, 100), Link=f'<{path}?page={page + 1}>; rel="next"')
        if how == "in the fallback index":
            if "/tags/list" in seen.path:
                return reply(200, json.dumps({"tags": ["v1", fallback]}).encode())
            if seen.path.endswith(fallback):
                return manifest(seen, listed(0, 20_000))
        return honest(seen)

    with http_server(answer) as server:
        [scope] = collected(server, tmp_path).scopes

    assert [(error.operation, error.reason) for error in scope.errors] == [("oci:ListReferrers", "truncated")]
    found = records(tmp_path)
    bad, good = (next(i for i in found[name]["images"]["value"] if "v1" in i["tags"]) for name in ("bad", "good"))
    assert (bad["signatures"]["state"], bad["signatures"]["reason"]) == ("unknown", "truncated")
    assert (good["signatures"]["state"], good["signatures"]["value"]) == ("known", [])
    assert scope.calls < 30, "none of them is read"


def test_a_registry_has_a_time_limit_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY", CANARY)

    def slow(seen: Seen) -> Reply:
        time.sleep(0.2)
        tags = json.dumps({"tags": [f"v{number}" for number in range(100)]}).encode()
        return reply(200, tags) if "/tags/list" in seen.path and "authorization" in seen.headers else honest(seen)

    started = time.monotonic()
    with http_server(slow) as server:
        [scope] = collected(server, tmp_path, registry_timeout_s=2).scopes

    assert time.monotonic() - started < 10
    assert {error.reason for error in scope.errors} == {"timeout"}
    assert {record["images"]["reason"] for record in records(tmp_path).values()} == {"timeout"}
