"""Plays lifecycle policies forward over a snapshot, and on request asks the registry for its own answer."""

from __future__ import annotations

import difflib
import fnmatch
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from auditor.analysis.derive import derive_retention
from auditor.analysis.lifecycle.forecast import Forecast, Prices, forecast
from auditor.analysis.lifecycle.outlook import outlook_of
from auditor.analysis.retention import MAX_BYTES, analyse_retention
from auditor.config.settings import Config
from auditor.errors import InputError, UsageError
from auditor.inventory.derived import PolicyProblem, RetentionAnalysis
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.names import entities_of
from auditor.run.judging import open_source

MAX_DAYS = 3650


class InvalidPolicyError(InputError):
    """A proposed policy that the registry would refuse; `problems` says why, rule by rule."""

    def __init__(self, problems: Sequence[PolicyProblem], path: Path) -> None:
        count = "1 error" if len(problems) == 1 else f"{len(problems)} errors"
        super().__init__(f"the policy has {count}: {problems[0].message}", path=path)
        self.problems = list(problems)


@dataclass(frozen=True, kw_only=True)
class SimulateOptions:
    """What to simulate. `policy`: a file with a proposed policy in place of the present ones; `days`: when to look."""

    snapshot: Path
    repositories: tuple[str, ...] = ()
    policy: Path | None = None
    days: tuple[int, ...] = (0, 30, 90)
    prices: Prices = field(default_factory=Prices)
    oracle: Config | None = None
    sleep: Callable[[float], None] | None = None
    progress: Callable[[str, int], None] = field(default=lambda _what, _count: None)


class Difference(msgspec.Struct, frozen=True):
    """An image of which the simulation and the registry say different things; empty text: not taken."""

    digest: str
    simulated: str
    previewed: str


class Oracle(msgspec.Struct, frozen=True):
    """The registry's own preview beside the simulated next run."""

    agreed: int
    differences: list[Difference]
    unread: str = ""
    """Why there is no preview."""


class RepositorySimulation(msgspec.Struct, frozen=True):
    """One repository. `forecast` is None where there is nothing to play, which `reason` explains."""

    id: str
    name: str
    policy: str
    """`present`, `proposed` or `none`."""
    images: int | None
    forecast: Forecast | None
    reason: str = ""
    descriptions: dict[int, str] = {}
    warnings: list[str] = []
    oracle: Oracle | None = None


class Simulation(msgspec.Struct, frozen=True):
    """The whole answer."""

    taken_at: str
    days: list[int]
    prices: Prices
    repositories: list[RepositorySimulation]
    schema_version: int = 1


def simulate(options: SimulateOptions) -> Simulation:
    """Simulate every chosen repository of the snapshot.

    Errors: `InvalidPolicyError` for a proposed policy with errors, `UsageError` for unknown repositories or days that
    cannot be, `InputError` for files that cannot be used.
    """
    days = sorted(set(options.days))
    if not days or days[0] < 0 or days[-1] > MAX_DAYS:
        raise UsageError(f"--days must be numbers from 0 to {MAX_DAYS}", hint="as --days 0,30,90")
    proposed = _proposed(options.policy) if options.policy else None
    source = open_source(options.snapshot)
    records = list(_chosen(options, source.taken_at))
    preview = _preview(options)
    found = []
    for record in records:
        found.append(_one(record, proposed, days, options.prices, preview))
        options.progress("repositories", 1)
    return Simulation(source.taken_at, days, options.prices, found)


Ask = Callable[[RepositoryRecord, str | None], Fact[dict[str, str]]]


def _one(
    record: RepositoryRecord,
    proposed: tuple[str, RetentionAnalysis] | None,
    days: list[int],
    prices: Prices,
    ask: Ask | None,
) -> RepositorySimulation:
    retention: Fact[RetentionAnalysis] = Known(proposed[1]) if proposed else derive_retention(record.repository)
    if proposed and record.repository.registry.kind != "ecr":
        kind = record.repository.registry.kind
        retention = Unknown(Reason.UNSUPPORTED_BY_PLATFORM, kind, "lifecycle policies are ECR's")
    outlook = outlook_of(retention, record.images, now=record.now, horizon_days=days[-1])
    result = RepositorySimulation(
        id=record.id,
        name=record.repository.name,
        policy="proposed" if proposed else "none" if isinstance(retention, Absent) else "present",
        images=len(record.images.value) if isinstance(record.images, Known) else None,
        forecast=None,
    )
    if not (isinstance(outlook, Known) and isinstance(retention, Known) and isinstance(record.images, Known)):
        return msgspec.structs.replace(result, reason=_reason(outlook))
    found = forecast(outlook.value, record.images.value, record.derived.usage, days=days, prices=prices)
    return msgspec.structs.replace(
        result,
        forecast=found,
        descriptions={rule.priority: rule.description for rule in retention.value.rules},
        warnings=[warning.message for warning in retention.value.warnings],
        oracle=_compare(found, ask(record, proposed[0] if proposed else None)) if ask else None,
    )


