"""What works here: versions, engines, and what the targets' credentials may not do."""

from __future__ import annotations

import platform
import re
import tempfile
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from auditor import __version__, plugins
from auditor.analysis.permissions import action_of, policy_of
from auditor.config.settings import Config
from auditor.errors import AuditorError
from auditor.inventory.facts import Reason
from auditor.inventory.recorder import ErrorEntry
from auditor.run.collecting import Progress, collect

_CALL = re.compile(r"([a-z0-9-]+:[A-Z]\w+): ")
_SHOWN = ("auditor-engine", "boto3", "botocore", "opa-python-client", "jsonschema", "pandas")


@dataclass(frozen=True)
class EngineState:
    """Whether an engine can be used here."""

    name: str
    usable: bool
    detail: str


@dataclass(frozen=True)
class Lack:
    """One kind of failure, over all scopes that have it."""

    operation: str
    reason: str
    message: str
    permission: str
    """The IAM action that a refused call needs; empty for other failures."""
    policy: str
    """The file of deploy/aws that grants it."""
    scopes: list[str]


@dataclass(frozen=True)
class Diagnosis:
    """What the targets lack."""

    scopes: int
    lacks: list[Lack]
    notes: list[str]

    @property
    def well(self) -> int:
        """Scopes that lack nothing."""
        return self.scopes - len({scope for lack in self.lacks for scope in lack.scopes})


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


def check_targets(config: Config, progress: Progress) -> Diagnosis:
    """Read one repository of every scope and tell what was refused, the same only once. Errors: as `collect`."""
    targets = [{**target, "max_repositories": 1} for target in config.settings.targets]
    probe = Config(msgspec.structs.replace(config.settings, targets=targets), config.document)
    with tempfile.TemporaryDirectory(prefix="auditor-doctor-") as folder:
        outcome = collect(probe, Path(folder) / "snapshot", progress)
    found: dict[tuple[str, str], Lack] = {}
    for scope in outcome.manifest.scopes:
        for error in scope.errors:
            # The message of a refusal names the resource: it differs from scope to scope.
            key = (error.operation, error.reason)
            if key not in found:
                found[key] = _lack(error)
            if scope.id not in found[key].scopes:
                found[key].scopes.append(scope.id)
    notes = [*outcome.manifest.notes]
    bulk = Counter(_with_permission(note) for scope in outcome.manifest.scopes for note in scope.notes)
    notes += [note if count == 1 else f"{note} (in {count} scopes)" for note, count in sorted(bulk.items())]
    return Diagnosis(len(outcome.manifest.scopes), [found[key] for key in sorted(found)], notes)


def _with_permission(note: str) -> str:
    """A remark about a call that was done without, with the permission that it needs."""
    call = _CALL.match(note)
    if call is None:
        return note
    lack = _lack(ErrorEntry(call.group(1), Reason.ACCESS_DENIED, "", "", ""))
    return f"{note} (needs {lack.permission}, in deploy/aws/{lack.policy})" if lack.permission else note


def _lack(error: ErrorEntry) -> Lack:
    refused = error.reason == Reason.ACCESS_DENIED
    try:
        permission, policy = (action_of(error.operation), policy_of(error.operation)) if refused else ("", "")
    except AuditorError:  # a collector of somebody else, with names of its own
        permission, policy = "", ""
    return Lack(error.operation, error.reason, error.message or error.code, permission, policy, [])
