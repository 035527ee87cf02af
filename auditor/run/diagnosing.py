"""What works here: versions, engines, and what the targets' credentials may not do."""

from __future__ import annotations

import platform
import tempfile
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from auditor import __version__, plugins
from auditor.config.settings import Config
from auditor.errors import AuditorError
from auditor.run.collecting import Progress, collect

_SHOWN = ("auditor-engine", "boto3", "botocore", "opa-python-client", "jsonschema", "pandas")


@dataclass(frozen=True)
class EngineState:
    """Whether an engine can be used here."""

    name: str
    usable: bool
    detail: str


@dataclass(frozen=True)
class Diagnosis:
    """What one scope lacks: `operation: reason`, empty when all is well."""

    scope: str
    lacks: list[str]


def versions() -> list[tuple[str, str]]:
    """Program, interpreter and the libraries that matter."""
    rows = [("registry-auditor", __version__), ("python", platform.python_version())]
    for name in _SHOWN:
        try:
            rows.append((name, version(name)))
        except PackageNotFoundError:
            rows.append((name, "not installed"))
    return rows


def describe_engines() -> list[EngineState]:
    """Load every engine and let it evaluate a one-line policy."""
    return [_describe_engine(name) for name in plugins.names("engines")]


def _describe_engine(name: str) -> EngineState:
    modules = {"doctor.rego": "package doctor\n\nanswer := input.question + 1\n"}
    try:
        engine = plugins.load("engines", name)()
        try:
            engine.load(modules, {})
            answer = engine.evaluate("data.doctor.answer", b"{}", b'{"question": 41}')
        finally:
            engine.close()
    except (AuditorError, ImportError) as error:
        return EngineState(name, usable=False, detail=str(error))
    right = msgspec.json.decode(answer) == 42  # noqa: PLR2004  41 + 1
    return EngineState(name, usable=right, detail=engine.version if right else "gives wrong answers")


def check_targets(config: Config, progress: Progress) -> list[Diagnosis]:
    """Read one repository of every scope and tell what was refused. Errors: as `collect`."""
    targets = [{**target, "max_repositories": 1} for target in config.settings.targets]
    probe = Config(msgspec.structs.replace(config.settings, targets=targets), config.document)
    with tempfile.TemporaryDirectory(prefix="auditor-doctor-") as folder:
        outcome = collect(probe, Path(folder) / "snapshot", progress)
    return [
        Diagnosis(
            scope.id,
            [f"{error.operation}: {error.reason}: {error.message or error.code}" for error in scope.errors],
        )
        for scope in outcome.manifest.scopes
    ]
