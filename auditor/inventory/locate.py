"""Finds the line of a path in JSON text: only for error messages, so clarity before speed."""

from __future__ import annotations

import re

_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
_STEP = re.compile(r"\.([^.\[\]`]+)|\[(\d+|\.\.\.)\]")


def line_of(text: str, path: str) -> int | None:
    """The line, from 1, of a path like `$.scopes[0].registry.kind`; None where it is not found.

    Follows the path as far as it goes: for a missing key that is the line of the object.
    """
    steps = [name or index for name, index in _STEP.findall(path)]
    position = 0
    line = None
    for step in ["", *steps]:
        found = position if step == "" else _find(text, position, step)
        if found is None:
            break
        match = _TOKEN.search(text, found)
        if match is None:
            break
        position = match.start()
        line = text.count("\n", 0, position) + 1
    return line


def _find(text: str, start: int, step: str) -> int | None:
    """Where the value of key or index `step` starts, in the container that starts at `start`."""
    depth = 0
    index = 0
    in_array = text[start : start + 1] == "["
    if in_array and step == "0":
        return start + 1
    expect_key = not in_array
    for match in _TOKEN.finditer(text, start):
        piece = match.group()
        if piece in "{[":
            depth += 1
        elif piece in "}]":
            depth -= 1
            if depth == 0:
                return None
        elif depth == 1 and piece == ",":
            index += 1
            expect_key = not in_array
            if in_array and str(index) == step:
                return match.end()
        elif depth == 1 and expect_key and piece.startswith('"'):
            expect_key = False
            if piece[1:-1] == step:
                colon = text.find(":", match.end())
                return colon + 1
    return None
