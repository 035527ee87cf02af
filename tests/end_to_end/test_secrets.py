"""Secrets planted in images on a real registry: what is found equals what was planted, and none of it is shown."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import Config, Settings
from auditor.errors import ExitCode
from auditor.run.collecting import collect
from auditor.run.reporting import ReportRequest, report
from tests.support import planted_world as planted
from tests.support.audits import judge, records
from tests.support.planted_world import PlantedWorld, tar
from tests.support.registries import Pusher, digest_of, plain_registry

DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'
ALPINE = 'NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.15.0\n'
BASE = tar(
    {"etc/debian_version": "12.1\n", "usr/lib/os-release": DEBIAN}, links={"etc/os-release": "../usr/lib/os-release"}
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PlantedWorld]:
    with plain_registry() as url, Pusher(url) as push:
        made = PlantedWorld(url, push, tmp_path_factory.mktemp("layers"))
        made.append("clean", BASE, tar({"app/main.py": "print('hello')\n"}), mutate=("--user", "10001"))
        made.append(
            "layered",
            tar({
                "root/.aws/credentials": f"[default]\naws_access_key_id = {planted.AWS_KEY}\naws_secret_access_key = {planted.AWS_SECRET}\n",
                "srv/key.pem": planted.KEY,
            }),
            tar({"root/.docker/config.json": json.dumps({"auths": {"r.example.com": {"auth": planted.DOCKER_AUTH}}})}),
            tar({"srv/.wh.key.pem": "", "root/.aws/.wh..wh..opq": ""}),
        )  # fmt: skip
        made.append(
            "configured", BASE,
            mutate=("--env", f"DB_PASSWORD={planted.PASSWORD}", "--env", "CACHE_TOKEN=changeme", "--env", "KEY_FILE=/run/secrets/key",
                    "--label", f"ci.token={planted.LABEL}", "--label", "team=a", "--entrypoint", f"/app,--token={planted.GITHUB}"),
        )  # fmt: skip
        made.image("built", [BASE], {
            "config": {"User": "0:0"},
            "history": [{"created_by": f"RUN |2 NPM_TOKEN={planted.BUILD} MODE=ci /bin/sh -c npm ci # buildkit"},
                        {"created_by": f"/bin/sh -c curl -H 'Authorization: token {planted.GITHUB}' https://example.com"}],
        })  # fmt: skip
        made.image("old", [BASE, tar({"etc/os-release": ALPINE})], {"config": {"User": "app"}})
        made.image("foreign", [BASE], {}, media_type="application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")
        yield made


@pytest.fixture(scope="module")
def audited(world: PlantedWorld, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("audit")
    bases = folder / "bases.json"
    one = {
        "name": "docker.io/library/debian:12",
        "digest": "sha256:" + "d" * 64,
        "diff_ids": [digest_of(BASE)],
        "created": "2026-11-01",
    }
    bases.write_text(json.dumps({"bases": [one]}))
    run(world, folder, scan_secrets=True, known_bases=str(bases))
    found = {name: record["images"]["value"][0] for name, record in records(folder).items()}
    return folder, found


def run(world: PlantedWorld, folder: Path, **target: Any) -> Any:
    settings = Settings(targets=[{"kind": "oci", "url": world.url, **target}])
    return collect(Config(settings), folder / "snapshot", lambda _what, _count: None).manifest


def places(image: dict[str, Any]) -> set[tuple[Any, ...]]:
    scan = image["secrets"]["value"]
    assert scan["total"] == len(scan["findings"])
    return {
        (f["rule"], f["where"], f["path"] or f["name"] or f["index"], f["line"], f["removed"]) for f in scan["findings"]
    }


def test_what_is_found_equals_what_was_planted(audited: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    _, images = audited

    assert {name: places(image) for name, image in images.items()} == {
        "clean": set(),
        "layered": {
            ("aws-access-key", "layer", "root/.aws/credentials", 2, True),
            ("high-entropy", "layer", "root/.aws/credentials", 3, True),
            ("private-key", "layer", "srv/key.pem", 1, True),
            ("docker-auth", "layer", "root/.docker/config.json", 1, False),
        },
        "configured": {("high-entropy", "label", "ci.token", 0, False), ("github-token", "command", "Entrypoint", 0, False)},
        "built": {("github-token", "history", 1, 0, False), ("high-entropy", "history", 0, 0, False)},
        "old": set(),
        "foreign": set(),
    }  # fmt: skip


def test_layers_are_named_by_digest(world: PlantedWorld, audited: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    _, images = audited
    manifest = world.push.get("/v2/layered/manifests/v1").json()
    layers = [layer["digest"] for layer in manifest["layers"]]
    found = {f["path"]: f["layer"] for f in images["layered"]["secrets"]["value"]["findings"]}

    assert found == {
        "root/.aws/credentials": layers[0],
        "srv/key.pem": layers[0],
        "root/.docker/config.json": layers[1],
    }
    assert images["layered"]["secrets"]["value"]["layers"] == 3


def test_variables_are_kept_by_name(audited: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    _, images = audited
    found = {
        (v["where"], v["name"], v["content"])
        for name in ("configured", "built")
        for v in images[name]["secrets"]["value"]["variables"]
    }

    assert found >= {
        ("env", "DB_PASSWORD", "set"), ("env", "CACHE_TOKEN", "placeholder"), ("env", "KEY_FILE", "reference"),
        ("history", "NPM_TOKEN", "set"), ("history", "MODE", "set"),
    }  # fmt: skip
    assert "DB_PASSWORD" in images["configured"]["config"]["value"]["env_names"]
    assert images["configured"]["config"]["value"]["labels"]["team"] == "a"


def test_verdicts(audited: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    folder, _ = audited
    _, results = judge(folder, check=("REG-SEC-001", "REG-WRK-006", "REG-PRV-004"), include_passed=True)
    found = {(f["rule"][4:7], f["resource"]["repository"]): (f["status"], f["severity"]) for f in results["findings"]}

    assert found == {
        ("SEC", "clean"): ("pass", "critical"),
        ("SEC", "layered"): ("fail", "critical"),
        ("SEC", "configured"): ("fail", "critical"),
        ("SEC", "built"): ("fail", "critical"),
        ("SEC", "old"): ("pass", "critical"),
        ("SEC", "foreign"): ("unknown", "critical"),
        ("WRK", "clean"): ("pass", "medium"),
        ("WRK", "layered"): ("fail", "medium"),
        ("WRK", "configured"): ("fail", "medium"),
        ("WRK", "built"): ("fail", "medium"),
        ("WRK", "old"): ("fail", "info"),
        ("WRK", "foreign"): ("fail", "medium"),
        ("PRV", "clean"): ("pass", "medium"),
        ("PRV", "layered"): ("unknown", "medium"),
        ("PRV", "configured"): ("unknown", "medium"),
        ("PRV", "built"): ("unknown", "medium"),
        ("PRV", "old"): ("fail", "medium"),
        ("PRV", "foreign"): ("unknown", "medium"),
    }


def test_distributions_and_bases(audited: tuple[Path, dict[str, dict[str, Any]]]) -> None:
    _, images = audited

    assert images["clean"]["distribution"]["value"]["id"] == "debian"
    assert images["clean"]["distribution"]["value"]["support_ends"]["value"] == "2028-06-30"
    assert images["old"]["distribution"]["value"]["support_ends"]["value"] == "2023-11-01"
    assert images["layered"]["distribution"]["state"] == "absent"
    assert images["foreign"]["distribution"]["reason"] == "unsupported_by_platform"
    assert images["clean"]["base"]["value"]["name"] == "docker.io/library/debian:12"
    assert images["clean"]["base"]["value"]["found_by"] == "layers"


def test_each_layer_is_read_once(world: PlantedWorld, tmp_path: Path) -> None:
    [scope] = run(world, tmp_path, scan_secrets=True).scopes
    images = [record["images"]["value"][0] for record in records(tmp_path).values()]
    layers = {layer["digest"] for name in world.digests for layer in world.push.get(f"/v2/{name}/manifests/v1").json()["layers"]}  # fmt: skip
    read = {image["digest"]: image["secrets"]["value"]["layers"] for image in images}

    assert sum(read.values()) > len(layers), "some layers are shared"
    assert scope.calls_by_operation["oci:GetBlob"] == len(images) + len(layers)


def test_nothing_is_asked_where_nobody_asked(world: PlantedWorld, tmp_path: Path) -> None:
    [scope] = run(world, tmp_path).scopes
    outcome, results = judge(tmp_path, check=("REG-SEC-001", "REG-PRV-004"))

    assert scope.calls_by_operation["oci:GetBlob"] == len(world.digests)
    assert {f["status"] for f in results["findings"]} == {"unknown"}
    assert outcome.exit_code is ExitCode.OK


def test_no_secret_is_shown_anywhere(
    world: PlantedWorld, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    run(world, tmp_path, scan_secrets=True)
    judge(tmp_path, include_passed=True)
    formats = ("html", "json", "sarif", "junit", "markdown", "csv")
    report(tmp_path / "results.json", [ReportRequest.parse(name) for name in formats], tmp_path)
    out, err = capfd.readouterr()
    shown = [path.read_text("utf-8", "replace") for path in tmp_path.rglob("*") if path.is_file()]

    assert len(shown) > len(formats)
    for text in [*shown, caplog.text, out, err]:
        assert [canary for canary in planted.CANARIES if canary in text] == []
