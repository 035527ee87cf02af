"""Writes and reads results.json. Written in one pass and renamed when complete."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from auditor.errors import InputError, UsageError
from auditor.findings.model import CheckedImage, Coverage, Finding, Results, RuleInfo, RunInfo, Summary, SupplyRow

MAX_BYTES = 4 * 1024 * 1024 * 1024


@contextmanager
def atomic_file(path: Path) -> Iterator[BinaryIO]:
    """A binary file that appears at `path` complete, or not at all.

    Errors: `UsageError` when the folder cannot be written.
    """
    work = path.with_name(f".{path.name}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = work.open("wb")
    except OSError as error:
        raise UsageError(f"cannot be written: {error.strerror}", path=path) from error
    try:
        with file:
            yield file
        work.replace(path)
    except BaseException:
        work.unlink(missing_ok=True)
        raise


@contextmanager
def output_file(path: Path | None) -> Iterator[BinaryIO]:
    """Standard output for None or `-`, else `atomic_file`."""
    if path is None or str(path) == "-":
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with atomic_file(path) as file:
        yield file


def write_results(
    out: BinaryIO,
    *,
    run: RunInfo,
    coverage: Coverage,
    summary: Summary,
    rules: list[RuleInfo],
    findings: Iterator[bytes],
    checked: list[CheckedImage] | msgspec.UnsetType = msgspec.UNSET,
    supply_chain: Sequence[SupplyRow] = (),
) -> None:
    """Write a results document, one finding a line; `findings` are JSON, in order. `checked`: see `Results`."""
    encode = msgspec.json.Encoder(order="deterministic").encode
    out.write(b'{"schema_version":1,\n"run":' + encode(run))
    out.write(b',\n"coverage":' + encode(coverage))
    out.write(b',\n"summary":' + encode(summary))
    out.write(b',\n"supply_chain":' + encode(list(supply_chain)))
    out.write(b',\n"rules":' + encode(rules) + b',\n"findings":[')
    separator = b"\n"
    for finding in findings:
        out.write(separator + finding)
        separator = b",\n"
    out.write(b"\n]" + (b"" if checked is msgspec.UNSET else b',\n"checked":' + encode(checked)) + b"}\n")


def read_results(path: Path) -> Results:
    """Read results.json. Errors: `InputError` with the file and the path in it."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InputError("is larger than 4 GiB", path=path)
        content = path.read_bytes()
    except FileNotFoundError:
        raise InputError("does not exist", path=path, hint="auditor evaluate makes one") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    try:
        return msgspec.json.decode(content, type=Results)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"is not a results file: {error}", path=path) from error


__all__ = ["Finding", "atomic_file", "output_file", "read_results", "write_results"]
