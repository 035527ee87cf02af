"""The seams: one Protocol each for collectors, engines and reporters. Nothing else lives here."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, BinaryIO, ClassVar, Literal, Protocol, runtime_checkable

from auditor.inventory.extent import NamedReference
from auditor.inventory.plan import ScopePlan
from auditor.inventory.recorder import Recorder
from auditor.inventory.writing import SnapshotWriter

Phase = Literal["workloads", "identities", "registries"]
"""Collectors run in this order: what runs is known before the registries that it is joined with."""


@runtime_checkable
class Collector(Protocol):
    """Reads one kind of registry. What it cannot read becomes an unknown fact, never an empty answer.

    Errors: `CredentialsError` before anything was read, `ConfigError` for a target it cannot use.
    """

    kind: ClassVar[str]
    """As in `targets[].kind` of auditor.yaml: `ecr`."""
    phase: ClassVar[Phase]
    calls: ClassVar[frozenset[str]]
    """Every operation it may call, as `ecr:DescribeRepositories`: read-only policies are made from it."""

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Callable[[str, int], None]) -> None:
        """Write every scope of `target` (validated by `settings_schema`) to `writer`."""
        ...


@runtime_checkable
class ReferenceReader(Protocol):
    """A collector that can read single images, for the gate."""

    def narrow(
        self, target: Mapping[str, Any], references: Sequence[NamedReference]
    ) -> tuple[dict[str, Any], list[NamedReference]]:
        """The target cut down to those of `references` that are at its registry, and these. Sends no request.

        Each of their repositories gives a record whose `extent` says what every reference led to, asked once: whatever
        else is read of an image is read by that digest.
        """
        ...


@runtime_checkable
class Planner(Protocol):
    """A collector that can tell beforehand what it would take."""

    def plan(
        self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Callable[[str, int], None]
    ) -> list[ScopePlan]:
        """Make only the cheap calls that list what there is. `writer` is thrown away afterwards."""
        ...


@runtime_checkable
class Composite(Protocol):
    """A target that stands for others: several kinds of collector with the same settings."""

    kind: ClassVar[str]
    schema: ClassVar[tuple[str, str]]
    """The package and name of the JSON Schema of the target."""

    def expand(self, target: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The targets that it stands for, each with its `kind`, validated by nobody yet."""
        ...


@runtime_checkable
class Engine(Protocol):
    """Evaluates Rego. Used as a context manager; one `load`, then any number of contexts and inputs."""

    name: ClassVar[str]
    version: str

    def load(self, modules: Mapping[str, str], data: Mapping[str, Any], *, tested: Collection[str] = ()) -> None:
        """Compile `modules` (path -> Rego text) and set the base document.

        `data["selection"]` names the rules that `judge` runs, as policies/main.rego reads it. `tested` are the
        rules (`group/name`) that come with the auditor and are tested on every path of an engine: it may run
        them on a faster one that it does not use for anybody else's.
        Errors: `PolicyError` with file and line.
        """
        ...

    def judge(self, context: bytes, inputs: Iterable[bytes]) -> Iterator[bytes]:
        """`data.auditor.main.verdicts` of each input, in order: JSON, `group/name` -> verdicts.

        `context` is the JSON of `data.context` for these inputs. Errors: `EngineError`, `LimitExceededError`.
        """
        ...

    def evaluate(self, query: str, context: bytes, item: bytes) -> bytes:
        """The JSON value of one reference, as `data.auditor.rules.tags.no_latest.verdicts`.

        Errors: `EngineError` (also when it has no value), `LimitExceededError`.
        """
        ...

    def close(self) -> None:
        """Release what it holds; safe to call twice."""
        ...


@runtime_checkable
class Reporter(Protocol):
    """Writes results in one format. Pure: the same results give the same bytes."""

    format: ClassVar[str]
    suffix: ClassVar[str]

    def write(self, results: Any, out: BinaryIO) -> None:
        """Write `results` (`auditor.findings.model.Results`) to `out`. Errors: `ReportError`."""
        ...


__all__ = ["Collector", "Composite", "Engine", "Phase", "Planner", "Recorder", "ReferenceReader", "Reporter"]
