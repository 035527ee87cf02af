"""Lists of names are complete or unknown, in whatever way a registry pages: the table in docs/oci.md."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.client import Answer
from auditor.collectors.oci import paging
from auditor.collectors.oci.aliases import in_reading_order
from auditor.inventory.facts import Unknown

NAMES = [f"v{number:03d}" for number in range(25)]
Page = Callable[[int | None, str], Any]
"""The answer to n and last: names, or (names, link), or a status."""


@pytest.fixture(autouse=True)
def small_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paging, "PAGE", 10)
    monkeypatch.setattr(paging, "MAX_NAMES", 1000)


def read(page: Page) -> tuple[list[str], int]:
    """(names, requests)"""
    requests = []

    def fetch(url: str) -> Answer:
        requests.append(url)
        query = parse_qs(urlsplit(url).query)
        found = page(int(query["n"][0]) if "n" in query else None, query.get("last", [""])[0])
        if isinstance(found, int):
            return Answer(found, {}, b"{}", url)
        names, link = found if isinstance(found, tuple) else (found, "")
        return Answer(200, {"link": link} if link else {}, json.dumps({"tags": names}).encode(), url)

    return paging.all_names(fetch, "/list", "tags", "oci:ListTags", pages=50), len(requests)


def after(names: list[str], n: int | None, last: str) -> list[str]:
    start = names.index(last) + 1 if last else 0
    return names[start : start + n] if n else names[start:]


def with_link(n: int | None, last: str) -> Any:
    found = after(NAMES, n, last)
    more = found and found[-1] != NAMES[-1]
    return found, f'</list?n={n}&last={found[-1]}>; rel="next"' if more else ""


def its_own_order(n: int | None, last: str) -> Any:
    return after(NAMES[::-1], n, last)


def at_most_7(n: int | None, last: str) -> Any:
    if n is not None and n > 7:
        return 400
    found = after(NAMES, 7, last)
    return found, f'</list?n=7&last={found[-1]}>; rel="next"' if found[-1] != NAMES[-1] else ""


def any_it_likes(n: int | None, last: str) -> Any:
    """go-containerregistry's catalogue: n of its names, in no order, whatever came before."""
    assert n is not None
    start = sum(map(ord, last)) % 25
    return (NAMES[start:] + NAMES[:start])[:n]


def begins_anew(n: int | None, last: str) -> Any:
    """go-containerregistry's tags: after the last name come the first ones again."""
    return after(NAMES[:20], n, "" if last == NAMES[19] else last)


@pytest.mark.parametrize(
    ("page", "there", "requests"),
    [
        pytest.param(with_link, 25, 3, id="Link"),
        pytest.param(lambda n, last: after(NAMES, n, last), 25, 3, id="no Link"),
        pytest.param(lambda n, last: after(NAMES[:20], n, last), 20, 3, id="no Link, the last page is full"),
        pytest.param(its_own_order, 25, 3, id="no Link, another order"),
        pytest.param(begins_anew, 20, 4, id="no Link, begins anew"),
        pytest.param(lambda n, last: NAMES, 25, 1, id="n ignored"),
        pytest.param(lambda n, last: NAMES[::-1], 25, 1, id="n ignored, unsorted"),
        pytest.param(lambda n, last: NAMES[:10], 10, 3, id="n ignored, as many as a page"),
        pytest.param(lambda n, last: NAMES[:n], 25, 3, id="last ignored"),
        pytest.param(at_most_7, 25, 5, id="n refused"),
        pytest.param(lambda n, last: 400 if n else after(NAMES, 9, last), 25, 5, id="n refused, no Link"),
        pytest.param(lambda n, last: None, 0, 1, id="null for none"),
    ],
)
def test_every_name_is_found(page: Page, there: int, requests: int) -> None:
    found, asked = read(page)

    assert sorted(found) == NAMES[:there]
    assert asked == requests


def test_a_list_in_no_order_is_complete_all_the_same() -> None:
    assert sorted(read(any_it_likes)[0]) == NAMES


@pytest.mark.parametrize(
    ("page", "reason"),
    [
        pytest.param(lambda n, last: 400, "unsupported_by_collector", id="refused"),
        pytest.param(lambda n, last: (NAMES[:3], '</list?n=10>; rel="next"'), "truncated", id="the same page for ever"),
        pytest.param(lambda n, last: ([], '</list?n=10>; rel="next"'), "truncated", id="an empty page for ever"),
        pytest.param(lambda n, last: [f"{n}{last}x{i}" for i in range(n)], "truncated", id="names for ever"),
        pytest.param(lambda n, last: ["a"] * n, "truncated", id="one name, often"),
        pytest.param(lambda n, last: [1], "parse_error", id="a number"),
        pytest.param(lambda n, last: "v1", "parse_error", id="a text"),
    ],
)
def test_a_list_that_was_not_read_to_its_end_is_none(page: Page, reason: str) -> None:
    with pytest.raises(CallFailedError) as caught:
        read(page)

    assert isinstance(caught.value.fact, Unknown)
    assert caught.value.fact.reason == reason


def test_tags_that_another_spells_out_are_looked_up_last() -> None:
    signature = f"sha256-{'a' * 64}.sig"
    tags = ["latest", "1", "1.2", "1.2.3", "1.2.3-alpine", "main-7", "stable", "2", signature, signature[:-4]]

    assert in_reading_order(tags) == [
        ("1.2.3-alpine", False), ("2", False), ("main-7", False), (signature[:-4], False), (signature, False),
        ("1", True), ("1.2", True), ("1.2.3", True), ("latest", True), ("stable", True),
    ]  # fmt: skip
