"""Joins what the registries' scanners say with scans made elsewhere, VEX statements and EPSS scores."""

from __future__ import annotations

import threading

import msgspec

from auditor.analysis.scan_merge import SETTING, Outside, join_scan, own_scan
from auditor.config.settings import judgement_digest
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.names import entities_of
from auditor.inventory.scanning import ScanResult, Suppression, Vulnerability
from auditor.inventory.writing import LineRecord, SnapshotWriter
from auditor.run.joins.base import Join
from auditor.run.joins.splice import splice_derived
from auditor.scanners.book import Given, GivenStatement, ScanBook
from auditor.scanners.matching import How, indexes_of
from auditor.scanners.vex import Statement, applying

MAX_NOTES = 20
MAX_IMAGES = 100
"""Images that a suppression in the context of a registry names."""
_OTHER = Unknown(Reason.PENDING, SETTING, "no given result is of this image")


class ScanJoin(Join):
    """Always there: it also takes back what an earlier run had joined to a record that is used again."""

    def __init__(self, book: ScanBook) -> None:
        self._book = book
        self._index = book.index()
        self._lock = threading.Lock()
        self._matched: set[int] = set()
        self._tagged: dict[int, str] = {}
        """Results of which only the tag was found."""
        self._by_tag: dict[str, list[int]] = {}
        for number, given in enumerate(book.given):
            for reference in given.result.references:
                self._by_tag.setdefault(reference, []).append(number)
        self._statements: dict[str, list[int]] = {}
        """Digest or `host/path` -> statements on it."""
        for number, one in enumerate(book.statements):
            for product in one.statement.products:
                for name in sorted(product.digests) or [product.repository]:
                    self._statements.setdefault(name, []).append(number)
        self._met: set[int] = set()
        """Statements of which an image was read."""
        self._hiding: dict[str, dict[int, set[str]]] = {}
        """Scope -> statements that apply there -> images."""

    def complete(self, record: LineRecord) -> LineRecord:
        """See `Join.complete`."""
        if not isinstance(record, RepositoryRecord) or not isinstance(record.images, Known):
            return record
        images = record.images.value
        matched = self._index.match(images)
        around = indexes_of(images) if self._book.statements else {}
        self._note_matches(record, matched)
        changed = [self._image(record, image, matched.get(image.digest, {}), around) for image in images]
        if all(new is old for new, old in zip(changed, images, strict=True)):
            return record
        return msgspec.structs.replace(record, images=Known(changed, record.images.source))

    def finish(self, writer: SnapshotWriter) -> None:
        """See `Join.finish`."""
        for note in self._notes(writer.now):
            writer.recorder.note(note)
        if not self._book.statements:
            return
        for scope in writer.scopes():
            if "registry" in entities_of(scope):
                fact = Known(self._suppressions(scope), SETTING)
                writer.rewrite_context(scope, lambda line, fact=fact: splice_derived(line, "vex", fact))  # type: ignore[misc]  # bound now

    # ---------------------------------------------------------------- images
    def _image(
        self, record: RepositoryRecord, image: Image, matched: dict[int, How], around: dict[str, set[str]]
    ) -> Image:
        if image.kind != "image":
            return image
        own = _own(image.scan)
        statements = self._on(record, image, around)
        scan = own
        if matched or statements:
            outside = [_outside(self._book.given[number], how, record.now) for number, how in sorted(matched.items())]
            scan = join_scan(own, outside, lambda v: self._hide(record, image, statements, v))
        if self._book.given and isinstance(scan, Unknown) and scan.reason is Reason.UNSUPPORTED_BY_PLATFORM:
            scan = _OTHER
        scan = self._scored(scan)
        return image if scan is image.scan or scan == image.scan else msgspec.structs.replace(image, scan=scan)

    def _on(self, record: RepositoryRecord, image: Image, around: dict[str, set[str]]) -> list[int]:
        """The statements on an image: on its digest, its index's, its config's, or on its repository."""
        if not self._book.statements:
            return []
        names = {image.digest, image.config_digest, record.repository.uri, *around.get(image.digest, ())}
        found = {number for name in names if name for number in self._statements.get(name, ())}
        with self._lock:
            self._met |= found
        return sorted(number for number in found if not self._book.statements[number].ended(record.now))

    def _hide(self, record: RepositoryRecord, image: Image, numbers: list[int], vulnerability: Vulnerability) -> str:
        """What hides a vulnerability, in words; empty where no statement does."""
        if not numbers:
            return ""
        chosen = applying([self._book.statements[number].statement for number in numbers], vulnerability)
        if chosen is None:
            return ""
        number = next(n for n in numbers if self._book.statements[n].statement is chosen)
        with self._lock:
            self._hiding.setdefault(record.scope, {}).setdefault(number, set()).add(image.digest)
        return self._book.statements[number].words

    def _scored(self, scan: Fact[ScanResult]) -> Fact[ScanResult]:
        """With the scores of the user's file, which has a date, in place of the scanner's."""
        epss = self._book.epss
        if epss is None or not isinstance(scan, Known) or not isinstance(scan.value.vulnerabilities, Known):
            return scan
        source = f"epss:{epss.scored_at[:10]}"
        scored = []
        for one in scan.value.vulnerabilities.value:
            scores = [epss.scores[name] for name in (one.id, *one.aliases) if name in epss.scores]
            scored.append(msgspec.structs.replace(one, epss=Known(max(scores), source)) if scores else one)
        details = Known(scored, scan.value.vulnerabilities.source)
        return Known(msgspec.structs.replace(scan.value, vulnerabilities=details), scan.source)

    # ---------------------------------------------------------------- what is told about it
    def _note_matches(self, record: RepositoryRecord, matched: dict[str, dict[int, How]]) -> None:
        numbers = {number for found in matched.values() for number in found}
        tags = [f"{record.repository.uri}:{tag}" for i in _images(record) for tag in i.tags] if self._by_tag else []
        with self._lock:
            self._matched |= numbers
            for tag in tags:
                for number in self._by_tag.get(tag, ()):
                    self._tagged[number] = min(self._tagged.get(number, tag), tag)

    def _notes(self, now: str) -> list[str]:
        lost = [number for number in range(len(self._book.given)) if number not in self._matched]
        notes = [self._lost(number) for number in lost[:MAX_NOTES]]
        if len(lost) > MAX_NOTES:
            notes.append(f"scan_results: {len(lost) - MAX_NOTES} more results are of no image that was read")
        by_file: dict[str, list[int]] = {}
        for number, one in enumerate(self._book.statements):
            by_file.setdefault(one.file, []).append(number)
        for file in sorted(by_file)[:MAX_NOTES]:
            unmet = len([number for number in by_file[file] if number not in self._met])
            notes += _statement_notes(file, [self._book.statements[number] for number in by_file[file]], unmet, now)
        none = "no statement in it names an image by its digest, or a repository with its host"
        return notes + [f"scan_results: {file}: {none}" for file in sorted(self._book.pointless)[:MAX_NOTES]]

    def _lost(self, number: int) -> str:
        given = self._book.given[number]
        named = given.settings.image or ", ".join(given.result.digests[:2])
        what = f"is of no image that was read ({named})" if named else "names no digest of an image"
        tag = self._tagged.get(number, "")
        only = f"; {tag} fits by its tag alone, which is not used" if tag else ""
        return f"scan_results: {given.file}: the scan by {given.result.scanner} {what}{only}"

    def _suppressions(self, scope: str) -> list[Suppression]:
        account, region = scope.split("/")[1:3]
        found = [
            _suppression(self._book.statements[number], digests, f"urn:cr:vex:{account}:{region}")
            for number, digests in self._hiding.get(scope, {}).items()
        ]
        return sorted({one.id: one for one in found}.values(), key=lambda one: one.id)


