"""Content that was read before, on disk by digest: manifests and signatures need not be fetched again.

Content is believed for its digest alone, so that whoever can write to the folder can make the auditor read less from
it, and nothing else. That a registry still has the content, and still gives it to us, is never taken from here.
"""

from __future__ import annotations

import hashlib
import os
import re
import secrets
import stat
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from auditor.config.settings import Config
from auditor.inventory.writing import SnapshotWriter

MAX_ENTRY_BYTES = 4 * 1024 * 1024
SHRUNK_TO = 0.8
"""What is left of the limit after making room, so that room is not made for every entry."""
_DIGEST = re.compile(r"(sha256):([0-9a-f]{64})|(sha512):([0-9a-f]{128})")
_SHARED = "oci.content_cache"
_MIB = 1024 * 1024


class ContentCache:
    """A folder of files named by digest, least recently used ones first to go. Thread-safe; never raises.

    `configs`: whether configs of images are kept too, whose environment may hold secrets. A folder that cannot be
    written to, as on a read-only disk, is only read; one that others may write to, or that is not ours, is not used.
    """

    def __init__(self, folder: Path, limit_bytes: int, *, configs: bool = False) -> None:
        self.configs = configs
        self._folder = folder
        self._limit = limit_bytes
        self._lock = threading.Lock()
        self._size: int | None = None
        """Of all entries, in bytes; None until it is first needed."""
        self._writable = True
        self._usable: bool | None = None
        """Whether the folder is there and ours alone; None until it is first looked at."""

    def get(self, digest: str) -> bytes | None:
        """What has this digest; None where it is not kept, or not what it should be."""
        path = self._path(digest)
        if path is None or not self._ready():
            return None
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            return None
        with os.fdopen(descriptor, "rb") as file:
            try:
                content = file.read(MAX_ENTRY_BYTES + 1)
            except OSError:
                return None
        if len(content) > MAX_ENTRY_BYTES or _digest_of(content, digest) != digest:
            self._drop(path)
            return None
        with suppress(OSError):
            os.utime(path)  # it was used: it goes later
        return content

    def put(self, digest: str, content: bytes) -> None:
        """Keep content whose digest was checked."""
        path = self._path(digest)
        if path is None or not self._writable or len(content) > MAX_ENTRY_BYTES or not self._ready(make=True):
            return
        with self._lock:
            if not self._room_for(len(content)):
                return
            self._size = (self._size or 0) + len(content)
        made = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        try:
            for folder in (path.parent.parent, path.parent):
                folder.mkdir(mode=0o700, exist_ok=True)
            descriptor = os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            made.replace(path)
        except OSError:
            # A full or read-only disk: the audit goes on without.
            self._writable = False
            self._drop(made)

    # ---------------------------------------------------------------- the folder
    def _ready(self, *, make: bool = False) -> bool:
        """Whether the folder may be used; `make`: it is made where it is missing."""
        if self._usable is not None:
            return self._usable
        if make:
            with suppress(OSError):
                self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            found = self._folder.stat()
        except OSError:
            self._usable = False if make else None
            return False
        others = found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
        self._usable = stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not others
        return self._usable

    def _path(self, digest: str) -> Path | None:
        if not _DIGEST.fullmatch(digest):
            return None
        algorithm, _, value = digest.partition(":")
        return self._folder / algorithm / value[:2] / value

    def _room_for(self, size: int) -> bool:
        """Make room by dropping what was used longest ago. The caller holds the lock."""
        if size > self._limit:
            return False
        if self._size is None or self._size + size > self._limit:
            entries = sorted(self._entries())
            self._size = sum(taken for _, taken, _ in entries)
            if self._size + size > self._limit:
                for _, taken, path in entries:
                    if self._size + size <= self._limit * SHRUNK_TO:
                        break
                    self._drop(path)
                    self._size -= taken
        return self._size + size <= self._limit

    def _entries(self) -> Iterator[tuple[int, int, Path]]:
        """(last use, bytes, path) of every file, those included that an interrupted run left behind."""
        for algorithm in ("sha256", "sha512"):
            for folder, _, names in os.walk(self._folder / algorithm):
                for name in names:
                    path = Path(folder, name)
                    with suppress(OSError):
                        found = path.lstat()
                        yield found.st_mtime_ns, found.st_size, path

    def _drop(self, path: Path) -> None:
        with suppress(OSError):
            path.unlink()


def _digest_of(content: bytes, wanted: str) -> str:
    algorithm = wanted.partition(":")[0]
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


def share_cache(writer: SnapshotWriter, config: Config) -> None:
    """Hand a run's cache to the collectors that write to `writer`; without settings there is none."""
    settings = config.settings.cache
    if settings is not None:
        named = str(Path(settings.path).expanduser()) if settings.path else ""
        place = config.resolve(named) if named else default_folder()
        writer.shared(_SHARED, lambda: ContentCache(place, settings.max_mib * _MIB, configs=settings.configs))


def shared_cache(writer: SnapshotWriter) -> ContentCache | None:
    """The run's cache; None where none was configured."""
    cache: ContentCache | None = writer.shared(_SHARED, lambda: None)
    return cache


def default_folder() -> Path:
    """Where a user's caches are (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if Path(base).is_absolute() else Path.home() / ".cache") / "registry-auditor" / "content"
