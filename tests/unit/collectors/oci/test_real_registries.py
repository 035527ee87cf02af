"""The inventory equals what was pushed, on real registries with and without the referrers API."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.collectors.oci.collector import OciCollector
from auditor.inventory.facts import Known
from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.store import ScopeEntry, SnapshotReader
from auditor.inventory.writing import SnapshotWriter
from tests.support.registries import Pusher, plain_registry, referrers_registry

NOTATION = "application/vnd.cncf.notary.signature"
BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"


def collect(
    url: str, tmp_path: Path, **settings: Any
) -> tuple[ScopeEntry, RegistryRecord, dict[str, RepositoryRecord]]:
    out = tmp_path / "snapshot"
    with SnapshotWriter(out, now="2026-11-25T00:00:00Z", auditor_version="test") as writer:
        OciCollector().collect({"kind": "oci", "url": url, **settings}, writer, lambda _what, _count: None)
    reader = SnapshotReader(out)
    [scope] = reader.manifest.scopes
    context = reader.context(scope)
    assert context is not None
    records = [msgspec.json.decode(line, type=RepositoryRecord) for line in reader.records(scope)]
    return scope, msgspec.json.decode(context, type=RegistryRecord), {r.repository.name: r for r in records}


@pytest.fixture(params=["plain", "referrers"], scope="module")
def registry(request: pytest.FixtureRequest) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """(kind, URL, what was pushed)."""
    with plain_registry() if request.param == "plain" else referrers_registry() as url, Pusher(url) as push:
        amd = push.image("team/app", labels={"org.opencontainers.image.revision": "abc1234"})
        arm = push.image("team/app", arch="arm64")
        index = push.index("team/app", "v1", [{**amd, "platform": {"os": "linux", "architecture": "amd64"}}, arm])
        single = push.image("team/app", "latest", content=b"other")
        push.image("team/app", "stable", content=b"other")
        signature = push.artefact("team/app", NOTATION, subject=index)
        sbom = push.artefact("team/app", "application/spdx+json", subject=index)
        if request.param == "plain":
            push.index("team/app", "sha256-" + index["digest"][7:], [signature, sbom])
        cosign = push.artefact("team/app", "application/vnd.dev.cosign.simplesigning.v1+json", tag=f"sha256-{single['digest'][7:]}.sig")  # fmt: skip
        push.image("other", "v2")
        yield request.param, url, {"amd": amd, "arm": arm, "index": index, "single": single, "signature": signature, "sbom": sbom, "cosign": cosign}  # fmt: skip


def test_inventory_equals_what_was_pushed(registry: tuple[str, str, dict[str, Any]], tmp_path: Path) -> None:
    _, url, pushed = registry
    scope, context, records = collect(url, tmp_path)
    images = {image.digest: image for image in records["team/app"].images.value}  # type: ignore[union-attr]

    assert sorted(records) == ["other", "team/app"]
    assert context.registry.repository_names == Known(["other", "team/app"], "oci:ListCatalog")
    assert {name: images[pushed[name]["digest"]].kind for name in pushed} == {
        "amd": "image", "arm": "image", "index": "index", "single": "image",
        "signature": "signature", "sbom": "sbom", "cosign": "signature",
    }  # fmt: skip
    assert images[pushed["single"]["digest"]].tags == ["latest", "stable"]
    index = images[pushed["index"]["digest"]]
    assert [(c.digest, c.platform) for c in index.children.value] == [  # type: ignore[union-attr]
        (pushed["amd"]["digest"], "linux/amd64"),
        (pushed["arm"]["digest"], ""),
    ]
    assert [(s.kind, s.found_via, s.digest) for s in index.signatures.value] == [  # type: ignore[union-attr]
        ("notation", "referrers", pushed["signature"]["digest"])
    ]
    assert [s.found_via for s in images[pushed["single"]["digest"]].signatures.value] == ["tag_scheme"]  # type: ignore[union-attr]
    config = images[pushed["amd"]["digest"]].config.value  # type: ignore[union-attr]
    assert config.labels["org.opencontainers.image.revision"] == "abc1234"
    assert config.user == "1000"
    assert scope.errors == []


def test_no_digest_is_read_twice(registry: tuple[str, str, dict[str, Any]], tmp_path: Path) -> None:
    kind, url, _ = registry
    scope, _, records = collect(url, tmp_path, read_configs=False)
    images = [image for record in records.values() for image in record.images.value]  # type: ignore[union-attr]
    aliases = 2  # latest and stable: the first is not read yet, the second is
    assert scope.calls_by_operation["oci:HeadManifest"] == aliases
    assert scope.calls_by_operation["oci:GetManifest"] == len(images)
    assert scope.calls_by_operation["oci:ListTags"] == 2
    subjects = sum(1 for image in images if image.kind in ("image", "index") and image.tags)
    assert scope.calls_by_operation["oci:ListReferrers"] == (1 if kind == "plain" else subjects)
