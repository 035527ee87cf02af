"""Layers over HTTP: each read once, kept within bounds, and again where another repository refused."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.client import RegistryClient
from auditor.collectors.http.endpoint import Endpoint, Limits
from auditor.collectors.http.secret import ANONYMOUS
from auditor.collectors.oci import layers as module
from auditor.collectors.oci.distribution import Distribution
from auditor.collectors.oci.layers import LayerBook, LayerReader
from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.recorder import Recorder
from auditor.secrets.layer import LayerContents
from auditor.secrets.limits import LayerLimits
from tests.support.http_server import Reply, Seen, http_server, reply
from tests.support.planted_world import AWS_KEY, tar
from tests.support.registries import LAYER, digest_of

CONTENT = gzip.compress(tar({"a.env": AWS_KEY}))
DESCRIPTOR = {"mediaType": LAYER, "digest": digest_of(CONTENT), "size": len(CONTENT)}


def failing() -> LayerContents:
    raise CallFailedError(Unknown(Reason.ACCESS_DENIED, "oci:GetBlob"), "no")


def test_a_layer_is_read_once() -> None:
    book, reads = LayerBook(), []

    def read() -> LayerContents:
        reads.append(1)
        return LayerContents(total=7)

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: book.get("d", read), range(50)))

    assert len(reads) == 1
    assert {contents.total for contents in found} == {7}


def test_a_failure_is_not_kept() -> None:
    book = LayerBook()
    with pytest.raises(CallFailedError):
        book.get("d", failing)

    assert book.get("d", lambda: LayerContents(total=3)).total == 3


def test_who_waits_for_somebody_elses_failure_reads_himself() -> None:
    book, started, go = LayerBook(), threading.Event(), threading.Event()

    def refused() -> LayerContents:
        started.set()
        go.wait(5)
        return failing()

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(book.get, "d", refused)
        started.wait(5)
        second = pool.submit(book.get, "d", lambda: LayerContents(total=3))
        go.set()
        assert isinstance(first.exception(5), CallFailedError)
        assert second.result(5).total == 3


def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_KEPT_BYTES", 1200)
    book, reads = LayerBook(), []
    for digest in ("a", "b", "c", "a", "c"):
        book.get(digest, lambda digest=digest: reads.append(digest) or LayerContents())  # type: ignore[misc,func-returns-value]

    assert reads == ["a", "b", "c", "a"]


@contextmanager
def reader(url: str, **limits: Any) -> Iterator[LayerReader]:
    endpoint = Endpoint(url, limits=Limits(attempts=2))
    with RegistryClient(endpoint, ANONYMOUS, Recorder()) as client:
        yield LayerReader(Distribution(client), LayerBook(), LayerLimits(**limits))


def test_an_answer_that_breaks_off_is_read_again_from_its_start() -> None:
    asked = []

    def answer(seen: Seen) -> Reply:
        asked.append(seen.path)
        whole = reply(200, CONTENT)
        return whole if len(asked) > 1 else lambda connection: connection.sendall(whole[:-20])

    with http_server(answer) as server, reader(server.url) as read:
        layers, gaps = read.read("app", {"layers": [DESCRIPTOR]})

    assert len(asked) == 2
    assert gaps == []
    assert [finding.rule for finding in layers[0].contents.findings] == ["aws-access-key"]


@pytest.mark.parametrize(
    ("status", "reason"), [(403, Reason.ACCESS_DENIED), (404, Reason.RACE_DELETED), (500, Reason.SERVER_ERROR)]
)
def test_a_layer_that_is_not_given_is_a_gap(status: int, reason: Reason) -> None:
    with http_server(lambda _: reply(status)) as server, reader(server.url) as read:
        layers, gaps = read.read("app", {"layers": [DESCRIPTOR]})

    assert layers == []
    assert [(gap.reason, gap.layer) for gap in gaps] == [(reason, DESCRIPTOR["digest"])]


@pytest.mark.parametrize(
    ("layers", "reason"),
    [
        (None, Reason.UNSUPPORTED_BY_COLLECTOR),
        ([5], Reason.PARSE_ERROR),
        ([{**DESCRIPTOR, "size": "x"}], Reason.PARSE_ERROR),
        ([{**DESCRIPTOR, "digest": "sha256:../../etc"}], Reason.PARSE_ERROR),
        ([{**DESCRIPTOR, "size": 2**40}], Reason.TRUNCATED),
        ([{**DESCRIPTOR, "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"}], Reason.UNSUPPORTED_BY_PLATFORM),
        ([DESCRIPTOR] * 1001, Reason.UNSUPPORTED_BY_COLLECTOR),
    ],
)  # fmt: skip
def test_what_is_not_even_asked_for(layers: Any, reason: Reason) -> None:
    with http_server(lambda _: reply(500)) as server, reader(server.url) as read:
        _, gaps = read.read("app", {"layers": layers})

    assert {gap.reason for gap in gaps} == {reason}
    assert server.seen == []


def test_an_image_has_its_time() -> None:
    with http_server(lambda _: reply(200, CONTENT)) as server, reader(server.url, image_s=0) as read:
        layers, gaps = read.read("app", {"layers": [DESCRIPTOR]})

    assert layers == []
    assert [gap.reason for gap in gaps] == [Reason.TIMEOUT]
