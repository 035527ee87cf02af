"""A second run with a cache: unchanged content is not fetched, and what the registry no longer has or gives is seen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import CacheSettings, Config, Settings
from auditor.inventory.store import ScopeEntry
from auditor.run.collecting import collect
from tests.support.audits import records
from tests.support.http_server import Reply, Seen, http_server, reply
from tests.support.registries import MANIFEST, Pusher, digest_of, plain_registry, referrers_registry

NOTATION = "application/vnd.cncf.notary.signature"


def run(url: str, folder: Path, *, configs: bool = False, **target: Any) -> ScopeEntry:
    """Collect into `folder/snapshot`, with the cache beside it."""
    cache = CacheSettings(path=str(folder / "cache"), configs=configs)
    settings = Settings(targets=[{"kind": "oci", "url": url, "attempts": 1, **target}], cache=cache)
    [scope] = collect(Config(settings), folder / "snapshot", lambda _what, _count: None).manifest.scopes
    return scope


def entries(folder: Path) -> list[Path]:
    return [path for path in sorted((folder / "cache").rglob("*")) if path.is_file()]


@pytest.fixture(params=["plain", "referrers"])
def registry(request: pytest.FixtureRequest) -> Iterator[tuple[str, Pusher, dict[str, Any]]]:
    """(URL, pusher, the signed index)."""
    with plain_registry() if request.param == "plain" else referrers_registry() as url, Pusher(url) as push:
        children = [push.image("team/app", arch=arch) for arch in ("amd64", "arm64")]
        index = push.index("team/app", "v1", children)
        signature = push.artefact("team/app", NOTATION, subject=index)
        if request.param == "plain":
            push.index("team/app", "sha256-" + index["digest"][7:], [signature])
        push.image("team/app", "latest", content=b"other")
        yield url, push, index


def test_no_manifest_is_fetched_again(registry: tuple[str, Pusher, dict[str, Any]], tmp_path: Path) -> None:
    url, push, _ = registry
    first = run(url, tmp_path)
    before = records(tmp_path)
    second = run(url, tmp_path)

    assert first.calls_by_operation["oci:GetManifest"] >= 5
    assert "oci:GetManifest" not in second.calls_by_operation
    assert second.calls_by_operation["oci:ListReferrers"] == first.calls_by_operation["oci:ListReferrers"]
    assert [r["images"] for r in records(tmp_path).values()] == [r["images"] for r in before.values()]

    new = push.image("team/app", "v2", content=b"new")
    third = run(url, tmp_path)
    assert third.calls_by_operation["oci:GetManifest"] == 1
    assert new["digest"] in {image["digest"] for image in records(tmp_path)["team/app"]["images"]["value"]}


def test_without_a_cache_nothing_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
    with plain_registry() as url, Pusher(url) as push:
        push.image("team/app", "v1")
        settings = Settings(targets=[{"kind": "oci", "url": url}])
        collect(Config(settings), tmp_path / "snapshot", lambda _what, _count: None)

    assert not (tmp_path / "home").exists()


def test_configs_are_kept_only_where_the_user_says_so(tmp_path: Path) -> None:
    with plain_registry() as url, Pusher(url) as push:
        push.image("team/app", "v1", labels={"password": "hunter2"})
        run(url, tmp_path)
        assert [path for path in entries(tmp_path) if b"hunter2" in path.read_bytes()] == []
        assert run(url, tmp_path).calls_by_operation["oci:GetBlob"] == 1

        run(url, tmp_path, configs=True)
        assert len([path for path in entries(tmp_path) if b"hunter2" in path.read_bytes()]) == 1
        assert "oci:GetBlob" not in run(url, tmp_path, configs=True).calls_by_operation
        assert records(tmp_path)["team/app"]["images"]["value"][0]["config"]["value"]["labels"] == {"password": "hunter2"}  # fmt: skip


def test_a_tampered_cache_is_not_believed(registry: tuple[str, Pusher, dict[str, Any]], tmp_path: Path) -> None:
    url, _, _ = registry
    run(url, tmp_path)
    before = records(tmp_path)["team/app"]["images"]
    for path in entries(tmp_path):
        document = json.loads(path.read_bytes())
        path.write_text(json.dumps({**document, "annotations": {"org.opencontainers.image.version": "forged"}}))
    again = run(url, tmp_path)

    assert records(tmp_path)["team/app"]["images"] == before
    assert again.calls_by_operation["oci:GetManifest"] == len(entries(tmp_path))
    assert again.errors == []


class Restless:
    """One repository with an index of one child, whose manifests can be refused, broken or deleted."""

    def __init__(self) -> None:
        self.child = json.dumps({"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}).encode()
        kind = "application/vnd.oci.image.index.v1+json"
        entry = {"mediaType": MANIFEST, "digest": digest_of(self.child), "size": len(self.child)}
        self.index = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": [entry]}).encode()
        self.status: dict[str, int] = {}

    def __call__(self, seen: Seen) -> Reply:
        path = seen.path.partition("?")[0]
        if path == "/v2/_catalog":
            return reply(200, b'{"repositories": ["team/app"]}')
        if path.endswith("/tags/list"):
            return reply(200, b'{"tags": ["v1"]}')
        name = path.rpartition("/")[2]
        content = {"v1": self.index, digest_of(self.index): self.index, digest_of(self.child): self.child}.get(name)
        status = self.status.get(name, 200 if content else 404)
        if status != 200 or content is None:
            return reply(status)
        kind = json.loads(content)["mediaType"]
        headers = {"Docker-Content-Digest": digest_of(content), "Content-Type": kind}
        return reply(200, b"" if seen.method == "HEAD" else content, **headers)


def test_a_child_that_was_deleted_is_gone_though_the_cache_has_it(tmp_path: Path) -> None:
    world = Restless()
    with http_server(world) as server:
        run(server.url, tmp_path, read_configs=False)
        world.status[digest_of(world.child)] = 404
        run(server.url, tmp_path, read_configs=False)

    record = records(tmp_path)["team/app"]
    assert [image["digest"] for image in record["images"]["value"]] == [digest_of(world.index)]
    assert record["unread"]["state"] == "absent"


def test_a_child_that_is_refused_now_is_unread_though_the_cache_has_it(tmp_path: Path) -> None:
    world = Restless()
    with http_server(world) as server:
        run(server.url, tmp_path, read_configs=False)
        world.status[digest_of(world.child)] = 403
        scope = run(server.url, tmp_path, read_configs=False)

    [unread] = records(tmp_path)["team/app"]["unread"]["value"]
    assert (unread["digest"], unread["why"]["reason"]) == (digest_of(world.child), "access_denied")
    assert [error.operation for error in scope.errors] == ["oci:HeadManifest"]


def test_access_that_was_lost_is_seen(tmp_path: Path) -> None:
    world = Restless()
    with http_server(world) as server:
        run(server.url, tmp_path, read_configs=False)
        world.status["v1"] = 403
        scope = run(server.url, tmp_path, read_configs=False)

    images = records(tmp_path)["team/app"]["images"]
    assert (images["state"], images["reason"]) == ("unknown", "access_denied")
    assert [error.reason for error in scope.errors] == ["access_denied"]


def test_a_registry_that_takes_no_head_of_a_digest_gives_the_content(tmp_path: Path) -> None:
    """A cache needs to be told that content is there; where HEAD does not tell, it is fetched."""
    world = Restless()
    with http_server(lambda seen: reply(405) if seen.method == "HEAD" else world(seen)) as server:
        run(server.url, tmp_path, read_configs=False)
        second = run(server.url, tmp_path, read_configs=False)

    assert second.calls_by_operation["oci:GetManifest"] == 2
    assert len(records(tmp_path)["team/app"]["images"]["value"]) == 2
