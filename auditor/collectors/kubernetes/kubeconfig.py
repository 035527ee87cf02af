"""How to get to an API server: from a kubeconfig, or from the service account of the pod that this runs in.

Source: the Kubernetes documents on kubeconfig files and on client-go credential plugins (ExecCredential).
"""

from __future__ import annotations

import base64
import binascii
import os
import ssl
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec

from auditor.collectors.kubernetes.settings import KubernetesSettings
from auditor.config.document import load_document
from auditor.errors import ConfigError, CredentialsError

_POD = Path("/var/run/secrets/kubernetes.io/serviceaccount")
_EXEC_TIMEOUT_S = 60
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


@dataclass(frozen=True)
class Access:
    """An API server and what to show it. `token` is a secret: it is in no message."""

    server: str
    cluster: str
    """The name that the configuration gives the cluster."""
    tls: ssl.SSLContext | None
    """None for plain HTTP, which only a proxy on this machine may speak."""
    server_name: str = ""
    token: str = field(default="", repr=False)


def access_of(settings: KubernetesSettings) -> Access:
    """Where a target is and how to get in.

    Errors: `ConfigError` for a configuration that cannot be used, `CredentialsError` where there are none.
    """
    if settings.in_cluster:
        return _in_cluster(settings)
    path = Path(settings.kubeconfig or os.environ.get("KUBECONFIG", "").split(os.pathsep)[0] or "~/.kube/config")
    path = path.expanduser()
    document = load_document(path).data
    if not isinstance(document, dict):
        raise ConfigError("is no kubeconfig", path=path)
    return _Kubeconfig(path, document).access(settings)


def _in_cluster(settings: KubernetesSettings) -> Access:
    host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
    try:
        token = (_POD / "token").read_text("utf-8").strip()
        tls = ssl.create_default_context(cafile=str(_POD / "ca.crt"))
    except OSError as error:
        raise CredentialsError(
            "in_cluster: this is no pod with a service account", hint="use kubeconfig or file"
        ) from error
    if not host:
        raise CredentialsError("in_cluster: KUBERNETES_SERVICE_HOST is not set", hint="use kubeconfig or file")
    shown = f"[{host}]" if ":" in host else host
    return Access(f"https://{shown}:{port}", settings.cluster or "", tls, token=token)


