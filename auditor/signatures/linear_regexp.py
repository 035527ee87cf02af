"""Regular expressions whose matching costs at most their size times the text's length, whatever either says.

The identity in a certificate is a stranger's text; Python's `re` may need exponential time for one. What is offered is
the part of RE2's syntax (that cosign takes) with which identities are told apart: literals, `.`, classes, groups,
alternatives, repetition. The whole text must match.
Method: Thompson's construction, simulated on all states at once.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Any

MAX_PATTERN = 1000
MAX_STATES = 2000
MAX_REPEAT = 100
MAX_DEPTH = 50
_CLASSES = {"d": string.digits, "w": string.ascii_letters + string.digits + "_", "s": " \t\n\f\r"}
_UNBOUNDED = -1

Node = tuple[Any, ...]
"""`("set", ranges, negated)`, `("sequence", nodes)`, `("either", nodes)`, `("repeat", node, least, most)`."""


class BadPatternError(ValueError):
    """A pattern that is not taken; the text says why."""


@dataclass(frozen=True)
class Pattern:
    """A compiled pattern. `states`: `(set node, next)`, `("split", next, next)` or `("end",)`."""

    text: str
    states: tuple[tuple[Any, ...], ...]
    start: int

    def matches(self, text: str) -> bool:
        """Whether the whole of `text` matches."""
        current = self._closure([self.start])
        for character in text:
            current = self._closure(
                [
                    state[1]
                    for state in (self.states[number] for number in current)
                    if state[0] not in ("split", "end") and _holds(state[0], character)
                ]
            )
            if not current:
                return False
        return any(self.states[number][0] == "end" for number in current)

    def _closure(self, numbers: list[int]) -> set[int]:
        """The states that are reached without reading."""
        found: set[int] = set()
        while numbers:
            number = numbers.pop()
            if number not in found:
                found.add(number)
                state = self.states[number]
                if state[0] == "split":
                    numbers += state[1:]
        return found


def compile_pattern(text: str) -> Pattern:
    """A pattern from its text; `^` at its start and `$` at its end may stand there and change nothing.

    Errors: `BadPatternError`.
    """
    if len(text) > MAX_PATTERN:
        raise BadPatternError(f"it is longer than {MAX_PATTERN} characters")
    inner = text.removeprefix("^")
    if inner.endswith("$") and (len(inner) - len(inner[:-1].rstrip("\\"))) % 2:
        inner = inner[:-1]
    node = _Parser(inner).parse()
    states: list[tuple[Any, ...]] = [("end",)]
    start = _build(node, 0, states)
    return Pattern(text, tuple(states), start)


def _holds(node: Node, character: str) -> bool:
    _, members, negated = node
    return any(first <= character <= last for first, last in members) is not negated


def _build(node: Node, after: int, states: list[tuple[Any, ...]]) -> int:
    """Add a node's states before the state `after`; gives the first."""
    kind = node[0]
    if kind == "set":
        return _add(states, (node, after))
    if kind == "sequence":
        for part in reversed(node[1]):
            after = _build(part, after, states)
        return after
    if kind == "either":
        return _add(states, ("split", *(_build(part, after, states) for part in node[1])))
    _, inner, least, most = node
    if most == _UNBOUNDED:
        loop = _add(states, ("split",))
        states[loop] = ("split", _build(inner, loop, states), after)
        after = loop
    else:
        end = after
        for _ in range(most - least):
            after = _add(states, ("split", _build(inner, after, states), end))
    for _ in range(least):
        after = _build(inner, after, states)
    return after


def _add(states: list[tuple[Any, ...]], state: tuple[Any, ...]) -> int:
    if len(states) >= MAX_STATES:
        raise BadPatternError("its repetitions make it too large")
    states.append(state)
    return len(states) - 1


class _Parser:
    """Recursive descent over a pattern's text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def parse(self) -> Node:
        node = self._either(0)
        if self._at < len(self._text):
            raise BadPatternError("a ) closes nothing")
        return node

    def _peek(self, count: int = 1) -> str:
        return self._text[self._at : self._at + count]

    def _take(self) -> str:
        character = self._peek()
        if not character:
            raise BadPatternError("it ends too early")
        self._at += 1
        return character

    def _either(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise BadPatternError("its groups are nested too deeply")
        parts = [self._sequence(depth)]
        while self._peek() == "|":
            self._take()
            parts.append(self._sequence(depth))
        return parts[0] if len(parts) == 1 else ("either", parts)

    def _sequence(self, depth: int) -> Node:
        parts = []
        while self._peek() not in ("", "|", ")"):
            parts.append(self._repeated(self._atom(depth)))
        return ("sequence", parts)

    def _atom(self, depth: int) -> Node:
        character = self._take()
        if character == "(":
            if self._peek() == "?":
                if self._peek(2) != "?:":
                    raise BadPatternError(f"({self._peek(3)} is not offered")
                self._at += 2
            node = self._either(depth + 1)
            if self._peek() != ")":
                raise BadPatternError("a ( is not closed")
            self._take()
            return node
        if character == "[":
            return self._class()
        if character == ".":
            return ("set", [("\n", "\n")], True)
        if character == "\\":
            return self._escaped()
        if character in "*+?{^$":
            raise BadPatternError(f"{character} stands where it means nothing here")
        return ("set", [(character, character)], False)

    def _repeated(self, node: Node) -> Node:
        character = self._peek()
        if character not in ("*", "+", "?", "{"):
            return node
        self._take()
        if character == "{":
            bounds, closed, _ = self._text[self._at :].partition("}")
            low, comma, high = bounds.partition(",")
            digits = [low, *([high] if high else [])]
            if not closed or not all(part.isascii() and part.isdecimal() for part in digits):
                raise BadPatternError("a { is no repetition")
            self._at += len(bounds) + 1
            least, most = int(low[:9]), int(high[:9]) if high else _UNBOUNDED if comma else int(low[:9])
            if least > MAX_REPEAT or most > MAX_REPEAT or (high and most < least):
                raise BadPatternError(f"a repetition is wrong or over {MAX_REPEAT}")
        else:
            least, most = {"*": (0, _UNBOUNDED), "+": (1, _UNBOUNDED), "?": (0, 1)}[character]
        if self._peek() == "?":
            self._take()  # a lazy repetition matches the same texts
        if self._peek() in ("*", "+", "?", "{"):
            raise BadPatternError("a repetition is repeated")
        return ("repeat", node, least, most)

    def _escaped(self) -> Node:
        character = self._take()
        members = _CLASSES.get(character.lower())
        if members is not None:
            return ("set", [(one, one) for one in members], character.isupper())
        if character.isalnum():
            raise BadPatternError(f"\\{character} is not offered")
        return ("set", [(character, character)], False)

    def _class(self) -> Node:
        negated = self._peek() == "^"
        if negated:
            self._take()
        members: list[tuple[str, str]] = []
        while not members or self._peek() != "]":
            if self._peek(2) == "[:":
                raise BadPatternError("named classes are not offered")
            first = self._member()
            if len(first) > 1 or self._peek() != "-" or self._peek(2) == "-]":
                members += first
                continue
            self._take()
            last = self._member()
            if len(last) > 1 or last[0][0] < first[0][0]:
                raise BadPatternError("a range of a class is wrong")
            members.append((first[0][0], last[0][0]))
        self._take()
        return ("set", members, negated)

    def _member(self) -> list[tuple[str, str]]:
        character = self._take()
        if character != "\\":
            return [(character, character)]
        _, members, negated = self._escaped()
        if negated:
            raise BadPatternError("a negated class in a class is not offered")
        found: list[tuple[str, str]] = members
        return found
