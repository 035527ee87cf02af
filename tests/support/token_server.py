"""A token server as the distribution project specifies it: basic login in, a signed JWT for a scope out.

Source: "Token Authentication Specification" and "Token Authentication Implementation" of the distribution project.
"""

from __future__ import annotations

import base64
import http.server
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.support import certificates

SERVICE = "loopback registry"


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _granted(scope: str) -> dict[str, Any]:
    kind, _, rest = scope.partition(":")
    name, _, actions = rest.rpartition(":")
    return {"type": kind, "name": name, "actions": actions.split(",")}


@dataclass
class TokenServer:
    """`tokens`: every token that was given, `scopes`: what for."""

    host: str
    user: str
    password: str
    issuer: str = "tests"
    signer: certificates.Party = field(default_factory=lambda: certificates.leaf(None, "Tokens", is_authority=True, bits=("digital_signature", "key_cert_sign"), purposes=()))  # fmt: skip
    tokens: list[str] = field(default_factory=list)
    scopes: list[str] = field(default_factory=list)

    @property
    def realm(self) -> str:
        return f"https://{self.host}/token"

    def token(self, service: str, scopes: list[str]) -> str:
        """A JWT by ES256 with its certificate in the header."""
        now = int(time.time())
        header = {"typ": "JWT", "alg": "ES256", "x5c": [base64.b64encode(der).decode() for der in self.signer.ders]}
        claims = {
            "iss": self.issuer, "sub": self.user, "aud": service, "iat": now, "nbf": now - 5, "exp": now + 300,
            "jti": str(len(self.tokens)), "access": [_granted(scope) for scope in scopes],
        }  # fmt: skip
        signed = ".".join(_text(json.dumps(part).encode()) for part in (header, claims))
        r, s = decode_dss_signature(self.signer.key.sign(signed.encode(), ec.ECDSA(hashes.SHA256())))
        token = f"{signed}.{_text(r.to_bytes(32) + s.to_bytes(32))}"
        self.tokens.append(token)
        self.scopes.extend(scopes)
        return token


@contextmanager
def token_server(certificate: Path, key: Path, user: str, password: str) -> Iterator[TokenServer]:
    """Serve over TLS on a free loopback port until the block ends. Whoever logs in gets what it asks for."""
    wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            known = self.headers.get("Authorization") == wanted
            scopes = [scope for value in query.get("scope", []) for scope in value.split(" ")]
            body = json.dumps({"token": found.token(query["service"][0], scopes), "expires_in": 300} if known else {}).encode()  # fmt: skip
            self.send_response(200 if known else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            """Nothing on the test's output."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found = TokenServer(f"localhost:{server.server_address[1]}", user, password)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield found
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
