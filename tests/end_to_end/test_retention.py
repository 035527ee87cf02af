"""The how-to's own lifecycle policy, with production on the oldest of 21 releases: the rule and the command name it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.end_to_end.test_bad_input import auditor
from tests.support.ecr_server import ACCOUNT as SERVED
from tests.support.ecr_server import Registry, World, ecr_server
from tests.support.lifecycle_worlds import digest, image, policy, rule
from tests.support.retention_snapshots import HOST, write

sys.path.insert(0, str(Path(__file__).parents[2] / "fixtures" / "seed"))

from state import RETENTION


def releases(count: int = 21) -> list[Any]:
    return [image(n, [f"release-{n}"], 200 - n) for n in range(1, count + 1)]


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("retention")
    return write(folder / "snapshot", {"app": (RETENTION, releases())}, running=[f"{HOST}/app:release-1"])


def simulate(*arguments: Any, folder: Path) -> tuple[int, str, str]:
    result = auditor("retention", "simulate", *map(str, arguments), cwd=folder)
    assert b"Traceback" not in result.stderr
    return result.returncode, result.stdout.decode(), result.stderr.decode()


def test_the_rule_names_the_image_in_use_that_the_policy_expires(snapshot: Path, tmp_path: Path) -> None:
    result = auditor("evaluate", str(snapshot), "-o", "r.json", "--check", "RET-005", cwd=tmp_path)
    [finding] = json.loads((tmp_path / "r.json").read_bytes())["findings"]

    assert result.returncode == 1
    assert finding["status"] == "fail"
    assert finding["severity"] == "high"
    assert finding["message"] == (
        "Retention takes 1 image that is needed within 30 days: release-1 (in use, expires at the next run)."
    )
    assert [item["path"] for item in finding["evidence"]] == [
        "/derived/outlook/value/removals/0",
        "/derived/usage/value/uses/0",
    ]


def test_the_command_names_it_too(snapshot: Path, tmp_path: Path) -> None:
    code, out, _ = simulate("--snapshot", snapshot, folder=tmp_path)

    assert code == 0
    assert "IN USE, and taken within 90 days:" in out
    assert f"release-1 ({digest(1)[:19]}): expires now by rule 1" in out
    assert "run by urn:cr:ecs:111111111111:eu-west-1:service/prod/app-0/app" in out
    assert "release-21" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    assert not any(line != line.rstrip() for line in out.splitlines())


def test_json_has_everything(snapshot: Path, tmp_path: Path) -> None:
    _, out, _ = simulate("app", "--snapshot", snapshot, "--json", "--days", "0,365", folder=tmp_path)
    document = json.loads(out)
    [found] = document["repositories"]

    assert document["days"] == [0, 365]
    assert [(p["days"], p["expired"]) for p in found["forecast"]["points"]] == [(0, 1), (365, 1)]
    assert [r["digest"] for r in found["forecast"]["removals"]] == [digest(1)]
    assert found["forecast"]["in_use"][0]["workloads"] == ["urn:cr:ecs:111111111111:eu-west-1:service/prod/app-0/app"]
    assert next(r["tags"] for r in found["forecast"]["releases"]) == ["release-21"]


def test_a_proposed_policy_takes_the_place_of_the_present_one(snapshot: Path, tmp_path: Path) -> None:
    keep = tmp_path / "keep.json"
    keep.write_text(json.dumps(policy(rule("tagged", "imageCountMoreThan", 30, prefixes=["release"]))))

    code, out, _ = simulate("app", "--snapshot", snapshot, "--policy", keep, folder=tmp_path)

    assert code == 0
    assert "the proposed policy" in out
    assert "Takes no image known to be in use within 90 days." in out


def test_an_invalid_policy_is_refused_rule_by_rule(snapshot: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text(json.dumps(policy(rule("untagged", "sinceImagePushed", 0), rule("any", "sinceImagePulled", 90))))

    code, out, err = simulate("--snapshot", snapshot, "--policy", broken, folder=tmp_path)

    assert (code, out) == (2, "")
    assert [line.split(": ", 2)[2] for line in err.splitlines()] == [
        "/rules/0/selection/countNumber: rule 1: countNumber must be at least 1",
        "/rules/1/action/type: rule 2: sinceImagePulled can only transition",
    ]


@pytest.mark.parametrize("content", ["", "[]", "{}", "{", "\xff", '{"rules": 1}'])
def test_what_is_no_policy_is_one_line_and_exit_2(snapshot: Path, tmp_path: Path, content: str) -> None:
    (tmp_path / "p.json").write_bytes(content.encode("latin-1"))

    code, out, err = simulate("--snapshot", snapshot, "--policy", "p.json", folder=tmp_path)

    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert "p.json" in err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ap"], "did you mean app?"),
        (["--days", "soon"], "no list of whole numbers"),
        (["--days", "-1"], "from 0 to 3650"),
        (["--days", "9999"], "from 0 to 3650"),
        (["--oracle"], "--oracle needs --config"),
        (["--policy", "nowhere.json"], "nowhere.json"),
        (["--price-per-gib", "-1"], "price-per-gib"),
    ],
)
def test_wrong_usage_is_told(snapshot: Path, tmp_path: Path, arguments: list[str], told: str) -> None:
    code, out, err = simulate(*arguments, "--snapshot", snapshot, folder=tmp_path)

    assert (code, out) == (2, "")
    assert told in err


def test_many_repositories_are_a_table(tmp_path: Path) -> None:
    folder = write(
        tmp_path / "snapshot",
        {
            "app": (RETENTION, releases()),
            "team/" + "with-a-long-name/" * 4 + "app": (RETENTION, releases(22)),
            "free": (None, releases(3)),
        },
    )

    code, out, _ = simulate("--snapshot", folder, folder=tmp_path)
    chosen = simulate("a*", "--snapshot", folder, folder=tmp_path)[1]

    assert code == 0
    assert "free has no lifecycle policy" in out
    assert max(len(line) for line in out.splitlines()) <= 80
    [row] = [line.split() for line in out.splitlines() if line.startswith("app ")]
    assert row == ["app", "1", "1", "1", "1,000", "B", "0.00", "unknown"]
    assert chosen.startswith("app: the present policy")


def test_costs_follow_the_price_given(tmp_path: Path) -> None:
    import msgspec

    from auditor.inventory.facts import Known

    big = msgspec.structs.replace(image(1, ["dev-1"], 40), size_bytes=Known(10 * 2**30))
    folder = write(tmp_path / "snapshot", {"app": (RETENTION, [big])})

    ours = json.loads(simulate("--snapshot", folder, "--json", folder=tmp_path)[1])
    theirs = simulate("--snapshot", folder, "--price-per-gib", "0.2", folder=tmp_path)[1]

    assert ours["prices"]["standard"] == 0.1
    assert ours["repositories"][0]["forecast"]["points"][0]["usd_per_month"] == 1.0
    assert "10.0 GiB" in theirs
    assert "2.00" in theirs
    assert "(as given)" in theirs


def test_a_collection_writes_the_outlook_and_when_images_were_archived(tmp_path: Path) -> None:
    moment = 1_700_000_000
    listed = {
        "registryId": SERVED, "repositoryName": "app", "imageDigest": digest(1), "imageTags": ["release-1"],
        "imageSizeInBytes": 5, "imagePushedAt": moment, "imageStatus": "ARCHIVED", "lastArchivedAt": moment + 60,
        "lastActivatedAt": moment + 30, "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
    }  # fmt: skip
    settings = {
        "repositoryName": "app", "repositoryArn": f"arn:aws:ecr:eu-west-1:{SERVED}:repository/app",
        "repositoryUri": "x/app", "imageTagMutability": "IMMUTABLE", "encryptionConfiguration": {"encryptionType": "AES256"},
    }  # fmt: skip
    entry = {"settings": settings, "images": [listed], "retention": json.dumps(RETENTION)}
    world = World(regions={"eu-west-1": Registry(repositories={"app": entry})})
    with ecr_server(world) as url:
        target = {"kind": "ecr", "regions": ["eu-west-1"], "endpoint_url": url, "attempts": 1}
        collect(Config(Settings(targets=[target])), tmp_path / "snapshot", lambda _what, _count: None)
    [part] = (tmp_path / "snapshot" / "parts").glob("*.jsonl")
    [record] = [json.loads(line) for line in part.read_bytes().splitlines()]

    assert record["images"]["value"][0]["archived_at"] == {"state": "known", "value": "2023-11-14T22:14:20Z"}
    assert record["images"]["value"][0]["activated_at"] == {"state": "known", "value": "2023-11-14T22:13:50Z"}
    assert record["derived"]["outlook"]["value"]["horizon_days"] == 90
    assert [r["standing"] for r in record["derived"]["outlook"]["value"]["rules"]] == ["waits", "waits", "waits"]


def test_hostile_names_are_shown_escaped(tmp_path: Path) -> None:
    tag = "release-\u202egpj.exe\x1b[2J"
    hostile = {
        **rule("tagged", "imageCountMoreThan", 1, prefixes=["release"]),
        "description": "\x1b]0;owned\x07[bold]x",
    }
    folder = write(
        tmp_path / "snapshot",
        {"app": (policy(hostile), [image(1, [tag], 9), image(2, ["release-2"], 1)])},
        running=[f"{HOST}/app@{digest(1)}"],
    )

    code, out, _ = simulate("--snapshot", folder, folder=tmp_path)

    assert code == 0
    assert not {"\x1b", "\x07", "\u202e"} & set(out)
    assert "\\u202egpj.exe" in out
    assert "[bold]x" in out
