"""The registry's own count of what it was asked: the figures of docs/oci.md, and of bench/discovery.py, at small size."""

from __future__ import annotations

from pathlib import Path

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.audits import records
from tests.support.many_digests import many_digests
from tests.support.registries import Pusher, plain_registry


def test_two_requests_of_discovery_a_tagged_digest_and_each_manifest_read_once(tmp_path: Path) -> None:
    with many_digests(repositories=5, tags=8) as server:
        target = {"kind": "oci", "url": server.url, "read_configs": False}
        [scope] = collect(Config(Settings(targets=[target])), tmp_path / "snapshot", lambda _what, _count: None).manifest.scopes  # fmt: skip

    assert server.counts == {"lists": 6, "manifests by tag": 40, "referrers": 40, "manifests by digest": 40}
    assert scope.calls == sum(server.counts.values())
    images = [image for record in records(tmp_path).values() for image in record["images"]["value"]]
    assert [len(image["signatures"]["value"]) for image in images if image["kind"] == "image"] == [1] * 40


def test_tags_that_come_in_pairs_cost_one_request_each_and_one_digest_is_seen_again(tmp_path: Path) -> None:
    with plain_registry() as url, Pusher(url) as push:
        for number in range(5):
            for tag in (f"1.{number}.0", f"sha-{number}f2a9c"):
                push.image("app", tag, content=str(number).encode())
        target = {"kind": "oci", "url": url, "read_configs": False}
        [scope] = collect(Config(Settings(targets=[target])), tmp_path / "snapshot", lambda _what, _count: None).manifest.scopes  # fmt: skip

    calls = scope.calls_by_operation
    assert (calls["oci:GetManifest"], calls["oci:HeadManifest"]) == (5 + 1, 4)
    [record] = records(tmp_path).values()
    assert [image["tags"] for image in sorted(record["images"]["value"], key=lambda image: image["tags"])] == [
        [f"1.{number}.0", f"sha-{number}f2a9c"] for number in range(5)
    ]
