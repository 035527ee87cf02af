"""The registry's scan joined with scans from elsewhere: in any order, any number of times, nothing gets better."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.scan_merge import DONE, Outside, join_scan, own_scan
from auditor.analysis.vulnerabilities import WORST_FIRST, count
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.scan_sources import REGISTRY, ScanSource
from auditor.inventory.scanning import Fix, Package, ScanResult, Vulnerability

FACTS = st.sampled_from([Absent("x"), Unknown(Reason.NOT_REQUESTED, "auditor:since")])
TIMES: Any = st.one_of(st.sampled_from(["2026-11-20T00:00:00Z", "2026-11-24T00:00:00Z"]).map(Known), FACTS)
FIXES: Any = st.one_of(st.builds(Fix, st.sampled_from(["yes", "no", "partial"]), st.sampled_from(["", "2", "3"])).map(Known), FACTS)  # fmt: skip
NAMES: dict[str, list[str]] = {
    "CVE-2026-0001": ["GHSA-1"],
    "CVE-2026-0002": ["DSA-1"],
    "CVE-2026-0003": ["DSA-1"],
    "GHSA-1": [],
    "DSA-1": ["CVE-2026-0002", "CVE-2026-0003"],
}
CANONICAL = {"GHSA-1": "CVE-2026-0001"}
"""Where CVE-2026-0001 is listed with its alias; DSA-1 is for two and stays."""


@st.composite
def vulnerabilities(draw: st.DrawFn) -> Vulnerability:
    name = draw(st.sampled_from(sorted(NAMES)))
    return Vulnerability(
        id=name,
        severity=draw(st.sampled_from(WORST_FIRST)),
        title=draw(st.sampled_from(["", "a", "b"])),
        packages=[Package(draw(st.sampled_from(["p", "q"])), "1")],
        fix=draw(FIXES),
        first_seen_at=draw(TIMES),
        exploit=draw(st.one_of(st.booleans().map(Known), FACTS)),
        suppressed_by=draw(st.sampled_from(["", "", "", "for a reason"])),
        epss=draw(st.one_of(st.sampled_from([0.1, 0.9]).map(Known), FACTS)),
        aliases=NAMES[name],
    )


found = st.lists(vulnerabilities(), max_size=5)
sources = st.builds(
    ScanSource,
    scanner=st.sampled_from(["trivy", "grype"]),
    version=st.just("1"),
    file=st.sampled_from(["a", "b"]),
    digest=st.sampled_from(["sha256:1", "sha256:2"]),
    matched_by=st.just("digest"),
    completed_at=TIMES,
    database_at=TIMES,
    problem=st.sampled_from(["", "", "more than 30 days old"]),
)
outside = st.builds(Outside, sources, found, st.just([]), st.booleans())


@st.composite
def owns(draw: st.DrawFn) -> Fact[ScanResult]:
    """What a registry says: whole, with counts only, unread, never scanned."""
    listed = list({(v.id, v.suppressed_by): v for v in draw(found)}.values())
    kind = draw(st.sampled_from(["whole", "whole", "counted", "unread", "denied", "absent", "unsupported"]))
    if kind == "absent":
        return Absent("ecr:DescribeImages")
    if kind in ("denied", "unsupported"):
        return Unknown(Reason.ACCESS_DENIED if kind == "denied" else Reason.UNSUPPORTED_BY_PLATFORM, "x")
    unread = Unknown(Reason.THROTTLED, "ecr:DescribeImageScanFindings")
    return Known(
        ScanResult(
            state=draw(st.sampled_from(["complete", "active", "pending", "failed", "expired"])),
            detail="",
            completed_at=draw(TIMES),
            database_at=draw(TIMES),
            counts=unread if kind == "unread" else Known(count(listed)),
            vulnerabilities=Known(listed) if kind == "whole" else unread,
        )
    )


def seen(scan: Fact[ScanResult]) -> dict[tuple[str, str], Vulnerability]:
    details = scan.value.vulnerabilities if isinstance(scan, Known) else None
    return {(v.id, v.suppressed_by): v for v in details.value} if isinstance(details, Known) else {}


def rank(severity: str) -> int:
    return list(WORST_FIRST).index(severity)  # type: ignore[arg-type]


@settings(max_examples=300, deadline=None)
@given(own=owns(), results=st.lists(outside, max_size=4), seed=st.randoms(use_true_random=False))
def test_order_and_repetition_do_not_matter(own: Any, results: list[Outside], seed: Any) -> None:
    joined = join_scan(own, results)
    shuffled = results + results[:2]
    seed.shuffle(shuffled)

    assert join_scan(own, shuffled) == joined
    assert join_scan(joined, results) == joined
    assert own_scan(joined) == own
    assert join_scan(joined, []) == own
    assert msgspec.json.decode(msgspec.json.encode(joined), type=Fact[ScanResult]) == joined


@settings(max_examples=300, deadline=None)
@given(own=owns(), results=st.lists(outside, min_size=1, max_size=3))
def test_nothing_is_lost_once_each_and_the_worst_stands(own: Any, results: list[Outside]) -> None:
    joined = seen(join_scan(own, results))
    everything = [(v, REGISTRY) for v in seen(own).values()]
    everything += [(v, one.source.scanner) for one in results for v in one.vulnerabilities]
    aliased = any(v.id == "CVE-2026-0001" for v, _ in everything)

    for vulnerability, scanner in everything:
        name = CANONICAL.get(vulnerability.id, vulnerability.id) if aliased else vulnerability.id
        kept = joined[name, vulnerability.suppressed_by]
        assert rank(kept.severity) <= rank(vulnerability.severity)
        assert scanner in kept.sources
        assert set(vulnerability.packages) <= set(kept.packages)
        assert vulnerability.id in {kept.id, *kept.aliases}
        if isinstance(vulnerability.first_seen_at, Known):
            assert isinstance(kept.first_seen_at, Known)
            assert kept.first_seen_at.value <= vulnerability.first_seen_at.value
        if vulnerability.exploit == Known(True):
            assert kept.exploit == Known(True)
    assert len(joined) == len({(CANONICAL.get(v.id, v.id) if aliased else v.id, v.suppressed_by) for v, _ in everything})  # fmt: skip
    if aliased:
        assert ("GHSA-1", "") not in joined
    assert {v.id for v, _ in everything} >= {name for name, _ in joined}


@settings(max_examples=300, deadline=None)
@given(own=owns(), results=st.lists(outside, max_size=3))
def test_what_cannot_clear_an_image_only_adds(own: Any, results: list[Outside]) -> None:
    """An old scan, whatever it says, makes no verdict better: no state, no time, no count."""
    old = [
        Outside(msgspec.structs.replace(one.source, problem="old"), one.vulnerabilities, [], True) for one in results
    ]
    joined = join_scan(own, old)

    if not isinstance(joined, Known):
        assert joined == own
        return
    if isinstance(own, Known):
        assert joined.value.state == own.value.state
        assert joined.value.completed_at == own.value.completed_at
        if isinstance(own.value.counts, Known) and isinstance(joined.value.counts, Known) and own.value.state in DONE:
            before, after = own.value.counts.value, joined.value.counts.value
            # By an alias two entries may become one, of the worse severity.
            assert not before or min(map(rank, after)) <= min(map(rank, before))
    else:
        assert joined.value.state not in DONE
        assert not isinstance(joined.value.completed_at, Known)


@settings(max_examples=300, deadline=None)
@given(own=owns(), results=st.lists(outside, min_size=1, max_size=3))
def test_what_the_registry_did_not_tell_stays_untold(own: Any, results: list[Outside]) -> None:
    joined = join_scan(own, results)
    assert isinstance(joined, Known)

    if isinstance(own, Unknown) and own.reason is Reason.ACCESS_DENIED:
        assert joined.value.partial
        assert joined.value.counts == own
    elif isinstance(own, Known) and own.value.state in DONE:
        untold = not isinstance(own.value.counts, Known) or (
            not isinstance(own.value.vulnerabilities, Known) and any(own.value.counts.value.values())
        )
        assert joined.value.partial == untold
        if untold and isinstance(own.value.counts, Known) and isinstance(joined.value.counts, Known):
            assert all(joined.value.counts.value[k] >= n for k, n in own.value.counts.value.items())
    else:
        assert not joined.value.partial
    if not joined.value.partial:
        assert joined.value.counts == Known(count(seen(joined).values()))


@settings(max_examples=200, deadline=None)
@given(own=owns(), results=st.lists(outside, max_size=3), name=st.sampled_from(sorted(NAMES)))
def test_hiding_hides_that_and_nothing_else(own: Any, results: list[Outside], name: str) -> None:
    def hide(vulnerability: Vulnerability) -> str:
        return "VEX: why" if vulnerability.id == name else ""

    plain, hidden = join_scan(own, results), join_scan(own, results, hide)

    assert (name, "") not in seen(hidden)
    assert {key for key in seen(plain) if key[0] != name} == {key for key in seen(hidden) if key[0] != name}
    if (name, "") in seen(plain):
        assert seen(hidden)[name, "VEX: why"].severity == seen(plain)[name, ""].severity
    assert join_scan(hidden, results, hide) == hidden
    assert join_scan(hidden, results) == plain
