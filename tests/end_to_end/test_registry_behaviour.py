"""The table "How registries differ" of docs/oci.md: what real registries do, asked without our client."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.audits import records
from tests.support.distribution import RealRegistry, any_registry, distribution
from tests.support.registries import Pusher

REGISTRIES = ["crane", "referrers", "distribution", "docker-registry"]
NAMES = ["app1", "app2", "app3"]


def fill(registry: RealRegistry) -> None:
    with Pusher(registry.url) as push:
        for name in (NAMES[2], NAMES[0], NAMES[1]):
            push.image(name, "v1", content=name.encode())
        for tag in ("v4", "v2", "v3"):
            push.image("app1", tag, content=tag.encode())


def get(registry: RealRegistry, path: str) -> tuple[int, Any, bool]:
    """(status, document, whether there is a Link)"""
    answer = httpx.get(registry.url + path, trust_env=False)
    document = answer.json() if answer.status_code == 200 else None
    return answer.status_code, document, 'rel="next"' in answer.headers.get("link", "")


@pytest.mark.parametrize("name", REGISTRIES)
def test_as_docs_oci_md_says(name: str, tmp_path: Path) -> None:
    with any_registry(name, tmp_path) as registry:
        fill(registry)
        tags = [get(registry, f"/v2/app1/tags/list?n=2{last}") for last in ("", "&last=v2", "&last=v4")]
        names = [get(registry, f"/v2/_catalog?n=2{last}") for last in ("", "&last=app3")]
        referrers = get(registry, "/v2/app1/referrers/sha256:" + "a" * 64)

    seen = [(document["tags"], link) for _, document, link in tags]
    if name == "distribution":
        assert seen == [(["v1", "v2"], True), (["v3", "v4"], True), ([], False)]
    elif name == "docker-registry":
        assert [(sorted(found), link) for found, link in seen] == [(["v1", "v2", "v3", "v4"], False)] * 3
    else:
        assert seen == [(["v1", "v2"], False), (["v3", "v4"], False), (["v1", "v2"], False)]
    listed = [(document["repositories"], link) for _, document, link in names]
    if name in ("crane", "referrers"):
        assert [(len(found), link) for found, link in listed] == [(2, False), (2, False)], "last is ignored"
    else:
        assert listed == [(["app1", "app2"], True), ([], False)]
    assert referrers[0] == (200 if name == "referrers" else 404)


@pytest.mark.parametrize("program", ["distribution", "docker-registry"])
def test_more_names_than_a_registry_gives_at_once_are_read_all_the_same(program: Any, tmp_path: Path) -> None:
    with distribution(program, tmp_path, catalog={"maxentries": 2}) as registry:
        fill(registry)
        assert get(registry, "/v2/_catalog?n=1000")[0] == 400
        [scope] = collect(Config(Settings(targets=[registry.target])), tmp_path / "snapshot", lambda _w, _c: None).manifest.scopes  # fmt: skip

    assert sorted(records(tmp_path)) == NAMES
    assert scope.errors == []


def test_the_list_of_referrers_does_not_decide_what_they_are(tmp_path: Path) -> None:
    with any_registry("referrers", tmp_path) as registry, Pusher(registry.url) as push:
        image = push.image("app", "v1")
        push.artefact("app", "application/spdx+json", subject=image)
        [listed] = get(registry, f"/v2/app/referrers/{image['digest']}")[1]["manifests"]
        collect(Config(Settings(targets=[registry.target])), tmp_path / "snapshot", lambda _w, _c: None)

    [found] = [i for i in records(tmp_path)["app"]["images"]["value"] if i["digest"] == listed["digest"]]
    assert listed["artifactType"] != "application/spdx+json"
    assert (found["kind"], found["artifact_type"]["value"]) == ("sbom", "application/spdx+json")
