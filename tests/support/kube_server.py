"""A Kubernetes API server on loopback: lists in pages, over TLS with a certificate of its own, with refusals on demand."""

from __future__ import annotations

import base64
import datetime
import ipaddress
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

TOKEN = "a-token-that-nobody-may-see"
PATHS = {
    "Pod": "/api/v1/pods", "ReplicationController": "/api/v1/replicationcontrollers",
    "Deployment": "/apis/apps/v1/deployments", "ReplicaSet": "/apis/apps/v1/replicasets",
    "StatefulSet": "/apis/apps/v1/statefulsets", "DaemonSet": "/apis/apps/v1/daemonsets",
    "ControllerRevision": "/apis/apps/v1/controllerrevisions",
    "Job": "/apis/batch/v1/jobs", "CronJob": "/apis/batch/v1/cronjobs",
}  # fmt: skip


@dataclass
class KubeWorld:
    """What the server holds and how it behaves."""

    objects: list[dict[str, Any]] = field(default_factory=list)
    answers: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    """Kind -> status and body, in place of a list."""
    expire_once: bool = False
    """The second page is 410 Gone, once."""
    same_mark: bool = False
    """Every page has the same mark."""
    redirect: str = ""
    token: str = TOKEN
    calls: Counter[str] = field(default_factory=Counter)
    seen_tokens: set[str] = field(default_factory=set)


def authority(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kube")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    cert_path, key_path = folder / "cert.pem", folder / "key.pem"
    cert_path.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    key_path.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return cert_path, key_path


@contextmanager
def kube_server(world: KubeWorld, folder: Path, *, mutual: bool = False) -> Iterator[str]:
    """The server's address. `mutual`: it wants a certificate of its own authority, and no token."""
    cert, key = authority(folder)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(world, need_token=not mutual))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if mutual:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cert)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def kubeconfig(folder: Path, server: str, user: dict[str, Any] | None = None, cluster: Any = None) -> str:
    """A kubeconfig beside the certificate of `kube_server`."""
    ca = base64.b64encode((folder / "cert.pem").read_bytes()).decode() if (folder / "cert.pem").exists() else ""
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "main",
        "contexts": [{"name": "main", "context": {"cluster": "prod", "user": "audit"}}],
        "clusters": [
            {"name": "prod", "cluster": {"certificate-authority-data": ca, "server": server, **(cluster or {})}}
        ],
        "users": [{"name": "audit", "user": {"token": TOKEN} if user is None else user}],
    }
    path = folder / "kubeconfig"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    return str(path)


class _Handler(BaseHTTPRequestHandler):
    world: KubeWorld
    need_token: bool
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        token = self.headers.get("Authorization", "").removeprefix("Bearer ")
        self.world.seen_tokens.add(token)
        if self.world.redirect:
            self.reply(302, b"", {"Location": self.world.redirect})
        elif self.need_token and token != self.world.token:
            self.reply(401, json.dumps({"kind": "Status", "message": "Unauthorized"}).encode())
        else:
            self.list(parts.path, query)

    def list(self, path: str, query: dict[str, str]) -> None:
        namespace = ""
        if "/namespaces/" in path:
            head, _, tail = path.partition("/namespaces/")
            namespace, _, plural = tail.partition("/")
            path = f"{head}/{plural}"
        kind = next((kind for kind, known in PATHS.items() if known == path), "")
        self.world.calls[kind] += 1
        if kind in self.world.answers:
            self.reply(*self.world.answers[kind])
            return
        items = self.items(kind, namespace)
        start, limit = int(query.get("continue", "0")), int(query["limit"])
        if start and self.world.expire_once:
            self.world.expire_once = False
            self.reply(410, json.dumps({"kind": "Status", "code": 410, "message": "expired"}).encode())
            return
        more = {"continue": str(start + limit)} if start + limit < len(items) else {}
        if self.world.same_mark:
            more = {"continue": "0"}
        body = {"kind": f"{kind}List", "metadata": more, "items": items[start : start + limit]}
        self.reply(200, json.dumps(body).encode())

    def items(self, kind: str, namespace: str) -> list[dict[str, Any]]:
        return [
            {key: value for key, value in item.items() if key != "kind"}
            for item in self.world.objects
            if item["kind"] == kind and (not namespace or item["metadata"].get("namespace") == namespace)
        ]

    def reply(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        pass


def _handler(world: KubeWorld, *, need_token: bool) -> type[BaseHTTPRequestHandler]:
    return type("Handler", (_Handler,), {"world": world, "need_token": need_token})
