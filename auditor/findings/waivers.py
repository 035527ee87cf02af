"""waivers.yaml: accepted findings, each with a reason, an owner and an end.

A waiver holds through the day it expires, judged by the snapshot's clock, so that a replay gives the
same findings. What waivers are worth is judged by rules as well: expired, unused and over-broad ones.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec

from auditor.config.document import Document, load_document
from auditor.config.validation import check_document, packaged_schema
from auditor.errors import ConfigError
from auditor.findings.model import AppliedWaiver

MAX_AHEAD = timedelta(days=366)


class Waiver(msgspec.Struct, frozen=True):
    """One entry of the file."""

    id: str
    rules: tuple[str, ...]
    resource: str
    reason: str
    owner: str
    expires: str
    ticket: str
    cve: str
    line: int

    def applied(self) -> AppliedWaiver:
        """What a waived finding shows."""
        return AppliedWaiver(self.id, self.reason, self.owner, self.expires, self.ticket)


def load_waivers(path: Path, *, today: date, known_rules: Iterable[str]) -> list[Waiver]:
    """Read and check a waiver file.

    Errors: `ConfigError` with file and line: shape, an id twice, an unknown rule, a date that is none
    or more than a year after `today`.
    """
    document = load_document(path)
    if document.data is None:
        raise ConfigError("is empty", path=path, hint="waivers: [] is an empty list of waivers")
    check_document(document, packaged_schema("auditor.findings", "waivers.schema.json"))
    known = set(known_rules)
    seen: set[str] = set()
    result = []
    for index, entry in enumerate(document.data["waivers"]):
        waiver = _waiver(document, index, entry)
        if waiver.id in seen:
            raise _error(document, index, "id", f"the waiver id {waiver.id!r} is used twice")
        seen.add(waiver.id)
        for rule in waiver.rules:
            if rule != "*" and rule not in known:
                raise _error(document, index, "rules" if "rules" in entry else "rule", f"unknown rule {rule!r}")
        _check_expiry(document, index, waiver, today)
        result.append(waiver)
    return result


def _waiver(document: Document, index: int, entry: Mapping[str, Any]) -> Waiver:
    rules = tuple(entry["rules"]) if "rules" in entry else (entry["rule"],)
    return Waiver(
        id=entry["id"],
        rules=rules,
        resource=entry["resource"],
        reason=entry["reason"],
        owner=entry["owner"],
        expires=entry["expires"],
        ticket=entry.get("ticket", ""),
        cve=entry.get("cve", ""),
        line=document.line(f"/waivers/{index}") or 0,
    )


def _check_expiry(document: Document, index: int, waiver: Waiver, today: date) -> None:
    try:
        expires = date.fromisoformat(waiver.expires)
    except ValueError:
        raise _error(document, index, "expires", f"{waiver.expires!r} is no date") from None
    if expires > today + MAX_AHEAD:
        raise _error(document, index, "expires", f"{waiver.expires} is more than a year ahead; review it sooner")


def _error(document: Document, index: int, key: str, message: str) -> ConfigError:
    pointer = f"/waivers/{index}/{key}"
    return ConfigError(message, path=document.path, line=document.line(pointer), field=pointer[1:].replace("/", "."))


class WaiverBook:
    """Finds the waiver of a finding, and counts how often each one was wanted."""

    def __init__(self, waivers: list[Waiver], *, on: date) -> None:
        self.waivers = waivers
        self.matched: dict[str, int] = {waiver.id: 0 for waiver in waivers}
        self._on = on
        self._by_rule: dict[str, list[tuple[re.Pattern[str], Waiver]]] = defaultdict(list)
        for waiver in waivers:
            for rule in waiver.rules:
                self._by_rule[rule].append((glob_pattern(waiver.resource), waiver))

    def find(self, rule: str, resource: str, vulnerabilities: list[str]) -> Waiver | None:
        """The first waiver that holds; expired ones only count as matched.

        A waiver with a `cve` holds only together with others that cover every one of `vulnerabilities`.
        """
        hits = [w for pattern, w in self._candidates(rule) if pattern.fullmatch(resource)]
        if not hits:
            return None
        for waiver in hits:
            if not waiver.cve or waiver.cve in vulnerabilities:
                self.matched[waiver.id] += 1
        valid = [w for w in hits if date.fromisoformat(w.expires) >= self._on]
        whole = [w for w in valid if not w.cve]
        if whole:
            return whole[0]
        covered = {w.cve for w in valid}
        if vulnerabilities and covered.issuperset(vulnerabilities):
            return next(w for w in valid if w.cve in vulnerabilities)
        return None

    def _candidates(self, rule: str) -> list[tuple[re.Pattern[str], Waiver]]:
        if not self._by_rule:
            return []
        return self._by_rule.get(rule, []) + self._by_rule.get("*", [])

    def record(self, now: str) -> dict[str, Any]:
        """What the waiver rules get as `input`, with the counts so far."""
        return {
            "entity": "waivers",
            "id": "waivers",
            "now": now,
            "waivers": [
                {
                    "id": waiver.id,
                    "resource_id": f"waiver:{waiver.id}",
                    "rules": list(waiver.rules),
                    "resource": waiver.resource,
                    "reason": waiver.reason,
                    "owner": waiver.owner,
                    "cve": waiver.cve,
                    "expires": waiver.expires,
                    "matched": self.matched[waiver.id],
                }
                for waiver in self.waivers
            ],
        }


def glob_pattern(glob: str) -> re.Pattern[str]:
    """A glob on a resource id: `*` any run of characters, `?` one; all else literal."""
    parts = [".*" if c == "*" else "." if c == "?" else re.escape(c) for c in glob]
    return re.compile(re.sub(r"(\.\*)+", ".*", "".join(parts)), re.DOTALL)
