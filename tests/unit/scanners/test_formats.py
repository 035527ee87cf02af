"""What is read of each scanner's format: findings, fixes, times, the image, and what is hidden."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.inventory.facts import Absent, Known, Unknown
from auditor.inventory.scanning import Vulnerability
from auditor.scanners.reading import ScanFile, read_scan_file
from auditor.scanners.results import ImageResult
from tests.support.scan_files import CONFIG, FOLDER, IMAGE, document

SCANS = {
    "trivy.json": ("trivy", "trivy"),
    "trivy-empty.json": ("trivy", "trivy"),
    "grype-db5.json": ("grype", "grype"),
    "grype-db6.json": ("grype", "grype"),
    "trivy.sarif": ("sarif", "trivy"),
    "grype.sarif": ("sarif", "grype"),
    "harbor.json": ("harbor", "trivy"),
    "clair.json": ("clair", "clair"),
}


def scan(name: str) -> ImageResult:
    [result] = read_scan_file(FOLDER / name).results
    return result


def read(folder: Path, content: Any) -> ScanFile:
    path = folder / "README"
    path.write_text(json.dumps(content))
    return read_scan_file(path)


def by_id(result: ImageResult) -> dict[str, Vulnerability]:
    return {v.id: v for v in result.vulnerabilities}


def fix(vulnerability: Vulnerability) -> Any:
    fact = vulnerability.fix
    return (fact.value.available, fact.value.version) if isinstance(fact, Known) else None


@pytest.mark.parametrize("name", sorted(SCANS))
def test_format_image_and_finding_of_each(name: str, tmp_path: Path) -> None:
    # The name of a file says nothing: every one of them is read under another, too.
    renamed = tmp_path / "x.txt"
    renamed.write_bytes((FOLDER / name).read_bytes())
    file = read_scan_file(renamed)
    [result] = file.results

    assert (file.format, result.scanner) == SCANS[name]
    assert result.digests == (IMAGE,)
    assert result.configs == ((CONFIG,) if "trivy" in name or "grype-" in name else ())
    if name != "trivy-empty.json":
        found = by_id(result)["CVE-2026-0001"]
        assert found.severity == ("HIGH" if "grype" in name or name == "harbor.json" else "CRITICAL")
        assert found.packages[0].name in ("libcrypto3", "libssl3", "openssl")
        assert found.suppressed_by == ""
        assert isinstance(found.first_seen_at, Unknown)
    assert result.problem == ""


def test_trivy() -> None:
    result = scan("trivy.json")
    found = by_id(result)

    assert (result.version, result.platform) == ("0.72.0", "linux/amd64")
    assert result.references == ("registry.example.com/team/app:v1",)
    assert result.completed_at == Known("2026-11-24T06:00:00Z", "trivy")
    assert isinstance(result.database_at, Absent)
    assert fix(found["CVE-2026-0001"]) == ("yes", "3.3.1-r0")
    assert fix(found["CVE-2026-0002"]) == ("no", "")
    assert found["GHSA-aaaa-bbbb-cccc"].aliases == ["CVE-2026-0005"]
    assert found["CVE-2026-0003"].suppressed_by == "ignored for trivy (.trivyignore.yaml): the applet is not installed"
    assert found["CVE-2026-0004"].suppressed_by == "", "ignored without a reason: it counts"


def test_trivy_secrets_are_places_never_values() -> None:
    [secret] = scan("trivy.json").secrets

    assert (secret.rule, secret.severity, secret.path, secret.line) == ("aws-access-key-id", "CRITICAL", "/app/.env", 3)
    assert "NEVER-READ" in (FOLDER / "trivy.json").read_text()
    assert "NEVER-READ" not in repr(scan("trivy.json"))


def test_trivy_that_looked_at_no_packages_clears_nothing(tmp_path: Path) -> None:
    content = document("trivy-empty.json")
    content["Results"] = [{"Target": "/app/.env", "Class": "secret"}]
    secrets_only = read(tmp_path, content).results[0]
    del content["Results"]
    nothing = read(tmp_path, content).results[0]

    assert secrets_only.problem == nothing.problem == "it looked at no packages"


@pytest.mark.parametrize("name", ["grype-db5.json", "grype-db6.json"])
def test_grype(name: str) -> None:
    result = scan(name)
    found = by_id(result)

    assert result.completed_at == Known("2026-11-24T07:00:00Z", "grype")
    assert result.database_at == Known("2026-11-23T01:30:00Z", "grype")
    assert (fix(found["CVE-2026-0001"]), fix(found["CVE-2026-0006"])) == (("no", ""), None)
    assert fix(found["GHSA-aaaa-bbbb-cccc"]) == ("yes", "1.0.1")
    assert found["CVE-2026-0006"].severity == "NEGLIGIBLE"
    assert found["CVE-2026-0007"].suppressed_by == "ignored for grype: the function is not called"
    assert found["CVE-2026-0008"].suppressed_by == "", "left out by --only-fixed, which is no reason"
    assert "CVE-2026-0009" not in found, "Grype's own rule on a headers package"
    exploit, epss = found["CVE-2026-0001"].exploit, found["CVE-2026-0001"].epss
    if name == "grype-db6.json":
        assert (exploit, epss) == (Known(True, "grype"), Known(0.42, "grype"))
    else:
        assert isinstance(exploit, Absent)
        assert isinstance(epss, Absent)


def test_sarif_tells_no_time_and_leaves_out_what_is_no_vulnerability() -> None:
    trivy, grype = scan("trivy.sarif"), scan("grype.sarif")

    assert [v.id for v in trivy.vulnerabilities] == ["CVE-2026-0001"]
    assert fix(trivy.vulnerabilities[0]) == ("yes", "3.3.1-r0")
    assert fix(grype.vulnerabilities[0]) == ("no", "")
    for result in (trivy, grype):
        assert isinstance(result.completed_at, Absent)
        assert result.vulnerabilities[0].packages[0].version == "3.3.0-r0"


def test_the_digest_of_a_layer_in_sarif_of_grype_is_no_image(tmp_path: Path) -> None:
    content = (FOLDER / "grype.sarif").read_text().replace(f"app@{IMAGE}@", "app:v1@")
    assert "sha256:" in content

    assert read(tmp_path, json.loads(content)).results[0].digests == ()


def test_sarif_without_findings_clears_nothing(tmp_path: Path) -> None:
    content = document("trivy.sarif")
    content["runs"][0]["results"] = content["runs"][0]["results"][1:]

    assert "SARIF without a finding" in read(tmp_path, content).results[0].problem


def test_sarif_of_another_tool_is_taken_by_its_score(tmp_path: Path) -> None:
    def result(score: Any, rule: str = "CVE-2026-0001") -> Vulnerability:
        driver = {"name": "Other", "rules": [{"id": rule, "properties": {"security-severity": score}}]}
        run = {"tool": {"driver": driver}, "results": [{"ruleId": rule, "message": {"text": "x"}}]}
        [one] = read(tmp_path, {"version": "2.1.0", "runs": [run]}).results[0].vulnerabilities
        return one

    scores = ["9.0", 8.9, "7.0", "4.0", "3.9", "0.0", "11", "x", None]
    expected = ["CRITICAL", "HIGH", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN", "UNKNOWN", "UNKNOWN"]
    assert [result(score).severity for score in scores] == expected


def test_sarif_suppression_needs_a_justification(tmp_path: Path) -> None:
    def hidden(*suppressions: dict[str, str]) -> str:
        content = document("trivy.sarif")
        content["runs"][0]["results"][0]["suppressions"] = list(suppressions)
        return read(tmp_path, content).results[0].vulnerabilities[0].suppressed_by

    why = {"kind": "external", "justification": "not reachable"}
    assert hidden(why) == "suppressed in SARIF: not reachable"
    assert hidden({"kind": "external"}) == ""
    assert hidden({**why, "status": "rejected"}) == hidden(why, {**why, "status": "underReview"}) == ""


def test_harbor_with_and_without_its_media_type(tmp_path: Path) -> None:
    [inner] = document("harbor.json").values()
    result = read(tmp_path, inner).results[0]

    assert result == scan("harbor.json")
    assert result.completed_at == Known("2026-11-24T05:00:00Z", "harbor")
    assert by_id(result)["CVE-2026-0010"].severity == "NEGLIGIBLE"
    assert read(tmp_path, {**inner, "vulnerabilities": None}).results[0].digests == ()


def test_clair_names_start_with_the_id() -> None:
    found = by_id(scan("clair.json"))

    assert sorted(found) == ["CVE-2026-0001", "CVE-2026-0011"]
    assert (fix(found["CVE-2026-0001"]), fix(found["CVE-2026-0011"])) == (("yes", "3.0.2-1"), ("no", ""))
