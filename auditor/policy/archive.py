"""Reads OPA bundle tarballs, bounded: nothing is unpacked to disk, no link is followed."""

from __future__ import annotations

import tarfile
from collections.abc import Callable
from pathlib import Path, PurePosixPath

from auditor.errors import PolicyError

MAX_UNPACKED_BYTES = 64 * 1024 * 1024
MAX_ENTRIES = 10_000


def read_archive(path: Path, wanted: Callable[[str], bool]) -> list[tuple[str, bytes]]:
    """(name, content) of the wanted files of a .tar.gz, sorted by name.

    Errors: `PolicyError` for a damaged or oversized archive, a link, or a name outside the archive.
    """
    files: dict[str, bytes] = {}
    total = 0
    try:
        with tarfile.open(path, "r:gz") as archive:
            for count, member in enumerate(archive, 1):
                if count > MAX_ENTRIES:
                    raise PolicyError(f"holds more than {MAX_ENTRIES} entries", path=path)
                name = _safe_name(path, member)
                if not member.isfile():
                    continue
                total += member.size
                if total > MAX_UNPACKED_BYTES:
                    raise PolicyError(f"unpacks to more than {MAX_UNPACKED_BYTES // 2**20} MiB", path=path)
                stream = archive.extractfile(member)
                if stream is None or not wanted(name):
                    continue
                if name in files:
                    raise PolicyError(f"holds {name} twice", path=path)
                files[name] = stream.read()
    except (tarfile.TarError, EOFError, OSError) as error:
        raise PolicyError(f"is no readable .tar.gz: {error}", path=path) from error
    if not any(name.endswith(".rego") for name in files):
        raise PolicyError("holds no .rego file", path=path)
    return sorted(files.items())


def _safe_name(path: Path, member: tarfile.TarInfo) -> str:
    name = PurePosixPath("/" + member.name.lstrip("/"))
    if ".." in name.parts:
        raise PolicyError(f"holds a name outside itself: {member.name}", path=path)
    if not (member.isfile() or member.isdir()):
        raise PolicyError(f"holds {member.name}, which is no plain file", path=path)
    return name.as_posix().lstrip("/")
