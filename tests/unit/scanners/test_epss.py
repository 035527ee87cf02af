"""FIRST's scores from a file: plain and packed, its date, and files that cannot be used."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

import pytest

from auditor.errors import InputError
from auditor.scanners import epss
from auditor.scanners.epss import load_epss
from tests.support.scan_files import FOLDER

PLAIN = (FOLDER / "epss.csv").read_bytes()
HEADER = "#model_version:v2025.03.14,score_date:2026-11-24T00:00:00+0000\ncve,epss,percentile\n"


def refusal(folder: Path, content: str | bytes) -> InputError:
    path = folder / "epss.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(InputError) as caught:
        load_epss(path)
    return caught.value


def test_plain_and_packed_say_the_same(tmp_path: Path) -> None:
    packed = tmp_path / "scores"
    packed.write_bytes(gzip.compress(PLAIN))
    one, other = load_epss(FOLDER / "epss.csv"), load_epss(packed)

    assert one.scores == other.scores == {"CVE-2026-0001": 0.915, "CVE-2026-0002": 0.00043}
    assert one.scored_at == other.scored_at == "2026-11-24T00:00:00Z"
    assert one.digest == "sha256:" + hashlib.sha256(PLAIN).hexdigest() != other.digest


@pytest.mark.parametrize(
    "first",
    [
        "#model_version:v2025.03.14,score_date:2026-11-24T00:00:00Z",
        "#model_version:v2023.03.01\r\n#score_date:2026-11-24",
        "# score_date: 2026-11-24T00:00:00+00:00",
    ],
)
def test_forms_of_the_date(first: str, tmp_path: Path) -> None:
    path = tmp_path / "e"
    path.write_text(f"\ufeff{first}\ncve,epss,percentile\nCVE-2026-0001,1,1\n", newline="")

    assert load_epss(path).scored_at == "2026-11-24T00:00:00Z"
    assert load_epss(path).scores == {"CVE-2026-0001": 1.0}


@pytest.mark.parametrize(
    ("content", "line", "told"),
    [
        ("cve,epss,percentile\nCVE-2026-0001,0.5,0.5\n", 1, "score_date"),
        ("#score_date:yesterday-0\ncve,epss\n", 1, "score_date"),
        ("#score_date:2026-11-24\nid,score\n", 2, "header"),
        (HEADER, None, "no score"),
        (HEADER + "CVE-2026-0001,0.5\nGHSA-x,0.5\n", 4, "no CVE id"),
        (HEADER + "CVE-2026-0001,1.5\n", 3, "between 0 and 1"),
        (HEADER + "CVE-2026-0001,nan\n", 3, "between 0 and 1"),
        (HEADER + "CVE-2026-0001,x\n", 3, "between 0 and 1"),
        (HEADER + "CVE-2026-0001\n", 3, "no CVE id"),
        ("", 1, "score_date"),
    ],
)
def test_what_cannot_be_used_names_the_line(content: str, line: int | None, told: str, tmp_path: Path) -> None:
    error = refusal(tmp_path, content)

    assert told in error.message
    assert error.line == line


def test_damaged_packed_and_oversized(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(PLAIN * 100)
    assert "damaged" in str(refusal(tmp_path, packed[:-20]))
    assert "damaged" in str(refusal(tmp_path, b"\x1f\x8bxxxx"))
    assert "not UTF-8" in str(refusal(tmp_path, b"#\xff\xff"))
    monkeypatch.setattr(epss, "MAX_PLAIN_BYTES", 1000)
    assert "unpacks to more" in str(refusal(tmp_path, packed))
    monkeypatch.setattr(epss, "MAX_BYTES", 10)
    assert "larger than" in str(refusal(tmp_path, packed))
    with pytest.raises(InputError, match="does not exist"):
        load_epss(tmp_path / "none")
