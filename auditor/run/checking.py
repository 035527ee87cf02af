"""The gate: judges single images before they are deployed, as an audit would.

The same collectors, cut down to the images that were named, the same snapshot (in a folder that goes away), the same
evaluation: there is no second way to a verdict.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import msgspec

from auditor import __version__
from auditor.collectors.oci.content_cache import share_cache
from auditor.config.settings import Config
from auditor.errors import ExitCode, UsageError
from auditor.findings.model import CheckedImage, Results
from auditor.findings.results_file import read_results, write_results
from auditor.inventory.extent import NamedImage, NamedReference
from auditor.inventory.facts import Known, Unknown
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.store import SnapshotReader
from auditor.inventory.writing import SnapshotWriter
from auditor.policy.bundle import load_bundle
from auditor.policy.catalogue import RuleMeta
from auditor.run import clock
from auditor.run.gate_targets import Direct, read_references, targets_for
from auditor.run.gate_verdicts import Decides, Gaps, image_verdict
from auditor.run.joins.scans import ScanJoin
from auditor.run.judging import EvaluateOptions, chosen_rules, evaluate
from auditor.run.targets import Targets
from auditor.scanners.book import read_book
from auditor.signatures.trust import read_verifier
from auditor.signatures.verifier import share_verifier

Progress = Callable[[str, int], None]


@dataclass(frozen=True)
class CheckOutcome:
    """What the gate says."""

    results: Results
    """With `checked`: one entry a reference, in the order they were given."""
    judged: list[RuleMeta]
    left_out: list[RuleMeta]
    """Rules that were chosen and need more than the image."""
    problems: list[str]
    """What could not be read, a line each."""
    exit_code: ExitCode

    @property
    def images(self) -> list[CheckedImage]:
        """One entry a reference."""
        return self.results.checked or []

    def write(self, out: BinaryIO) -> None:
        """The results as JSON."""
        results = self.results
        write_results(
            out,
            run=results.run,
            coverage=results.coverage,
            summary=results.summary,
            rules=results.rules,
            findings=(msgspec.json.Encoder(order="deterministic").encode(one) for one in results.findings),
            checked=self.images,
        )


def check(
    texts: Sequence[str], config: Config, options: EvaluateOptions, progress: Progress, direct: Direct | None = None
) -> CheckOutcome:
    """Judge every image that `texts` name; `direct`: how to reach their registries where no target says so.

    Errors: `UsageError` for text that is no reference to an image, or whose registry is not configured; before any
    request.
    """
    references = read_references(texts, hosts_only=direct is not None)
    bundle = options.bundle or load_bundle(options.policies)
    options = replace(options, alone=True, bundle=bundle)
    chosen = chosen_rules(bundle, options)
    judged = [rule for rule in chosen if rule.judges_alone]
    left_out = [rule for rule in chosen if not rule.judges_alone]
    if not judged:
        named = ", ".join(rule.id for rule in left_out[:3])
        raise UsageError(
            f"no rule is left that can judge an image by itself: not {named}" if named else "no rule is left to run",
            hint="auditor audit judges whole registries",
        )
    targets = targets_for(references, config, direct)
    with tempfile.TemporaryDirectory(prefix="auditor-check-") as temporary:
        folder = Path(temporary)
        _collect(targets, config, folder / "snapshot", progress)
        outcome = evaluate(folder / "snapshot", folder / "results.json", options)
        results = read_results(folder / "results.json")
        records = _records(folder / "snapshot")
    decides = Decides(options.fail_on, options.min_coverage)
    gaps = Gaps([(record.scope, named.digest) for record, named in records.values()], results.coverage)
    checked = [_checked(reference, records, results, decides, gaps) for reference in references]
    code = outcome.exit_code
    if code is ExitCode.OK and not options.soft_fail and any(not one.digest for one in checked):
        # Whatever coverage is wanted: an image that was not read is not let through.
        code = ExitCode.INCOMPLETE
    return CheckOutcome(msgspec.structs.replace(results, checked=checked), judged, left_out, gaps.texts(), code)


def _collect(targets: Targets, config: Config, out: Path, progress: Progress) -> None:
    """The snapshot. Scans made elsewhere are joined; all other joins take what was not read."""
    verifier, join = read_verifier(config), ScanJoin(read_book(config))
    writer = SnapshotWriter(out, now=clock.now(), auditor_version=__version__, completion=join)
    share_verifier(writer, verifier)
    share_cache(writer, config)
    with writer:
        for collector, target in targets:
            collector.collect(target, writer, progress)
        join.finish(writer)


def _records(snapshot: Path) -> dict[str, tuple[RepositoryRecord, NamedImage]]:
    """Reference as written -> the record of its repository, and what it led to."""
    reader = SnapshotReader(snapshot)
    decode = msgspec.json.Decoder(RepositoryRecord).decode
    records = (decode(line) for scope in reader.manifest.scopes for line in reader.records(scope))
    return {named.reference: (record, named) for record in records for named in record.extent.named}


def _checked(
    reference: NamedReference,
    records: dict[str, tuple[RepositoryRecord, NamedImage]],
    results: Results,
    decides: Decides,
    gaps: Gaps,
) -> CheckedImage:
    if reference.text not in records:
        # The repository or its registry could not be read at all: the errors of the scope say why, if there was one.
        return CheckedImage(reference.text, "unknown", problem="its repository was not reached with any target's login")
    record, named = records[reference.text]
    if not isinstance(named.digest, Known):
        fact = named.digest
        reason = f"{fact.detail or fact.reason} ({fact.source})" if isinstance(fact, Unknown) else fact.code
        return CheckedImage(reference.text, "unknown", problem=reason)
    digest = named.digest.value
    found = [one for one in results.findings if _is_about(one.resource.id, record, digest)]
    return CheckedImage(
        reference.text,
        image_verdict(found, decides, errors=gaps.may_be_in(record.scope, record.id)),
        digest=digest,
        pinned=f"{record.repository.uri}@{digest}",
        findings=[one.id for one in found],
    )


def _parts(record: RepositoryRecord, digest: str) -> set[str]:
    """The digest and, of an index, those of its images."""
    images = record.images.value if isinstance(record.images, Known) else []
    image = next((one for one in images if one.digest == digest), None)
    children = image.children.value if image is not None and isinstance(image.children, Known) else []
    return {digest, *(child.digest for child in children)}


def _is_about(resource: str, record: RepositoryRecord, digest: str) -> bool:
    """Whether a finding is about an image, a part of it, its repository, or what belongs to nobody else either."""
    name, _, found = resource.removeprefix(record.id).partition("@")
    if not resource.startswith(record.id) or name:
        return False
    if not found or found in _parts(record, digest):
        return True
    named = {one.digest.value for one in record.extent.named if isinstance(one.digest, Known)}
    return not any(found in _parts(record, other) for other in named - {digest})


__all__ = ["CheckOutcome", "check"]
