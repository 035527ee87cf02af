"""Words and values as reports show them: clean, bounded, the same in every format."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from auditor.findings.inert import inert
from auditor.findings.model import AppliedWaiver, Evidence, Resource

_NOT_XML = re.compile("[\ufffe\uffff]")
_encode = msgspec.json.Encoder(order="deterministic").encode


def prose(text: str) -> str:
    """A sentence or description written over several lines, as one line without unsafe characters."""
    return inert(" ".join(text.split()))


def cut(text: str, limit: int) -> str:
    """`text`, or its first `limit` characters and how many more there are."""
    if limit <= 0 or len(text) <= limit:
        return text
    return f"{text[:limit]}… ({count(len(text) - limit, 'more character')})"


def xml_text(text: str) -> str:
    """`text` with nothing that XML 1.0 forbids (section 2.2, Char)."""
    return _NOT_XML.sub(lambda match: f"\\u{ord(match.group()):04x}", inert(text))


def value_text(value: Any, limit: int = 0) -> str:
    """An evidence value as one line: a string bare, anything else as JSON with sorted keys."""
    text = value if isinstance(value, str) else _encode(value).decode()
    return cut(inert(text), limit)


def evidence_text(evidence: list[Evidence], limit: int = 0) -> str:
    """`pointer = value; pointer = value`, cut to `limit` characters."""
    parts = (f"{inert(item.path)} = {value_text(item.value, limit)}" for item in evidence)
    return cut("; ".join(parts), limit)


def waiver_text(waiver: AppliedWaiver) -> str:
    """`reason (owner, until date, ticket)`."""
    parts = [waiver.owner, f"until {waiver.expires}", *([waiver.ticket] if waiver.ticket else [])]
    return inert(f"{waiver.reason} ({', '.join(parts)})")


def place(resource: Resource) -> str:
    """Where a resource is, as people write it: `host/repository:tag@digest`, `file:line` or its id."""
    if resource.file and not resource.repository:
        return inert(f"{resource.file}:{resource.line}" if resource.line else resource.file)
    host = resource.registry
    name = "/".join(part for part in (host, resource.repository) if part)
    if not name:
        return inert(resource.id)
    tag = f":{resource.tag}" if resource.tag else ""
    digest = f"@{resource.digest}" if resource.digest else ""
    return inert(f"{name}{tag}{digest}")


def percent(ratio: float) -> str:
    """A ratio as `97.4 %`, rounded down: 100 % is said only when it is."""
    return f"{int(min(max(ratio, 0.0), 1.0) * 1000 + 1e-9) / 10:g} %"


def count(number: int, one: str, many: str = "") -> str:
    """`1 finding`, `1,200 findings`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def moment(stamp: str) -> str:
    """An RFC 3339 time to the minute, `2026-11-24 11:05 UTC`; anything else as it is."""
    match = re.match(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)$", stamp)
    return f"{match[1]} {match[2]} UTC" if match else inert(stamp)
