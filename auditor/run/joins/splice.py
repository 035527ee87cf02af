"""Changes one derived fact of a record without decoding the rest: a record may be hundreds of megabytes."""

from __future__ import annotations

from typing import Any

import msgspec

from auditor.inventory.facts import Fact

_DECODE = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_ENCODE = msgspec.json.Encoder(order="deterministic").encode
_PLAIN = msgspec.json.Encoder().encode


def splice_derived(line: bytes, name: str, fact: Fact[Any]) -> bytes:
    """The record with `derived.<name>` set to `fact`; every other byte of it stays, fields in their order."""
    record = _DECODE(line)
    derived = _DECODE(record["derived"])
    derived[name] = msgspec.Raw(_ENCODE(fact))
    record["derived"] = msgspec.Raw(_PLAIN(derived))
    return _PLAIN(record)
