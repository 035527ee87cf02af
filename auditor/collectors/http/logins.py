"""Finds the login of a registry: configuration, environment, file, Docker's config.json and its helpers.

Source: Docker's config file format (`auths`, `credHelpers`, `credsStore`) and the credential helper protocol
(`docker-credential-<name> get`, the server on standard input, JSON on standard output).
"""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec

from auditor.collectors.http.secret import ANONYMOUS, Login, Secret
from auditor.errors import ConfigError, CredentialsError

MAX_FILE_BYTES = 1024 * 1024
HELPER_TIMEOUT_S = 20
_HELPER_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_TOKEN_USER = "<token>"  # noqa: S105  the helper protocol's marker for an identity token
_DOCKER_HUB = "https://index.docker.io/v1/"


class LoginSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where a target's login is. At most one way; none: anonymous unless `docker_config` has one.

    `username` with `password_env` or `password_file`, or `token_env` / `token_file` for a bearer token.
    """

    username: str = ""
    password_env: str = ""
    password_file: str = ""
    token_env: str = ""
    token_file: str = ""
    docker_config: str = ""
    """A config.json, or `default` for DOCKER_CONFIG or ~/.docker/config.json."""
    allow_helpers: bool = False
    """Run the credential helper that the config.json names: a program from PATH."""


def find_login(settings: LoginSettings, host: str) -> Login:
    """The login for `host`. Errors: `CredentialsError` naming the variable or file, never its content."""
    token = _value(settings.token_env, settings.token_file)
    if token is not None:
        return Login(bearer=token)
    password = _value(settings.password_env, settings.password_file)
    if password is not None:
        if not settings.username:
            raise ConfigError("a password without a username", hint="set login.username")
        return Login(settings.username, password)
    if settings.username:
        raise ConfigError("a username without a password", hint="set login.password_env or login.password_file")
    if settings.docker_config:
        return _docker(_config_path(settings.docker_config), host, allow_helpers=settings.allow_helpers)
    return ANONYMOUS


def _value(variable: str, file: str) -> Secret | None:
    if variable:
        found = os.environ.get(variable)
        if not found:
            raise CredentialsError(f"the environment variable {variable} is not set", hint="set it, or change login")
        return Secret(found)
    if file:
        return Secret(_read(Path(file).expanduser()).decode("utf-8", "replace").strip())
    return None


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as opened:
            content = opened.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise CredentialsError(f"cannot read {path}: {error.strerror}", hint="check login in auditor.yaml") from error
    if len(content) > MAX_FILE_BYTES:
        raise CredentialsError(f"{path} is larger than {MAX_FILE_BYTES // 1024} KiB: no file of credentials")
    return content


def _config_path(setting: str) -> Path:
    if setting != "default":
        return Path(setting).expanduser()
    folder = os.environ.get("DOCKER_CONFIG")
    return (Path(folder) if folder else Path.home() / ".docker") / "config.json"


def _docker(path: Path, host: str, *, allow_helpers: bool) -> Login:
    try:
        document = json.loads(_read(path))
    except (ValueError, RecursionError):
        raise CredentialsError(f"{path} is not JSON", hint="docker login writes it anew") from None
    if not isinstance(document, dict):
        raise CredentialsError(f"{path} is no Docker configuration")
    servers = _servers(host)
    helper = _helper(document, servers)
    if helper:
        if not allow_helpers:
            raise CredentialsError(
                f"{path} keeps the login of {host} in the helper docker-credential-{helper}",
                hint="login.allow_helpers: true (--allow-helpers) runs it; or give username and password_env",
            )
        found = _ask(helper, servers)
        if found is not None:
            return found
    auths = _mapping(document.get("auths"))
    for server in servers:
        entry = auths.get(server)
        if isinstance(entry, dict):
            return _entry(entry, path, server)
    return ANONYMOUS


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _servers(host: str) -> list[str]:
    """The names under which Docker may have stored a registry."""
    if host in ("docker.io", "index.docker.io", "registry-1.docker.io"):
        return [_DOCKER_HUB, "index.docker.io", "docker.io", "registry-1.docker.io"]
    return [host, f"https://{host}", f"https://{host}/", f"https://{host}/v1/", f"https://{host}/v2/", f"http://{host}"]


def _helper(document: dict[str, Any], servers: list[str]) -> str:
    helpers = _mapping(document.get("credHelpers"))
    name = next((helpers[server] for server in servers if server in helpers), document.get("credsStore", ""))
    if not name:
        return ""
    if not isinstance(name, str) or not _HELPER_NAME.fullmatch(name):
        raise CredentialsError("the Docker configuration names a credential helper that is no plain name")
    return name


def _ask(helper: str, servers: list[str]) -> Login | None:
    program = shutil.which(f"docker-credential-{helper}")
    if program is None:
        raise CredentialsError(f"docker-credential-{helper} is not on PATH", hint="install it, or change login")
    for server in servers:
        try:
            result = subprocess.run(  # noqa: S603  a helper that the user allowed, found on PATH
                [program, "get"],
                input=server.encode(),
                capture_output=True,
                timeout=HELPER_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CredentialsError(f"docker-credential-{helper} failed: {type(error).__name__}") from None
        if result.returncode != 0:
            continue  # it has nothing under this name; what it prints may hold anything
        try:
            answer = json.loads(result.stdout[:MAX_FILE_BYTES])
            user, secret = str(answer["Username"]), str(answer["Secret"])
        except (ValueError, KeyError, TypeError, RecursionError):
            raise CredentialsError(f"docker-credential-{helper} gave no credentials that can be read") from None
        return Login(identity_token=Secret(secret)) if user == _TOKEN_USER else Login(user, Secret(secret))
    return None


def _entry(entry: dict[str, Any], path: Path, server: str) -> Login:
    if entry.get("registrytoken"):
        return Login(bearer=Secret(str(entry["registrytoken"])))
    if entry.get("identitytoken"):
        return Login(identity_token=Secret(str(entry["identitytoken"])))
    if entry.get("auth"):
        try:
            user, _, password = base64.b64decode(str(entry["auth"]), validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            raise CredentialsError(f"{path}: the auth of {server} is not base64 of user:password") from None
        return Login(user, Secret(password.rstrip("\0")))
    if entry.get("username"):
        return Login(str(entry["username"]), Secret(str(entry.get("password", ""))))
    return ANONYMOUS
