"""Scores of the Exploit Prediction Scoring System, from a file that the user has fetched.

Format: FIRST's daily CSV, plain or with gzip, https://www.first.org/epss/data_stats: a line
`#model_version:…,score_date:…`, a header, and `cve,epss,percentile` for some 300,000 CVEs. The scores of one day.
"""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import os
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from auditor.errors import InputError

MAX_BYTES = 64 * 1024 * 1024
MAX_PLAIN_BYTES = 256 * 1024 * 1024
_MAX_LINE = 1000
_HINT = "download epss_scores-YYYY-MM-DD.csv.gz from FIRST"
_CVE = re.compile(r"CVE-\d{4}-\d{4,}")
_DATE = re.compile(r"score_date:\s*([0-9T:.+Z-]{10,40})")


@dataclass(frozen=True)
class EpssScores:
    """CVE -> chance that it is exploited within 30 days, 0 to 1. `scored_at`: RFC 3339 UTC."""

    scored_at: str
    scores: dict[str, float]
    digest: str
    """`sha256:…` over the file."""


def load_epss(path: Path) -> EpssScores:
    """Read the scores. Errors: `InputError` with the file and the line."""
    try:
        with path.open("rb") as file:
            # No larger buffer than the file needs, and no more than is allowed if it grows meanwhile.
            content = file.read(min(os.fstat(file.fileno()).st_size, MAX_BYTES) + 1)
    except FileNotFoundError:
        raise InputError("does not exist", path=path, hint=_HINT) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    if len(content) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES // 2**20} MiB", path=path, hint=_HINT)
    try:
        plain = _plain(path, content).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start})", path=path, hint=_HINT) from error
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    lines = io.StringIO(plain, newline="")
    scored_at = _date(path, lines)
    scores = dict(_rows(path, lines))
    if not scores:
        raise InputError("has no score", path=path, hint=_HINT)
    return EpssScores(scored_at, scores, digest)


def _plain(path: Path, content: bytes) -> bytes:
    """The text, unpacked where it is packed, and never more of it than is sensible."""
    if not content.startswith(b"\x1f\x8b"):
        return content
    try:
        with gzip.GzipFile(fileobj=io.BytesIO(content)) as file:
            plain = file.read(MAX_PLAIN_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise InputError("is damaged: gzip cannot unpack it", path=path, hint=_HINT) from error
    if len(plain) > MAX_PLAIN_BYTES:
        raise InputError(f"unpacks to more than {MAX_PLAIN_BYTES // 2**20} MiB", path=path, hint=_HINT)
    return plain


def _date(path: Path, lines: io.StringIO) -> str:
    """From the lines in front of the header, which is left to be read. Some years had two such lines."""
    told = ""
    while True:
        place = lines.tell()
        line = lines.readline(_MAX_LINE)
        if not line.startswith("#"):
            lines.seek(place)
            break
        found = _DATE.search(line)
        told = told or (found.group(1) if found else "")
    try:
        moment = datetime.fromisoformat(re.sub(r"\+(\d\d)(\d\d)$", r"+\1:\2", told))
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        raise InputError("has no score_date in its first line", path=path, line=1, hint=_HINT) from None


def _rows(path: Path, lines: io.StringIO) -> Iterator[tuple[str, float]]:
    started = lines.getvalue().count("\n", 0, lines.tell())
    reader = csv.reader(lines)
    header = next(reader, [])
    if header[:2] != ["cve", "epss"]:
        raise InputError("has no header cve,epss,percentile", path=path, line=started + 1, hint=_HINT)
    try:
        for row in reader:
            if not row:
                continue
            line = started + reader.line_num
            if len(row) < 2 or not _CVE.fullmatch(row[0]):  # noqa: PLR2004  cve and epss
                raise InputError(f"{row[0][:40]!r} is no CVE id", path=path, line=line, hint=_HINT)
            yield row[0], _score(path, row[1], line)
    except csv.Error as error:
        raise InputError(f"is not valid CSV: {error}", path=path, line=started + reader.line_num) from error


def _score(path: Path, value: str, line: int) -> float:
    try:
        score = float(value)
    except ValueError:
        score = -1.0
    if not 0 <= score <= 1:
        raise InputError(f"{value[:40]!r} is no score between 0 and 1", path=path, line=line, hint=_HINT)
    return round(score, 6)
