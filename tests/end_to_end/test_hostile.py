"""Tags, labels, vulnerability titles and policy texts of an attacker come out inert in every output."""

from __future__ import annotations

import csv
import io
import json
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from auditor.run.judging import EvaluateOptions, evaluate
from auditor.run.reporting import ReportRequest, report
from tests.end_to_end.test_bad_input import auditor
from tests.support.audits import collect_world
from tests.support.ecr_server import Registry, World, make_image, make_repository

SCRIPT = "</script><script>alert(1)</script>"
HOSTILE = [
    SCRIPT,
    "'\"><img src=x onerror=alert(1)>",
    "=HYPERLINK(1)",
    "a\u202egnp.exe",
    "\x1b[2J\x07",
    "x" * 100_000,
    "|`@me`|",
]
REGION = "us-east-1"
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]")


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    images = [make_image(i, text) for i, text in enumerate(HOSTILE, 1)]
    latest = make_image(50, "latest", *HOSTILE[:3])
    latest["imageScanFindingsSummary"]["findingSeverityCounts"] = {"CRITICAL": len(HOSTILE)}
    findings = [
        {
            "name": f"CVE-{i}{text[:50]}",
            "severity": "CRITICAL",
            "description": text,
            "attributes": [{"key": "package_name", "value": text}],
        }
        for i, text in enumerate(HOSTILE)
    ]
    scan = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": findings}}
    policy = {
        "Statement": [{"Sid": text, "Effect": "Allow", "Principal": "*", "Action": [text, "ecr:*"]} for text in HOSTILE]
    }
    repository = make_repository(
        "team/app",
        images=[*images, latest],
        scans={latest["imageDigest"]: scan},
        tags={text[:200]: text for text in HOSTILE},
        policy=json.dumps(policy),
        retention=json.dumps({"rules": [{"rulePriority": text} for text in HOSTILE]}),
        settings={"imageTagMutability": "MUTABLE"},
    )
    collect_world(World(regions={REGION: Registry(repositories={"team/app": repository})}), folder)
    evaluate(folder / "snapshot", folder / "results.json", EvaluateOptions())
    formats = ("html", "sarif", "junit", "markdown", "csv")
    report(folder / "results.json", [ReportRequest.parse(name) for name in formats], folder)
    return folder


def test_findings_are_there(outputs: Path) -> None:
    text = (outputs / "results.json").read_text("utf-8")

    assert json.loads(text)["summary"]["fail"] > 10
    assert "alert(1)" in text


def test_html_has_no_markup_of_theirs(outputs: Path) -> None:
    page = (outputs / "report.html").read_text("utf-8")

    assert SCRIPT not in page
    assert "<img" not in page
    assert not CONTROL.search(page.replace("\n", "").replace("\t", "").replace("\r", ""))


def test_csv_has_no_formula_and_no_control_characters(outputs: Path) -> None:
    rows = list(csv.reader(io.StringIO((outputs / "report.csv").read_text("utf-8-sig"))))

    assert len(rows) > 10
    for cell in (cell for row in rows[1:] for cell in row):
        assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
        assert not CONTROL.search(cell.replace("\n", ""))


def test_markdown_has_no_html_and_no_bidi(outputs: Path) -> None:
    text = (outputs / "report.md").read_text("utf-8")

    # A code span shows markup as text; outside of one it must be escaped.
    prose = re.sub(r"(`+)(?!`).*?(?<!`)\1(?!`)", "", text)
    assert "<script" not in prose
    assert "<img" not in prose
    assert not CONTROL.search(text.replace("\n", ""))
    assert len(text) < 65_536


def test_xml_and_sarif_parse(outputs: Path) -> None:
    ET.parse(outputs / "report.xml")
    sarif = json.loads((outputs / "report.sarif").read_text("utf-8"))

    assert sarif["runs"][0]["results"]


def test_terminal_gets_no_escape_sequences(outputs: Path) -> None:
    results = json.loads((outputs / "results.json").read_text("utf-8"))
    for finding in results["findings"][:40]:
        out = auditor("explain", finding["id"], "--results", "results.json", cwd=outputs).stdout.decode()
        assert not CONTROL.search(out.replace("\n", "").replace("\t", ""))
