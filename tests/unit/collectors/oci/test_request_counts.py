"""The registry's own count of what it was asked: the figures of docs/oci.md, and of bench/discovery.py, at small size."""

from __future__ import annotations

from pathlib import Path

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.audits import records
from tests.support.many_digests import many_digests


def test_two_requests_of_discovery_a_tagged_digest_and_each_manifest_read_once(tmp_path: Path) -> None:
    with many_digests(repositories=5, tags=8) as server:
        target = {"kind": "oci", "url": server.url, "read_configs": False}
        [scope] = collect(Config(Settings(targets=[target])), tmp_path / "snapshot", lambda _what, _count: None).manifest.scopes  # fmt: skip

    assert server.counts == {"lists": 6, "manifests by tag": 40, "referrers": 40, "manifests by digest": 40}
    assert scope.calls == sum(server.counts.values())
    images = [image for record in records(tmp_path).values() for image in record["images"]["value"]]
    assert [len(image["signatures"]["value"]) for image in images if image["kind"] == "image"] == [1] * 40
