"""Writes docs/attacks.md from the table of attacks: `python -m tests.support.attack_page`."""

from __future__ import annotations

from itertools import groupby
from pathlib import Path

from tests.support import attacks_cosign, attacks_notation
from tests.support.attacks import ATTACKS, Attack

PAGE = Path(__file__).parents[2] / "docs" / "attacks.md"
HEAD = """# Attacks on signatures

Each line is an image on a real registry, with and without the referrers API, with a signature made for the purpose. `auditor`
collects it, and cosign 3.1.3 or notation-go 1.3.2 is asked about the same one. *States* are those of the signatures that are
found on the image; "none" means that what was put there is no signature of it. Where the reference answers something else than
we do, the last column says why. This page is written from the tests (`tests/end_to_end/test_attacks.py`), which hold it.

| attack | signature | states | reference | why it differs |
|---|---|---|---|---|
"""
assert attacks_cosign
assert attacks_notation


def page() -> str:
    """The page's text."""
    lines = []
    for (_, states, accepted, differs), same in groupby(sorted(ATTACKS, key=_row), key=_row):
        attacks = list(same)
        name, tools = attacks[0].name, ", ".join(attack.tool for attack in attacks)
        answer = "accepts" if accepted else "refuses"
        lines.append(f"| {name} | {tools} | {', '.join(states) or 'none'} | {answer} | {differs} |\n")
    return HEAD + "".join(lines)


def _row(attack: Attack) -> tuple[str, tuple[str, ...], bool, str]:
    return attack.name.lower(), attack.states, attack.accepted, attack.differs


if __name__ == "__main__":
    PAGE.write_text(page())
