"""One registry's client: paced, retried, bounded in time and size, authenticated, and never at another host.

Thread-safe. Every request sent is counted under the name of its operation, as `oci:GetManifest`.
"""

from __future__ import annotations

import base64
import math
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import TracebackType
from typing import Any, Self
from urllib.parse import urljoin
from urllib.request import getproxies, proxy_bypass

import httpx

from auditor import __version__
from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.challenge import bearer, parse_challenges
from auditor.collectors.http.endpoint import Endpoint, redacted_url
from auditor.collectors.http.secret import Login
from auditor.collectors.http.tls import TlsSeen
from auditor.collectors.http.tokens import TokenRequest, TokenStore
from auditor.collectors.http.transport import make_transport, time_limit, tls_context
from auditor.collectors.http.waiting import RETRIED, asked_wait, own_wait
from auditor.errors import ConfigError
from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.recorder import Recorder

REDIRECTS = frozenset({301, 302, 303, 307, 308})
MAX_REDIRECTS = 3
UNAUTHORIZED = 401
_REASONS = {401: Reason.UNAUTHENTICATED, 403: Reason.ACCESS_DENIED, 405: Reason.UNSUPPORTED_BY_PLATFORM,
            429: Reason.THROTTLED, 501: Reason.UNSUPPORTED_BY_PLATFORM}  # fmt: skip


