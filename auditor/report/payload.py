"""Findings as the HTML report carries them: columns of dictionary indexes, deflated, in base64.

Shape after inflating: `{"n", "tables": {name: [...]}, "columns": {name: [index, ...]}}`, one entry per
finding in every column. A browser inflates it without any request, also from a `file:` address.
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Hashable, Iterable
from typing import Any

import msgspec

from auditor.findings.inert import inert
from auditor.findings.model import AppliedWaiver, Evidence, Finding, Resource, Severity, Status
from auditor.report.text import cut, value_text

TEXT_LIMIT = 131_072
"""Characters kept of one text, while the budget lasts."""
TIGHT_LIMIT = 500
"""Characters kept of one text afterwards: a page must open whatever strangers wrote into tags."""
TEXT_BUDGET = 48 * 1024 * 1024
"""Characters of all distinct texts together."""

_RESOURCE = ("kind", "registry", "account", "region", "repository", "tag", "digest", "file")
_encode = msgspec.json.Encoder(order="deterministic").encode


class Table:
    """Distinct values in order of appearance."""

    def __init__(self) -> None:
        self.rows: list[Any] = []
        self._index: dict[Hashable, int] = {}

    def add(self, key: Hashable, make: Callable[[], Any]) -> int:
        """The index of `key`; `make` gives its row when it is new."""
        index = self._index.get(key)
        if index is None:
            index = self._index[key] = len(self.rows)
            self.rows.append(make())
        return index


class Texts:
    """Cleans texts and keeps their sum within a budget."""

    def __init__(self, budget: int = TEXT_BUDGET) -> None:
        self._left = budget

    def keep(self, text: str) -> str:
        """`text` made inert, cut when it or all of them together are too long."""
        shown = cut(inert(text), TEXT_LIMIT if self._left > 0 else TIGHT_LIMIT)
        self._left -= len(shown)
        return shown


def pack(document: dict[str, Any]) -> str:
    """Deflated JSON in base64 (RFC 1950, RFC 4648): no time, no platform in it."""
    return base64.b64encode(zlib.compress(_encode(document), 9)).decode("ascii")


def columns(findings: Iterable[Finding], rules: dict[str, int], budget: int = TEXT_BUDGET) -> dict[str, Any]:
    """The document to pack. `rules` maps a rule id to its place in the page's own list of rules."""
    texts = Texts(budget)
    names = ("message", "path", "value", "evidence", "waiver", "seen", "settle", "action", "prefix")
    tables = {name: Table() for name in (*names, *_RESOURCE)}
    column: dict[str, list[Any]] = {
        name: []
        for name in (
            *("id", "rule", "status", "severity", "line", "baseline", "used", "was", "mode"),
            *("message", "evidence", "waiver", "seen", "settle", "action", "prefix"),
            *_RESOURCE,
        )
    }
    statuses = {status: index for index, status in enumerate(Status)}
    severities = {severity: index for index, severity in enumerate(Severity)}

    def text(table: str, value: str) -> int:
        return tables[table].add(value, lambda: texts.keep(value))

    for finding in findings:
        column["id"].append(cut(inert(finding.id), 200))
        column["rule"].append(rules.get(finding.rule, -1))
        column["status"].append(statuses[finding.status])
        column["severity"].append(severities[finding.severity])
        column["line"].append(finding.resource.line)
        column["baseline"].append(int(finding.baseline))
        column["used"].append(int(finding.in_use is True))
        column["was"].append(finding.waived_status if finding.waived_status in set(Status) else "")
        column["mode"].append(finding.remediation.mode[0])
        column["message"].append(text("message", finding.message))
        column["seen"].append(text("seen", finding.first_seen))
        column["action"].append(text("action", finding.remediation.action))
        column["prefix"].append(text("prefix", _prefix(finding.resource)))
        column["settle"].append(tables["settle"].add(tuple(finding.settle), _kept(texts, finding.settle)))
        column["waiver"].append(_waiver(tables["waiver"], texts, finding.waiver))
        column["evidence"].append(_evidence(tables, texts, finding.evidence))
        for name in _RESOURCE:
            column[name].append(text(name, getattr(finding.resource, name)))
    return {
        "n": len(column["id"]),
        "statuses": [status.value for status in Status],
        "severities": [severity.value for severity in Severity],
        "tables": {name: table.rows for name, table in tables.items()},
        "columns": column,
    }


def _prefix(resource: Resource) -> str:
    """The part of the id before its repository and digest, ending in `*` where these follow."""
    tail = resource.repository + (f"@{resource.digest}" if resource.digest else "")
    if tail and resource.id.endswith(tail):
        return resource.id[: -len(tail)] + "*"
    return resource.id


def _kept(texts: Texts, values: list[str]) -> Callable[[], list[str]]:
    return lambda: [texts.keep(value) for value in values]


def _waiver(table: Table, texts: Texts, waiver: AppliedWaiver | None) -> int:
    if waiver is None:
        return -1
    fields = [waiver.id, waiver.reason, waiver.owner, waiver.expires, waiver.ticket]
    return table.add(tuple(fields), _kept(texts, fields))


def _evidence(tables: dict[str, Table], texts: Texts, evidence: list[Evidence]) -> int:
    """The index of a list `[path, value, path, value, ...]` of indexes."""
    flat: list[int] = []
    for item in evidence:
        shown = value_text(item.value)
        path = item.path
        flat.append(tables["path"].add(path, lambda path=path: texts.keep(path)))  # type: ignore[misc]
        flat.append(tables["value"].add(shown, lambda shown=shown: texts.keep(shown)))  # type: ignore[misc]
    return tables["evidence"].add(tuple(flat), lambda: flat)
