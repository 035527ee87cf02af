"""Bad input: one clear line, the right exit code, no traceback, no partial file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = ROOT / "fixtures" / "seed" / "snapshot"


def auditor(*arguments: str, cwd: Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [sys.executable, "-m", "auditor", *arguments],
        cwd=cwd,
        input=stdin,
        capture_output=True,
        env=environment,
        check=False,
    )


def refused(*arguments: str, cwd: Path, code: int = 2, stdin: bytes = b"") -> str:
    """The one line of an error; nothing new lies in `cwd`."""
    before = sorted(str(path) for path in cwd.rglob("*"))
    result = auditor(*arguments, cwd=cwd, stdin=stdin)
    error = result.stderr.decode()
    assert result.returncode == code, error
    assert result.stdout == b""
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert "Traceback" not in error
    assert sorted(str(path) for path in cwd.rglob("*")) == before
    return error


def write(folder: Path, name: str, text: str) -> str:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return name


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\ntargets: [\n", "auditor.yaml:3: is not valid YAML"),
        ("version: 1\ntargts: []\n", "auditor.yaml:2: targts: unknown key; did you mean 'targets'?"),
        ("version: 1\nmin_coverage: lots\n", 'auditor.yaml:2: min_coverage: expected number, got "lots"'),
        ("version: 1\nversion: 1\n", "auditor.yaml:2: has the key 'version' twice"),
        ("version: 1\ntargets:\n  - kind: erc\n", "auditor.yaml:3: targets.0.kind: unknown target kind 'erc'"),
        ("version: 1\ntargets:\n  - kind: ecr\n    regions: []\n", "auditor.yaml:4: targets.0.regions"),
        (
            "version: 1\ntargets:\n  - kind: ecr\n    regions: [x]\n    color: red\n",
            "auditor.yaml:5: targets.0.color: unknown key",
        ),
        ("version: 1\n", "auditor.yaml: targets: has no targets"),
        ("a: &x [1]\nb: *x\n", "uses a YAML alias"),
    ],
)
def test_configuration(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, "auditor.yaml", text)

    assert expected in refused("collect", "-c", "auditor.yaml", "-o", "snap", cwd=tmp_path)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("version: 1\nrules:\n  REG-IMM-999: {enabled: false}\n", "auditor.yaml:3: rules.REG-IMM-999: unknown rule"),
        (
            "version: 1\nrules:\n  IMM-001:\n    params: {exempt: 1}\n",
            "has no parameter 'exempt' (did you mean exempt_ptc?)",
        ),
        ("version: 1\nrules:\n  IMM-001:\n    params: {exempt_ptc: 1}\n", "exempt_ptc: expected boolean, got 1"),
    ],
)
def test_rule_settings(tmp_path: Path, text: str, expected: str) -> None:
    write(tmp_path, "auditor.yaml", text)

    assert expected in refused("evaluate", str(SEED), "-c", "auditor.yaml", "-o", "r.json", cwd=tmp_path)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("--check", "REG-IMM-999"), "unknown rule 'REG-IMM-999' (did you mean REG-IMM-00"),
        (("--fail-on", "bad"), "--fail-on 'bad' is unknown"),
        (("--engine", "prolog"), "unknown engine 'prolog'"),
        (("--framework", "cis-mars"), "unknown framework 'cis-mars'"),
        (("--min-coverage", "120"), "not between 0 and 100"),
        (("--param", "nonsense"), "is not NAME=VALUE"),
        (("--param", "IMM-001.exempt_ptc=maybe"), "expected boolean"),
        (("--waivers", "missing.yaml"), "missing.yaml: does not exist"),
        (("--baseline", "missing.json"), "missing.json: does not exist"),
        (("--policy", "missing"), "missing: does not exist"),
        (("--opa-url", "ftp://x"), "is no server address"),
        (("--no-such-option",), "No such option"),
    ],
)
def test_options(tmp_path: Path, arguments: tuple[str, ...], expected: str) -> None:
    assert expected in refused("evaluate", str(SEED), "-o", "r.json", *arguments, cwd=tmp_path)


def test_unparsable_rego(tmp_path: Path) -> None:
    write(tmp_path, "mine/rule.rego", "package acme\n\nx := {\n")

    assert "mine/rule.rego:" in refused("evaluate", str(SEED), "--policy", "mine", "-o", "r.json", cwd=tmp_path)


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", "has no METADATA above its package"),
        ("# METADATA\n# title: x\n", "rule.rego:"),
        ("# METADATA\n# title: [\n", "is not valid YAML"),
    ],
)
def test_metadata_that_does_not_fit(tmp_path: Path, header: str, expected: str) -> None:
    write(tmp_path, "mine/rule.rego", header + "package auditor.rules.acme.rule\n\nverdicts := set()\n")

    assert expected in refused("policy", "check", "mine", cwd=tmp_path)


def test_policy_that_reaches_into_ours(tmp_path: Path) -> None:
    write(tmp_path, "mine/evil.rego", "package auditor.lib.facts\n\nknown(_) := true\n")

    assert "is one of ours" in refused("evaluate", str(SEED), "--policy", "mine", "-o", "r.json", cwd=tmp_path)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("{id: a, rule: REG-IMM-001, resource: x, reason: because, owner: me}", "needs expires"),
        ("{id: a, rule: REG-IMM-999, resource: x, reason: because, owner: me, expires: 2026-12-01}", "unknown rule"),
        (
            "{id: a, rule: REG-IMM-001, resource: x, reason: because, owner: me, expires: 2099-01-01}",
            "more than a year ahead",
        ),
        ("{id: a, rule: REG-IMM-001, resource: x, reason: because, owner: me, expires: 2026-13-01}", "waivers.yaml:2:"),
    ],
)
def test_waivers(tmp_path: Path, entry: str, expected: str) -> None:
    write(tmp_path, "waivers.yaml", f"waivers:\n  - {entry}\n")

    assert expected in refused("evaluate", str(SEED), "--waivers", "waivers.yaml", "-o", "r.json", cwd=tmp_path)


def test_corrupted_snapshot_part(tmp_path: Path) -> None:
    shutil.copytree(SEED, tmp_path / "snap")
    part = next((tmp_path / "snap" / "parts").glob("*.jsonl"))
    part.write_bytes(part.read_bytes().replace(b"IMMUTABLE", b"MUTABLE").replace(b'"all"', b'"non"'))

    assert "does not match the manifest" in refused("evaluate", "snap", "-o", "r.json", cwd=tmp_path)


def test_missing_part_and_foreign_directory(tmp_path: Path) -> None:
    shutil.copytree(SEED, tmp_path / "snap")
    next((tmp_path / "snap" / "parts").glob("*.jsonl")).unlink()
    (tmp_path / "other").mkdir()

    assert "cannot be read: No such file" in refused("evaluate", "snap", "-o", "r.json", cwd=tmp_path)
    assert "not a snapshot" in refused("evaluate", "other", "-o", "r.json", cwd=tmp_path)
    assert "does not exist" in refused("evaluate", "missing", "-o", "r.json", cwd=tmp_path)


def test_inventory_document_names_line_and_path(tmp_path: Path) -> None:
    document = {
        "schema_version": 1,
        "kind": "registry-auditor/inventory",
        "taken_at": "2026-11-24T00:00:00Z",
        "scopes": [{"registry": {"kind": "warehouse"}, "repositories": []}],
    }
    text = json.dumps(document, indent=1)

    error = refused("evaluate", "-", "-o", "r.json", cwd=tmp_path, stdin=text.encode())

    assert "<stdin>:" in error
    assert "registry" in error


def test_results_that_are_none(tmp_path: Path) -> None:
    write(tmp_path, "r.json", "{}")

    assert "r.json: is not a results file" in refused("report", "r.json", "-r", "html=x.html", cwd=tmp_path)
    assert "unknown report format 'pdv'" in refused("report", "r.json", "-r", "pdv", cwd=tmp_path)
    assert "does not exist" in refused("report", "none.json", "-r", "html", cwd=tmp_path)


def test_no_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    write(tmp_path, "auditor.yaml", "version: 1\ntargets:\n  - kind: ecr\n    regions: [us-east-1]\n")

    assert "no credentials for AWS were found" in refused("audit", "-c", "auditor.yaml", "-o", "out", cwd=tmp_path)


def test_registry_that_refuses_connections_is_incomplete(tmp_path: Path) -> None:
    write(
        tmp_path,
        "auditor.yaml",
        "version: 1\ntargets:\n  - kind: ecr\n    regions: [us-east-1]\n    endpoint_url: http://127.0.0.1:9\n    attempts: 1\n",
    )
    result = auditor("collect", "-c", "auditor.yaml", "-o", "snap", cwd=tmp_path)

    assert result.returncode == 3
    assert b"Traceback" not in result.stderr
    assert b"network" in result.stderr


def test_output_that_cannot_be_written(tmp_path: Path) -> None:
    write(tmp_path, "file", "x")

    assert "cannot be written" in refused("evaluate", str(SEED), "-o", "file/r.json", cwd=tmp_path)
