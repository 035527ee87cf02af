"""CISA's catalogue of known exploited vulnerabilities, from a file that the user has fetched.

Two forms, as CISA publishes them at https://www.cisa.gov/known-exploited-vulnerabilities-catalog:
JSON with `dateReleased` and `vulnerabilities[].cveID`, and CSV with the columns `cveID` and `dateAdded`. The CSV does
not tell when it was released: the latest day on which an entry was added stands in its place, which is never later.
Nothing is fetched here: an audit that can be replayed judges by the file that it names.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from auditor.errors import InputError

MAX_BYTES = 64 * 1024 * 1024
_CVE = re.compile(r"^CVE-\d{4}-\d{4,}$")
_HINT = "download the JSON or CSV file of CISA's known exploited vulnerabilities catalogue"


@dataclass(frozen=True)
class KevFeed:
    """The catalogue."""

    released_at: str
    """RFC 3339 UTC."""
    ids: dict[str, str]
    """CVE -> the day on which it was added, as `2026-11-20`; empty where the file does not tell."""
    digest: str
    """`sha256:…` over the file."""

    def document(self) -> dict[str, Any]:
        """As rules get it: `data.feeds.kev`."""
        return {"released_at": self.released_at, "ids": self.ids}


def load_kev(path: Path) -> KevFeed:
    """Read a catalogue. Errors: `InputError` with the file, and the line or field where there is one."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"is larger than {MAX_BYTES // 2**20} MiB", path=path, hint=_HINT)
        content = path.read_bytes()
        text = content.decode("utf-8-sig")
    except FileNotFoundError:
        raise InputError("does not exist", path=path, hint=_HINT) from None
    except UnicodeDecodeError as error:
        raise InputError(f"is not UTF-8 (byte {error.start})", path=path) from error
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    released_at, ids = _from_json(path, text) if text.lstrip().startswith(("{", "[")) else _from_csv(path, text)
    if not ids:
        raise InputError("lists no vulnerability", path=path, hint=_HINT)
    return KevFeed(released_at, dict(sorted(ids.items())), f"sha256:{hashlib.sha256(content).hexdigest()}")


def _from_json(path: Path, text: str) -> tuple[str, dict[str, str]]:
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise InputError(f"is not valid JSON: {error.msg}", path=path, line=error.lineno, hint=_HINT) from error
    except (RecursionError, ValueError) as error:
        raise InputError("is not valid JSON", path=path, hint=_HINT) from error
    entries = found.get("vulnerabilities") if isinstance(found, dict) else None
    if not isinstance(entries, list):
        raise InputError("is missing", path=path, field="vulnerabilities", hint=_HINT)
    ids = {}
    for index, entry in enumerate(entries):
        field = f"vulnerabilities.{index}.cveID"
        if not isinstance(entry, dict):
            raise InputError("is no CVE id", path=path, field=field, hint=_HINT)
        ids[_cve(path, entry.get("cveID"), field=field)] = _day(entry.get("dateAdded"))
    return _released(path, found.get("dateReleased")), ids


def _from_csv(path: Path, text: str) -> tuple[str, dict[str, str]]:
    reader = csv.DictReader(io.StringIO(text, newline=""))
    columns = set(reader.fieldnames or ())
    for column in ("cveID", "dateAdded"):
        if column not in columns:
            raise InputError(f"has no column {column}", path=path, line=1, hint=_HINT)
    ids: dict[str, str] = {}
    try:
        for row in reader:
            ids[_cve(path, row["cveID"], line=reader.line_num)] = _day(row["dateAdded"])
    except csv.Error as error:
        raise InputError(f"is not valid CSV: {error}", path=path, line=reader.line_num, hint=_HINT) from error
    latest = max(ids.values(), default="")
    if ids and not latest:
        raise InputError("has no date in the column dateAdded", path=path, hint=_HINT)
    return f"{latest}T00:00:00Z", ids


def _cve(path: Path, value: Any, *, field: str = "", line: int | None = None) -> str:
    identity = str(value or "").strip().upper()
    if not _CVE.match(identity):
        raise InputError(f"{identity[:40]!r} is no CVE id", path=path, field=field, line=line, hint=_HINT)
    return identity


def _day(value: Any) -> str:
    try:
        return date.fromisoformat(str(value)).isoformat()
    except ValueError:
        return ""


def _released(path: Path, value: Any) -> str:
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        raise InputError(f"{str(value)[:40]!r} is no time", path=path, field="dateReleased", hint=_HINT) from None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except OverflowError:
        raise InputError(f"{value!r} is no time", path=path, field="dateReleased", hint=_HINT) from None
