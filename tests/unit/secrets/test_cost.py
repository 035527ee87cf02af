"""Nothing in a config can make reading it slow: whoever pushes an image writes it."""

from __future__ import annotations

import time

import pytest

from auditor.secrets.config import find_in_config, variables_of
from auditor.secrets.values import content_of, is_sample

LONG = 4095
BAD = ["x" * LONG + "y", "1." * (LONG // 2) + "x", "a" * 39 + " " * LONG, "0a" * 20 * 100 + "g", "<" * LONG, "your-" * 800, "-" * LONG + "_", "a(" * 2000, "$(" * 2000]  # fmt: skip


@pytest.mark.parametrize("value", BAD, ids=range(len(BAD)))
def test_no_value_takes_long(value: str) -> None:
    started = time.perf_counter()
    for _ in range(100):
        content_of("A_TOKEN", value)
        is_sample(value)

    assert time.perf_counter() - started < 1


@pytest.mark.parametrize("line", [
    "export " * 9000, " " * 64_000, "password=" * 7000, "|9999 " + "A=b " * 16_000, "ADD " + "http://" * 9000, "://" * 20_000,
    "https://a:" * 6000, "ENV " + "a='" * 20_000, "RUN |1 A=" + "/x " * 20_000,
])  # fmt: skip
def test_no_history_takes_long(line: str) -> None:
    document = {"history": [{"created_by": line}] * 20}
    started = time.perf_counter()
    variables_of(document)
    find_in_config(document, {})

    assert time.perf_counter() - started < 8
