"""The inventory of real registries equals what real tools pushed there, in a stated number of requests."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.oci import paging
from auditor.config.settings import Config, Settings
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect
from tests.support.audits import records
from tests.support.distribution import PASSWORD, any_registry
from tests.support.pushed_world import HELM_CONFIG, NOTATION, SPDX, Pushed, PushedWorld, filled

REGISTRIES = [
    "crane",
    "referrers",
    "distribution",
    "distribution-basic-tls",
    "distribution-token",
    "docker-registry",
    "docker-registry-basic-tls",
    "docker-registry-token-tls",
]


@dataclass(frozen=True)
class Case:
    """A filled registry. `name` says which."""

    name: str
    world: PushedWorld
    pushed: dict[str, list[Pushed]]

    @property
    def tags(self) -> int:
        return sum(len(tags) for tags in self.world.tags.values())

    @property
    def manifests(self) -> int:
        return sum(len(found) for found in self.pushed.values())


@pytest.fixture(params=REGISTRIES, scope="module")
def case(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Case]:
    with any_registry(request.param, tmp_path_factory.mktemp(request.param)) as registry:
        world = filled(registry)
        yield Case(request.param, world, world.pushed())


@pytest.fixture(autouse=True)
def password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", PASSWORD)


def collected(case: Case, folder: Path, **settings: Any) -> Manifest:
    target = {**case.world.registry.target, **settings}
    return collect(Config(Settings(targets=[target])), folder / "snapshot", lambda _what, _count: None).manifest


def value(fact: dict[str, Any]) -> Any:
    assert fact["state"] in ("known", "absent")
    return fact.get("value")


def seen(image: dict[str, Any]) -> Pushed:
    """An image of the snapshot in the words of the pushing side."""
    children = value(image["children"]) or []
    return Pushed(
        digest=image["digest"],
        tags=tuple(image["tags"]),
        media_type=value(image["media_type"]),
        artifact_type=value(image["artifact_type"]) or "",
        subject=value(image["subject"]) or "",
        children=tuple((child["digest"], child["platform"]) for child in children),
        size=value(image["size_bytes"]),
    )


def inventory(folder: Path) -> dict[str, list[Pushed]]:
    return {name: [seen(image) for image in record["images"]["value"]] for name, record in records(folder).items()}


def without_lists(pushed: dict[str, list[Pushed]]) -> dict[str, list[Pushed]]:
    """The children of a fallback index are referrers, which the inventory keeps as such."""
    return {
        name: [
            Pushed(p.digest, p.tags, p.media_type, p.artifact_type, p.subject, (), p.size)
            if any(tag.startswith("sha256-") for tag in p.tags)
            else p
            for p in found
        ]
        for name, found in pushed.items()
    }


def test_inventory_equals_what_was_pushed(case: Case, tmp_path: Path) -> None:
    [scope] = collected(case, tmp_path).scopes

    assert inventory(tmp_path) == without_lists(case.pushed)
    assert scope.errors == []
    assert sum(len(found) for found in case.pushed.values()) > 9


def test_each_manifest_has_its_kind_and_its_signatures(case: Case, tmp_path: Path) -> None:
    collected(case, tmp_path)
    found = records(tmp_path)
    kinds = {(name, image["digest"]): image["kind"] for name, r in found.items() for image in r["images"]["value"]}
    tags = case.world.tags["team/app"]
    index = next(i for i in found["team/app"]["images"]["value"] if i["digest"] == tags["v1.0.0"])
    old = next(i for i in found["team/app"]["images"]["value"] if i["digest"] == tags["v0.9.0"])

    assert (index["kind"], old["kind"]) == ("index", "image")
    assert index["tags"] == ["latest", "v1", "v1.0.0"]
    assert [s["found_via"] for s in old["signatures"]["value"]] == ["tag_scheme"]
    assert kinds["team/app", tags[f"sha256-{old['digest'][7:]}.sig"]] == "signature"
    if case.world.registry.login == "token":
        return
    assert [s["kind"] for s in index["signatures"]["value"]] == ["notation"]
    by_type = {p.artifact_type: kinds["team/app", p.digest] for p in case.pushed["team/app"] if p.subject}
    assert by_type == {SPDX: "sbom", NOTATION: "signature"}
    [chart] = case.pushed["charts/app"]
    assert (chart.artifact_type, kinds["charts/app", chart.digest]) == (HELM_CONFIG, "artefact")


def test_requests_are_as_few_as_docs_oci_md_says(case: Case, tmp_path: Path) -> None:
    [scope] = collected(case, tmp_path, read_configs=False).scopes
    calls = scope.calls_by_operation
    subjects = {
        (name, p.digest)
        for name, found in case.pushed.items()
        for p in found
        if p.tags and not p.subject and (p.media_type.endswith(("index.v1+json", "list.v2+json")) or "image" in p.artifact_type)
        and not any(tag.startswith("sha256-") for tag in p.tags)
    }  # fmt: skip
    aliases = 2  # latest and v1, where there is v1.0.0; the other tags are the first of their digest

    login = case.world.registry.login
    assert calls["oci:ListCatalog"] == (1 if login == "none" else 2), "a login is asked for once"
    assert calls.get("oci:Token", 0) == (1 + len(case.pushed) if login == "token" else 0), (
        "a token is for one repository"
    )
    assert calls["oci:ListTags"] == len(case.pushed)
    assert calls["oci:HeadManifest"] == aliases
    assert calls["oci:GetManifest"] == case.manifests, "every manifest is read once"
    assert (
        calls["oci:HeadManifest"] + calls["oci:GetManifest"] - sum(map(len, case.world.untagged.values())) == case.tags
    )
    assert calls["oci:ListReferrers"] == (len(subjects) if case.world.registry.lists else 1)
    assert "oci:GetBlob" not in calls


def test_a_config_is_one_request_of_an_image(case: Case, tmp_path: Path) -> None:
    [scope] = collected(case, tmp_path).scopes
    images = [i for record in records(tmp_path).values() for i in record["images"]["value"] if i["kind"] == "image"]

    assert scope.calls_by_operation["oci:GetBlob"] == len(images)


def test_pages_are_followed_in_every_registrys_own_way(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(paging, "PAGE", 2)
    [scope] = collected(case, tmp_path).scopes

    assert inventory(tmp_path) == without_lists(case.pushed)
    assert scope.errors == []
    calls, login = scope.calls_by_operation, case.world.registry.login != "none"
    sizes = [len(tags) for tags in case.world.tags.values()]
    assert calls["oci:ListCatalog"] > login + 1
    if case.name.startswith("docker-registry"):
        # It ignores n and gives everything: only where that could be a full page it must be asked on.
        assert calls["oci:ListTags"] == sum(3 if size == 2 else 1 for size in sizes)
    elif case.name.startswith("distribution"):
        # It gives a Link with every full page, also with the last one.
        assert calls["oci:ListTags"] == sum(size // 2 + 1 for size in sizes)
    else:
        # No Link: a full page is asked on. After the last name it begins anew, so that a larger page is asked for.
        assert calls["oci:ListTags"] == sum(size // 2 + (2 if size % 2 == 0 else 1) for size in sizes)


@pytest.mark.parametrize("case", ["distribution-basic-tls", "distribution-token"], indirect=True)
def test_a_wrong_password_is_one_error_that_does_not_tell_it(
    case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", "wrong-canary")
    [scope] = collected(case, tmp_path).scopes

    assert [(error.operation, error.reason) for error in scope.errors] == [
        ("oci:Token" if "token" in case.name else "oci:ListCatalog", "unauthenticated")
    ]
    assert "wrong-canary" not in b"".join(p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()).decode()
