"""Reads an IAM policy document into statements, keeping what it could not read as a doubt.

Shape: elements may be single values or lists (IAM JSON policy grammar). Element names are
case-sensitive for IAM; one in another case is a doubt, never nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from auditor.errors import InputError

MAX_BYTES = 1024 * 1024
MAX_DEPTH = 50
_ELEMENTS = frozenset(
    {"Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)
_TOP = frozenset({"Version", "Id", "Statement"})


@dataclass(frozen=True)
class ConditionEntry:
    """One operator, one key, its values: `StringEquals`, `aws:principalorgid`, `("o-1",)`."""

    operator: str
    key: str
    """Lower case: condition keys are not case-sensitive."""
    values: tuple[str, ...]


@dataclass(frozen=True)
class Statement:
    """One statement. `doubts` say why it may mean something else than what was read."""

    index: int
    sid: str
    effect: str
    principals: tuple[tuple[str, str], ...]
    """(kind, value): `("AWS", "*")`."""
    not_principals: tuple[tuple[str, str], ...]
    has_principal: bool
    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    resources: tuple[str, ...] | None
    not_resources: tuple[str, ...] | None
    conditions: tuple[ConditionEntry, ...]
    doubts: tuple[str, ...]
    raw: dict[str, Any] = field(repr=False)


@dataclass(frozen=True)
class PolicyText:
    """A whole document."""

    version: str | None
    statements: tuple[Statement, ...]
    doubts: tuple[str, ...]


def parse_policy(text: str) -> PolicyText:
    """Read a document. Errors: `InputError` for text that is no JSON object, is too large or too deep."""
    if len(text) > MAX_BYTES:
        raise InputError(f"the policy is larger than {MAX_BYTES // 1024} KiB")
    duplicates: list[str] = []

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in items:
            if key in result:
                duplicates.append(key)
            result[key] = value
        return result

    try:
        document = json.loads(text.lstrip("\ufeff"), object_pairs_hook=pairs)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the policy is not JSON: {error}") from error
    if _depth(document) > MAX_DEPTH:
        raise InputError("the policy is nested too deeply")
    if not isinstance(document, dict):
        raise InputError("the policy is no JSON object")
    doubts = [f"the key {key} is there twice" for key in duplicates]
    doubts += [f"the element {key} is not known" for key in document if key not in _TOP]
    statements = document.get("Statement", [])
    if isinstance(statements, dict):
        statements = [statements]
    if not isinstance(statements, list):
        doubts.append("Statement is neither an object nor a list")
        statements = []
    version = document.get("Version")
    return PolicyText(
        version=version if isinstance(version, str) else None,
        statements=tuple(_statement(index, raw) for index, raw in enumerate(statements)),
        doubts=tuple(doubts),
    )


def resources_as_written(statement: Statement) -> list[str]:
    """The Resource patterns, or `NotResource …` for those that are left out; empty where there are neither."""
    if statement.not_resources is not None:
        return [f"NotResource {pattern}" for pattern in statement.not_resources]
    return list(statement.resources or ())


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            return depth
        level = [
            child
            for item in level
            for child in (item.values() if isinstance(item, dict) else item if isinstance(item, list) else ())
        ]
    return depth


def _statement(index: int, raw: Any) -> Statement:
    doubts: list[str] = []
    if not isinstance(raw, dict):
        raw = {}
        doubts.append("a statement is no object")
    doubts += [f"the element {key} is not known" for key in raw if key not in _ELEMENTS]
    effect = raw.get("Effect")
    if effect not in ("Allow", "Deny"):
        doubts.append("Effect is neither Allow nor Deny")
    if "Action" not in raw and "NotAction" not in raw:
        doubts.append("there is neither Action nor NotAction")
    sid = raw.get("Sid", "")
    return Statement(
        index=index,
        sid=sid if isinstance(sid, str) else "",
        effect=effect if isinstance(effect, str) else "",
        principals=_principals(raw.get("Principal"), doubts),
        not_principals=_principals(raw.get("NotPrincipal"), doubts),
        has_principal="Principal" in raw or "NotPrincipal" in raw,
        actions=_texts(raw.get("Action"), "Action", doubts),
        not_actions=_texts(raw.get("NotAction"), "NotAction", doubts),
        resources=_texts(raw["Resource"], "Resource", doubts) if "Resource" in raw else None,
        not_resources=_texts(raw["NotResource"], "NotResource", doubts) if "NotResource" in raw else None,
        conditions=_conditions(raw.get("Condition"), doubts),
        doubts=tuple(doubts),
        raw=raw,
    )


def _texts(value: Any, what: str, doubts: list[str]) -> tuple[str, ...]:
    if value is None:
        return ()
    items = value if isinstance(value, list) else [value]
    if any(not isinstance(item, str) for item in items):
        doubts.append(f"{what} holds something that is no text")
    return tuple(item for item in items if isinstance(item, str))


def _principals(value: Any, doubts: list[str]) -> tuple[tuple[str, str], ...]:
    if value is None:
        return ()
    if isinstance(value, str):
        return (("AWS", value),)
    if not isinstance(value, dict):
        doubts.append("a principal is neither text nor object")
        return ()
    return tuple((kind, item) for kind, items in value.items() for item in _texts(items, "a principal", doubts))


def _conditions(value: Any, doubts: list[str]) -> tuple[ConditionEntry, ...]:
    if value is None:
        return ()
    if not isinstance(value, dict):
        doubts.append("Condition is no object")
        return ()
    entries = []
    for operator, keys in value.items():
        if not isinstance(keys, dict):
            doubts.append(f"the condition {operator} is no object")
            continue
        for key, values in keys.items():
            items = values if isinstance(values, list) else [values]
            if any(isinstance(item, (dict, list)) or item is None for item in items):
                doubts.append(f"the condition {operator} on {key} has a value that is no text")
            entries.append(ConditionEntry(str(operator), str(key).lower(), tuple(_text(item) for item in items)))
    return tuple(entries)


def _text(value: Any) -> str:
    """IAM compares text: true and 5 are read as "true" and "5"."""
    return value if isinstance(value, str) else json.dumps(value)
