"""Every record that a snapshot holds, and how to read one back."""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.inventory.identity import AccountRecord
from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.workloads import WorkloadRecord, WorkloadsContext

ContextRecord = RegistryRecord | AccountRecord | WorkloadsContext
LineRecord = RepositoryRecord | WorkloadRecord
AnyRecord = LineRecord | ContextRecord

_LINES: dict[str, msgspec.json.Decoder[Any]] = {
    "repository": msgspec.json.Decoder(RepositoryRecord),
    "workload": msgspec.json.Decoder(WorkloadRecord),
}
_CONTEXTS: dict[str, msgspec.json.Decoder[Any]] = {
    "registry": msgspec.json.Decoder(RegistryRecord),
    "account": msgspec.json.Decoder(AccountRecord),
    "workloads": msgspec.json.Decoder(WorkloadsContext),
}


class _Head(msgspec.Struct):
    entity: str


_HEAD = msgspec.json.Decoder(_Head)


def decode_line(line: bytes) -> LineRecord:
    """A record of a part. Errors: `msgspec.MsgspecError` and `KeyError` for anything else."""
    record: LineRecord = _LINES[_HEAD.decode(line).entity].decode(line)
    return record


def decode_context(content: bytes) -> ContextRecord:
    """The context of a scope. Errors: as `decode_line`."""
    context: ContextRecord = _CONTEXTS[_HEAD.decode(content).entity].decode(content)
    return context
