"""Whatever a credential is and wherever it comes from, a whole run shows it nowhere: not in logs, snapshots, reports,
errors, tracebacks, or in what any object of ours says of itself.
"""

from __future__ import annotations

import base64
import gc
import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
import yaml

from auditor import plugins
from auditor.cli.main import main
from auditor.collectors.http.client import Answer, RegistryClient, _Ask
from auditor.collectors.http.endpoint import Endpoint
from auditor.collectors.http.secret import Login, Secret
from auditor.collectors.http.tokens import TokenRequest, _TokenAnswer
from auditor.collectors.oci.images import OciImageReader
from auditor.inventory.recorder import Recorder
from tests.faults.test_oci_hostile import BODY, CONTENT, manifest
from tests.support.http_server import Reply, Seen, http_server, reply

CANARY = "hunter2-canary"
PAIR = base64.b64encode(f"robot:{CANARY}".encode()).decode()
TOKEN = "given-for-hunter2-canary"
SHOWN = (CANARY, PAIR, base64.b64encode(CANARY.encode()).decode())
"""As texts that would give it away."""
OURS = "auditor.collectors"


# ---------------------------------------------------------------- where credentials come from
def basic(folder: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> dict[str, Any]:
    monkeypatch.setenv("REGISTRY_PASSWORD", CANARY)
    return {"username": "robot", "password_env": "REGISTRY_PASSWORD"}


def password_file(folder: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> dict[str, Any]:
    (folder / "password").write_text(f"{CANARY}\n")
    return {"username": "robot", "password_file": str(folder / "password")}


def bearer(folder: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> dict[str, Any]:
    monkeypatch.setenv("REGISTRY_TOKEN", CANARY)
    return {"token_env": "REGISTRY_TOKEN"}


def docker(folder: Path, entry: dict[str, str]) -> dict[str, Any]:
    (folder / "config.json").write_text(json.dumps(entry))
    return {"docker_config": str(folder / "config.json")}


def docker_auth(folder: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> dict[str, Any]:
    return docker(folder, {"auths": {host: {"auth": PAIR}}})  # type: ignore[dict-item]


def docker_identity_token(folder: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> dict[str, Any]:
    return docker(folder, {"auths": {host: {"identitytoken": CANARY}}})  # type: ignore[dict-item]


def helper(folder: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> dict[str, Any]:
    program = folder / "docker-credential-canary"
    program.write_text(f'#!/bin/sh\necho \'{{"Username": "robot", "Secret": "{CANARY}"}}\'\necho {CANARY} >&2\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    return {**docker(folder, {"credsStore": "canary"}), "allow_helpers": True}


def broken_helper(folder: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> dict[str, Any]:
    found = helper(folder, monkeypatch, host)
    (folder / "docker-credential-canary").write_text(f"#!/bin/sh\necho 'no JSON: {CANARY}'\n")
    return found


def broken_auth(folder: Path, monkeypatch: pytest.MonkeyPatch, host: str) -> dict[str, Any]:
    return docker(folder, {"auths": {host: {"auth": f"{CANARY}!"}}})  # type: ignore[dict-item]


SOURCES = [basic, password_file, bearer, docker_auth, docker_identity_token, helper, broken_helper, broken_auth]


# ---------------------------------------------------------------- what registries do with them
def accepted(seen: Seen) -> bool:
    """Whether a request has the credential, or the token that was given for it."""
    return seen.headers.get("authorization") in (f"Basic {PAIR}", f"Bearer {CANARY}", f"Bearer {TOKEN}")


def challenge(url: str, seen: Seen) -> Reply:
    wants_token = f'Bearer realm="{url}/token",service="registry"'
    return reply(401, WWW_Authenticate=f'{wants_token}, Basic realm="registry"')


def token(seen: Seen) -> Reply:
    form = parse_qs(seen.body.decode())
    known = form.get("refresh_token") == [CANARY] or seen.headers.get("authorization") == f"Basic {PAIR}"
    return reply(200, json.dumps({"token": TOKEN}).encode()) if known else reply(401, f"who is {form}".encode())


def good(seen: Seen) -> Reply:
    path = seen.path.partition("?")[0]
    if path == "/v2/_catalog":
        return reply(200, b'{"repositories": ["team/app"]}')
    if path.endswith("/tags/list"):
        return reply(200, b'{"tags": ["v1", "latest"]}')
    if "/manifests/" in path:
        return manifest(seen, BODY)
    return reply(200, CONTENT) if "/blobs/" in path else reply(404)


def told(seen: Seen) -> str:
    """What a registry was told, for one that tells it on."""
    return f"{seen.headers.get('authorization')} {CANARY} {PAIR}"


def late(answer: Callable[[Seen], Reply]) -> Callable[[Seen], Reply]:
    """Behave until the manifests."""
    return lambda seen: answer(seen) if "/manifests/" in seen.path else good(seen)


BEHAVIOURS: dict[str, Callable[[Seen], Reply]] = {
    "good": good,
    "error page": lambda seen: reply(500, told(seen).encode(), X_Told=told(seen)),
    "late error page": late(lambda seen: reply(500, told(seen).encode())),
    "garbage": lambda seen: told(seen).encode() + b"\r\n\r\n",
    "late garbage": late(lambda seen: f"HTTP/1.1 200 X\r\nContent-Length: {told(seen)}\r\n\r\n".encode()),
    "no JSON": lambda seen: reply(200, f"{{{told(seen)}".encode()),
    "redirect": late(lambda seen: reply(302, Location=f"http://robot:{CANARY}@169.254.169.254/{'x'}?token={CANARY}")),
    "refused": lambda seen: reply(403, told(seen).encode()),
    "token elsewhere": lambda seen: reply(401, WWW_Authenticate=f'Bearer realm="https://robot:{CANARY}@elsewhere.example/t?p={CANARY}"'),
}  # fmt: skip


def leaks_in_objects() -> list[str]:
    """Types whose objects show the canary."""
    found = set()
    for thing in gc.get_objects():
        kind = type(thing)
        if str(kind.__module__).startswith(OURS):
            text = repr(thing) + str(thing)
            if any(shown in text for shown in (*SHOWN, TOKEN)):
                found.add(f"{kind.__module__}.{kind.__qualname__}")
    return sorted(found)


def run(folder: Path, url: str, login: dict[str, Any]) -> int:
    """A whole audit with every report."""
    target = {"kind": "oci", "url": url, "login": login, "attempts": 2, "read_timeout_s": 5}
    (folder / "auditor.yaml").write_text(yaml.safe_dump({"version": 1, "targets": [target]}))
    reports = [part for name in plugins.names("reporters") for part in ("-r", name)]
    arguments = ["audit", "-c", str(folder / "auditor.yaml"), "-o", str(folder / "audit"), "--verbose"]
    return main([*arguments, "--log-format", "json", "--include-passed", *reports])


def check(folder: Path, output: str, logs: str) -> None:
    kept = {path.name: path.read_bytes() for path in (folder / "audit").rglob("*") if path.is_file()}
    for shown in (*SHOWN, TOKEN):
        assert shown not in output
        assert shown not in logs
        assert [name for name, content in kept.items() if shown.encode() in content] == []


RUNS = [
    pytest.param(source, behaviour, id=f"{source.__name__}-{behaviour}")
    for source in SOURCES
    for behaviour in BEHAVIOURS
    if source in (basic, docker_identity_token) or behaviour in ("good", "late error page", "refused")
]


@pytest.mark.parametrize(("source", "behaviour"), RUNS)
def test_no_credential_shows(source: Callable[..., dict[str, Any]], behaviour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    leaks: list[str] = []
    urls: list[str] = []

    def answer(seen: Seen) -> Reply:
        leaks.extend(leaks_in_objects())
        if seen.path.startswith("/token"):
            return token(seen)
        return BEHAVIOURS[behaviour](seen) if accepted(seen) else challenge(urls[0], seen)

    with http_server(answer) as server:
        urls.append(server.url)
        code = run(tmp_path, server.url, source(tmp_path, monkeypatch, server.url.partition("://")[2]))
        leaks.extend(leaks_in_objects())
        reached = any(accepted(seen) for seen in server.seen)

    assert leaks == []
    assert reached == (source not in (broken_helper, broken_auth)), "the canary was used, else this tests nothing"
    captured = capfd.readouterr()
    check(tmp_path, captured.out + captured.err, caplog.text)
    assert code in ((2,) if not reached else (0, 1) if behaviour == "good" else (3,))


def test_nothing_that_may_hold_a_credential_shows_it() -> None:
    login = Login("robot", Secret(CANARY), Secret(CANARY), Secret(CANARY))
    form = {"refresh_token": CANARY}
    for thing in (
        login,
        login.password,
        Answer(200, {"x": CANARY}, CANARY.encode(), f"https://x/?{CANARY}"),
        _Ask("POST", f"https://x/?{CANARY}", "oci:Token", {}, 1, form),
        TokenRequest("https://x/", login, form),
        _TokenAnswer(CANARY, CANARY),
        Endpoint("https://x", proxy=f"http://robot:{CANARY}@proxy"),
        RegistryClient(Endpoint("https://x"), login, Recorder()),
    ):
        assert CANARY not in f"{thing!r} {thing} {[thing]}", type(thing)


@pytest.mark.parametrize("source", [basic, docker_identity_token], ids=lambda source: source.__name__)
def test_a_defect_of_ours_shows_none_in_its_traceback(source: Callable[..., dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    def fail(reader: OciImageReader, *_arguments: object) -> None:
        client = reader._registry._client
        raise RuntimeError(f"{client!r} {vars(client)} {vars(client._tokens)} {client.endpoint}")

    monkeypatch.setattr(OciImageReader, "read", fail)
    urls: list[str] = []

    def answer(seen: Seen) -> Reply:
        if seen.path.startswith("/token"):
            return token(seen)
        return good(seen) if accepted(seen) else challenge(urls[0], seen)

    with http_server(answer) as server:
        urls.append(server.url)
        code = run(tmp_path, server.url, source(tmp_path, monkeypatch, server.url.partition("://")[2]))

    captured = capfd.readouterr()
    assert "Traceback" in captured.err
    assert "RegistryClient(" in captured.err
    assert code == 4
    check(tmp_path, captured.out + captured.err, caplog.text)


def test_a_proxys_password_is_no_secret_of_ours_and_shows_nowhere_either(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:  # fmt: skip
    caplog.set_level(logging.INFO)
    leaks: list[str] = []

    def proxy(seen: Seen) -> Reply:
        leaks.extend(leaks_in_objects())
        return reply(200, b'{"repositories": []}') if "proxy-authorization" in seen.headers else reply(407)

    with http_server(proxy) as server:
        monkeypatch.setenv("http_proxy", server.url.replace("://", f"://robot:{CANARY}@"))
        code = run(tmp_path, "http://registry.invalid", {})

    assert any(seen.headers.get("proxy-authorization") == f"Basic {PAIR}" for seen in server.seen)
    assert leaks == []
    captured = capfd.readouterr()
    check(tmp_path, captured.out + captured.err, caplog.text)
    assert code in (0, 1)
