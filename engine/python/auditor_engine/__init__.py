"""Rego, embedded: JSON bytes in, JSON bytes out. See `_native.pyi` for the shapes."""

from auditor_engine._native import (
    DisagreementError,
    Engine,
    EngineFailure,
    EnginePanicked,
    EvaluationError,
    LimitError,
    PolicyCompileError,
    Session,
    UndefinedError,
    regorus_version,
    set_memory_limit,
)

__all__ = [
    "DisagreementError",
    "Engine",
    "EngineFailure",
    "EnginePanicked",
    "EvaluationError",
    "LimitError",
    "PolicyCompileError",
    "Session",
    "UndefinedError",
    "regorus_version",
    "set_memory_limit",
]
