"""The embedded engine: the regorus crate through our own binding, on a few threads.

Our own rules, which are tested on every path, run as byte code; a user's rules are interpreted.

Each thread has its own session; the interpreter lock is released while it evaluates. Inputs are read
ahead by a small window only, so memory is bounded by a few records.
"""

from __future__ import annotations

import json
import os
import sys
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Any, ClassVar, Self

import auditor_engine
import msgspec

from auditor.errors import DisagreementError, EngineError, LimitExceededError, PolicyError

WINDOW_PER_WORKER = 3
SWITCH_INTERVAL_S = 0.0005
"""A thread that comes back from Rego would else wait 5 ms for one that is busy in Python."""
CHECKED_FIRST = 4
CHECKED_EVERY = 64
"""The byte code of regorus is young: these inputs of each context are interpreted as well, and must agree."""
MEMORY_LIMIT_BYTES = 4 * 1024**3
"""What all evaluations may hold together; the largest repository takes well under a tenth."""


class EmbeddedEngine:
    """See `ports.Engine`."""

    name: ClassVar[str] = "embedded"

    def __init__(self, *, workers: int | None = None, limit_s: float = 30.0) -> None:
        self.version: str = auditor_engine.regorus_version
        self._workers = workers or min(4, os.cpu_count() or 1)
        self._limit_s = limit_s
        self._queries: dict[str, list[tuple[str, str]]] = {}
        self._engine: auditor_engine.Engine | None = None
        auditor_engine.set_memory_limit(MEMORY_LIMIT_BYTES)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def load(self, modules: Mapping[str, str], data: Mapping[str, Any], *, tested: Collection[str] = ()) -> None:
        """See `ports.Engine.load`. Tested rules run as byte code, all others are interpreted."""
        selection: Mapping[str, Mapping[str, list[str]]] = data.get("selection", {})
        self._queries = {
            entity: [(f"{group}/{name}", _reference(f"{group}/{name}")) for group in groups for name in groups[group]]
            for entity, groups in selection.items()
        }
        try:
            self._engine = auditor_engine.Engine(
                dict(modules),
                json.dumps(data).encode(),
                limit_seconds=self._limit_s,
                fast=[_reference(path) for path in tested],
            )
        except auditor_engine.PolicyCompileError as error:
            message, file, line = error.args
            raise PolicyError(
                str(message), path=file or None, line=line or None, hint="auditor policy check tells more"
            ) from error
        except auditor_engine.EngineFailure as error:
            raise PolicyError(f"the policies do not load: {error}") from error

    def judge(self, context: bytes, inputs: Iterable[bytes]) -> Iterator[bytes]:
        """See `ports.Engine.judge`."""
        sessions = _Sessions(self._loaded(), context)
        pending: deque[Future[bytes]] = deque()
        before = sys.getswitchinterval()
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        with ThreadPoolExecutor(self._workers, thread_name_prefix="rego") as pool:
            try:
                for number, item in enumerate(inputs):
                    queries = self._queries.get(_entity(item), [])
                    check = number < CHECKED_FIRST or number % CHECKED_EVERY == 0
                    pending.append(pool.submit(sessions.judge, queries, item, check))
                    if len(pending) >= self._workers * WINDOW_PER_WORKER:
                        yield pending.popleft().result()
                while pending:
                    yield pending.popleft().result()
            finally:
                for future in pending:
                    future.cancel()
                sys.setswitchinterval(before)

    def evaluate(self, query: str, context: bytes, item: bytes) -> bytes:
        """See `ports.Engine.evaluate`."""
        return _Sessions(self._loaded(), context).evaluate(query, item)

    def _loaded(self) -> auditor_engine.Engine:
        if self._engine is None:
            raise EngineError("the engine was asked before it was loaded")
        return self._engine

    def close(self) -> None:
        """See `ports.Engine.close`."""
        self._engine = None


class _Sessions:
    """Hands a session to each thread that asks, and makes more as they are needed."""

    def __init__(self, engine: auditor_engine.Engine, context: bytes) -> None:
        self._engine = engine
        self._context = context
        self._idle: SimpleQueue[auditor_engine.Session] = SimpleQueue()

    def judge(self, queries: list[tuple[str, str]], item: bytes, check: bool) -> bytes:
        """Evaluate several rules on one input; with `check` on both paths."""
        return self._within("the rules", lambda session: session.judge(queries, item, check))

    def evaluate(self, query: str, item: bytes) -> bytes:
        """Evaluate one reference on one input."""
        return self._within(query, lambda session: session.evaluate(query, item))

    def _within(self, what: str, work: Callable[[auditor_engine.Session], bytes]) -> bytes:
        """Work in a session of this context. One that failed is not used again."""
        try:
            session = self._take()
            output = work(session)
        except auditor_engine.UndefinedError as error:
            raise EngineError(f"{what} has no value", hint="is the rule's package right?") from error
        except auditor_engine.DisagreementError as error:
            raise DisagreementError(
                f"{error}: no verdict of this run can be trusted", hint="use --engine opa, and report it"
            ) from error
        except auditor_engine.LimitError as error:
            raise LimitExceededError(f"the embedded engine stopped {what}: {error}") from error
        except auditor_engine.EnginePanicked as error:
            raise EngineError(
                f"the embedded engine gave up on {what}: {error}", hint="try --engine opa, and report it"
            ) from error
        except auditor_engine.EngineFailure as error:
            raise EngineError(
                f"the embedded engine cannot evaluate {what}: {_one_line(str(error))}", hint="try --engine opa"
            ) from error
        self._idle.put(session)
        return output

    def _take(self) -> auditor_engine.Session:
        try:
            return self._idle.get_nowait()
        except Empty:
            return self._engine.session(self._context)


def _one_line(text: str) -> str:
    """Regorus draws the source under its message; the last line says what is wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return next((line.partition("error: ")[2] for line in lines if "error: " in line), lines[-1] if lines else text)


def _reference(path: str) -> str:
    """`group/name` as a reference to the rule's verdicts."""
    return f"data.auditor.rules.{path.replace('/', '.')}.verdicts"


class _Entity(msgspec.Struct):
    entity: str = ""


_decode_entity = msgspec.json.Decoder(_Entity).decode


def _entity(item: bytes) -> str:
    try:
        return _decode_entity(item).entity
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise EngineError(f"an input is not JSON: {error}") from error
