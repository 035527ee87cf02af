"""Whether a registry has the referrers API is asked once; a repository that is gone says nothing about it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from auditor.collectors.http.client import RegistryClient
from auditor.collectors.http.endpoint import Endpoint
from auditor.collectors.http.secret import ANONYMOUS
from auditor.collectors.oci.distribution import Distribution
from auditor.inventory.recorder import Recorder
from tests.support.http_server import Reply, Seen, http_server, reply

DIGEST = "sha256:" + "a" * 64
EMPTY_INDEX = b'{"schemaVersion": 2, "manifests": []}'


def test_many_threads_ask_once_where_there_is_none() -> None:
    with http_server(lambda _seen: reply(404)) as server, RegistryClient(Endpoint(server.url), ANONYMOUS, Recorder()) as client, ThreadPoolExecutor(8) as pool:  # fmt: skip
        registry = Distribution(client)
        found = list(pool.map(lambda number: registry.referrers(f"app-{number}", DIGEST), range(40)))

    assert found == [None] * 40
    assert len(server.seen) == 1


def test_a_repository_that_is_gone_does_not_switch_it_off() -> None:
    def answer(seen: Seen) -> Reply:
        return reply(404) if "/gone/" in seen.path else reply(200, EMPTY_INDEX)

    with http_server(answer) as server, RegistryClient(Endpoint(server.url), ANONYMOUS, Recorder()) as client:
        registry = Distribution(client)
        found = [registry.referrers(name, DIGEST) for name in ("app", "gone", "web")]

    assert found == [[], None, []]
    assert len(server.seen) == 3
