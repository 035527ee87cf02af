"""`auditor policy check`: compiles, and names what rules must not use or the embedded engine cannot run.

The embedded engine is the regorus crate. What it lacks was found by comparing OPA's list of built-ins
with what the crate accepts (tests/engines/test_gaps.py keeps the list true).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal, NamedTuple

from auditor.errors import AuditorError, PolicyError
from auditor.policy.bundle import RULE_PREFIX, Bundle
from auditor.policy.engines.embedded import EmbeddedEngine
from auditor.policy.engines.gaps import MISSING_BUILTINS
from auditor.policy.tokens import bare

MAX_COLUMNS = 1024
"""Longer lines are refused by the embedded engine."""


class Problem(NamedTuple):
    """One thing to change."""

    file: str
    line: int
    level: Literal["error", "warning"]
    message: str


_IMPURE = re.compile(
    r"\b(http\.send|time\.now_ns|opa\.runtime|rand\.intn|net\.lookup_ip_addr|rego\.metadata\.\w+|uuid\.rfc4122)\b"
)
_BUILTIN = re.compile(r"(?<![\w.])([a-z_][\w]*(?:\.[a-z_]\w*)*)\s*\(")
_TEMPLATE = re.compile(r"\$ ")
_NOT_BLOCK = re.compile(r"\bnot\s*\{")


def check_policies(bundle: Bundle, shown: set[str]) -> list[Problem]:
    """Problems of the modules `shown`, by file and line; compile errors of the whole bundle as well."""
    found: list[Problem] = []
    for path in sorted(shown & set(bundle.modules)):
        found.extend(_module(path, bundle.modules[path]))
        if bundle.packages[path].startswith(RULE_PREFIX):
            found.extend(_rule(path, bundle))
    found.extend(_compile(bundle))
    return sorted(set(found))


def _module(path: str, text: str) -> Iterator[Problem]:
    for number, line in enumerate(text.splitlines(), 1):
        if len(line) > MAX_COLUMNS:
            yield Problem(path, number, "error", f"has {len(line)} columns; the embedded engine reads {MAX_COLUMNS}")
    for number, line in enumerate(bare(text).splitlines(), 1):
        for match in _IMPURE.finditer(line):
            yield Problem(path, number, "error", f"uses {match.group(1)}; rules read only input, data and input.now")
        for match in _BUILTIN.finditer(line):
            if match.group(1) in MISSING_BUILTINS:
                message = f"uses {match.group(1)}, which the embedded engine lacks; run it with --engine opa"
                yield Problem(path, number, "warning", message)
        if _TEMPLATE.search(line):
            message = "uses a string template, which the embedded engine cannot parse; use sprintf"
            yield Problem(path, number, "error", message)
        if _NOT_BLOCK.search(line):
            message = "negates a block, which the embedded engine cannot parse; name it and negate the name"
            yield Problem(path, number, "error", message)


def _rule(path: str, bundle: Bundle) -> Iterator[Problem]:
    if not re.search(r"^verdicts\b", bundle.modules[path], re.MULTILINE):
        yield Problem(path, 1, "error", "gives no verdicts; a rule needs `verdicts contains ...`")
    test = path.removesuffix(".rego") + "_test.rego"
    if test not in bundle.tests:
        yield Problem(path, 1, "warning", f"has no test; write {test.rpartition('/')[2]}")


def _compile(bundle: Bundle) -> Iterator[Problem]:
    engine = EmbeddedEngine()
    try:
        engine.load({**bundle.modules, **bundle.tests}, bundle.data)
    except PolicyError as error:
        yield Problem(error.path or "", error.line or 1, "error", error.message)
    except AuditorError as error:
        yield Problem("", 1, "error", error.message)
    finally:
        engine.close()
