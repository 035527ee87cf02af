"""results.json again, indented: the canonical form, for people and for tools that read JSON."""

from __future__ import annotations

from typing import BinaryIO, ClassVar

import msgspec

from auditor.findings.model import Results

INDENT = 2


class JsonReporter:
    """See `Reporter`. Shape: `auditor/schemas/results.schema.json`, findings in the order given."""

    format: ClassVar[str] = "json"
    suffix: ClassVar[str] = ".json"

    def write(self, results: Results, out: BinaryIO) -> None:
        """See `Reporter.write`."""
        compact = msgspec.json.encode(results, order="deterministic")
        out.write(msgspec.json.format(compact, indent=INDENT) + b"\n")