@dataclass(frozen=True)
class Answer:
    """A whole answer: header names in lower case, the body within its limit. It may hold a token: it shows nothing."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    url: str = field(repr=False)
    consumed: Any = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class Request:
    """What to ask a registry for. `path` is taken from the endpoint's URL.

    `scope`: what a token must be for, as `repository:team/app:pull`; `blob`: it may be redirected to one of the
    endpoint's blob hosts; `anonymous`: ask as a stranger would; `limit`: bytes of the body, else the endpoint's;
    `consume`: takes the body of a 200 piece by piece, from the start on each attempt, and bounds it itself: what it
    gives is the answer's `consumed`; `until`: when all attempts end, by `time.monotonic`.
    """

    path: str
    operation: str
    accept: str = "application/json"
    scope: str = ""
    expected: frozenset[int] = frozenset({200})
    limit: int | None = None
    blob: bool = False
    anonymous: bool = False
    method: str = "GET"
    consume: Callable[[Iterator[bytes]], Any] | None = None
    until: float = math.inf


@dataclass(frozen=True)
class _Ask:
    """One request on its way."""

    method: str
    url: str = field(repr=False)
    operation: str
    headers: dict[str, str]
    limit: int
    form: dict[str, str] | None = field(default=None, repr=False)
    consume: Callable[[Iterator[bytes]], Any] | None = None
    until: float = math.inf


class RegistryClient:
    """Requests to one endpoint. Use as a context manager.

    `login`: how to identify; an anonymous one answers a token challenge without credentials, as registries do
    for public repositories.
    """

    def __init__(self, endpoint: Endpoint, login: Login, recorder: Recorder, *, concurrency: int = 8) -> None:
        self.endpoint = endpoint
        self._login = login
        self._recorder = recorder
        self._slots = threading.Semaphore(concurrency)
        self._tokens = TokenStore(endpoint, login, self._send_token_request)
        self._basic = False
        self.tls = TlsSeen()
        limits = endpoint.limits
        self._end = time.monotonic() + limits.registry_s
        try:
            context = tls_context(endpoint.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise ConfigError(
                f"the CA file {endpoint.ca_file} cannot be used: {error}", hint="give a PEM file"
            ) from error
        proxy = endpoint.proxy or _environment_proxy(endpoint)
        self._client = httpx.Client(
            transport=make_transport(context, proxy=proxy, connections=concurrency),
            timeout=httpx.Timeout(limits.read_s, connect=limits.connect_s),
            follow_redirects=False,
            trust_env=False,
            headers={"User-Agent": f"registry-auditor/{__version__}", "Accept-Encoding": "identity"},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def __repr__(self) -> str:
        return f"RegistryClient({self.endpoint.host})"

    # ---------------------------------------------------------------- requests
    def fetch(self, request: Request) -> Answer:
        """The answer to a request, with one of its expected statuses.

        Errors: `CallFailedError` for any other status, and for an answer too large, too slow or from elsewhere.
        """
        url = request.path
        if "://" not in url:
            url = urljoin(self.endpoint.url.rstrip("/") + "/", url.lstrip("/"))
        if not self.endpoint.is_own(url):
            raise self._refused(request.operation, url)
        limit = request.limit or self.endpoint.limits.body_bytes
        headers = {"Accept": request.accept}
        ask = _Ask(request.method, url, request.operation, headers, limit, None, request.consume, request.until)
        answer = self._answered(request, ask)
        if answer.status not in request.expected:
            raise _unexpected(answer, request.operation)
        return answer

    def _answered(self, request: Request, ask: _Ask) -> Answer:
        """The answer where the redirects end that may be followed."""
        answer = self._authenticated(ask, request)
        for _ in range(MAX_REDIRECTS):
            if answer.status not in REDIRECTS or answer.status in request.expected:
                break
            url = urljoin(ask.url, answer.headers.get("location", ""))
            ask = replace(ask, url=url)
            if self.endpoint.is_own(url):
                answer = self._authenticated(ask, request)
            elif request.blob and self.endpoint.may_fetch_blob(url):
                answer = self._retried(ask, {})
            else:
                raise self._refused(ask.operation, url)
        return answer

    def _refused(self, operation: str, url: str) -> CallFailedError:
        return CallFailedError(
            Unknown(Reason.NETWORK, operation, "host not configured"),
            f"{self.endpoint.host} leads to {redacted_url(url)}, a host that is not configured: not followed",
        )

    # ---------------------------------------------------------------- identity
    def _authenticated(self, ask: _Ask, request: Request) -> Answer:
        """The answer, after the registry's challenge where it gives one."""
        scope = request.scope
        if request.anonymous:
            return self._retried(ask, {})
        sent = self._authorization(scope)
        answer = self._retried(ask, sent)
        if answer.status != UNAUTHORIZED:
            return answer
        header = answer.headers.get("www-authenticate", "")
        challenge = bearer(header)
        if challenge is not None and not self._login.bearer:
            token = self._tokens.answer(challenge, scope)
            return self._retried(ask, {"Authorization": f"Bearer {token.reveal()}"})
        if any(c.scheme == "basic" for c in parse_challenges(header)) and self._login.user and not sent:
            # Others may have been told meanwhile; this request has not carried it yet.
            self._basic = True
            return self._retried(ask, self._authorization(scope))
        return answer

    def _authorization(self, scope: str) -> dict[str, str]:
        if self._login.bearer:
            return {"Authorization": f"Bearer {self._login.bearer.reveal()}"}
        if self._basic:
            return _basic_header(self._login)
        token = self._tokens.known(scope)
        return {"Authorization": f"Bearer {token.reveal()}"} if token else {}

    def _send_token_request(self, request: TokenRequest) -> bytes:
        method = "POST" if request.form is not None else "GET"
        headers = _basic_header(request.basic) if request.basic else {}
        ask = _Ask(method, request.url, "oci:Token", {"Accept": "application/json"}, 256 * 1024, request.form)
        answer = self._retried(ask, headers)
        if answer.status != 200:  # noqa: PLR2004  HTTP
            raise _unexpected(answer, "oci:Token")
        return answer.body

    # ---------------------------------------------------------------- sending
    def _retried(self, ask: _Ask, authorization: dict[str, str]) -> Answer:
        """Send until there is an answer that is not worth another attempt. Errors: `CallFailedError`."""
        limits = self.endpoint.limits
        for attempt in range(1, limits.attempts + 1):
            failure: CallFailedError | None = None
            answer: Answer | None = None
            try:
                answer = self._once(ask, authorization)
            except httpx.TransportError as error:
                refused = (self.tls if self.endpoint.is_own(ask.url) else TlsSeen()).refuse(error)
                failure = _transport_failure(error, ask, refused)
                if isinstance(error, (httpx.UnsupportedProtocol, httpx.ProxyError)) or refused:
                    raise failure from None
            if answer is not None and answer.status not in RETRIED:
                return answer
            pause = own_wait(attempt)
            if answer is not None:
                asked = asked_wait(answer.headers, time.time())
                pause = pause if asked is None else asked
            if attempt == limits.attempts or pause > min(limits.wait_s, self._end - time.monotonic()):
                if answer is not None:
                    return answer
                raise failure  # type: ignore[misc]  # one of the two is there
            time.sleep(pause)
        raise AssertionError("the loop always ends by itself")

    def _once(self, ask: _Ask, authorization: dict[str, str]) -> Answer:
        """Send one request and read its answer within the limits."""
        limits = self.endpoint.limits
        with self._slots:
            left = min(self._end, ask.until) - time.monotonic()
            if left <= 0:
                raise CallFailedError(
                    Unknown(Reason.TIMEOUT, ask.operation, "registry_timeout_s"),
                    f"{self.endpoint.host} took longer than {limits.registry_s:g} s: the rest is not read",
                )
            return self._sent(ask, authorization, min(limits.request_s, left))

    def _sent(self, ask: _Ask, authorization: dict[str, str], seconds: float) -> Answer:
        self._recorder.call(ask.operation)
        with time_limit(seconds):
            request = self._client.build_request(
                ask.method, ask.url, headers={**ask.headers, **authorization}, data=ask.form
            )
            response = self._client.send(request, stream=True)
            try:
                if self.endpoint.is_own(ask.url):
                    self.tls.take(response)
                return self._read(response, ask)
            finally:
                response.close()

    def _read(self, response: httpx.Response, ask: _Ask) -> Answer:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise CallFailedError(
                Unknown(Reason.PARSE_ERROR, ask.operation, "compressed"),
                "the answer is compressed though not asked for",
            )
        if ask.method == "HEAD":
            return Answer(response.status_code, headers, b"", ask.url)
        if ask.consume is not None and response.status_code == 200:  # noqa: PLR2004  HTTP
            return Answer(response.status_code, headers, b"", ask.url, ask.consume(response.iter_raw(64 * 1024)))
        announced = headers.get("content-length", "")
        if announced.isdigit() and int(announced) > ask.limit:
            raise _too_large(ask)
        body = bytearray()
        for chunk in response.iter_raw(64 * 1024):
            body += chunk
            if len(body) > ask.limit:
                raise _too_large(ask)
        return Answer(response.status_code, headers, bytes(body), ask.url)


