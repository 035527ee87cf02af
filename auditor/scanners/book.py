"""Everything that the user hands over beside the registries: scans, VEX statements, EPSS scores. Read once a run."""

from __future__ import annotations

import glob
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

from auditor.config.settings import Config, ScanResultSettings, judgement_digest
from auditor.errors import ConfigError, InputError
from auditor.inventory.facts import Known
from auditor.inventory.scan_sources import ScanSource
from auditor.scanners.epss import EpssScores, load_epss
from auditor.scanners.matching import How, ResultIndex
from auditor.scanners.reading import read_scan_file
from auditor.scanners.results import ImageResult, digests_in, text
from auditor.scanners.vex import Statement

MAX_FILES = 10_000
_SKEW = timedelta(days=1)
"""By how much another machine's clock may be ahead."""


@dataclass(frozen=True)
class Given:
    """One scan with the file it came from and what the user said about it."""

    result: ImageResult
    file: str
    digest: str
    settings: ScanResultSettings

    def source(self, how: How, now: str) -> ScanSource:
        """As the inventory keeps it. `now`: when the snapshot was taken."""
        return ScanSource(
            scanner=self.result.scanner,
            version=self.result.version,
            file=self.file,
            digest=self.digest,
            matched_by=how,
            completed_at=self.result.completed_at,
            database_at=self.result.database_at,
            problem=self.result.problem or self._problem(now),
        )

    def outdated(self, now: str) -> bool:
        """Whether it is older than the user accepts; the older of scan and database counts."""
        dates = self._dates()
        limit = timedelta(days=self.settings.max_age_days)
        return bool(dates) and datetime.fromisoformat(now) - datetime.fromisoformat(min(dates)) > limit

    def _dates(self) -> list[str]:
        return [d.value for d in (self.result.completed_at, self.result.database_at) if isinstance(d, Known)]

    def _problem(self, now: str) -> str:
        """Why its time keeps it from clearing an image."""
        dates = self._dates()
        if not dates:
            return "" if self.settings.accept_undated else "it does not tell when it was made"
        if datetime.fromisoformat(max(dates)) > datetime.fromisoformat(now) + _SKEW:
            return "its time lies in the future"
        limit = self.settings.max_age_days
        days = f"{limit} day{'' if limit == 1 else 's'}"
        return f"of {min(dates)[:10]}, more than {days} old" if self.outdated(now) else ""


@dataclass(frozen=True)
class GivenStatement:
    """A VEX statement with the file it came from and what the user said about it."""

    statement: Statement
    file: str
    settings: ScanResultSettings

    @property
    def words(self) -> str:
        """What hides a finding, for people."""
        status = self.statement.status.replace("_", " ")
        return f"VEX ({status}, {self.statement.author or self.file}): {self.statement.reason}"

    def ended(self, now: str) -> bool:
        """Whether the day up to which the user lets it count is over."""
        return self.settings.expires != "" and now[:10] > self.settings.expires


@dataclass(frozen=True)
class ScanBook:
    """All of it. `digest`: of everything that decides; empty where nothing was given."""

    given: list[Given] = field(default_factory=list)
    statements: list[GivenStatement] = field(default_factory=list)
    pointless: list[str] = field(default_factory=list)
    """VEX files of which no statement names an image."""
    epss: EpssScores | None = None
    digest: str = ""

    def index(self) -> ResultIndex:
        """The scans by what they are of."""
        named = {number: digest for number, one in enumerate(self.given) for digest in digests_in([one.settings.image])}
        return ResultIndex([one.result for one in self.given], named)


def read_book(config: Config) -> ScanBook:
    """Read what `scan_results` and `epss` name.

    Errors: `ConfigError` for a path that leads nowhere, `InputError` for a file that cannot be used.
    """
    settings = config.settings
    if not settings.scan_results and not settings.epss:
        return ScanBook()
    given: list[Given] = []
    statements: list[GivenStatement] = []
    pointless: list[str] = []
    seen: set[str] = set()
    count = 0
    for number, entry in enumerate(settings.scan_results):
        for path in _files(config, number, entry):
            count += 1
            if count > MAX_FILES:
                raise _wrong(config, number, f"leads to more than {MAX_FILES:,} files")
            read = read_scan_file(path)
            if read.digest in seen:
                continue
            seen.add(read.digest)
            shown = _shown(config, path)
            for result in read.results:
                _check(path, entry, result)
                given.append(Given(result, shown, read.digest, entry))
            if not read.results and not read.statements:
                pointless.append(shown)
            statements += [GivenStatement(statement, shown, entry) for statement in read.statements]
    epss = load_epss(config.resolve(settings.epss)) if settings.epss else None
    decides = [msgspec.to_builtins(settings.scan_results), sorted(seen), epss.digest if epss else ""]
    return ScanBook(given, statements, pointless, epss, judgement_digest(decides))


def _files(config: Config, number: int, entry: ScanResultSettings) -> Iterator[Path]:
    """The files of an entry, sorted. Hidden ones are left out of directories and globs."""
    path = config.resolve(entry.path)
    if path.is_dir():
        found = [p for p in path.rglob("*") if p.is_file() and not _hidden(p.relative_to(path))]
    elif path.is_file():
        found = [path]
    elif glob.has_magic(entry.path):
        found = _globbed(config, number, entry.path)
    else:
        raise _wrong(config, number, f"{entry.path} does not exist")
    if not found:
        raise _wrong(config, number, f"{entry.path} leads to no file", "an audit without its scans would not show it")
    if entry.image and len(found) > 1:
        raise _wrong(config, number, f"{entry.path} leads to {len(found)} files, image is for one", "name each file")
    yield from sorted(found)


def _globbed(config: Config, number: int, pattern: str) -> list[Path]:
    parts = Path(pattern).parts
    first = next(n for n, part in enumerate(parts) if glob.has_magic(part))
    root = config.resolve(str(Path(*parts[:first])))
    try:
        return [p for p in root.glob("/".join(parts[first:])) if p.is_file() and not _hidden(p.relative_to(root))]
    except ValueError as error:
        raise _wrong(config, number, f"{pattern} is no glob: {error}") from error


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _check(path: Path, entry: ScanResultSettings, result: ImageResult) -> None:
    if entry.scanner and result.scanner != entry.scanner.lower():
        raise InputError(
            f"was made by {result.scanner}, not by {entry.scanner}",
            path=path,
            hint="change scanner under scan_results, or leave it out",
        )


def _shown(config: Config, path: Path) -> str:
    """The path from the configuration's folder, or the name alone: nothing of the machine's own folders."""
    base = config.resolve("")
    return text(str(path.relative_to(base)) if path.is_relative_to(base) else path.name, 200)


def _wrong(config: Config, number: int, message: str, hint: str = "") -> ConfigError:
    return config.error(f"/scan_results/{number}/path", message, hint)
