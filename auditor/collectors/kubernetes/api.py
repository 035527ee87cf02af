"""Lists objects of an API server: paged, bounded in size and time, and failed lists turned into what they mean."""

from __future__ import annotations

import time
from collections.abc import Iterator
from urllib.parse import quote, urlencode

import msgspec
import urllib3
from urllib3 import exceptions

from auditor import __version__
from auditor.collectors.kubernetes.kubeconfig import Access
from auditor.collectors.kubernetes.objects import Items, read_items
from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.recorder import Recorder

_CHUNK = 256 * 1024
_MAX_PAGES = 100_000
_GONE = 410
_REASONS = {401: Reason.UNAUTHENTICATED, 403: Reason.ACCESS_DENIED, 429: Reason.THROTTLED}  # fmt: skip
NOT_THERE = "404"
"""The code of a list that the server does not have."""
_RETRIED = (429, 500, 502, 503, 504)


class ListFailedError(Exception):
    """A list that was not read to its end."""

    def __init__(self, fact: Unknown, message: str) -> None:
        super().__init__(message)
        self.fact = fact
        self.message = message


class ApiServer:
    """One API server. Redirects are not followed: the token is for this host only."""

    def __init__(self, access: Access, recorder: Recorder, *, timeout_s: float, max_bytes: int, page_size: int) -> None:
        self._recorder = recorder
        self._timeout_s = timeout_s
        self._max_bytes = max_bytes
        self._page_size = page_size
        retry = urllib3.Retry(
            total=3, redirect=0, backoff_factor=0.3, backoff_max=5, status_forcelist=_RETRIED,
            respect_retry_after_header=False, raise_on_status=False,
        )  # fmt: skip
        extra = {"ssl_context": access.tls} if access.tls is not None else {}
        if access.server_name:
            extra |= {"server_hostname": access.server_name, "assert_hostname": access.server_name}  # type: ignore[dict-item]  # of different types
        self._pool = urllib3.connection_from_url(
            access.server, timeout=urllib3.Timeout(timeout_s), retries=retry, maxsize=1, **extra
        )
        self._base = urllib3.util.parse_url(access.server).path or ""
        self._headers = {"Accept": "application/json", "User-Agent": f"registry-auditor/{__version__}"}
        if access.token:
            self._headers["Authorization"] = f"Bearer {access.token}"

    def close(self) -> None:
        """Give the connection back."""
        self._pool.close()

    def list(self, kind: str, api: str, plural: str, namespace: str = "") -> Iterator[Items]:
        """Every page of a list, as `pods` of `/api/v1`. Errors: `ListFailedError`.

        A page mark that has expired starts the list again, once: things may then come twice.
        """
        operation = f"kubernetes:List{kind}s"
        place = f"namespaces/{quote(namespace, safe='')}/{plural}" if namespace else plural
        following, restarted = "", False
        seen: set[str] = set()
        for _ in range(_MAX_PAGES):
            query = {"limit": str(self._page_size), **({"continue": following} if following else {})}
            try:
                items = self._page(operation, f"{self._base.rstrip('/')}{api}/{place}?{urlencode(query)}", kind)
            except _ExpiredError as error:
                if restarted or not following:
                    raise _failed(
                        Reason.TRUNCATED, operation, "410", "the list changed faster than it was read"
                    ) from error
                following, restarted = "", True
                seen.clear()
                continue
            yield items
            following = items.following
            if not following:
                return
            if following in seen:
                break
            seen.add(following)
        raise _failed(Reason.TRUNCATED, operation, "repeated page token", "the server gave the same page mark twice")

    def _page(self, operation: str, url: str, kind: str) -> Items:
        self._recorder.call(operation)
        try:
            answer = self._pool.urlopen("GET", url, headers=self._headers, preload_content=False, redirect=False)
            try:
                content = self._content(answer, operation)
            finally:
                answer.release_conn()
                answer.close()
        except exceptions.TimeoutError as error:
            raise _failed(Reason.TIMEOUT, operation, type(error).__name__, "no answer in time") from error
        except exceptions.HTTPError as error:
            reason = error.reason if isinstance(error, exceptions.MaxRetryError) else error
            why = Reason.TIMEOUT if isinstance(reason, exceptions.TimeoutError) else Reason.NETWORK
            raise _failed(why, operation, type(reason).__name__, " ".join(str(reason).split())[:300]) from error
        if answer.status == _GONE:
            raise _ExpiredError
        if answer.status != 200:  # noqa: PLR2004  HTTP
            reason_ = _REASONS.get(answer.status, Reason.SERVER_ERROR)
            raise _failed(reason_, operation, str(answer.status), _message(content) or f"HTTP {answer.status}")
        try:
            return read_items(content, kind)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise _failed(Reason.PARSE_ERROR, operation, "json", f"the answer is no list: {error}"[:300]) from error

    def _content(self, answer: urllib3.BaseHTTPResponse, operation: str) -> bytes:
        deadline = time.monotonic() + self._timeout_s
        parts, size = [], 0
        for chunk in answer.stream(_CHUNK):
            parts.append(chunk)
            size += len(chunk)
            if size > self._max_bytes:
                text = f"an answer is larger than {self._max_bytes // (1024 * 1024)} MiB (max_mib, page_size)"
                raise _failed(Reason.TRUNCATED, operation, "too large", text)
            if time.monotonic() > deadline:
                raise _failed(Reason.TIMEOUT, operation, "timeout_s", "an answer took too long")
        return b"".join(parts)


class _ExpiredError(Exception):
    """410: the page mark is too old."""


class _StatusBody(msgspec.Struct):
    message: str = ""


def _message(content: bytes) -> str:
    """What a Status object says."""
    try:
        return " ".join(msgspec.json.decode(content, type=_StatusBody).message.split())[:300]
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return ""


def _failed(reason: Reason, operation: str, code: str, message: str) -> ListFailedError:
    return ListFailedError(Unknown(reason, operation, code), message)