def _images(record: RepositoryRecord) -> list[Image]:
    return record.images.value if isinstance(record.images, Known) else []


def _outside(given: Given, how: How, now: str) -> Outside:
    result = given.result
    return Outside(given.source(how, now), result.vulnerabilities, result.secrets, outdated=given.outdated(now))


def _own(scan: Fact[ScanResult]) -> Fact[ScanResult]:
    """What the registry said, before any run joined anything to it."""
    if isinstance(scan, Unknown) and scan.source == SETTING:
        return Unknown(Reason.UNSUPPORTED_BY_PLATFORM, SETTING, scan.detail)
    return own_scan(scan)


def _statement_notes(file: str, statements: list[GivenStatement], unmet: int, now: str) -> list[str]:
    notes = []
    if unmet:
        notes.append(f"scan_results: {file}: of {unmet} of its {len(statements)} VEX statements no image was read")
    if statements[0].ended(now):
        notes.append(f"scan_results: {file}: its VEX statements ended on {statements[0].settings.expires}")
    silent = [s for s in statements if s.statement.status in ("not_affected", "fixed") and not s.statement.hides]
    if silent:
        name = min(min(one.statement.ids) for one in silent)
        many = f"{len(silent)} VEX statements hide" if len(silent) > 1 else "a VEX statement hides"
        notes.append(f"scan_results: {file}: {many} nothing, since no reason is given (as on {name})")
    return notes


def _suppression(one: GivenStatement, digests: set[str], urn: str) -> Suppression:
    statement: Statement = one.statement
    ids = sorted(statement.ids)
    what = [
        ids, statement.status, statement.reason, statement.author, statement.made_at, one.file,
        [(component.name, component.version) for component in statement.components],
        [(sorted(product.digests), product.repository) for product in statement.products],
    ]  # fmt: skip
    expires = one.settings.expires
    return Suppression(
        id=f"{urn}:suppression/{judgement_digest(what).removeprefix('sha256:')[:16]}",
        name=f"{ids[0]} in {one.file}",
        reason=statement.reason,
        owner=one.settings.owner or statement.author,
        created_at=Known(statement.made_at) if statement.made_at else Absent(SETTING),
        expires=Known(f"{expires}T23:59:59Z", SETTING) if expires else Absent(SETTING),
        vulnerabilities=ids,
        repositories=[product.repository for product in statement.products if product.repository],
        criteria=[f"status {statement.status}"],
        packages=sorted({component.name for component in statement.components}),
        images=sorted(digests)[:MAX_IMAGES],
    )
