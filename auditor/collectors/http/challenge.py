"""Reads WWW-Authenticate: which way a registry wants to be identified to.

Source: RFC 9110 section 11.6.1; the distribution project's token authentication specification.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_HEADER = 8 * 1024
_TOKEN = r"[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # noqa: S105  the grammar's word for a name
_PARAMETER = re.compile(rf'\s*({_TOKEN})\s*=\s*(?:"((?:[^"\\]|\\.)*)"|({_TOKEN}))\s*(?:,|$)')
_SCHEME = re.compile(rf"\s*({_TOKEN})(?:\s+|\s*(?:,|$))")


@dataclass(frozen=True)
class Challenge:
    """One challenge; `scheme` in lower case."""

    scheme: str
    parameters: dict[str, str]


def parse_challenges(header: str) -> list[Challenge]:
    """Every challenge of a header; what cannot be read ends the list."""
    found: list[Challenge] = []
    text, position = header[:MAX_HEADER], 0
    while position < len(text):
        scheme = _SCHEME.match(text, position)
        if scheme is None:
            break
        position = scheme.end()
        parameters: dict[str, str] = {}
        while (item := _PARAMETER.match(text, position)) is not None:
            quoted, plain = item.group(2), item.group(3)
            value = re.sub(r"\\(.)", r"\1", quoted) if quoted is not None else plain
            parameters.setdefault(item.group(1).lower(), value)
            position = item.end()
        found.append(Challenge(scheme.group(1).lower(), parameters))
    return found


def bearer(header: str) -> Challenge | None:
    """The bearer challenge, where there is one with a realm."""
    return next((c for c in parse_challenges(header) if c.scheme == "bearer" and c.parameters.get("realm")), None)