class _Kubeconfig:
    """One file."""

    def __init__(self, path: Path, document: dict[str, Any]) -> None:
        self._path = path
        self._document = document

    def access(self, settings: KubernetesSettings) -> Access:
        """The server of a context, with the user's credentials."""
        name = settings.context or str(self._document.get("current-context") or "")
        if not name:
            raise self._error("has no current-context", "set context in auditor.yaml")
        context = self._named("contexts", "context", name)
        cluster_name, user_name = str(context.get("cluster") or ""), str(context.get("user") or "")
        cluster = self._named("clusters", "cluster", cluster_name)
        user = self._named("users", "user", user_name) if user_name else {}
        server = str(cluster.get("server") or "")
        parts = urlsplit(server)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
            raise self._error(f"the cluster {cluster_name!r} has no server that can be asked", "as https://host:port")
        if cluster.get("proxy-url"):
            raise self._error(f"the cluster {cluster_name!r} needs a proxy", "proxy-url is not supported: use file")
        if cluster.get("insecure-skip-tls-verify"):
            raise self._error(
                f"the cluster {cluster_name!r} is not to be verified (insecure-skip-tls-verify)",
                "give its certificate-authority instead",
            )
        if parts.scheme == "http":
            if parts.hostname not in _LOOPBACK:
                raise self._error(f"the cluster {cluster_name!r} is asked in the clear", "only over https")
            return Access(server, cluster_name, None)
        tls = self._tls(cluster)
        token = self._credentials(user, user_name, tls, settings)
        return Access(server, cluster_name, tls, str(cluster.get("tls-server-name") or ""), token)

    def _tls(self, cluster: dict[str, Any]) -> ssl.SSLContext:
        data, file = cluster.get("certificate-authority-data"), cluster.get("certificate-authority")
        try:
            if data:
                return ssl.create_default_context(cadata=self._decoded(data).decode("ascii"))
            return ssl.create_default_context(cafile=str(self._beside(str(file))) if file else None)
        except (OSError, ssl.SSLError, UnicodeDecodeError) as error:
            raise self._error("the certificate authority cannot be used", "expected PEM") from error

    def _credentials(self, user: dict[str, Any], name: str, tls: ssl.SSLContext, settings: KubernetesSettings) -> str:
        """Load the client certificate, if any, into `tls`; the token, if any."""
        if user.get("exec"):
            if not settings.allow_exec:
                raise ConfigError(
                    f"the user {name!r} gets credentials from a command, which is not run",
                    path=self._path,
                    hint="set allow_exec: true for this target, or use a token or a recorded file",
                )
            user = self._executed(user["exec"], name)
        if user.get("auth-provider") or user.get("username"):
            raise self._error(
                f"the user {name!r} signs in by auth-provider or password", "use a token or a certificate"
            )
        certificate = self._material(user, "client-certificate")
        key = self._material(user, "client-key")
        if certificate and key:
            _load_certificate(tls, certificate, key, self._error("the client certificate cannot be used", "PEM"))
        token = str(user.get("token") or "")
        if not token and user.get("tokenFile"):
            token = self._read(str(user["tokenFile"])).decode("utf-8", "replace").strip()
        if not token.isprintable() or " " in token:
            raise self._error(f"the token of the user {name!r} cannot be sent", "expected one line of text")
        if not token and not (certificate and key):
            raise CredentialsError(f"the user {name!r} has no credentials", path=self._path, hint="kubectl auth whoami")
        return token

    def _executed(self, plugin: Any, name: str) -> dict[str, Any]:
        """Run a credential plug-in, without a shell. Its output is a secret and in no message."""
        command = [str(plugin.get("command") or ""), *map(str, plugin.get("args") or [])]
        if "/" in command[0]:
            command[0] = str(self._beside(command[0]))
        extra = {str(entry["name"]): str(entry["value"]) for entry in plugin.get("env") or []}
        api = str(plugin.get("apiVersion") or "client.authentication.k8s.io/v1")
        request = {"apiVersion": api, "kind": "ExecCredential", "spec": {"interactive": False}}
        environment = {**os.environ, **extra, "KUBERNETES_EXEC_INFO": msgspec.json.encode(request).decode()}
        hint = "run it by hand to see why"
        try:
            done = subprocess.run(  # noqa: S603  the user allowed it: allow_exec
                command, env=environment, capture_output=True, timeout=_EXEC_TIMEOUT_S, check=True,
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
            status = msgspec.json.decode(done.stdout)["status"]
        except (OSError, subprocess.SubprocessError) as error:
            raise CredentialsError(
                f"the command of the user {name!r} failed ({type(error).__name__})", path=self._path, hint=hint
            ) from error
        except (msgspec.MsgspecError, KeyError, TypeError) as error:
            raise CredentialsError(
                f"the command of the user {name!r} gave no ExecCredential", path=self._path, hint=hint
            ) from error
        return {
            "token": status.get("token"),
            "client-certificate-data": _encoded(status.get("clientCertificateData")),
            "client-key-data": _encoded(status.get("clientKeyData")),
        }

    def _named(self, group: str, key: str, name: str) -> dict[str, Any]:
        for entry in self._document.get(group) or []:
            if isinstance(entry, dict) and entry.get("name") == name and isinstance(entry.get(key), dict):
                found: dict[str, Any] = entry[key]
                return found
        raise self._error(f"has no {key} {name!r}", "kubectl config get-contexts shows what there is")

    def _material(self, user: dict[str, Any], key: str) -> bytes:
        if user.get(f"{key}-data"):
            return self._decoded(user[f"{key}-data"])
        return self._read(str(user[key])) if user.get(key) else b""

    def _read(self, name: str) -> bytes:
        try:
            return self._beside(name).read_bytes()
        except OSError as error:
            raise self._error(f"{name} cannot be read: {error.strerror}", "paths are from the kubeconfig") from error

    def _beside(self, name: str) -> Path:
        return self._path.parent / Path(name).expanduser()

    def _decoded(self, text: Any) -> bytes:
        try:
            return base64.b64decode(str(text), validate=True)
        except (binascii.Error, ValueError) as error:
            raise self._error("a -data field is no base64", "kubectl config view --raw shows it") from error

    def _error(self, message: str, hint: str) -> ConfigError:
        return ConfigError(message, path=self._path, hint=hint)


def _encoded(text: str | None) -> str | None:
    return base64.b64encode(text.encode()).decode() if text else None


def _load_certificate(tls: ssl.SSLContext, certificate: bytes, key: bytes, failure: ConfigError) -> None:
    """The module wants files: one that only this user can read, and only for a moment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "client.pem"
        path.touch(mode=0o600)
        path.write_bytes(certificate + b"\n" + key)
        try:
            tls.load_cert_chain(path)
        except (OSError, ssl.SSLError) as error:
            raise failure from error
