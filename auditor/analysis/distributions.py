"""Which distribution an image holds, and until when that is supported, by a dated table.

Source: os-release(5); `data/os_support.json` names the source of each date.
"""

from __future__ import annotations

import json
import shlex
from functools import cache
from importlib import resources
from typing import Any

from auditor.inventory.contents import Distribution
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown

TABLE = "os_support.json"
_MAX_TEXT = 100


def read_os_release(text: str) -> Distribution | None:
    """What an os-release says; None for a text without an ID."""
    found: dict[str, str] = {}
    for line in text.splitlines()[:200]:
        key, equals, value = line.strip().partition("=")
        if not equals or key.startswith("#"):
            continue
        try:
            words = shlex.split(value)
        except ValueError:
            continue
        found[key] = "".join(c for c in " ".join(words)[:_MAX_TEXT] if c.isprintable())
    identity = found.get("ID", "").lower()
    if not identity:
        return None
    version = found.get("VERSION_ID", "")
    return Distribution(identity, version, found.get("PRETTY_NAME", ""), support_ends(identity, version))


def support_ends(identity: str, version: str) -> Fact[str]:
    """The last day of support; absent for one that only rolls on; unknown beyond the table."""
    table = _table()
    entry = table["distributions"].get(identity)
    if entry is None:
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, TABLE, f"no dates of {identity[:40]} are known")
    if entry.get("rolling"):
        return Absent(TABLE, "rolling")
    parts = version.split(".")
    for length in range(len(parts), 0, -1):
        day = entry["releases"].get(".".join(parts[:length]))
        if day is not None:
            return Known(day, TABLE)
    named = f"{identity} {version[:40]}".strip()
    return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, TABLE, f"no date of {named} is known")


@cache
def _table() -> Any:
    return json.loads(resources.files("auditor.analysis").joinpath("data", TABLE).read_text("utf-8"))
