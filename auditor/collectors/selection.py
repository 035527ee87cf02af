"""Which repositories are read, by name."""

from __future__ import annotations

import re
from functools import cache


@cache
def _pattern(glob: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in glob), re.DOTALL)


def selected(name: str, include: list[str], exclude: list[str]) -> bool:
    """Whether a name matches an include glob and no exclude glob; `*` crosses slashes."""
    if any(_pattern(glob).fullmatch(name) for glob in exclude):
        return False
    return any(_pattern(glob).fullmatch(name) for glob in include)
