"""The snapshot store: all or nothing, and damaged parts are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditor.errors import InputError, UsageError
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.locate import line_of
from auditor.inventory.store import SnapshotReader
from auditor.inventory.writing import SnapshotWriter
from bench.inventory import write_snapshot


def test_snapshot_comes_back_as_written(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", 200)
    reader = SnapshotReader(tmp_path / "s")
    [scope] = reader.manifest.scopes

    assert (scope.repositories, scope.images) == (2, 200)
    assert len(list(reader.records(scope))) == 2
    assert reader.context(scope)


def test_the_same_content_has_the_same_digest(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_snapshot(tmp_path / name, 100)

    assert SnapshotReader(tmp_path / "a").digest == SnapshotReader(tmp_path / "b").digest


def test_nothing_appears_when_writing_fails(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), SnapshotWriter(tmp_path / "x" / "s", now="", auditor_version="") as writer:
        writer.open_scope("a/b/c")
        raise RuntimeError

    assert list(tmp_path.iterdir()) == []


def test_old_snapshot_is_replaced_and_other_folders_are_not(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", 100)
    write_snapshot(tmp_path / "s", 200)
    assert SnapshotReader(tmp_path / "s").manifest.scopes[0].images == 200

    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "precious").write_text("x")
    with pytest.raises(UsageError, match="not a snapshot"):
        SnapshotWriter(tmp_path / "mine", now="", auditor_version="")


def test_one_changed_byte_is_refused_before_the_first_line(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", 100)
    part = next((tmp_path / "s" / "parts").glob("*.jsonl"))
    content = bytearray(part.read_bytes())
    content[-2] ^= 1
    part.write_bytes(bytes(content))
    reader = SnapshotReader(tmp_path / "s")

    with pytest.raises(InputError, match="does not match the manifest"):
        next(reader.records(reader.manifest.scopes[0]))


def test_part_outside_the_snapshot_is_refused(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "s", 100)
    manifest = tmp_path / "s" / "manifest.json"
    manifest.write_text(manifest.read_text().replace("parts/", "../../etc/"))
    reader = SnapshotReader(tmp_path / "s")

    with pytest.raises(InputError, match="outside the snapshot"):
        next(reader.records(reader.manifest.scopes[0]))


def test_a_scope_twice_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="collected twice"),
        SnapshotWriter(tmp_path / "s", now="", auditor_version="") as w,
    ):
        w.open_scope("ecr/1/r")
        w.open_scope("ecr/1/r")


def test_recorder_counts_what_was_wanted_and_answered(tmp_path: Path) -> None:
    with SnapshotWriter(tmp_path / "s", now="", auditor_version="") as writer:
        scope = writer.open_scope("ecr/1/r")
        scope.recorder.settle(Known(1), "a")
        scope.recorder.settle(Unknown(Reason.ACCESS_DENIED, "x:Y"), "a")
        scope.recorder.settle(Unknown(Reason.NOT_REQUESTED, "x:Y"), "a")
        entry = scope.finish(None)
        writer.close_scope(entry)

    assert (entry.wanted, entry.answered, entry.errors[0].count) == (2, 1, 1)


def test_line_of_follows_a_path() -> None:
    text = '{\n "a": [\n  {"b": 1},\n  {\n   "b": "x,]}"\n  }\n ]\n}'

    assert [line_of(text, path) for path in ("$", "$.a[0].b", "$.a[1]", "$.a[1].b", "$.a[1].missing")] == [
        1,
        3,
        4,
        5,
        4,
    ]
