"""Which digests of a registry run or are kept ready: an image may be in use that no tag leads to any more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import partial

import msgspec

from auditor.analysis.references import ParsedReference, parse_reference
from auditor.inventory.facts import Known
from auditor.inventory.names import entities_of
from auditor.inventory.workloads import WorkloadRecord
from auditor.inventory.writing import SnapshotWriter

_SHARED = "oci.running"
Running = dict[str, dict[str, set[str]]]
"""Host in lower case -> repository -> digests."""


def running_digests(writer: SnapshotWriter, hosts: Collection[str]) -> dict[str, list[str]]:
    """Repository -> digests that the workloads of this run use by one of the registry's names, sorted.

    What runs is read before registries; see `ports.Phase`.
    """
    running = writer.shared(_SHARED, partial(_read, writer))
    found: dict[str, set[str]] = defaultdict(set)
    for host in hosts:
        for name, digests in running.get(host.lower(), {}).items():
            found[name] |= digests
    return {name: sorted(digests) for name, digests in found.items()}


def _read(writer: SnapshotWriter) -> Running:
    decode = msgspec.json.Decoder(WorkloadRecord).decode
    running: Running = defaultdict(lambda: defaultdict(set))
    for scope in writer.scopes():
        if entities_of(scope) != {"workload"}:
            continue
        for line in writer.lines(scope):
            workload = decode(line).workload
            reference = parse_reference(workload.image)
            if not isinstance(reference, ParsedReference):
                continue
            told = workload.digest.value if isinstance(workload.digest, Known) else ""
            for digest in filter(None, (told, reference.digest)):
                running[reference.registry.lower()][reference.repository].add(digest)
    return running
