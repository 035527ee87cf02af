"""Each engine by itself: errors, limits, order, and that a server is always stopped."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import auditor_engine
import pytest

from auditor.errors import DisagreementError, EngineError, LimitExceededError, PolicyError
from auditor.policy.engines.embedded import EmbeddedEngine
from auditor.policy.engines.gaps import MISSING_BUILTINS
from auditor.policy.engines.opa import OpaEngine
from auditor.policy.engines.opa_server import find_opa
from auditor.ports import Engine

MAIN = """package auditor.main

verdicts[path] := data.auditor.rules[group][rule].verdicts if {
	some group, rules in data.selection[input.entity]
	some rule in rules
	path := concat("/", [group, rule])
}
"""
ECHO = 'package auditor.rules.g.echo\n\nverdicts contains {"n": input.n, "c": data.context.c}\n'
SELECTION = {"selection": {"repository": {"g": ["echo"]}}}


@pytest.fixture(params=["embedded", "opa"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    made: Any = EmbeddedEngine(limit_s=5) if request.param == "embedded" else OpaEngine(limit_s=5)
    with made:
        yield made


def test_inputs_keep_their_order_and_their_context(engine: Engine) -> None:
    engine.load({"main.rego": MAIN, "echo.rego": ECHO}, SELECTION)
    inputs = [json.dumps({"entity": "repository", "n": n}).encode() for n in range(100)]

    outputs = [json.loads(output) for output in engine.judge(b'{"c": "here"}', inputs)]

    assert outputs == [{"g/echo": [{"n": n, "c": "here"}]} for n in range(100)]


@pytest.mark.parametrize("value", [0.1, 1e308, 2**53, -1, "\u202e\x00é😀", None, [], {}, {"a": {"b": [1]}}, True])
def test_values_survive(engine: Engine, value: Any) -> None:
    engine.load({"a.rego": "package a\n\nx := [input.v]\n"}, {})

    assert json.loads(engine.evaluate("data.a.x", b"{}", json.dumps({"v": value}).encode())) == [value]


@pytest.mark.parametrize(
    ("text", "line"),
    [("package a\n\nx := \n", 3), ("package a\n\nx if {\n\ty == 1\n}\n", 4)],
)
def test_what_does_not_compile_names_file_and_line(engine: Engine, text: str, line: int) -> None:
    with pytest.raises(PolicyError) as caught:
        engine.load({"mine/a.rego": text}, {})

    assert caught.value.path == "mine/a.rego"
    assert caught.value.line in (line, line + 1)


def test_undefined_and_conflicts_are_errors(engine: Engine) -> None:
    engine.load({"a.rego": "package a\n\nx := 1 if input.no\n\ny := input.v[_]\n"}, {})

    with pytest.raises(EngineError, match="no value"):
        engine.evaluate("data.a.x", b"{}", b"{}")
    with pytest.raises(EngineError):
        engine.evaluate("data.a.y", b"{}", b'{"v": [1, 2]}')


def test_built_in_errors_are_undefined_and_no_crash(engine: Engine) -> None:
    engine.load({"a.rego": 'package a\n\nx if to_number(input.v) == 1\n\ny := "no" if not x\n'}, {})

    assert engine.evaluate("data.a.y", b"{}", b'{"v": "abc"}') == b'"no"'


LOOP = """package a

x := count([1 |
	some i in numbers.range(1, 100000)
	some j in numbers.range(1, 100000)
	i + j == -1
])
"""


@pytest.mark.slow
@pytest.mark.parametrize("make", [lambda: EmbeddedEngine(limit_s=0.5), lambda: OpaEngine(limit_s=0.5)])
def test_endless_rule_is_stopped(make: Callable[[], Any]) -> None:
    with make() as engine:
        engine.load({"a.rego": LOOP}, {})
        started = time.monotonic()
        with pytest.raises(LimitExceededError):
            engine.evaluate("data.a.x", b"{}", b"{}")
    assert time.monotonic() - started < 20


def test_embedded_bounds_memory_and_survives_a_panic() -> None:
    with EmbeddedEngine() as engine:
        engine.load(
            {
                "a.rego": 'package a\n\nbig := numbers.range(1, 3000000000)\n\nbad := strings.count("a", "")\n\nok := 1\n'
            },
            {},
        )
        with pytest.raises(LimitExceededError):
            engine.evaluate("data.a.big", b"{}", b"{}")
        with pytest.raises(EngineError, match="gave up"):
            engine.evaluate("data.a.bad", b"{}", b"{}")
        assert engine.evaluate("data.a.ok", b"{}", b"{}") == b"1"


def test_deep_documents_and_policies_are_errors() -> None:
    with EmbeddedEngine() as engine:
        engine.load({"a.rego": "package a\n\nx := input\n"}, {})
        with pytest.raises(EngineError):
            engine.evaluate("data.a.x", b"{}", b"[" * 100_000)
        with pytest.raises(PolicyError):
            engine.load({"a.rego": "package a\n\nx := " + "(" * 10_000 + "1" + ")" * 10_000}, {})


def test_disagreement_of_paths_is_noticed() -> None:
    # regorus' byte code takes an undefined assignment in an else branch for a success.
    text = """package auditor.rules.g.odd

