"""Snapshots every target of a configuration."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor import __version__, plugins
from auditor.config.settings import Config
from auditor.config.validation import check_document, packaged_schema
from auditor.errors import ConfigError
from auditor.inventory.store import Manifest, SnapshotReader
from auditor.inventory.writing import SnapshotWriter
from auditor.run import clock
from auditor.run.joins.complete import Joins

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class CollectOutcome:
    """What a collection brought."""

    path: Path
    manifest: Manifest

    @property
    def coverage(self) -> float:
        """Answered over wanted facts, 1.0 when nothing was wanted."""
        wanted = sum(scope.wanted for scope in self.manifest.scopes)
        return 1.0 if wanted == 0 else sum(scope.answered for scope in self.manifest.scopes) / wanted


_ORDER = ("workloads", "identities", "registries")


def collect(config: Config, out: Path, progress: Progress, *, since: Path | None = None) -> CollectOutcome:
    """Write a snapshot of every target to `out`, compared with the snapshot `since` where there is one.

    Errors: `ConfigError` for targets that do not fit (before any request), `CredentialsError`.
    """
    targets = config.settings.targets
    if not targets:
        path = config.document.path if config.document else None
        raise ConfigError("has no targets", path=path, field="targets", hint="auditor init shows an example")
    checked = [_check_target(config, index, target) for index, target in enumerate(targets)]
    checked.sort(key=lambda pair: _ORDER.index(pair[0].phase))
    joins = Joins(since=since, expects_workloads=any(c.phase == "workloads" for c, _ in checked))
    with SnapshotWriter(out, now=clock.now(), auditor_version=__version__, completion=joins) as writer:
        for collector, target in checked:
            collector.collect(target, writer, progress)
        joins.finish(writer)
    return CollectOutcome(out, SnapshotReader(out).manifest)


def _check_target(config: Config, index: int, target: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    collector = _collector(config, index, target)
    package, name = collector.schema
    if config.document is not None:
        check_document(config.document, packaged_schema(package, name), at=f"/targets/{index}", data=target)
    return collector(), target


def _collector(config: Config, index: int, target: dict[str, Any]) -> Any:
    kind = target["kind"]
    known = plugins.names("collectors")
    if kind not in known:
        line = config.document.line(f"/targets/{index}/kind") if config.document else None
        raise ConfigError(
            f"unknown target kind {kind!r}",
            path=config.document.path if config.document else None,
            line=line,
            field=f"targets.{index}.kind",
            hint=f"known: {', '.join(known)}",
        )
    return plugins.collector(kind)
