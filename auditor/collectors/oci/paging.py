"""Every name of a list, from registries that page in different ways, or say they do.

A Link is followed. Without one, a page that is full is asked on by its last name; some registries do not know `last`,
and give any names again: they are asked for larger pages, until one is not full. docs/oci.md has the table.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode, urljoin

from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.client import Answer
from auditor.inventory.facts import Reason, Unknown

PAGE = 1000
LARGER = 10
MAX_NAMES = 1_000_000
BAD_REQUEST = 400
STATUSES = frozenset({200, BAD_REQUEST})
"""What a list may answer: a registry that does not give so many names at once says 400."""
_NEXT = re.compile(r'<([^>]*)>\s*;[^,]*\brel="?next"?')


def all_names(fetch: Callable[[str], Answer], path: str, key: str, operation: str, *, pages: int) -> list[str]:
    """The names under `key` of every page of the list at `path`, in their order.

    `fetch` gives an answer with one of `STATUSES`; `pages`: the most that are asked for. Errors: `CallFailedError`,
    also for a list that does not end.
    """
    listing = _Listing(path, key, operation)
    asked: set[str] = set()
    url: str | None = _page(path, n=PAGE)
    while url is not None:
        if url in asked or len(asked) >= pages:
            raise truncated(operation, "the registry gives the same page again")
        asked.add(url)
        url = listing.take(fetch(url))
    return list(listing.found)


class _Listing:
    """A list on its way."""

    def __init__(self, path: str, key: str, operation: str) -> None:
        self._path, self._key, self._operation = path, key, operation
        self._size: int | None = PAGE
        self._links = False
        self.found: dict[str, None] = {}

    def take(self, answer: Answer) -> str | None:
        """Take one answer; gives the URL to ask next, None at the end."""
        if answer.status == BAD_REQUEST:
            if self._size is None or self.found:
                raise _refused(self._operation)
            self._size = None
            return self._path  # as many as it likes to give at once
        names = _strings(json_object(answer.body, self._operation).get(self._key), self._operation)
        before = len(self.found)
        self.found.update(dict.fromkeys(names))
        new = len(self.found) - before
        if len(self.found) > MAX_NAMES:
            raise truncated(self._operation, f"more than {MAX_NAMES} names")
        link = next_link(answer)
        if link is not None and names and not new:
            # There is more, it says, and gives what it gave before: what comes after it stays unread.
            raise truncated(self._operation, "the registry gives the same page again")
        if link is None and not self._links:
            return self._after(names, new)
        self._links = True
        return link

    def _after(self, names: list[str], new: int) -> str | None:
        """What to ask after a page without Link. `new`: how many of its names were."""
        if self._size is None:
            return _page(self._path, last=names[-1]) if new else None
        if len(names) != self._size:
            return None  # the last page; or all names at once, whatever was asked for
        if new == len(names):
            return _page(self._path, n=self._size, last=names[-1])
        self._size *= LARGER
        if self._size > MAX_NAMES:
            raise truncated(self._operation, f"more than {MAX_NAMES} names")
        return _page(self._path, n=self._size)


def _page(path: str, **query: int | str) -> str:
    return f"{path}?{urlencode(query)}"


def next_link(answer: Answer) -> str | None:
    """The URL of the next page, where the answer gives one."""
    link = _NEXT.search(answer.headers.get("link", ""))
    return urljoin(answer.url, link.group(1)) if link else None


def json_object(body: bytes, operation: str) -> dict[str, Any]:
    """The object that an answer holds. Errors: `CallFailedError`."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise CallFailedError(
            Unknown(Reason.PARSE_ERROR, operation, type(error).__name__), "the answer is not JSON that can be read"
        ) from None
    if not isinstance(document, dict):
        raise CallFailedError(Unknown(Reason.PARSE_ERROR, operation, "no object"), "the answer is no JSON object")
    return document


def _strings(value: Any, operation: str) -> list[str]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise CallFailedError(Unknown(Reason.PARSE_ERROR, operation, "no list"), "the answer holds no list of names")
    return value


def truncated(operation: str, message: str) -> CallFailedError:
    """The failure to read a list to its end."""
    return CallFailedError(Unknown(Reason.TRUNCATED, operation, "pages"), message)


def _refused(operation: str) -> CallFailedError:
    return CallFailedError(
        Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, operation, "HTTP 400"), "the registry refuses the request for a list"
    )
