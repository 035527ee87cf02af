"""Generated examples in rounds of their own seeds, until everything that a test must have seen was seen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

STEADY = settings(
    phases=[Phase.generate],
    derandomize=False,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


def in_rounds(
    check: Callable[..., None],
    *drawn: st.SearchStrategy[Any],
    enough: Callable[[], bool],
    examples: int = 50,
    rounds: int = 12,
) -> None:
    """Call `check` with what is drawn: two rounds at least, more while it is not `enough`.

    What one seed leads to hangs on the modules that are loaded, and a single long run may never leave a corner.
    """
    for number in range(rounds):

        @settings(STEADY, max_examples=examples)
        @seed(number)
        @given(st.tuples(*drawn))
        def once(values: tuple[Any, ...]) -> None:
            check(*values)

        once()
        if number and enough():
            return