verdicts contains f(input)

f(i) := "one" if {
	i.s == "x"
} else := "two" if {
	x := missing
} else := "three"

missing := 1 if input.nope
"""
    with EmbeddedEngine() as engine:
        engine.load({"odd.rego": text}, {"selection": {"repository": {"g": ["odd"]}}}, tested=["g/odd"])
        with pytest.raises(DisagreementError, match="disagree"):
            list(engine.judge(b"{}", [b'{"entity": "repository", "s": "y"}']))
        engine.load({"odd.rego": text}, {"selection": {"repository": {"g": ["odd"]}}})
        assert list(engine.judge(b"{}", [b'{"entity": "repository", "s": "y"}'])) == [b'{"g/odd":["three"]}']


def test_gaps_are_what_the_embedded_engine_lacks() -> None:
    listed = json.loads(
        subprocess.run([find_opa(), "capabilities", "--current"], capture_output=True, check=True).stdout
    )
    missing = set()
    for builtin in listed["builtins"]:
        name = builtin["name"]
        if builtin.get("infix") or builtin.get("relation") or name.startswith("internal."):
            continue
        arguments = ", ".join(f"input.a{i}" for i in range(len(builtin["decl"].get("args", []))))
        values = json.dumps({f"a{i}": 0 for i in range(9)}).encode()
        try:
            engine = auditor_engine.Engine({"x.rego": f"package x\n\ny := {name}({arguments})\n"}, b"{}")
            engine.session(b"{}").evaluate("data.x.y", values)
        except auditor_engine.EngineFailure as error:
            if "could not find function" in str(error):
                missing.add(name)

    assert missing == set(MISSING_BUILTINS)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_opa_server_is_stopped_in_the_end_and_after_an_error() -> None:
    with OpaEngine() as engine:
        pid = engine._server.pid
        assert alive(pid)
    assert not alive(pid)
    with pytest.raises(PolicyError), OpaEngine() as engine:
        pid = engine._server.pid
        engine.load({"a.rego": "nonsense"}, {})
    assert not alive(pid)


@pytest.mark.slow
def test_opa_server_dies_with_a_killed_auditor() -> None:
    code = "import time; from auditor.policy.engines.opa import OpaEngine as E; print(E()._server.pid, flush=True); time.sleep(60)"
    root = str(Path(__file__).parents[2])
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, cwd=root) as process:
        pid = int(process.stdout.readline())
        process.kill()
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def test_shared_opa_server_is_left_as_it_was() -> None:
    with OpaEngine() as host:
        host.load({"theirs.rego": "package theirs\n\nx := 1\n"}, {"theirs_data": {"a": 1}})
        os.environ["AUDITOR_OPA_TOKEN"] = host._server.token
        url = f"http://127.0.0.1:{host._server.port}"
        try:
            with OpaEngine(url=url) as guest:
                guest.load({"main.rego": MAIN, "echo.rego": ECHO}, SELECTION)
                assert len(list(guest.judge(b'{"c": 1}', [b'{"entity": "repository", "n": 1}']))) == 1
                with pytest.raises(EngineError, match="already holds"), OpaEngine(url=url) as second:
                    second.load({"main.rego": MAIN}, SELECTION)
        finally:
            del os.environ["AUDITOR_OPA_TOKEN"]
        assert host.evaluate("data.theirs.x", b"{}", b"{}") == b"1"
        names = set(host._client.get_data("")["result"])
        assert not names & {"selection", "auditor"}


def test_unreachable_opa_is_an_error() -> None:
    with pytest.raises(EngineError, match="cannot be reached"):
        OpaEngine(url="http://127.0.0.1:9")
