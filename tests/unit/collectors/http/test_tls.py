"""What the client sees of a server's TLS, from real handshakes, and what it may not conclude from a refusal."""

from __future__ import annotations

import socket
import ssl
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.client import RegistryClient, Request
from auditor.collectors.http.endpoint import Endpoint, Limits
from auditor.collectors.http.secret import ANONYMOUS
from auditor.collectors.http.tls import TlsSeen, is_loopback, transport_of
from auditor.inventory.facts import Known, Unknown
from auditor.inventory.recorder import Recorder
from auditor.inventory.transport import NO_TLS, Transport
from tests.support import certificates
from tests.support.certificates import DAY, NOW
from tests.support.distribution import server_certificate
from tests.support.http_server import http_server, reply

ANSWER = b"HTTP/1.1 200 X\r\nContent-Length: 2\r\n\r\n{}"


@contextmanager
def tls_server(
    folder: Path,
    *,
    host: str = "127.0.0.1",
    plain: bool = False,
    newest: ssl.TLSVersion | None = None,
    **certificate: Any,
) -> Iterator[tuple[str, str]]:
    """(URL, CA file) of a server that answers every connection once."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    chain, key, authority = server_certificate(folder, **certificate)
    context.load_cert_chain(chain, key)
    if newest is not None:
        context.set_ciphers("ALL:@SECLEVEL=0")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # that it is old is the point
            context.minimum_version = context.maximum_version = newest
    listener = socket.create_server((host, 0))

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                if plain:
                    with suppress(OSError), connection:
                        connection.recv(4096)
                        connection.sendall(ANSWER)
                    continue
                with suppress(OSError), connection, context.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(4096)
                    secured.sendall(ANSWER)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"https://{host}:{listener.getsockname()[1]}", str(authority)
    finally:
        with suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join(5)


def see(url: str, ca_file: str | None) -> tuple[TlsSeen, str]:
    """What is seen, and the error."""
    endpoint = Endpoint(url, ca_file=ca_file, limits=Limits(attempts=1, connect_s=5, read_s=5))
    with RegistryClient(endpoint, ANONYMOUS, Recorder()) as client:
        try:
            client.fetch(Request(path="/v2/", operation="oci:Try"))
        except CallFailedError as failure:
            return client.tls, failure.message.partition(": ")[2]
        return client.tls, ""


def test_version_and_expiry_of_an_accepted_certificate(tmp_path: Path) -> None:
    end = NOW + 40 * DAY
    with tls_server(tmp_path, end=end) as (url, ca_file):
        seen, error = see(url, ca_file)

    assert error == ""
    assert (seen.version, seen.certificate) == (Known("TLSv1.3", "registry endpoint"), Known("valid", "registry endpoint"))  # fmt: skip
    assert seen.expires_at == Known(end.strftime("%Y-%m-%dT%H:%M:%SZ"), "registry endpoint")


def test_an_older_version_that_is_still_allowed(tmp_path: Path) -> None:
    with tls_server(tmp_path, newest=ssl.TLSVersion.TLSv1_2) as (url, ca_file):
        assert see(url, ca_file)[0].version == Known("TLSv1.2", "registry endpoint")


def test_an_expired_certificate_is_a_fact(tmp_path: Path) -> None:
    with tls_server(tmp_path, start=NOW - 3 * DAY, end=NOW - timedelta(hours=1)) as (url, ca_file):
        seen, error = see(url, ca_file)

    assert error == "the certificate has expired"
    assert (seen.told, seen.certificate) == (True, Known("expired", "registry endpoint"))
    assert isinstance(seen.version, Unknown)


def test_a_server_that_speaks_nothing_new_is_a_fact(tmp_path: Path) -> None:
    with tls_server(tmp_path, newest=ssl.TLSVersion.TLSv1_1) as (url, ca_file):
        seen, error = see(url, ca_file)

    assert error == "the server speaks no TLS newer than 1.1"
    assert (seen.told, seen.version) == (True, Known("TLSv1.1", "registry endpoint"))


@pytest.mark.parametrize("stranger", ["authority", "name"])
def test_a_certificate_that_the_auditor_does_not_accept_tells_nothing(stranger: str, tmp_path: Path) -> None:
    other = tmp_path / "other.pem"
    other.write_text(certificates.authority("Elsewhere").pem())
    with tls_server(tmp_path, host="127.0.0.2" if stranger == "name" else "127.0.0.1") as (url, ca_file):
        seen, error = see(url, str(other) if stranger == "authority" else ca_file)

    assert error == "the certificate was not accepted"
    assert not seen.told
    assert isinstance(seen.certificate, Unknown)


def test_plain_http_on_an_https_port_is_no_tls_connection(tmp_path: Path) -> None:
    with tls_server(tmp_path, plain=True) as (url, ca_file):
        seen, error = see(url, ca_file)

    assert error == "no TLS connection could be made"
    assert not seen.told


def test_http_has_no_tls() -> None:
    with http_server(lambda _seen: reply(200, b"{}")) as server:
        seen, _ = see(server.url, None)

    assert seen.told
    assert transport_of(server.url, seen) == Transport(encrypted=False, loopback=True)
    assert transport_of("http://registry.example.com", TlsSeen()) == Transport(encrypted=False, tls_version=NO_TLS)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.8.9.1:5000", True), ("[::1]:5000", True), ("localhost", True), ("a.localhost:1", True),
     ("10.0.0.1", False), ("registry.example.com", False), ("127.0.0.1.example.com", False), ("localhost.example.com", False)],
)  # fmt: skip
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(f"https://{host}/v2/") is loopback