def _reason(outlook: Fact[Any]) -> str:
    if isinstance(outlook, Unknown):
        return f"cannot be simulated: {outlook.detail or outlook.reason} ({outlook.source})"
    return "has no lifecycle policy"


def _proposed(path: Path) -> tuple[str, RetentionAnalysis]:
    """The text and the analysis of a proposed policy."""
    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES + 1).decode()
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise InputError("is not UTF-8 text", path=path) from error
    try:
        found = analyse_retention(text)
    except InputError as error:
        raise InputError(error.message, path=path, hint="a lifecycle policy as ecr:PutLifecyclePolicy takes") from error
    if found.errors:
        raise InvalidPolicyError(found.errors, path)
    return text, found


# -------------------------------------------------------------------- which repositories
def _chosen(options: SimulateOptions, taken_at: str) -> Iterator[RepositoryRecord]:
    """The records that an argument names, by name, glob or id; all without arguments."""
    source = open_source(options.snapshot)
    decode = msgspec.json.Decoder(RepositoryRecord).decode
    unmatched = set(options.repositories)
    names: set[str] = set()
    for scope in source.scopes():
        if "repository" not in entities_of(scope.id):
            continue
        for line in scope.records:
            try:
                record = decode(line)
            except msgspec.MsgspecError as error:
                message = f"has a record that does not fit: {error}"
                raise InputError(message, path=options.snapshot, hint="collect again") from error
            name = record.repository.name
            names.add(name)
            hits = {a for a in options.repositories if a == record.id or fnmatch.fnmatchcase(name, a)}
            unmatched -= hits
            if hits or not options.repositories:
                yield record
    for argument in sorted(unmatched):
        near = difflib.get_close_matches(argument, names, n=1)
        hint = f"did you mean {near[0]}?" if near else f"the snapshot of {taken_at} has {len(names)} repositories"
        raise UsageError(f"no repository {argument!r} in the snapshot", hint=hint)


# -------------------------------------------------------------------- the registry's own answer
def _preview(options: SimulateOptions) -> Ask | None:
    if options.oracle is None:
        return None
    from auditor.collectors.aws.retention_preview import RetentionPreview

    targets = options.oracle.settings.targets
    asked = RetentionPreview(targets, options.sleep) if options.sleep else RetentionPreview(targets)

    def ask(record: RepositoryRecord, policy: str | None) -> Fact[dict[str, str]]:
        registry = record.repository.registry
        answer = asked.ask(registry.account, registry.region, record.repository.name, policy)
        if not isinstance(answer, Known):
            return answer
        return Known({image.digest: f"{image.action} by rule {image.priority}" for image in answer.value})

    return ask


def _compare(found: Forecast, answer: Fact[dict[str, str]]) -> Oracle:
    """The next run, simulated and previewed. What goes with its subject is not the work of a rule: not compared."""
    if not isinstance(answer, Known):
        detail = getattr(answer, "detail", "") or getattr(answer, "code", "")
        reason = getattr(answer, "reason", "not_configured")
        return Oracle(0, [], f"{answer.source}: {reason}: {detail}".rstrip(": "))
    next_run = [removal for removal in found.removals if removal.after_days == 0]
    follows = {removal.digest for removal in next_run if not removal.priority}
    ours = {r.digest: f"{r.action} by rule {r.priority}" for r in next_run if r.priority}
    theirs = {digest: what for digest, what in answer.value.items() if digest not in follows}
    differences = [
        Difference(digest, ours.get(digest, ""), theirs.get(digest, ""))
        for digest in sorted(ours.keys() | theirs.keys())
        if ours.get(digest) != theirs.get(digest)
    ]
    return Oracle(
        len(ours.keys() & theirs.keys()) - sum(bool(d.simulated and d.previewed) for d in differences), differences
    )
