"""JSON that means one thing: no duplicate keys, no trailing bytes, bounded in size and depth."""

from __future__ import annotations

import json
from typing import Any

MAX_DEPTH = 64


class NotStrictError(ValueError):
    """The text is no JSON, or may be read in two ways."""


def strict_object(content: bytes, limit: int) -> dict[str, Any]:
    """The object in `content`. Errors: `NotStrictError`."""
    if len(content) > limit:
        raise NotStrictError(f"it is larger than {limit} bytes")
    try:
        document = json.loads(content.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise NotStrictError(f"it is no plain JSON: {error}") from None
    if not isinstance(document, dict):
        raise NotStrictError("it is no JSON object")
    _check_depth(document)
    return document


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise NotStrictError(f"the key {key[:80]!r} is there twice")
        found[key] = value
    return found


def _refuse(text: str) -> Any:
    raise NotStrictError(f"{text} is no JSON value")


def _check_depth(document: Any) -> None:
    level: list[Any] = [document]
    for _ in range(MAX_DEPTH):
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
        ]
        if not level:
            return
    raise NotStrictError("it is nested too deeply")
