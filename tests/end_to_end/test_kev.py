"""The catalogue of known exploited vulnerabilities on the command line and in auditor.yaml."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end.test_bad_input import auditor, refused
from tests.support.audits import collect_world
from tests.support.ecr_server import Registry, World, make_image, make_repository


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A snapshot of one image with CVE-2026-1234."""
    folder = tmp_path_factory.mktemp("kev")
    image = make_image(1, "v1")
    image["imageScanFindingsSummary"]["findingSeverityCounts"] = {"LOW": 1}
    finding = {"name": "CVE-2026-1234", "severity": "LOW", "attributes": []}
    scan = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": [finding]}}
    repository = make_repository("team/app", images=[image], scans={image["imageDigest"]: scan})
    collect_world(World(regions={"us-east-1": Registry(repositories={"team/app": repository})}), folder)
    return folder


def catalogue(folder: Path, cve: str, released: str) -> Path:
    path = folder / f"{cve}-{released[:4]}.json"
    path.write_text(
        json.dumps({"dateReleased": released, "vulnerabilities": [{"cveID": cve, "dateAdded": "2020-01-01"}]})
    )
    return path


def judge(folder: Path, *arguments: str) -> tuple[dict[str, Any], str]:
    """(the one finding or {}, config digest) of REG-VUL-004."""
    result = auditor("evaluate", "snapshot", "-o", "r.json", "--check", "VUL-004", *arguments, cwd=folder)
    assert result.returncode in (0, 1, 3), result.stderr
    results = json.loads((folder / "r.json").read_bytes())
    found = [f for f in results["findings"] if f["rule"] == "REG-VUL-004"]
    return (found[0] if found else {}), results["run"]["config_digest"]


@pytest.mark.slow
def test_listed_fails_unlisted_passes_and_the_file_is_part_of_the_configuration(folder: Path) -> None:
    recent = "2999-01-01T00:00:00Z"
    none, without = judge(folder)
    listed, with_one = judge(folder, "--kev", str(catalogue(folder, "CVE-2026-1234", recent)))
    other, with_other = judge(folder, "--kev", str(catalogue(folder, "CVE-2020-0001", recent)))
    old, _ = judge(folder, "--kev", str(catalogue(folder, "CVE-2020-0001", "2020-01-01T00:00:00Z")))

    assert (none["status"], listed["status"], listed["severity"], other, old["status"]) == (
        "unknown", "fail", "critical", {}, "unknown",
    )  # fmt: skip
    assert len({without, with_one, with_other}) == 3


@pytest.mark.slow
def test_from_the_configuration_file_and_the_environment(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = catalogue(folder, "CVE-2026-1234", "2999-01-01T00:00:00Z")
    config = folder / "auditor.yaml"
    config.write_text(f"version: 1\nkev: {path.name}\n")

    assert judge(folder, "-c", str(config))[0]["status"] == "fail"
    monkeypatch.setenv("AUDITOR_KEV", str(path))
    assert judge(folder)[0]["status"] == "fail"


@pytest.mark.slow
def test_a_file_that_is_none_says_so_in_one_line(folder: Path) -> None:
    (folder / "bad.json").write_text("{")

    assert "bad.json:1: is not valid JSON" in refused("evaluate", "snapshot", "--kev", "bad.json", cwd=folder)
