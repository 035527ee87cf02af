"""The baseline: findings of an earlier run, which are shown but do not decide the exit code."""

from __future__ import annotations

from pathlib import Path

import msgspec

from auditor.errors import InputError


class _Known(msgspec.Struct):
    """The part of an earlier finding that matters now."""

    id: str
    status: str
    first_seen: str


class _Earlier(msgspec.Struct):
    """The part of an earlier results.json that matters now."""

    schema_version: int
    findings: list[_Known]


def load_baseline(path: Path) -> dict[str, str]:
    """Fingerprint -> first_seen of every failed or waived finding of an earlier results.json.

    Errors: `InputError` for a file that is not results of schema version 1.
    """
    try:
        earlier = msgspec.json.decode(path.read_bytes(), type=_Earlier)
    except FileNotFoundError:
        raise InputError("does not exist", path=path, hint="give an earlier results.json") from None
    except OSError as error:
        raise InputError(f"cannot be read: {error.strerror}", path=path) from error
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"is not a results file: {error}", path=path) from error
    if earlier.schema_version != 1:
        raise InputError(f"has schema version {earlier.schema_version}, this auditor reads 1", path=path)
    return {known.id: known.first_seen for known in earlier.findings if known.status in ("fail", "waived")}
