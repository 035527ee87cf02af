"""CISA's catalogue from a file: both forms, its date, its digest, and files that cannot be used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import InputError
from auditor.scanners.kev import load_kev

ENTRY = {"cveID": "CVE-2026-1234", "vendorProject": "x", "dateAdded": "2026-11-19"}
CSV = 'cveID,vendorProject,dateAdded\nCVE-2026-1234,x,2026-11-19\ncve-2025-0001,"a, b\nc",2025-01-02\n'


def catalogue(**changes: Any) -> str:
    return json.dumps(
        {
            "catalogVersion": "2026.11.20",
            "dateReleased": "2026-11-20T14:03:52.1234Z",
            "vulnerabilities": [ENTRY],
            **changes,
        }
    )


def test_json(tmp_path: Path) -> None:
    path = tmp_path / "kev.json"
    path.write_text(catalogue())
    feed = load_kev(path)

    assert feed.document() == {"released_at": "2026-11-20T14:03:52Z", "ids": {"CVE-2026-1234": "2026-11-19"}}
    assert feed.digest == "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def test_csv_is_dated_by_its_newest_entry(tmp_path: Path) -> None:
    path = tmp_path / "kev.csv"
    path.write_bytes(b"\xef\xbb\xbf" + CSV.encode())

    assert load_kev(path).document() == {
        "released_at": "2026-11-19T00:00:00Z",
        "ids": {"CVE-2025-0001": "2025-01-02", "CVE-2026-1234": "2026-11-19"},
    }


def test_a_time_with_another_zone_is_brought_to_utc(tmp_path: Path) -> None:
    path = tmp_path / "kev.json"
    path.write_text(catalogue(dateReleased="2026-11-20T01:00:00+02:00"))

    assert load_kev(path).released_at == "2026-11-19T23:00:00Z"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "no column cveID"),
        ("{", "is not valid JSON"),
        ("[]", "vulnerabilities"),
        ('{"vulnerabilities": 1}', "vulnerabilities"),
        (catalogue(vulnerabilities=[]), "lists no vulnerability"),
        (catalogue(vulnerabilities=["x"]), "vulnerabilities.0.cveID"),
        (catalogue(vulnerabilities=[{"cveID": "GHSA-1"}]), "'GHSA-1' is no CVE id"),
        (catalogue(dateReleased=None), "dateReleased"),
        (catalogue(dateReleased="0001-01-01T00:00:00+23:00"), "dateReleased"),
        ("cveID,dateAdded\n", "lists no vulnerability"),
        ("cveID,dateAdded\nx,2026-01-01\n", "kev:2: 'X' is no CVE id"),
        ("cveID,dateAdded\nCVE-2026-1234,soon\n", "dateAdded"),
        ("cveID,dateAdded\nCVE-2026-1234\n", "dateAdded"),
        ("<html>", "no column cveID"),
    ],
)
def test_files_that_cannot_be_used(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "kev"
    path.write_text(content)

    with pytest.raises(InputError) as caught:
        load_kev(path)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_missing_unreadable_and_binary(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="does not exist"):
        load_kev(tmp_path / "none")
    with pytest.raises(InputError, match="cannot be read"):
        load_kev(tmp_path)
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(InputError, match="not UTF-8"):
        load_kev(tmp_path / "binary")
