"""The compiled module."""

regorus_version: str

class EngineFailure(Exception):
    """Base of all; args[0] is the message."""

class PolicyCompileError(EngineFailure):
    """A policy that does not parse or compile; args are (message, file or "", line or 0)."""

class EvaluationError(EngineFailure):
    """An evaluation that failed: conflicting rules, an unknown function, bad JSON."""

class UndefinedError(EngineFailure):
    """The query has no value."""

class LimitError(EngineFailure):
    """Stopped at the time or memory limit."""

class DisagreementError(EngineFailure):
    """Byte code and interpreter gave different values."""

class EnginePanicked(EngineFailure):
    """A defect of the interpreter; the session must not be used again."""

class Engine:
    """Compiled policies and their base document; immutable, shared by sessions."""

    def __init__(
        self, modules: dict[str, str], data: bytes, limit_seconds: float = 30.0, fast: list[str] = ...
    ) -> None:
        """Compile `modules` (path -> Rego) with `data` (a JSON object) as base document.

        The references `fast` are compiled to byte code as well, for `Session.judge`.
        """

    def session(self, context: bytes) -> Session:
        """A copy for one thread, with `data.context` set to the JSON value `context`."""

class Session:
    """Evaluates for one thread at a time."""

    def evaluate(self, query: str, input: bytes) -> bytes:
        """The JSON value of the reference `query`, as `data.a.b`, for the JSON `input`."""

    def judge(self, queries: list[tuple[str, str]], input: bytes, check: bool) -> bytes:
        """One JSON object: each key with the value of its reference; undefined ones are left out.

        With `check` what runs as byte code is interpreted as well; `DisagreementError` when they differ.
        """

def set_memory_limit(limit_bytes: int | None) -> None:
    """Bound what all evaluations of the process may hold together; None lifts the bound."""
