"""Files that cannot be used, that are cut off, of another version, enormous or meant to do harm."""

from __future__ import annotations

import json
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import InputError
from auditor.scanners import reading, results
from auditor.scanners.reading import read_scan_file
from tests.support.scan_files import FOLDER, document

FILES = sorted(path.name for path in FOLDER.iterdir() if path.suffix in (".json", ".sarif"))


def refusal(folder: Path, content: str | bytes | dict[str, Any]) -> InputError:
    path = folder / "scan.json"
    if isinstance(content, dict):
        content = json.dumps(content, indent=1)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        read_scan_file(path)
    assert caught.value.path == str(path)
    assert len(str(caught.value)) < 700
    assert str(caught.value).isprintable()
    return caught.value


@pytest.mark.parametrize("name", FILES)
def test_cut_off_anywhere_it_is_refused_with_its_line(name: str, tmp_path: Path) -> None:
    content = (FOLDER / name).read_bytes().rstrip()
    for share in (1, 10, 50, 90, 99):
        error = refusal(tmp_path, content[: len(content) * share // 100])
        assert error.line, error


def test_what_is_no_json_names_the_line(tmp_path: Path) -> None:
    assert refusal(tmp_path, '{\n\n"a": x}').line == 3
    assert "not valid JSON" in str(refusal(tmp_path, ""))
    assert "not valid JSON" in str(refusal(tmp_path, b"{\xff\xfe}"))


@pytest.mark.parametrize("content", [{}, {"a": 1}, {"SchemaVersion": 2}, {"bomFormat": "CycloneDX"}])
def test_an_unknown_format_lists_the_known_ones(content: dict[str, Any], tmp_path: Path) -> None:
    error = refusal(tmp_path, content)

    assert error.message == "is of no known format"
    assert "Grype JSON" in error.hint


@pytest.mark.parametrize("content", ["[]", "1", '"x"', "null"])
def test_json_that_is_no_object(content: str, tmp_path: Path) -> None:
    assert "Expected `object`" in str(refusal(tmp_path, content))


@pytest.mark.parametrize(
    ("name", "at", "value", "told"),
    [
        ("trivy.json", ["SchemaVersion"], 3, "SchemaVersion 3"),
        ("trivy.json", ["SchemaVersion"], "2", "SchemaVersion"),
        ("trivy.json", ["ArtifactType"], "filesystem", "of a filesystem"),
        ("grype-db6.json", ["source", "type"], "directory", "of directory"),
        ("trivy.sarif", ["version"], "2.0.0", "SARIF 2.0.0"),
        ("openvex.json", ["@context"], "https://openvex.dev/ns/v9", "context"),
        ("openvex.json", ["@context"], "https://example.com", "context"),
        ("cyclonedx-vex.json", ["specVersion"], "1.2", "CycloneDX 1.2"),
        ("openvex.json", ["statements", 0, "status"], "fine", "no status"),
        ("cyclonedx-vex.json", ["vulnerabilities", 0, "analysis", "state"], "fine", "no state"),
        ("clair.json", ["package_vulnerabilities", "10"], ["1"], "not there"),
    ],
)
def test_another_version_or_kind_is_refused(name: str, at: list[Any], value: Any, told: str, tmp_path: Path) -> None:
    content = document(name)
    place = content
    for step in at[:-1]:
        place = place[step]
    place[at[-1]] = value

    assert told in str(refusal(tmp_path, content))


def test_a_value_of_another_type_names_field_and_line(tmp_path: Path) -> None:
    content = document("trivy.json")
    content["Results"][0]["Vulnerabilities"][1]["Severity"] = 5
    error = refusal(tmp_path, content)

    assert error.field == "Results[0].Vulnerabilities[1].Severity"
    assert error.line


def test_a_finding_without_an_id_is_no_reason_to_pass(tmp_path: Path) -> None:
    for bad in ("", "x" * 200, "<script>", "CVE-1\nCVE-2", "\u202e"):
        content = document("trivy.json")
        content["Results"][0]["Vulnerabilities"][0]["VulnerabilityID"] = bad
        assert refusal(tmp_path, content).field == "Results.0.Vulnerabilities.0.VulnerabilityID"
    del content["Results"][0]["Vulnerabilities"][0]["VulnerabilityID"]
    assert "VulnerabilityID" in str(refusal(tmp_path, content))


def test_cyclonedx_that_is_a_scan_says_what_to_give(tmp_path: Path) -> None:
    content = document("cyclonedx-vex.json")
    content["vulnerabilities"] = content["vulnerabilities"][2:]

    assert "its own JSON format" in refusal(tmp_path, content).hint


def test_nested_too_deeply(tmp_path: Path) -> None:
    for deep in ("[" * 200_000, '{"a":' * 200_000, '{"matches":' + "[" * 100_000 + "]" * 100_000 + "}"):
        refusal(tmp_path, deep)


def test_a_strangers_text_is_bounded_and_stays_on_its_line(tmp_path: Path) -> None:
    content = document("trivy.json")
    evil = "a\x1b[31m\n\u202e<b>" + "x" * 100_000
    one = content["Results"][0]["Vulnerabilities"][0]
    one.update(
        {"Title": evil, "PkgName": evil, "InstalledVersion": evil, "FixedVersion": evil, "VendorIDs": [evil] * 50}
    )
    content["Trivy"]["Version"] = content["Results"][3 - 1]["Target"] = evil
    path = tmp_path / "scan.json"
    path.write_text(json.dumps(content))
    [result] = read_scan_file(path).results
    found = result.vulnerabilities[0]

    shown = [found.title, found.packages[0].name, found.packages[0].version, result.version, result.secrets[0].path]
    assert all(text.isprintable() and len(text) <= 2000 for text in shown)
    assert found.aliases == []


def test_too_many_findings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "MAX_FINDINGS", 2)

    error = refusal(tmp_path, document("trivy.json"))
    assert error.message == "has 3 entries, more than 2"


def test_too_large(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "MAX_BYTES", 1000)

    assert "is larger than" in str(refusal(tmp_path, document("trivy.json")))


def test_missing_and_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(InputError) as caught:
            read_scan_file(path)
        assert str(path) in str(caught.value)


@pytest.mark.slow
def test_fifty_megabytes_are_read_in_bounded_time_and_memory(tmp_path: Path) -> None:
    """Mostly packages, as with --list-all-pkgs: what is not needed is skipped, not kept."""
    content = document("trivy.json")
    package = {"ID": "x@1", "Name": "x" * 200, "Version": "1", "Licenses": ["MIT"] * 5, "Layer": {"DiffID": "sha256:0"}}
    content["Results"][0]["Packages"] = [package] * 165_000
    path = tmp_path / "scan.json"
    path.write_text(json.dumps(content))
    size = path.stat().st_size
    assert size > 50_000_000

    tracemalloc.start()
    started = time.monotonic()
    [result] = read_scan_file(path).results
    took = time.monotonic() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert len(result.vulnerabilities) == 6
    assert peak < 2.5 * size
    assert took < 30
