"""Finds a text that matches some patterns and no others: a walk through all of them at once, shortest text first."""

from __future__ import annotations

from collections import deque

from auditor.analysis.condition_logic import UndecidableError

MAX_STATES = 1000
Group = tuple[bool, list[str]]
"""Patterns with `*` and `?`: whether one of them must match, or none may."""

_STAR, _ONE = "\0*", "\0?"


def escape(text: str) -> str:
    """A text as a pattern that matches nothing else."""
    return text.replace("*", "\1").replace("?", "\2")


def _tokens(pattern: str) -> tuple[str, ...]:
    return tuple(_STAR if c == "*" else _ONE if c == "?" else {"\1": "*", "\2": "?"}.get(c, c) for c in pattern)


def search_text(groups: list[Group] | None) -> str | None:
    """A text for `groups`; None where there is none. Errors: `UndecidableError` when there are too many to try."""
    if groups is None:
        return None
    machines = [[_tokens(pattern) for pattern in patterns] for _, patterns in groups]
    alphabet = [*sorted({token for group in machines for tokens in group for token in tokens} - {_STAR, _ONE}), "~"]
    start = tuple(tuple(_close(tokens, {0}) for tokens in group) for group in machines)
    queue: deque[tuple[tuple[tuple[frozenset[int], ...], ...], str]] = deque([(start, "")])
    seen = {start}
    while queue:
        state, text = queue.popleft()
        if all(
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
