"""Snapshots every target of a configuration."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor import __version__
from auditor.collectors.oci.content_cache import share_cache
from auditor.config.settings import Config, judgement_digest
from auditor.errors import InterruptedRunError
from auditor.inventory.earlier import EarlierSnapshot
from auditor.inventory.journal import find_interrupted
from auditor.inventory.store import Manifest, SnapshotReader
from auditor.inventory.writing import SnapshotWriter
from auditor.run import clock
from auditor.run.joins.complete import Joins
from auditor.run.targets import checked_targets, targets_digest
from auditor.scanners.book import ScanBook, read_book
from auditor.signatures.trust import read_verifier
from auditor.signatures.verifier import Verifier, share_verifier

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


def collect(
    config: Config, out: Path, progress: Progress, *, since: Path | None = None, resume: bool = False
) -> CollectOutcome:
    """Write a snapshot of every target to `out`.

    `since`: an earlier snapshot to compare with, whose unchanged repositories are reused where a collector can tell.
    `resume`: take over what an interrupted collection to `out` had finished, and keep its time.
    Errors: `ConfigError` for targets that do not fit and `InputError` for files of scanners (both before any request),
    `CredentialsError`,
    `InterruptedRunError` for Ctrl-C when finished scopes were kept, `UsageError` for nothing to resume.
    """
    checked = checked_targets(config)
    verifier = read_verifier(config)
    book = read_book(config)
    earlier = EarlierSnapshot(since) if since is not None else None
    joins = Joins(since=since, expects_workloads=any(c.phase == "workloads" for c, _ in checked), book=book)
    writer = SnapshotWriter(
        out,
        now=clock.now(),
        auditor_version=__version__,
        completion=joins,
        key=_key(checked, earlier.digest if earlier else "", verifier, book),
        resume=resume,
        earlier=earlier,
    )
    share_verifier(writer, verifier)
    share_cache(writer, config)
    try:
        with writer:
            for collector, target in checked:
                collector.collect(target, writer, progress)
            joins.finish(writer)
    except KeyboardInterrupt:
        left = find_interrupted(out)
        if left is None:
            raise
        raise InterruptedRunError(
            f"interrupted; {_scopes(left.finished)} kept beside {out}",
            hint="the same command with --resume goes on from there",
        ) from None
    return CollectOutcome(out, SnapshotReader(out).manifest)


def offer_to_resume(config: Config, out: Path, *, since: Path | None = None) -> str:
    """A sentence about an interrupted collection that `resume` would continue; empty where there is none."""
    left = find_interrupted(out)
    if left is None or left.head.auditor_version != __version__:
        return ""
    earlier = EarlierSnapshot(since).digest if since is not None else ""
    if left.head.key != _key(checked_targets(config), earlier, read_verifier(config), read_book(config)):
        return ""
    return (
        f"A collection to {shlex.quote(str(out))} of {left.head.now} was interrupted with {_scopes(left.finished)} "
        "finished. It is discarded now; --resume would have taken them over."
    )


def _key(checked: list[tuple[Any, dict[str, Any]]], earlier: str, verifier: Verifier, book: ScanBook) -> str:
    """What is collected, and with whose signatures and scans in mind: a scope counts only for the same."""
    return judgement_digest([targets_digest(checked), earlier, verifier.digest, book.digest])


def _scopes(count: int) -> str:
    return f"{count} scope{'' if count == 1 else 's'}"
