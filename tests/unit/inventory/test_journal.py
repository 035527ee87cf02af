"""What an interrupted run leaves, and what of it the next run takes over."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import UsageError
from auditor.inventory.journal import find_interrupted, partial_path
from auditor.inventory.store import SnapshotReader
from auditor.inventory.writing import LineRecord, SnapshotWriter
from tests.support.audits import collect_world
from tests.support.ecr_server import Registry, World, make_repository

NOW, LATER = "2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z"
SCOPES = ("ecr/123456789012/eu-west-1", "ecr/123456789012/us-east-1")


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> SnapshotReader:
    """Two scopes with records of both kinds of part."""
    folder = tmp_path_factory.mktemp("source")
    regions = {
        region: Registry(repositories={name: make_repository(name, region) for name in ("a", "b")})
        for region in ("eu-west-1", "us-east-1")
    }
    collect_world(World(regions=regions), folder)
    return SnapshotReader(folder / "snapshot")


class Counting:
    """A completion that remembers what it saw."""

    def __init__(self) -> None:
        self.records: list[str] = []
        self.closed_scopes: list[tuple[str, bool]] = []

    def complete(self, record: LineRecord) -> LineRecord:
        self.records.append(record.id)
        return record

    def closed(self, scope: str, context: Any, _errors: Any) -> None:
        self.closed_scopes.append((scope, context is not None))


def writer(path: Path, *, now: str = NOW, version: str = "1", **more: Any) -> SnapshotWriter:
    return SnapshotWriter(path, now=now, auditor_version=version, **{"key": "k", **more})


def write(into: SnapshotWriter, source: SnapshotReader, scope: str) -> None:
    from auditor.inventory.records import decode_context, decode_line

    [entry] = [entry for entry in source.manifest.scopes if entry.id == scope]
    opened = into.open_scope(scope)
    opened.recorder.call("ecr:DescribeImages")
    opened.recorder.note("remark")
    for line in source.records(entry):
        opened.write(decode_line(line))
    into.close_scope(opened.finish(decode_context(source.context(entry) or b"")))


def interrupt(path: Path, source: SnapshotReader, *scopes: str, **more: Any) -> None:
    with pytest.raises(KeyboardInterrupt), writer(path, **more) as into:
        for scope in scopes:
            write(into, source, scope)
        into.open_scope("ecr/1/unfinished")
        raise KeyboardInterrupt


def test_finished_scopes_are_taken_over_with_the_first_time(tmp_path: Path, source: SnapshotReader) -> None:
    path = tmp_path / "snapshot"
    interrupt(path, source, SCOPES[0])
    assert not path.exists()
    left = find_interrupted(path)
    assert left is not None
    assert (left.finished, left.head.now) == (1, NOW)

    seen = Counting()
    with writer(path, now=LATER, resume=True, completion=seen) as into:
        assert into.now == NOW
        assert into.take_over(SCOPES[0])
        assert not into.take_over(SCOPES[1])
        write(into, source, SCOPES[1])

    # Joins see the records that were taken over.
    assert len(seen.records) == 4
    assert seen.closed_scopes == [(scope, True) for scope in SCOPES]
    result = SnapshotReader(path)
    assert result.manifest.taken_at == NOW
    for entry, original in zip(result.manifest.scopes, source.manifest.scopes, strict=True):
        assert list(result.records(entry)) == list(source.records(original))
        assert result.context(entry) == source.context(original)
        assert (entry.calls_by_operation, entry.notes) == ({"ecr:DescribeImages": 1}, ["remark"])
    assert sorted(file.name for file in path.iterdir()) == ["manifest.json", "parts"]
    assert not partial_path(path).exists()


def test_interrupted_again_while_resuming_loses_nothing(tmp_path: Path, source: SnapshotReader) -> None:
    path = tmp_path / "snapshot"
    interrupt(path, source, *SCOPES)
    with pytest.raises(KeyboardInterrupt), writer(path, resume=True) as into:
        assert into.take_over(SCOPES[1])
        raise KeyboardInterrupt

    with writer(path, resume=True) as into:
        assert into.take_over(SCOPES[0])
        assert into.take_over(SCOPES[1])
    assert len(SnapshotReader(path).manifest.scopes) == 2


def test_damaged_part_is_read_again(tmp_path: Path, source: SnapshotReader) -> None:
    path = tmp_path / "snapshot"
    interrupt(path, source, *SCOPES)
    [part, _] = sorted((partial_path(path) / "parts").glob("ecr-123456789012-*.jsonl"))
    part.write_bytes(part.read_bytes()[:-10])

    with writer(path, resume=True) as into:
        assert [into.take_over(scope) for scope in SCOPES] == [False, True]
        write(into, source, SCOPES[0])


def test_scope_that_could_not_be_read_is_tried_again(tmp_path: Path, source: SnapshotReader) -> None:
    path = tmp_path / "snapshot"
    with pytest.raises(KeyboardInterrupt), writer(path) as into:
        write(into, source, SCOPES[0])
        into.close_scope(into.open_scope(SCOPES[1]).finish(None))
        raise KeyboardInterrupt

    with writer(path, resume=True) as into:
        assert [into.take_over(scope) for scope in SCOPES] == [True, False]
        write(into, source, SCOPES[1])


@pytest.mark.parametrize(
    ("more", "message"),
    [({"key": "other"}, "another configuration"), ({"version": "2"}, "another version of the auditor")],
)
def test_another_configuration_or_version_is_refused_and_kept(
    tmp_path: Path, source: SnapshotReader, more: dict[str, str], message: str
) -> None:
    path = tmp_path / "snapshot"
    interrupt(path, source, SCOPES[0])

    with pytest.raises(UsageError, match=message), writer(path, resume=True, **more):
        pass
    assert find_interrupted(path) is not None


def test_nothing_to_resume_and_nothing_finished(tmp_path: Path, source: SnapshotReader) -> None:
    path = tmp_path / "deep" / "snapshot"
    with pytest.raises(UsageError, match="no interrupted collection"), writer(path, resume=True):
        pass
    interrupt(path, source)

    assert find_interrupted(path) is None
    assert list(tmp_path.iterdir()) == []


def test_without_a_key_nothing_is_left(tmp_path: Path, source: SnapshotReader) -> None:
    interrupt(tmp_path / "snapshot", source, *SCOPES, key="")

    assert list(tmp_path.iterdir()) == []


def test_journal_entry_of_another_scope_is_not_believed(tmp_path: Path, source: SnapshotReader) -> None:
    path = tmp_path / "snapshot"
    interrupt(path, source, SCOPES[0])
    [entry] = (partial_path(path) / "journal").glob("*.json")
    entry.write_text(json.dumps({**json.loads(entry.read_text()), "id": SCOPES[1]}))

    with writer(path, resume=True) as into:
        assert not into.take_over(SCOPES[0])
        write(into, source, SCOPES[0])
