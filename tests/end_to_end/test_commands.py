"""The commands as users run them, on the recorded seed."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.end_to_end.test_bad_input import ROOT, SEED, auditor
from tests.unit.findings.test_waivers import waiver_file

EXPECTED = {
    "fail": {
        "REG-ACC-007", "REG-ENC-001", "REG-ENC-002", "REG-MON-001", "REG-NAM-001", "REG-REP-001", "REG-RET-004", "REG-SCN-002",
        "REG-SCN-003", "REG-SIG-001", "REG-TAG-001", "REG-TAG-002", "REG-VUL-001", "REG-VUL-002",
    },
    "unknown": {
        "REG-IMM-003", "REG-PRV-001", "REG-PRV-002", "REG-PRV-003", "REG-PRV-004", "REG-RET-005", "REG-SCN-004", "REG-SEC-001",
        "REG-STO-002", "REG-TAG-003", "REG-VUL-001", "REG-VUL-002", "REG-VUL-003", "REG-VUL-004", "REG-WRK-006",
    },
    "pass": {
        "REG-ACC-001", "REG-ACC-003", "REG-ACC-004", "REG-ACC-005", "REG-ACC-008", "REG-ACC-009", "REG-ACC-013", "REG-IMM-001",
        "REG-NAM-002",
        "REG-RET-001", "REG-RET-002", "REG-RET-003", "REG-RET-006", "REG-RET-007", "REG-RET-008", "REG-SCN-001", "REG-STO-001", "REG-TAG-004", "REG-USE-001",
    },
}  # fmt: skip


def evaluate(folder: Path, *arguments: str) -> tuple[int, dict[str, Any]]:
    result = auditor("evaluate", str(SEED), "-o", "r.json", *arguments, cwd=folder)
    assert b"Traceback" not in result.stderr
    return result.returncode, json.loads((folder / "r.json").read_bytes())


def test_seed_gives_exactly_the_expected_verdicts(tmp_path: Path) -> None:
    code, results = evaluate(tmp_path)

    found = {
        status: {rule for rule, counts in results["summary"]["by_rule"].items() if counts[status]}
        for status in ("fail", "unknown")
    }
    clean = {r for r, c in results["summary"]["by_rule"].items() if c["pass"] and not c["fail"] and not c["unknown"]}
    assert code == 1
    assert {**found, "pass": clean} == EXPECTED


def test_results_fit_the_published_schema_and_are_sorted(tmp_path: Path) -> None:
    _, results = evaluate(tmp_path, "--include-passed")
    schema = json.loads((ROOT / "auditor" / "schemas" / "results.schema.json").read_text())

    jsonschema.Draft202012Validator(schema).validate(results)
    ranks = ["critical", "high", "medium", "low", "info"]
    keys = [(ranks.index(f["severity"]), f["rule"], f["resource"]["id"]) for f in results["findings"]]
    assert keys == sorted(keys)
    assert len({f["id"] for f in results["findings"]}) == len(results["findings"])


def test_snapshot_fits_the_published_schemas() -> None:
    def validate(name: str, document: Any) -> None:
        schema = json.loads((ROOT / "auditor" / "schemas" / f"{name}.schema.json").read_text())
        jsonschema.Draft202012Validator(schema).validate(document)

    validate("manifest", json.loads((SEED / "manifest.json").read_bytes()))
    validate("registry-record", json.loads(next((SEED / "parts").glob("*.context.json")).read_bytes()))
    for line in next((SEED / "parts").glob("*.jsonl")).read_bytes().splitlines():
        validate("repository-record", json.loads(line))


def test_same_input_gives_the_same_findings_and_an_inventory_document_too(tmp_path: Path) -> None:
    _, first = evaluate(tmp_path)
    context = json.loads(next((SEED / "parts").glob("*.context.json")).read_bytes())
    lines = [json.loads(line) for line in next((SEED / "parts").glob("*.jsonl")).read_bytes().splitlines()]
    document = {
        "schema_version": 1,
        "kind": "registry-auditor/inventory",
        "taken_at": context["now"],
        "scopes": [
            {
                "registry": context["registry"],
                "repositories": [{"repository": r["repository"], "images": r["images"]} for r in lines],
            }
        ],
    }
    result = auditor("evaluate", "-", "--quiet", cwd=tmp_path, stdin=json.dumps(document).encode())

    assert json.loads(result.stdout)["findings"] == first["findings"]


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 1),
        (("--soft-fail",), 0),
        (("--fail-on", "none"), 3),
        (("--fail-on", "none", "--min-coverage", "50"), 0),
        (("--check", "TAG-001"), 0),
        (("--check", "TAG-001", "--fail-on", "medium"), 1),
        (
            (
                "--skip-check",
                "VUL-001",
                "--skip-check",
                "VUL-002",
                "--skip-check",
                "VUL-003",
                "--skip-check",
                "VUL-004",
                "--skip-check",
                "STO-002",
                "--skip-check",
                "SCN-003",
                "--skip-check",
                "SCN-004",
                "--skip-check",
                "SIG-001",
                "--skip-check",
                "IMM-003",
                "--skip-check",
                "TAG-003",
                "--skip-check",
                "RET-005",
                "--skip-check",
                "ENC-002",
            ),
            0,
        ),
        (("--check", "VUL-001", "--check", "VUL-002", "--fail-on", "none"), 3),
    ],
)
def test_exit_codes(tmp_path: Path, arguments: tuple[str, ...], code: int) -> None:
    assert evaluate(tmp_path, *arguments)[0] == code


def test_baseline_keeps_known_failures_from_failing(tmp_path: Path) -> None:
    evaluate(tmp_path)
    (tmp_path / "r.json").rename(tmp_path / "old.json")

    code, results = evaluate(tmp_path, "--baseline", "old.json", "--min-coverage", "50")

    assert code == 0
    assert all(f["baseline"] for f in results["findings"] if f["status"] == "fail")


def test_waivers_hold_and_their_own_rules_speak(tmp_path: Path) -> None:
    waiver_file(
        tmp_path,
        {"id": "ok", "rule": "REG-TAG-001", "resource": "urn:cr:ecr:*:myapp", "expires": "2026-12-31"},
        {"id": "old", "rule": "REG-NAM-001", "resource": "urn:cr:ecr:*:myapp", "expires": "2026-11-01"},
        {"id": "idle", "rule": "REG-IMM-001", "resource": "urn:cr:ecr:*:myapp", "expires": "2026-12-31"},
        {"id": "wide", "rule": "REG-SCN-002", "resource": "*", "expires": "2026-12-31"},
    )

    _, results = evaluate(tmp_path, "--waivers", "waivers.yaml")

    status = {f["rule"]: f["status"] for f in results["findings"] if f["rule"] in ("REG-TAG-001", "REG-NAM-001")}
    own = {(f["rule"], f["resource"]["id"]) for f in results["findings"] if f["rule"].startswith("REG-WVR")}
    assert status == {"REG-TAG-001": "waived", "REG-NAM-001": "fail"}
    assert own == {("REG-WVR-001", "waiver:old"), ("REG-WVR-002", "waiver:idle"), ("REG-WVR-003", "waiver:wide")}


def test_user_rule_from_the_docs_passes_its_check_and_its_tests(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "writing-rules.md").read_text("utf-8")
    for name, content in re.findall(r"`(my-rules/[\w/]+\.rego)`:\n\n```rego\n(.*?)```", text, re.DOTALL):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")

    check = auditor("policy", "check", "my-rules", cwd=tmp_path)
    test = auditor("policy", "test", "my-rules", cwd=tmp_path)
    code, results = evaluate(tmp_path, "--policy", "my-rules", "--check", "ACME-OWN-001", "--fail-on", "medium")

    assert check.returncode == 0, check.stderr
    assert test.stdout.decode().strip().endswith("3 passed, 0 failed")
    assert (code, results["summary"]["fail"]) == (1, 1)


def test_readme_commands_work(tmp_path: Path) -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    commands = re.findall(r"^\$ auditor (.*?)(?:\s+#.*)?$", readme, re.MULTILINE)
    assert len(commands) >= 10
    for command in commands:
        words = command.replace("fixtures/seed/snapshot", str(SEED)).split()
        if words[0] in ("doctor", "audit", "check", "collect"):
            words = [words[0], "--help"]
        if words[:2] == ["evaluate", "snapshot"]:
            words[1] = str(SEED)
        result = auditor(*words, cwd=tmp_path)
        assert result.returncode in (0, 1), (command, result.stderr)


def test_explain_tells_the_values(tmp_path: Path) -> None:
    _, results = evaluate(tmp_path)
    finding = next(f for f in results["findings"] if f["rule"] == "REG-TAG-001")

    out = auditor("explain", finding["id"][:10], "--results", "r.json", cwd=tmp_path).stdout.decode()

    assert "/images/value/" in out
    assert "How to fix" in out


def test_doctor_and_init(tmp_path: Path) -> None:
    doctor = auditor("doctor", cwd=tmp_path)
    init = auditor("init", "--yes", cwd=tmp_path)

    assert b"engine embedded    ok" in doctor.stdout
    assert b"engine opa         ok" in doctor.stdout
    assert init.returncode == 0
    assert "kind: ecr" in (tmp_path / "auditor.yaml").read_text()
    assert auditor("init", "--yes", cwd=tmp_path).returncode == 2


def test_options_come_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AUDITOR_FAIL_ON", "none")
    monkeypatch.setenv("AUDITOR_MIN_COVERAGE", "10")

    assert evaluate(tmp_path)[0] == 0


def test_summary_fits_80_columns_without_a_terminal(tmp_path: Path) -> None:
    result = auditor("evaluate", str(SEED), "-o", "r.json", cwd=tmp_path)

    lines = result.stderr.decode().splitlines()
    assert max(len(line) for line in lines) <= 80
    assert "\x1b" not in result.stderr.decode()


def test_help_answers_at_once(tmp_path: Path) -> None:
    times = []
    for _ in range(5):
        started = time.perf_counter()
        assert auditor("--help", cwd=tmp_path).returncode == 0
        times.append(time.perf_counter() - started)

    assert min(times) < 0.35
