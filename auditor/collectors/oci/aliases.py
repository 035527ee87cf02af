"""Which tags probably name what another tag names, too. Pure.

Whoever asks for those by HEAD, and for the others by GET, needs about one request a tag and reads no digest twice.
"""

from __future__ import annotations

import re
from collections.abc import Collection

from auditor.analysis.artefacts import signature_tag_subject

_SEPARATORS = ".-_+"
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"[A-Za-z]*")


def in_reading_order(tags: Collection[str]) -> list[tuple[str, bool]]:
    """(tag, whether it is probably an alias), aliases last, else sorted.

    An alias is a word without a number, as `latest`, and what another tag spells out: `v1` where there is `v1.2`.
    Tags that stand for signatures and referrers are none.

    >>> in_reading_order(["latest", "v1", "v1.2.0", "v2.0.0"])
    [('v1.2.0', False), ('v2.0.0', False), ('latest', True), ('v1', True)]
    >>> in_reading_order(["stable"])
    [('stable', True)]
    """
    found = {tag for tag in tags if signature_tag_subject(tag) is None}
    spelled_out = {tag[:i] for tag in found for i, letter in enumerate(tag) if letter in _SEPARATORS}
    aliases = {tag for tag in found if tag in spelled_out or not _DIGIT.search(tag)}
    return [(tag, False) for tag in sorted(set(tags) - aliases)] + [(tag, True) for tag in sorted(aliases)]


def family(tag: str) -> str:
    """What tags that one build gives alike begin with; where one of them is an alias, the others are, too.

    >>> family("sha-3f2a9c"), family("1.2.3")
    ('sha', '')
    """
    found = _WORD.match(tag)
    return found.group() if found else ""
