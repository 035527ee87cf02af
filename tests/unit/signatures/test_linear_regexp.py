"""Patterns for identities: they mean what `re` makes of them, and cost what they should."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auditor.signatures.linear_regexp import BadPatternError, compile_pattern

WORKFLOW = "https://github.com/acme/app/.github/workflows/release.yml@refs/tags/v1.20.3"


@pytest.mark.parametrize(
    ("pattern", "matched"),
    [
        (r"https://github\.com/acme/.+/\.github/workflows/release\.ya?ml@refs/tags/v[0-9]+\.[0-9]+\.[0-9]+", True),
        (r"^https://github\.com/acme/(app|web)/.*@refs/(heads/main|tags/v\d{1,3}(?:\.\d+){2})$", True),
        (r"https://github\.com/acme/[^/]+/.*", True),
        (r"https://github\.com/acme", False),
        (r"github.*", False),
        (r".*release\.yml", False),
        (r"https://github\.com/[A-Z]+/.*", False),
        (r".*\$", False),
        ("", False),
    ],
)
def test_the_whole_identity_must_match(pattern: str, *, matched: bool) -> None:
    assert compile_pattern(pattern).matches(WORKFLOW) is matched


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        (r"(a)\1", r"\\1 is not offered"),
        ("(?=a)", "is not offered"),
        ("(?i)a", "is not offered"),
        ("a**", "repeated"),
        ("(a", "not closed"),
        ("a)", "closes nothing"),
        ("[a", "ends too early"),
        ("[z-a]", "range"),
        ("[[:alpha:]]", "named classes"),
        ("a{2", "no repetition"),
        ("a{101}", "over 100"),
        ("((a{100}){100}){100}", "too large"),
        ("(" * 51 + ")" * 51, "nested"),
        ("a" * 1001, "longer"),
        ("a^b", "means nothing"),
        ("\\", "ends too early"),
    ],
)
def test_what_is_not_offered_is_refused(pattern: str, says: str) -> None:
    with pytest.raises(BadPatternError, match=says):
        compile_pattern(pattern)


def test_no_text_costs_more_than_its_length() -> None:
    started = time.process_time()

    assert not compile_pattern("(a|a?a)*(.*.*)*(a+)+b").matches("a" * 4096)
    assert time.process_time() - started < 2


PIECES = st.sampled_from(["a", "b", ".", "[ab]", "[^a]", r"\d", r"\.", "a*", "b+?", "(ab)?", "(a|b)*", "(?:a|)", "a{1,3}", "(b{2})", "[a-c-]", "[]a]"])  # fmt: skip


@given(st.lists(PIECES, max_size=5).map("".join), st.lists(st.text("ab1.-]\n", max_size=6), min_size=1, max_size=5))
def test_a_pattern_means_what_it_means_to_re(pattern: str, texts: list[str]) -> None:
    ours, theirs = compile_pattern(pattern), re.compile(pattern, re.ASCII)

    assert [ours.matches(text) for text in texts] == [theirs.fullmatch(text) is not None for text in texts]
