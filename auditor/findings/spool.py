"""Sorts any number of findings in bounded memory: runs on disk, merged at the end."""

from __future__ import annotations

import heapq
import tempfile
from collections.abc import Iterator
from operator import itemgetter
from types import TracebackType
from typing import IO, Self

import msgspec

from auditor.findings.model import SEVERITY_RANK, Finding

RUN_LENGTH = 4_000
"""Findings held in memory; about 8 MiB."""
FAN_IN = 64
"""Runs merged at once; above it they are merged in passes, so that open files stay bounded."""

_END = b"\x00"
_UNUSABLE = b"\x00\n"  # would end a key or a line; in no id that a registry accepts
_Entry = tuple[bytes, bytes]
"""(sort key, JSON of the finding). A key is bytes that compare as (severity, rule, resource id) do."""


class FindingSpool:
    """Takes findings in any order, gives them sorted by (severity, rule, resource id), as JSON."""

    def __init__(self, run_length: int = RUN_LENGTH) -> None:
        self._encoder = msgspec.json.Encoder(order="deterministic")
        self._buffer: list[_Entry] = []
        self._runs: list[IO[bytes]] = []
        self._run_length = run_length

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for run in self._runs:
            run.close()

    def add(self, finding: Finding) -> None:
        """Take one finding."""
        identity = finding.resource.id.encode("utf-8", "surrogatepass").translate(None, _UNUSABLE)
        rank = SEVERITY_RANK[finding.severity]
        key = b"%d\x01%b\x01%b\x01%b" % (rank, finding.rule.encode(), identity, finding.id.encode())
        self._buffer.append((key, self._encoder.encode(finding)))
        if len(self._buffer) >= self._run_length:
            self._spill(iter(sorted(self._buffer, key=itemgetter(0))))
            self._buffer = []

    def sorted(self) -> Iterator[bytes]:
        """Every finding as JSON, in order. Call once, after the last `add`."""
        while len(self._runs) > FAN_IN:
            first, self._runs = self._runs[:FAN_IN], self._runs[FAN_IN:]
            self._spill(heapq.merge(*(self._read(run) for run in first), key=itemgetter(0)))
            for run in first:
                run.close()
        tail = iter(sorted(self._buffer, key=itemgetter(0)))
        merged = heapq.merge(*(self._read(run) for run in self._runs), tail, key=itemgetter(0))
        return (content for _, content in merged)

    def _spill(self, entries: Iterator[_Entry]) -> None:
        # The temporary file has no name on disk: nothing is left behind whatever happens.
        run: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  closed in __exit__
        for key, content in entries:
            run.write(key + _END + content + b"\n")
        run.seek(0)
        self._runs.append(run)

    def _read(self, run: IO[bytes]) -> Iterator[_Entry]:
        for line in run:
            key, _, content = line.partition(_END)
            yield key, content[:-1]