def _basic_header(login: Login) -> dict[str, str]:
    pair = f"{login.user}:{login.password.reveal()}".encode()
    return {"Authorization": f"Basic {base64.b64encode(pair).decode()}"}


def _environment_proxy(endpoint: Endpoint) -> str | None:
    """The proxy of the environment for this host, as other tools take it."""
    scheme = "https" if endpoint.encrypted else "http"
    return None if proxy_bypass(endpoint.host) else getproxies().get(scheme)


def _too_large(ask: _Ask) -> CallFailedError:
    return CallFailedError(
        Unknown(Reason.TRUNCATED, ask.operation, f"over {ask.limit} bytes"),
        f"the answer is larger than {ask.limit} bytes",
    )


def _unexpected(answer: Answer, operation: str) -> CallFailedError:
    server_error = 500
    reason = _REASONS.get(answer.status)
    if reason is None:
        reason = Reason.SERVER_ERROR if answer.status >= server_error else Reason.UNSUPPORTED_BY_COLLECTOR
    return CallFailedError(
        Unknown(reason, operation, f"HTTP {answer.status}"), f"{redacted_url(answer.url)} answered {answer.status}"
    )


def _transport_failure(error: httpx.TransportError, ask: _Ask, refused: str) -> CallFailedError:
    match error:
        case httpx.TimeoutException():
            reason = Reason.TIMEOUT
        case httpx.RemoteProtocolError() | httpx.DecodingError():
            reason = Reason.PARSE_ERROR
        case _:
            reason = Reason.NETWORK
    kind = refused or type(error).__name__
    return CallFailedError(Unknown(reason, ask.operation, kind), f"{redacted_url(ask.url)}: {kind}")
