"""Where a login is found, and that nothing of it shows when it is not."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.http.logins import LoginSettings, find_login
from auditor.errors import ConfigError, CredentialsError

HOST = "registry.example.com"
CANARY = "hunter2-canary"


def auth(user: str = "robot", password: str = CANARY) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def docker(tmp_path: Path, content: Any, **more: Any) -> LoginSettings:
    path = tmp_path / "config.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return LoginSettings(docker_config=str(path), **more)


def helper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    program = tmp_path / "docker-credential-vault"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")


def test_environment_and_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD_OF_TEST", CANARY)
    (tmp_path / "token").write_text(f"{CANARY}\n")

    assert find_login(LoginSettings("robot", password_env="PASSWORD_OF_TEST"), HOST).password.reveal() == CANARY
    assert find_login(LoginSettings(token_file=str(tmp_path / "token")), HOST).bearer.reveal() == CANARY
    assert find_login(LoginSettings(), HOST).anonymous


def test_what_is_missing_is_named_and_nothing_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_SUCH_VARIABLE", raising=False)
    with pytest.raises(CredentialsError, match="NO_SUCH_VARIABLE"):
        find_login(LoginSettings("robot", password_env="NO_SUCH_VARIABLE"), HOST)
    with pytest.raises(CredentialsError, match="cannot read"):
        find_login(LoginSettings("robot", password_file="/no/such/file"), HOST)
    with pytest.raises(ConfigError, match="username without a password"):
        find_login(LoginSettings("robot"), HOST)


@pytest.mark.parametrize("server", [HOST, f"https://{HOST}", f"https://{HOST}/v2/"])
def test_docker_auths_under_every_name(tmp_path: Path, server: str) -> None:
    found = find_login(docker(tmp_path, {"auths": {server: {"auth": auth()}}}), HOST)

    assert (found.user, found.password.reveal()) == ("robot", CANARY)


def test_docker_hub_has_a_name_of_its_own(tmp_path: Path) -> None:
    settings = docker(tmp_path, {"auths": {"https://index.docker.io/v1/": {"auth": auth()}}})

    assert find_login(settings, "registry-1.docker.io").user == "robot"
    assert find_login(settings, HOST).anonymous


def test_docker_identity_and_registry_tokens(tmp_path: Path) -> None:
    identity = docker(tmp_path, {"auths": {HOST: {"auth": auth(), "identitytoken": CANARY}}})
    assert find_login(identity, HOST).identity_token.reveal() == CANARY
    registry = docker(tmp_path, {"auths": {HOST: {"registrytoken": CANARY}}})
    assert find_login(registry, HOST).bearer.reveal() == CANARY


def test_a_helper_runs_only_when_allowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, monkeypatch, f'read s; [ "$s" = "{HOST}" ] && echo \'{{"Username":"robot","Secret":"{CANARY}"}}\'')
    document = {"credHelpers": {HOST: "vault"}}

    with pytest.raises(CredentialsError, match="allow_helpers"):
        find_login(docker(tmp_path, document), HOST)
    found = find_login(docker(tmp_path, document, allow_helpers=True), HOST)

    assert (found.user, found.password.reveal()) == ("robot", CANARY)


def test_a_helper_may_give_an_identity_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    helper(tmp_path, monkeypatch, f'echo \'{{"Username":"<token>","Secret":"{CANARY}"}}\'')

    assert find_login(docker(tmp_path, {"credsStore": "vault"}, allow_helpers=True), HOST).identity_token


@pytest.mark.parametrize("script", [f"echo {CANARY}", f'echo \'{{"Secret": "{CANARY}"}}\'', "echo '[[[['"])
def test_what_a_broken_helper_prints_is_not_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    helper(tmp_path, monkeypatch, script)
    with pytest.raises(CredentialsError) as caught:
        find_login(docker(tmp_path, {"credsStore": "vault"}, allow_helpers=True), HOST)

    assert CANARY not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no Docker configuration"),
        ({"auths": {HOST: {"auth": "***"}}}, "not base64"),
        ({"credsStore": "../../bin/sh"}, "no plain name"),
    ],
)
def test_a_bad_configuration_says_so(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(CredentialsError, match=message):
        find_login(docker(tmp_path, content, allow_helpers=True), HOST)
