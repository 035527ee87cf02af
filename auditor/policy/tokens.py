"""A Rego module without its comments and strings: enough to find out what it uses.

Positions stay: what is taken out is replaced by blanks, line breaks are kept.
"""

from __future__ import annotations

import re

_SKIPPED = re.compile(r'\$?"(?:[^"\\\n]|\\.)*"|\$?`[^`]*`|#[^\n]*', re.DOTALL)


def bare(text: str) -> str:
    """`text` with comments and strings blanked; a string template keeps its `$`."""
    return _SKIPPED.sub(lambda match: _blank(match.group()), text)


def _blank(found: str) -> str:
    kept = "$" if found.startswith("$") else ""
    return kept + "".join("\n" if c == "\n" else " " for c in found[len(kept) :])
