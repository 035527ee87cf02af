"""Scans made elsewhere, over a real registry on loopback that scans nothing, and beside Inspector's own findings."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.cli.main import main
from auditor.config.settings import Config, ScanResultSettings, Settings
from auditor.errors import ExitCode
from auditor.inventory.records import decode_line
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect
from auditor.run.joins.scans import ScanJoin
from auditor.scanners.book import read_book
from tests.end_to_end.test_bad_input import auditor
from tests.support.audits import judge, records
from tests.support.fake_aws import fake_aws
from tests.support.registries import Pusher, plain_registry
from tests.support.scan_files import CONFIG, FOLDER, of_image
from tests.support.scanned_world import REGION, covered, digest, finding, listed, scanned_world

pytestmark = pytest.mark.slow

RULES = ("REG-VUL-001", "REG-VUL-002", "REG-VUL-005", "REG-SCN-003", "REG-SCN-004")


def ago(**when: float) -> str:
    return (datetime.now(UTC) - timedelta(**when)).strftime("%Y-%m-%dT%H:%M:%SZ")


def fresh(content: str) -> str:
    """The times of the fixtures, moved to an hour ago."""
    for old in ("2026-11-24T06:00:00.123456789Z", "2026-11-24T06:00:00Z", "2026-11-24T07:00:00.5Z", "2026-11-23T01:30:00Z"):  # fmt: skip
        content = content.replace(old, ago(hours=1))
    return content


@dataclass(frozen=True)
class World:
    """A registry with an image that has a scan, one that has none, an index, and a repository without scans."""

    url: str
    images: dict[str, str]

    @property
    def repository(self) -> str:
        return f"{self.url.removeprefix('http://')}/team/app"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with plain_registry() as url, Pusher(url) as push:
        amd = push.image("team/app", content=b"amd")
        arm = push.image("team/app", arch="arm64", content=b"arm")
        platforms = [{**d, "platform": {"os": "linux", "architecture": a}} for d, a in ((amd, "amd64"), (arm, "arm64"))]
        made = {
            "v1": push.image("team/app", "v1", content=b"one"),
            "v2": push.image("team/app", "v2", content=b"two"),
            "all": push.index("team/app", "all", platforms),
            "amd": amd,
            "arm": arm,
            "other": push.image("other", "v1", content=b"other"),
        }
        yield World(url, {name: one["digest"] for name, one in made.items()})


def audit(
    world: World, folder: Path, *files: str, check: tuple[str, ...] = RULES, **settings: Any
) -> tuple[Manifest, dict[tuple[str, str], tuple[str, str]], Any]:
    """(manifest, (rule, image) -> (status, message), outcome) of an audit with these files of `folder/scans`."""
    names = {value: name for name, value in world.images.items()}
    entries = [ScanResultSettings(path=str(folder / "scans" / file), **settings) for file in files]
    config = Config(Settings(targets=[{"kind": "oci", "url": world.url}], scan_results=entries))
    manifest = collect(config, folder / "snapshot", lambda *_: None).manifest
    outcome, results = judge(folder, check=check, include_passed=True)
    found = {}
    for one in results["findings"]:
        whole = one["resource"].get("digest") or one["resource"]["id"].rpartition("@")[2]
        found[one["rule"], names.get(whole, whole)] = (one["status"], one["message"])
    return manifest, found, outcome


def put(folder: Path, name: str, content: str) -> str:
    (folder / "scans").mkdir(exist_ok=True)
    (folder / "scans" / name).write_text(content)
    return name


def test_a_trivy_file_fails_its_image_with_its_name_and_the_others_are_unknown(world: World, tmp_path: Path) -> None:
    scan = put(tmp_path, "t", fresh(of_image("trivy.json", world.images["v1"], repository=world.repository)))
    manifest, found, outcome = audit(world, tmp_path, scan)

    assert found["REG-VUL-001", "v1"] == ("fail", "1 critical vulnerability: CVE-2026-0001, found by trivy.")
    assert found["REG-VUL-002", "v1"] == ("fail", "1 high vulnerability: CVE-2026-0005, found by trivy.")
    assert found["REG-SCN-003", "v1"][0] == found["REG-SCN-004", "v1"][0] == "pass"
    for name in ("v2", "amd", "arm", "all", "other"):
        for rule in ("REG-VUL-001", "REG-VUL-002", "REG-SCN-003"):
            assert found[rule, name][0] == "unknown", (rule, name)
    assert outcome.exit_code is ExitCode.FAILED
    assert manifest.notes == []


def test_without_any_file_nothing_is_asked(world: World, tmp_path: Path) -> None:
    _, found, outcome = audit(world, tmp_path)

    assert {status for status, _ in found.values()} <= {"not_applicable", "pass"}
    assert outcome.exit_code is ExitCode.OK


def test_a_clean_scan_passes_and_an_old_one_does_not(world: World, tmp_path: Path) -> None:
    clean = of_image("trivy-empty.json", world.images["v1"], repository=world.repository)
    put(tmp_path, "new", fresh(clean))
    put(tmp_path, "old", clean.replace("2026-11-24T06:00:00Z", ago(days=40)))
    _, new, _ = audit(world, tmp_path, "new")
    _, old, _ = audit(world, tmp_path, "old")
    _, accepted, _ = audit(world, tmp_path, "old", max_age_days=100)

    rules = ("REG-VUL-001", "REG-SCN-003", "REG-SCN-004")
    assert [new[rule, "v1"][0] for rule in rules] == ["pass", "pass", "pass"]
    assert [old[rule, "v1"][0] for rule in rules] == ["unknown", "fail", "fail"]
    assert "more than 30 days old" in old["REG-VUL-001", "v1"][1]
    assert [accepted[rule, "v1"][0] for rule in rules] == ["pass", "pass", "fail"]
    assert "is 40 days old, the limit is 7 days" in accepted["REG-SCN-004", "v1"][1]


def test_what_an_old_or_undated_scan_found_counts(world: World, tmp_path: Path) -> None:
    content = of_image("trivy.json", world.images["v1"], repository=world.repository)
    put(tmp_path, "old", content.replace("2026-11-24T06:00:00.123456789Z", ago(days=400)))
    put(tmp_path, "undated", of_image("clair.json", world.images["v2"]))
    put(tmp_path, "clean", fresh(of_image("trivy-empty.json", world.images["v1"], repository=world.repository)))
    _, found, _ = audit(world, tmp_path, "old", "undated", "clean")

    assert found["REG-VUL-001", "v1"] == ("fail", "1 critical vulnerability: CVE-2026-0001, found by trivy.")
    assert found["REG-SCN-003", "v1"][0] == found["REG-SCN-004", "v1"][0] == "pass"
    assert found["REG-VUL-001", "v2"] == ("fail", "1 critical vulnerability: CVE-2026-0001, found by clair.")
    assert (found["REG-SCN-003", "v2"][0], found["REG-SCN-004", "v2"][0]) == ("fail", "unknown")


def test_two_scanners_count_a_vulnerability_once_at_its_worst(world: World, tmp_path: Path) -> None:
    put(tmp_path, "t", fresh(of_image("trivy.json", world.images["v1"], repository=world.repository)))
    put(tmp_path, "g", fresh(of_image("grype-db6.json", world.images["v1"], repository=world.repository)))
    _, found, _ = audit(world, tmp_path, "t", "g")
    scan = next(i for i in records(tmp_path)["team/app"]["images"]["value"] if i["tags"] == ["v1"])["scan"]["value"]
    details = {v["id"]: v for v in scan["vulnerabilities"]["value"] if not v["suppressed_by"]}

    message = "1 critical vulnerability: CVE-2026-0001 (EPSS 42 percent), found by grype, trivy."
    assert found["REG-VUL-001", "v1"] == ("fail", message)
    assert details["CVE-2026-0001"]["fix"]["value"]["available"] == "yes", "grype says there is none, trivy knows one"
    assert details["CVE-2026-0005"]["aliases"] == ["GHSA-aaaa-bbbb-cccc"]
    assert details["CVE-2026-0005"]["sources"] == ["grype", "trivy"]
    assert [(s["scanner"], s["file"], s["matched_by"]) for s in scan["sources"]] == [("grype", "g", "digest"), ("trivy", "t", "digest")]  # fmt: skip
    assert scan["external"]
    given = [ScanResultSettings(path=str(tmp_path / "scans" / name)) for name in ("t", "g")]
    join = ScanJoin(read_book(Config(Settings(scan_results=given))))
    for line in next((tmp_path / "snapshot" / "parts").glob("*.jsonl")).read_bytes().splitlines():
        # As after an interruption, when records that are finished go through the joins again.
        assert join.complete(decode_line(line)) == decode_line(line)
    assert [s["rule"] for s in scan["secrets"]] == ["aws-access-key-id"]


def test_the_gate_judges_by_them_as_an_audit_does(
    world: World, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put(tmp_path, "t", fresh(of_image("trivy.json", world.images["v1"], repository=world.repository)))
    config = tmp_path / "auditor.yaml"
    config.write_text(
        f"version: 1\ntargets:\n  - {{kind: oci, url: '{world.url}'}}\nscan_results:\n  - path: scans/t\n"
    )
    codes = [main(["check", f"{world.repository}:{tag}", "-c", str(config), "--check", "REG-VUL-001"]) for tag in ("v1", "v2")]  # fmt: skip

    # Files of scanners are given, and none is of the second image: that is a gap, as it is in an audit.
    assert codes == [1, 3]
    assert "1 critical vulnerability: CVE-2026-0001, found by trivy." in capsys.readouterr().out


def test_an_index_stands_for_the_platform_and_a_config_for_its_image(world: World, tmp_path: Path) -> None:
    index = fresh(of_image("trivy.json", world.images["all"], repository=world.repository))
    manifests = {i["digest"]: i for i in _images(world, tmp_path)}
    config = manifests[world.images["v2"]]["config_digest"]
    content = json.loads(fresh((FOLDER / "trivy.json").read_text()).replace(CONFIG, config))
    del content["Metadata"]["RepoDigests"]
    put(tmp_path, "i", index)
    put(tmp_path, "c", json.dumps(content))
    _, found, _ = audit(world, tmp_path, "i", "c")

    assert found["REG-VUL-001", "amd"][0] == found["REG-VUL-001", "all"][0] == "fail"
    assert found["REG-VUL-001", "arm"][0] == "unknown"
    assert found["REG-VUL-001", "v2"][0] == "fail"


def _images(world: World, folder: Path) -> list[dict[str, Any]]:
    audit(world, folder)
    images: list[dict[str, Any]] = records(folder)["team/app"]["images"]["value"]
    return images


def test_a_tag_alone_is_not_used_and_what_fits_nothing_is_told(world: World, tmp_path: Path) -> None:
    content = json.loads((FOLDER / "trivy.json").read_text().replace("registry.example.com/team/app", world.repository))
    put(tmp_path, "moved", fresh(json.dumps(content)))
    del content["Metadata"]["RepoDigests"]
    put(tmp_path, "nameless", fresh(json.dumps(content)))
    manifest, found, _ = audit(world, tmp_path, "moved", "nameless")

    assert found["REG-VUL-001", "v1"][0] == "unknown"
    only = f"{world.repository}:v1 fits by its tag alone, which is not used"
    assert manifest.notes == [
        f"scan_results: moved: the scan by trivy is of no image that was read (sha256:{'a' * 64}); {only}",
        f"scan_results: nameless: the scan by trivy names no digest of an image; {only}",
    ]


def test_the_user_may_name_the_image_of_a_file_without_a_digest(world: World, tmp_path: Path) -> None:
    content = json.loads((FOLDER / "harbor.json").read_text())
    for item in next(iter(content.values()))["vulnerabilities"]:
        item["severity"] = "Critical"
        del item["artifact_digests"]
    put(tmp_path, "h", json.dumps(content).replace("2026-11-24T05:00:00.000Z", ago(hours=1)))
    _, found, _ = audit(world, tmp_path, "h", image=f"{world.repository}@{world.images['v2']}")

    assert found["REG-VUL-001", "v2"][1] == "2 critical vulnerabilities: CVE-2026-0001, CVE-2026-0010, found by trivy."


def test_vex_hides_with_its_reason_and_is_judged_itself(world: World, tmp_path: Path) -> None:
    put(tmp_path, "t", fresh(of_image("trivy.json", world.images["v1"], repository=world.repository)))
    put(tmp_path, "vex", of_image("openvex.json", world.images["v1"], repository=world.repository))
    manifest, found, _ = audit(world, tmp_path, "t", "vex")
    bounded = {"owner": "team-a", "expires": (datetime.now(UTC) + timedelta(days=90)).strftime("%Y-%m-%d")}
    _, good, _ = audit(world, tmp_path, "t", "vex", **bounded)
    ended, over, _ = audit(world, tmp_path, "t", "vex", expires="2020-01-01")

    status, message = found["REG-VUL-001", "v1"]
    assert status == "pass"
    assert message == (
        "No critical vulnerability above the limit; hidden: CVE-2026-0001 "
        "(VEX (not affected, Team App): vulnerable code not in execute path: TLS is ended at the proxy)."
    )
    suppression = next(key for key in found if key[0] == "REG-VUL-005" and ":vex:" in key[1])
    assert found[suppression] == ("fail", "The suppression CVE-2026-0001 in vex has no end.")
    assert [s for (rule, name), (s, _) in good.items() if rule == "REG-VUL-005" and ":vex:" in name] == ["pass"]
    assert over["REG-VUL-001", "v1"][0] == "fail"
    assert not [name for rule, name in over if ":vex:" in name]
    assert "scan_results: vex: a VEX statement hides nothing, since no reason is given (as on CVE-2026-0002)" in manifest.notes  # fmt: skip
    assert "scan_results: vex: its VEX statements ended on 2020-01-01" in ended.notes


def test_vex_on_nothing_that_was_read_is_told(world: World, tmp_path: Path) -> None:
    content = json.loads((FOLDER / "openvex.json").read_text())
    put(tmp_path, "far", json.dumps(content))
    content["statements"] = []
    put(tmp_path, "none", json.dumps(content))
    manifest, _, _ = audit(world, tmp_path, "far", "none")

    assert [note for note in manifest.notes if "reason" not in note] == [
        "scan_results: far: of 3 of its 3 VEX statements no image was read",
        "scan_results: none: no statement in it names an image by its digest, or a repository with its host",
    ]


def test_beside_inspector_and_back_again(tmp_path: Path) -> None:
    """A later run that uses records of this one again, without the file, has the registry's own result again."""
    aws = scanned_world({"app": [listed(1), listed(2)]})
    aws["inspector2:ListCoverage"] = {"coveredResources": [covered("app", 1)]}
    aws["inspector2:ListFindings"] = {"findings": [finding("app", 1, "CVE-2026-0001", fixAvailable="NO")]}
    put(tmp_path, "t", fresh(of_image("trivy.json", digest(1))))
    put(tmp_path, "u", fresh(of_image("trivy-empty.json", digest(2))))
    given = [ScanResultSettings(path=str(tmp_path / "scans" / name)) for name in ("t", "u")]

    def scans(name: str, results: list[ScanResultSettings], since: Path | None = None) -> list[dict[str, Any]]:
        settings = Settings(targets=[{"kind": "ecr", "regions": [REGION], "attempts": 1}], scan_results=results)
        with fake_aws(aws):
            collect(Config(settings), tmp_path / name / "snapshot", lambda *_: None, since=since)
        return [image["scan"] for image in records(tmp_path / name)["app"]["images"]["value"]]

    alone = scans("alone", [])
    joined, clean = scans("joined", given)
    one = joined["value"]["vulnerabilities"]["value"][0]

    assert (joined["value"]["state"], joined["value"]["external"]) == ("active", False)
    assert (one["id"], one["severity"], one["sources"]) == ("CVE-2026-0001", "CRITICAL", ["the registry", "trivy"])
    assert one["fix"]["value"]["available"] == "yes"
    assert one["first_seen_at"]["value"] == "2026-11-20T00:00:00Z"
    assert joined["value"]["registry"] == [alone[0]]
    assert (clean["value"]["state"], clean["value"]["external"], clean["value"]["registry"]) == ("complete", True, [alone[1]])  # fmt: skip
    again = scans("again", [], since=tmp_path / "joined" / "snapshot")
    assert [s.get("value", {}).get("sources", []) for s in again] == [s.get("value", {}).get("sources", []) for s in alone]  # fmt: skip
    assert [s["state"] for s in again] == [s["state"] for s in alone]


def test_on_the_command_line(world: World, tmp_path: Path) -> None:
    put(tmp_path, "t.json", fresh(of_image("trivy.json", world.images["v1"], repository=world.repository)))
    (tmp_path / "auditor.yaml").write_text(f"version: 1\ntargets:\n  - kind: oci\n    url: {world.url}\n")
    (tmp_path / "epss.csv").write_bytes((FOLDER / "epss.csv").read_bytes())
    ran = auditor("audit", "-c", "auditor.yaml", "-o", "out", "--scan-results", "scans", "--epss", "epss.csv", "--check", "VUL-001", "-r", "json", cwd=tmp_path)  # fmt: skip
    wrong = auditor("collect", "-c", "auditor.yaml", "-o", "no", "--scan-results", "none.json", cwd=tmp_path)
    results = json.loads((tmp_path / "out" / "results.json").read_bytes())

    assert ran.returncode == 1, ran.stderr
    failed = next(f for f in results["findings"] if f["status"] == "fail")
    assert failed["message"] == "1 critical vulnerability: CVE-2026-0001 (EPSS 91 percent), found by trivy."
    assert wrong.returncode == 2
    assert "none.json does not exist" in wrong.stderr.decode()
    assert not (tmp_path / "no").exists()
