"""The distribution project's registry, a new one and Debian's old one, as people run them: with a login and with TLS."""

from __future__ import annotations

import ipaddress
import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from cryptography import x509

from tests.support import certificates
from tests.support.registries import free_port, referrers_registry, tool, wait_for
from tests.support.registries import plain_registry as crane_registry
from tests.support.token_server import SERVICE, token_server

Program = Literal["distribution", "docker-registry"]
"""The distribution project's v3, and Debian's 2.8.2."""
Login = Literal["none", "basic", "token"]
USER, PASSWORD = "robot", "canary-7d1f-password"
_HTPASSWD = f"{USER}:$2y$05$abcdefghijklmnopqrstuuxKPa/I7xd.jxm6ZXO.mZvu1MzF/EpBy\n"
"""bcrypt of `PASSWORD`."""
LOOPBACK = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])


@dataclass(frozen=True)
class RealRegistry:
    """A running registry. `folder`: its files, and where tools may put theirs; `lists`: it has the referrers API."""

    url: str
    folder: Path
    login: Login = "none"
    ca_file: str = ""
    token_host: str = ""
    lists: bool = False

    @property
    def host(self) -> str:
        return self.url.partition("://")[2]

    @property
    def target(self) -> dict[str, Any]:
        """As in auditor.yaml. The password is expected in the environment variable REGISTRY_PASSWORD."""
        found: dict[str, Any] = {"kind": "oci", "url": self.url}
        if self.ca_file:
            found["ca_file"] = self.ca_file
        if self.token_host:
            found["token_hosts"] = [self.token_host]
        if self.login != "none":
            found["login"] = {"username": USER, "password_env": "REGISTRY_PASSWORD"}
        return found

    def environment(self) -> dict[str, str]:
        """For tools: nothing of the developer's own, the registry's login and authority."""
        docker = self.folder / "docker"
        if not docker.exists():
            docker.mkdir()
            known = {"username": USER, "password": PASSWORD} if self.login != "none" else {}
            (docker / "config.json").write_text(json.dumps({"auths": {self.host: known} if known else {}}))
        found = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "DOCKER_CONFIG": str(docker)}
        return {**found, "SSL_CERT_FILE": self.ca_file} if self.ca_file else found


def server_certificate(folder: Path, name: str = "server", **options: Any) -> tuple[Path, Path, Path]:
    """(certificate, key, authority) files for a server on 127.0.0.1; `options` as `certificates.leaf` takes them."""
    root = certificates.authority("Loopback")
    party = certificates.leaf(root, name, purposes=("server_auth",), more=((LOOPBACK, False),), **options)
    files = tuple(folder / f"{name}{suffix}" for suffix in (".crt", ".key", "-ca.crt"))
    for file, text in zip(files, (party.pem(), party.key_pem(), root.pem()), strict=True):
        file.write_text(text)
    return files[0], files[1], files[2]


@contextmanager
def distribution(
    program: Program,
    folder: Path,
    *,
    login: Login = "none",
    tls: bool = False,
    certificate: dict[str, Any] | None = None,
    **more: Any,
) -> Iterator[RealRegistry]:
    """A registry from its first answer to the end of the block. `more`: of its configuration's top level."""
    with ExitStack() as stack:
        port = free_port()
        url, ca_file, token_host = f"{'https' if tls else 'http'}://127.0.0.1:{port}", "", ""
        chain, key, authority = server_certificate(folder, **(certificate or {}))
        configuration: dict[str, Any] = {
            "version": "0.1",
            "log": {"level": "error", "accesslog": {"disabled": True}},
            "storage": {"inmemory": {}, "delete": {"enabled": True}},
            "http": {"addr": f"127.0.0.1:{port}", "secret": "loopback"},
            **more,
        }
        if tls:
            ca_file = str(authority)
            configuration["http"]["tls"] = {"certificate": str(chain), "key": str(key)}
        if login == "basic":
            (folder / "htpasswd").write_text(_HTPASSWD)
            configuration["auth"] = {"htpasswd": {"realm": "loopback", "path": str(folder / "htpasswd")}}
        if login == "token":
            tokens = stack.enter_context(token_server(chain, key, USER, PASSWORD))
            token_host, ca_file = tokens.host, str(authority)
            bundle = folder / "signers.pem"
            bundle.write_text(tokens.signer.pem())
            configuration["auth"] = {"token": {
                "realm": tokens.realm, "service": SERVICE, "issuer": tokens.issuer, "rootcertbundle": str(bundle),
            }}  # fmt: skip
        file = folder / "config.yml"
        file.write_text(json.dumps(configuration))  # JSON is YAML
        nothing = subprocess.DEVNULL
        with (folder / "registry.log").open("wb") as log:
            process = subprocess.Popen(
                [tool(program), "serve", str(file)], stdin=nothing, stdout=log, stderr=log, env={"PATH": "", "OTEL_TRACES_EXPORTER": "none"}
            )  # fmt: skip
        stack.callback(process.wait)
        stack.callback(process.kill)
        wait_for(url + "/v2/")
        yield RealRegistry(url, folder, login, ca_file, token_host)


@contextmanager
def any_registry(name: str, folder: Path) -> Iterator[RealRegistry]:
    """One of the real registries by a name that says program, login and TLS, as `distribution-basic-tls`."""
    if name == "crane":
        with crane_registry() as url:
            yield RealRegistry(url, folder)
    elif name == "referrers":
        with referrers_registry() as url:
            yield RealRegistry(url, folder, lists=True)
    else:
        program: Program = "docker-registry" if name.startswith("docker-registry") else "distribution"
        login: Login = next((kind for kind in ("basic", "token") if f"-{kind}" in name), "none")  # type: ignore[assignment]
        with distribution(program, folder, login=login, tls=name.endswith("-tls")) as registry:
            yield registry
