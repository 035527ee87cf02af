"""`auditor policy test`: runs the `test_*` rules of `_test.rego` files on an engine."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from auditor.errors import EngineError
from auditor.policy.bundle import Bundle
from auditor.policy.tokens import bare
from auditor.ports import Engine

_TEST = re.compile(r"^(test_\w+)", re.MULTILINE)


class PolicyTest(NamedTuple):
    """One test."""

    file: str
    line: int
    name: str
    passed: bool
    detail: str


def run_tests(bundle: Bundle, engine: Engine, shown: set[str]) -> Iterator[PolicyTest]:
    """Run the tests of the files `shown`, in the order they are written.

    A test passes when it is true; false and undefined fail. Errors: `PolicyError` when nothing compiles.
    """
    engine.load({**bundle.modules, **bundle.tests}, bundle.data)
    for path in sorted(shown & set(bundle.tests)):
        text = bare(bundle.tests[path])
        seen: set[str] = set()
        for match in _TEST.finditer(text):
            name = match.group(1)
            if name not in seen:
                seen.add(name)
                line = text.count("\n", 0, match.start()) + 1
                yield _run(engine, bundle.packages[path], PolicyTest(path, line, name, passed=False, detail=""))


def _run(engine: Engine, package: str, test: PolicyTest) -> PolicyTest:
    try:
        value = msgspec.json.decode(engine.evaluate(f"data.{package}.{test.name}", b"{}", b"{}"))
    except EngineError as error:
        return test._replace(detail="is not true" if "has no value" in error.message else error.message)
    return test._replace(passed=value is True, detail="" if value is True else "is not true")
