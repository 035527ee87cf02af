"""The token dance: a 401 names a realm, the realm gives a token for a scope, the request is made again.

Source: "Token Authentication Specification" and "OAuth2 token authentication" of the distribution project.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit, urlunsplit

import msgspec

from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.challenge import Challenge
from auditor.collectors.http.endpoint import Endpoint, redacted_url
from auditor.collectors.http.secret import Login, Secret
from auditor.inventory.facts import Reason, Unknown

DEFAULT_LIFE_S = 60.0
_EARLY_S = 10.0
MAX_LIFE_S = 3600.0


class _TokenAnswer(msgspec.Struct):
    token: str = ""
    access_token: str = ""
    expires_in: float = DEFAULT_LIFE_S

    def __repr__(self) -> str:
        return "_TokenAnswer(***)"


@dataclass(frozen=True)
class TokenRequest:
    """What to send to a realm: with a form it is a POST."""

    url: str
    basic: Login | None
    form: dict[str, str] | None = field(repr=False)
    """It holds the refresh token."""


Send = Callable[[TokenRequest], bytes]
"""Sends a token request and gives the body of a 200 answer. Errors: `CallFailedError`."""


class TokenStore:
    """Tokens by scope, fetched when needed. Thread-safe."""

    def __init__(self, endpoint: Endpoint, login: Login, send: Send) -> None:
        self._endpoint = endpoint
        self._login = login
        self._send = send
        self._lock = threading.Lock()
        self._tokens: dict[str, tuple[Secret, float]] = {}
        self._realm: tuple[str, str] | None = None

    def known(self, scope: str) -> Secret | None:
        """A token for `scope` that still holds; asked for at once where the realm is known from earlier answers."""
        with self._lock:
            found = self._tokens.get(scope)
            realm = self._realm
        if found and found[1] > time.monotonic():
            return found[0]
        return self._fetch(*realm, scope) if realm and scope else None

    def answer(self, challenge: Challenge, scope: str) -> Secret:
        """A token as a challenge demands it. Errors: `CallFailedError`."""
        realm = challenge.parameters["realm"]
        service = challenge.parameters.get("service", "")
        if not self._endpoint.may_ask_for_token(realm):
            host = urlsplit(realm).netloc.rpartition("@")[2]
            raise CallFailedError(
                Unknown(Reason.UNAUTHENTICATED, "oci:Token", "token host not configured"),
                f"the registry wants a token from {host}, which is not configured: list it under token_hosts",
            )
        with self._lock:
            self._realm = (realm, service)
        return self._fetch(realm, service, challenge.parameters.get("scope") or scope, kept_as=scope)

    def _fetch(self, realm: str, service: str, scope: str, *, kept_as: str = "") -> Secret:
        body = self._send(self._request(realm, service, scope))
        try:
            answer = msgspec.json.decode(body, type=_TokenAnswer)
        except (msgspec.MsgspecError, RecursionError):
            answer = _TokenAnswer()
        text = answer.token or answer.access_token
        if not text:
            raise CallFailedError(
                Unknown(Reason.PARSE_ERROR, "oci:Token", "no token"), f"{redacted_url(realm)} gave no token"
            )
        token = Secret(text)
        life = min(max(answer.expires_in, 0.0), MAX_LIFE_S) - _EARLY_S
        with self._lock:
            for name in {scope, kept_as} - {""}:
                self._tokens[name] = (token, time.monotonic() + life)
        return token

    def _request(self, realm: str, service: str, scope: str) -> TokenRequest:
        values = {name: value for name, value in (("service", service), ("scope", scope)) if value}
        if self._login.identity_token:
            form = {
                **values,
                "grant_type": "refresh_token",
                "client_id": "registry-auditor",
                "refresh_token": self._login.identity_token.reveal(),
            }
            return TokenRequest(realm, None, form)
        parts = urlsplit(realm)
        query = "&".join(filter(None, (parts.query, urlencode(values))))
        url = urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, query, ""))
        return TokenRequest(url, self._login if self._login.user else None, None)
