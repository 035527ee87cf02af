"""Reads one file of a scanner or a VEX author: its format is told by its content, never by its name."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from auditor.errors import InputError
from auditor.inventory.locate import line_of
from auditor.scanners.clair import is_clair, read_clair
from auditor.scanners.cyclonedx_vex import is_cyclonedx, read_cyclonedx
from auditor.scanners.grype import is_grype, read_grype
from auditor.scanners.harbor import is_harbor, read_harbor
from auditor.scanners.openvex import is_openvex, read_openvex
from auditor.scanners.results import ImageResult, UnusableError, text
from auditor.scanners.sarif import is_sarif, read_sarif
from auditor.scanners.trivy import is_trivy, read_trivy
from auditor.scanners.vex import Statement

MAX_BYTES = 128 * 1024 * 1024
"""Trivy's report of a large image with all its packages has some ten megabytes."""
_MAX_LOCATED = 1024 * 1024
"""Up to this size the line of a field is looked for, which takes a second for each megabyte."""
_KNOWN = "known: Trivy JSON, Grype JSON, SARIF 2.1.0, Harbor's and Clair's report, OpenVEX, CycloneDX VEX"
_OFFSET = re.compile(r"\(byte (\d+)\)")
_AT = re.compile(r" - at `(\$[^`]*)`$")

_Test = Callable[[dict[str, Any]], bool]
_SCANS: tuple[tuple[str, _Test, Callable[[bytes], list[ImageResult]]], ...] = (
    ("trivy", is_trivy, read_trivy),
    ("grype", is_grype, read_grype),
    ("sarif", is_sarif, read_sarif),
    ("harbor", is_harbor, read_harbor),
    ("clair", is_clair, read_clair),
)
_VEX: tuple[tuple[str, _Test, Callable[[bytes], list[Statement]]], ...] = (
    ("openvex", is_openvex, read_openvex),
    ("cyclonedx", is_cyclonedx, read_cyclonedx),
)


@dataclass(frozen=True)
class ScanFile:
    """A file: scans of images, or statements on vulnerabilities."""

    format: str
    digest: str
    """`sha256:…` over the file."""
    results: list[ImageResult]
    statements: list[Statement]


def read_scan_file(path: Path) -> ScanFile:
    """Read a file of any known format. Errors: `InputError` with the file, and line or field where there is one."""
    content = _bytes(path)
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    try:
        keys = msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        for name, fits, read in _SCANS:
            if fits(keys):
                del keys
                return ScanFile(name, digest, read(content), [])
        for name, fits, read_statements in _VEX:
            if fits(keys):
                del keys
                return ScanFile(name, digest, [], read_statements(content))
    except UnusableError as error:
        raise InputError(error.message, path=path, field=error.field, hint=error.hint) from error
    except RecursionError as error:
        raise InputError("is nested too deeply", path=path) from error
    except msgspec.ValidationError as error:
        raise _unfit(path, content, str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise _malformed(path, content, str(error)) from error
    raise InputError("is of no known format", path=path, hint=_KNOWN)


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            # No larger buffer than the file needs, and no more than is allowed if it grows meanwhile.
            content = file.read(min(os.fstat(file.fileno()).st_size, MAX_BYTES) + 1)
    except FileNotFoundError:
        raise InputError("does not exist", path=path) from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    if len(content) > MAX_BYTES:
        raise InputError(
            f"is larger than {MAX_BYTES // 2**20} MiB", path=path, hint="scan without listing every package"
        )
    return content.removeprefix(b"\xef\xbb\xbf")


def _malformed(path: Path, content: bytes, problem: str) -> InputError:
    offset = _OFFSET.search(problem)
    line = content.count(b"\n", 0, int(offset.group(1))) + 1 if offset else None
    if "truncated" in problem:
        line = content.count(b"\n") + 1
    return InputError(f"is not valid JSON: {text(problem)}", path=path, line=line, hint=_KNOWN)


def _unfit(path: Path, content: bytes, problem: str) -> InputError:
    at = _AT.search(problem)
    if at is None:
        return InputError(f"does not fit: {text(problem)}", path=path, hint=_KNOWN)
    line = line_of(content.decode(errors="replace"), at.group(1)) if len(content) <= _MAX_LOCATED else None
    field = text(at.group(1).removeprefix("$").removeprefix("."), 200)
    return InputError(text(problem[: at.start()]), path=path, line=line, field=field)


__all__ = ["ScanFile", "read_scan_file"]
