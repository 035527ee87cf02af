"""Content kept between runs: believed for its digest alone, bounded, private, and never in the way."""

from __future__ import annotations

import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from auditor.collectors.oci.content_cache import MAX_ENTRY_BYTES, ContentCache, default_folder
from tests.support.registries import digest_of

CONTENT = b'{"schemaVersion": 2}'
DIGEST = digest_of(CONTENT)


def cache(folder: Path, limit: int = 1_000_000) -> ContentCache:
    return ContentCache(folder / "cache", limit)


def path_of(folder: Path, digest: str) -> Path:
    algorithm, _, value = digest.partition(":")
    return folder / "cache" / algorithm / value[:2] / value


def test_what_was_put_is_there_for_the_next_run_and_for_nobody_else(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        cache(tmp_path).put(DIGEST, CONTENT)
    finally:
        os.umask(old)

    assert cache(tmp_path).get(DIGEST) == CONTENT
    modes = {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "cache").rglob("*") if path.is_dir()}
    assert modes == {0o700}
    assert stat.S_IMODE((tmp_path / "cache").stat().st_mode) == 0o700
    assert stat.S_IMODE(path_of(tmp_path, DIGEST).stat().st_mode) == 0o600


@pytest.mark.parametrize("written", [b"", b'{"schemaVersion": 3}', CONTENT + b" ", b"x" * (MAX_ENTRY_BYTES + 1)])
def test_a_changed_entry_is_not_believed_and_goes(tmp_path: Path, written: bytes) -> None:
    kept = cache(tmp_path)
    kept.put(DIGEST, CONTENT)
    path_of(tmp_path, DIGEST).write_bytes(written)

    assert kept.get(DIGEST) is None
    assert not path_of(tmp_path, DIGEST).exists()


def test_links_pipes_and_folders_in_place_of_an_entry_are_not_read(tmp_path: Path) -> None:
    kept = cache(tmp_path)
    place = path_of(tmp_path, DIGEST)
    place.parent.mkdir(parents=True)
    elsewhere = tmp_path / "secret"
    elsewhere.write_bytes(CONTENT)
    for make in (lambda: place.symlink_to(elsewhere), lambda: os.mkfifo(place), place.mkdir):
        make()
        assert kept.get(DIGEST) is None
        place.rmdir() if place.is_dir() and not place.is_symlink() else place.unlink()

    assert elsewhere.read_bytes() == CONTENT


@pytest.mark.parametrize(
    "digest", ["sha256:../../../etc/passwd", "md5:" + "a" * 32, "latest", "sha256:" + "A" * 64, ""]
)
def test_what_is_no_digest_names_no_file(tmp_path: Path, digest: str) -> None:
    kept = cache(tmp_path)
    kept.put(digest, CONTENT)

    assert kept.get(digest) is None
    assert not (tmp_path / "cache").exists()


def test_nothing_is_made_before_there_is_something_to_keep(tmp_path: Path) -> None:
    assert cache(tmp_path).get(DIGEST) is None
    assert list(tmp_path.iterdir()) == []


def test_what_was_used_longest_ago_makes_room(tmp_path: Path) -> None:
    contents = [bytes([number]) * 100 for number in range(10)]
    kept = cache(tmp_path, 1000)
    for number, content in enumerate(contents):
        kept.put(digest_of(content), content)
        os.utime(path_of(tmp_path, digest_of(content)), (number, number))
    assert kept.get(digest_of(contents[0])) == contents[0]
    kept.put(DIGEST, CONTENT)

    left = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file()) <= 800
    assert {digest_of(contents[0])[7:], digest_of(contents[9])[7:], DIGEST[7:]} <= left
    assert digest_of(contents[1])[7:] not in left


def test_the_next_run_knows_what_earlier_ones_left(tmp_path: Path) -> None:
    cache(tmp_path, 150).put(digest_of(b"a" * 100), b"a" * 100)
    cache(tmp_path, 150).put(digest_of(b"b" * 100), b"b" * 100)

    assert cache(tmp_path).get(digest_of(b"a" * 100)) is None
    assert cache(tmp_path).get(digest_of(b"b" * 100)) == b"b" * 100


def test_what_is_larger_than_the_cache_is_not_kept_and_removes_nothing(tmp_path: Path) -> None:
    kept = cache(tmp_path, 50)
    kept.put(DIGEST, CONTENT)
    kept.put(digest_of(b"a" * 51), b"a" * 51)

    assert kept.get(DIGEST) == CONTENT
    assert kept.get(digest_of(b"a" * 51)) is None


def test_a_folder_that_others_may_write_to_is_not_used(tmp_path: Path) -> None:
    cache(tmp_path).put(DIGEST, CONTENT)
    (tmp_path / "cache").chmod(0o770)

    assert cache(tmp_path).get(DIGEST) is None
    assert cache(tmp_path).get(digest_of(b"new")) is None


def test_a_folder_that_cannot_be_made_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file")
    kept = cache(tmp_path)
    kept.put(DIGEST, CONTENT)

    assert kept.get(DIGEST) is None


def test_a_folder_that_cannot_be_written_to_is_read_all_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    cache(tmp_path).put(DIGEST, CONTENT)
    kept = cache(tmp_path)
    opened = os.open

    def read_only(path: str, flags: int, *rest: int) -> int:
        if flags & os.O_CREAT:
            raise OSError(30, "Read-only file system")
        return opened(path, flags, *rest)

    monkeypatch.setattr(os, "open", read_only)
    kept.put(digest_of(b"new"), b"new")

    assert kept.get(DIGEST) == CONTENT
    assert kept.get(digest_of(b"new")) is None


def test_many_threads_may_use_it(tmp_path: Path) -> None:
    kept = cache(tmp_path, 3000)
    contents = [bytes([number]) * 100 for number in range(100)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: kept.put(digest_of(content), content), contents * 3))
        found = list(pool.map(lambda content: kept.get(digest_of(content)), contents))

    assert all(content in (None, wanted) for content, wanted in zip(found, contents, strict=True))
    assert any(found)
    assert sum(path.stat().st_size for path in (tmp_path / "cache").rglob("*") if path.is_file()) <= 3800


def test_the_users_cache_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "registry-auditor" / "content"
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert default_folder() == Path.home() / ".cache" / "registry-auditor" / "content"
