"""Finds a value that a caller could choose for a context key so that given conditions come out as wanted.

Used to answer "is there any request that is allowed": keys are independent of one another, so each is
searched by itself. Exact for text, addresses, numbers, dates and booleans; what is beyond the bounds raises
`UndecidableError` and makes the answer unknown.
"""

from __future__ import annotations

import ipaddress
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from auditor.analysis.condition_logic import UndecidableError, Values, holds, is_negated, moment
from auditor.analysis.iam_conditions import take_apart
from auditor.analysis.iam_document import ConditionEntry

MAX_STATES = 3000
FRESH = "zz0"
"""A value that no policy is likely to name."""


@dataclass(frozen=True)
class Wanted:
    """A condition and how it must come out."""

    entry: ConditionEntry
    outcome: bool


@dataclass(frozen=True)
class Domain:
    """What a key may be: whether the request may lack it, and what every value starts with."""

    may_be_missing: bool = True
    may_be_present: bool = True
    prefix: str = ""
    multivalued: bool = False


NOTHING = object()


def find_value(wanted: Sequence[Wanted], domain: Domain) -> Values | object:
    """A value for which every condition comes out as wanted; `NOTHING` where there is none.

    Errors: `UndecidableError` where the search is too large to finish or a condition is not understood.
    """
    if domain.may_be_missing and _all(wanted, None):
        return None
    if not domain.may_be_present:
        return NOTHING
    candidates = list(dict.fromkeys(_candidates(wanted, domain.prefix)))
    for candidate in candidates:
        if _all(wanted, (candidate,)):
            return (candidate,)
    if domain.multivalued:
        for size in (2, 3):
            for chosen in combinations(candidates[:12], size):
                if _all(wanted, chosen):
                    return chosen
    found = _search_text(wanted, domain.prefix)
    return NOTHING if found is None else (found,)


def _all(wanted: Sequence[Wanted], value: Values) -> bool:
    return all(holds(one.entry, value) == one.outcome for one in wanted)


def _candidates(wanted: Sequence[Wanted], prefix: str) -> Iterator[str]:
    for one in wanted:
        base = take_apart(one.entry.operator).base
        for value in one.entry.values:
            for text in _around(base, value):
                if text.startswith(prefix):
                    yield text
    yield from (prefix + FRESH, *(() if prefix else ("true", "false", "203.0.113.77", "2001:db8::77", "0")))


def _around(base: str, value: str) -> Iterator[str]:
    """The values beside the edges of what a condition accepts."""
    if base.endswith("ipaddress"):
        yield from _addresses(value)
    elif base.startswith("numeric"):
        number = float(value) if _is_number(value) else 0.0
        yield from (repr(number), repr(number - 1), repr(number + 1))
    elif base.startswith("date"):
        point = moment(value)
        yield from (repr(point), repr(point - 1), repr(point + 1))
    else:
        yield value
        yield value.replace("*", "").replace("?", "x")
        yield value.replace("*", "x").replace("?", "x")
        yield value.swapcase()


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _addresses(value: str) -> Iterator[str]:
    try:
        network = ipaddress.ip_network(value, strict=False)
    except ValueError:
        return
    first, last = int(network.network_address), int(network.broadcast_address)
    kind = type(network.network_address)
    for number in (first, last, first - 1, last + 1):
        if 0 <= number < 2**network.max_prefixlen:
            yield str(kind(number))


# ---------------------------------------------------------------- text that several patterns must agree on
_TEXT = {"stringequals", "stringlike", "stringnotequals", "stringnotlike"}


def _search_text(wanted: Sequence[Wanted], prefix: str) -> str | None:
    """A text that matches what it must and nothing that it must not: a walk through all patterns at once."""
    groups: list[tuple[bool, list[str]]] = []
    for one in wanted:
        operator = take_apart(one.entry.operator)
        if operator.base not in _TEXT:
            if operator.base in ("null", "bool", "ipaddress", "notipaddress") or operator.base.startswith(
                ("numeric", "date")
            ):
                return None  # the edges above are all that there is
            raise UndecidableError(f"{one.entry.operator} on {one.entry.key} has too many values to try")
        literal = operator.base.endswith("equals")
        patterns = [_escape(value) if literal else value for value in one.entry.values]
        groups.append((one.outcome != is_negated(operator), patterns))
    if prefix:
        groups.append((True, [_escape(prefix) + "*"]))
    return _walk(groups)


_STAR, _ONE = "\0*", "\0?"


def _escape(text: str) -> str:
    return text.replace("*", "\1").replace("?", "\2")


def _tokens(pattern: str) -> tuple[str, ...]:
    return tuple(_STAR if c == "*" else _ONE if c == "?" else {"\1": "*", "\2": "?"}.get(c, c) for c in pattern)


def _walk(groups: list[tuple[bool, list[str]]]) -> str | None:
    machines = [[_tokens(pattern) for pattern in patterns] for _, patterns in groups]
    alphabet = [*sorted({token for group in machines for tokens in group for token in tokens} - {_STAR, _ONE}), "~"]
    start = tuple(tuple(_close(tokens, {0}) for tokens in group) for group in machines)
    queue: deque[tuple[tuple[tuple[frozenset[int], ...], ...], str]] = deque([(start, "")])
    seen = {start}
    while queue:
        state, text = queue.popleft()
        if text and all(
            any(len(tokens) in positions for tokens, positions in zip(group, at, strict=True)) == match
            for (match, _), group, at in zip(groups, machines, state, strict=True)
        ):
            return text
        for character in alphabet:
            following = tuple(
                tuple(_step(tokens, positions, character) for tokens, positions in zip(group, at, strict=True))
                for group, at in zip(machines, state, strict=True)
            )
            if following in seen:
                continue
            if any(match and not any(at) for (match, _), at in zip(groups, following, strict=True)):
                continue
            if len(seen) >= MAX_STATES:
                raise UndecidableError("the patterns are too many to try")
            seen.add(following)
            queue.append((following, text + character))
    return None


def _close(tokens: tuple[str, ...], positions: set[int]) -> frozenset[int]:
    """A star may match nothing."""
    result = set(positions)
    for position in sorted(positions):
        at = position
        while at < len(tokens) and tokens[at] == _STAR:
            at += 1
            result.add(at)
    return frozenset(result)


def _step(tokens: tuple[str, ...], positions: frozenset[int], character: str) -> frozenset[int]:
    following: set[int] = set()
    for position in positions:
        if position == len(tokens):
            continue
        token = tokens[position]
        if token == _STAR:
            following.add(position)
        elif token in (_ONE, character):
            following.add(position + 1)
    return _close(tokens, following)
