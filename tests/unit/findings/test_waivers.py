"""Waivers: who they hold for, until when, and what a vulnerability's waiver covers."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.errors import ConfigError
from auditor.findings.waivers import WaiverBook, glob_pattern, load_waivers

TODAY = date(2026, 11, 24)
RULES = ["REG-IMM-001", "REG-TAG-001", "REG-VUL-001", "REG-NAM-001", "REG-SCN-002"]
RESOURCE = "urn:cr:ecr:1:r:team/app"


def waiver_file(folder: Path, *entries: dict[str, Any]) -> Path:
    path = folder / "waivers.yaml"
    defaults = {"reason": "accepted for now", "owner": "me"}
    path.write_text(yaml.safe_dump({"waivers": [{**defaults, **entry} for entry in entries]}))
    return path


def book(folder: Path, *entries: dict[str, Any], on: date = TODAY) -> WaiverBook:
    defaults = {"resource": RESOURCE, "expires": "2026-12-31"}
    path = waiver_file(folder, *[{**defaults, **entry} for entry in entries])
    return WaiverBook(load_waivers(path, today=TODAY, known_rules=RULES), on=on)


def test_waiver_holds_for_its_rule_and_resource(tmp_path: Path) -> None:
    found = book(tmp_path, {"id": "a", "rule": "REG-IMM-001", "resource": "urn:cr:ecr:*:team/*"})

    assert found.find("REG-IMM-001", RESOURCE, []) is not None
    assert found.find("REG-TAG-001", RESOURCE, []) is None
    assert found.find("REG-IMM-001", "urn:cr:ecr:1:r:other/app", []) is None
    assert found.matched == {"a": 1}


def test_waiver_holds_through_its_last_day(tmp_path: Path) -> None:
    entry = {"id": "a", "rule": "REG-IMM-001", "expires": "2026-11-24"}

    assert book(tmp_path, entry).find("REG-IMM-001", RESOURCE, []) is not None
    assert book(tmp_path, entry, on=date(2026, 11, 25)).find("REG-IMM-001", RESOURCE, []) is None


def test_waiver_of_a_vulnerability_must_cover_all_that_count(tmp_path: Path) -> None:
    first = {"id": "a", "rule": "REG-VUL-001", "cve": "CVE-1"}
    second = {"id": "b", "rule": "REG-VUL-001", "cve": "CVE-2"}

    assert book(tmp_path, first).find("REG-VUL-001", RESOURCE, ["CVE-1"]) is not None
    assert book(tmp_path, first).find("REG-VUL-001", RESOURCE, ["CVE-1", "CVE-2"]) is None
    assert book(tmp_path, first, second).find("REG-VUL-001", RESOURCE, ["CVE-1", "CVE-2"]) is not None
    assert book(tmp_path, first).find("REG-VUL-001", RESOURCE, []) is None


def test_id_twice_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="used twice") as caught:
        book(tmp_path, {"id": "a", "rule": "REG-IMM-001"}, {"id": "a", "rule": "REG-TAG-001"})

    assert caught.value.line is not None


def test_glob_is_literal_but_for_star_and_question_mark() -> None:
    assert glob_pattern("a.b[c]*?").fullmatch("a.b[c]xyz")
    assert not glob_pattern("a.b").fullmatch("axb")
    assert glob_pattern("a*").fullmatch("a/b:c@d\ne")
