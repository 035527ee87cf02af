"""Findings of one image joined from any source, in any order: nothing lost, nothing counted twice."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.vulnerabilities import count
from auditor.collectors.aws.findings import SUPPRESSED, Gathering
from auditor.inventory.facts import Known

SEVERITIES = ["CRITICAL", "HIGH", "MEDIUM", "LOW", "INFORMATIONAL", "UNTRIAGED"]


@st.composite
def enhanced(draw: st.DrawFn) -> dict[str, Any]:
    """An enhanced finding, of ECR or Inspector."""
    packages = draw(st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, max_size=2))
    entry: dict[str, Any] = {
        "status": draw(st.sampled_from(["ACTIVE", "ACTIVE", "SUPPRESSED", "CLOSED"])),
        "severity": draw(st.sampled_from(SEVERITIES)),
        "title": "t",
        "firstObservedAt": datetime(2026, 1, draw(st.integers(1, 28)), tzinfo=UTC),
        "packageVulnerabilityDetails": {
            "vulnerabilityId": draw(st.sampled_from(["CVE-1", "CVE-2", "CVE-3"])),
            "vulnerablePackages": [{"name": name, "version": "1"} for name in packages],
        },
    }
    for key in ("fixAvailable", "exploitAvailable"):
        if word := draw(st.sampled_from(["YES", "NO", None])):
            entry[key] = word
    if draw(st.booleans()):
        entry["epss"] = {"score": draw(st.sampled_from([0.1, 0.9]))}
    return entry


basic = st.builds(
    lambda name, severity, package: {
        "name": name,
        "severity": severity,
        "attributes": [{"key": "package_name", "value": package}],
    },
    st.sampled_from(["CVE-1", "CVE-4"]),
    st.sampled_from(["CRITICAL", "HIGH", "UNDEFINED"]),
    st.sampled_from(["a", "b"]),
)


def gathered(entries: list[dict[str, Any]]) -> Gathering:
    gathering = Gathering("source")
    for entry in entries:
        gathering.add(entry)
    return gathering


@settings(max_examples=300, deadline=None)
@given(entries=st.lists(enhanced() | basic, max_size=8), seed=st.randoms(use_true_random=False))
def test_order_does_not_matter_nothing_is_lost_and_nothing_counts_twice(entries: list[Any], seed: Any) -> None:
    found = gathered(entries).vulnerabilities()
    shuffled = list(entries)
    seed.shuffle(shuffled)
    again = gathered(shuffled).vulnerabilities()

    def told(entry: dict[str, Any]) -> str:
        identity: str = entry.get("name") or entry["packageVulnerabilityDetails"]["vulnerabilityId"]
        return identity

    assert [
        (v.id, v.severity, v.packages, v.suppressed_by, v.first_seen_at, v.exploit) for v in again if _dated(v)
    ] == [(v.id, v.severity, v.packages, v.suppressed_by, v.first_seen_at, v.exploit) for v in found if _dated(v)]
    active = {told(entry) for entry in entries if entry.get("status", "ACTIVE") == "ACTIVE"}
    hidden = {told(entry) for entry in entries if entry.get("status") == "SUPPRESSED"}
    assert {v.id for v in found if not v.suppressed_by} == active
    assert {v.id for v in found if v.suppressed_by} == hidden
    assert all(v.suppressed_by == SUPPRESSED for v in found if v.suppressed_by)
    assert sum(count(found).values()) == len(active)


def _dated(vulnerability: Any) -> bool:
    """Findings of basic scanning carry no times and no exploits: which of two unknowns stays depends on the order."""
    return isinstance(vulnerability.first_seen_at, Known) and isinstance(vulnerability.exploit, Known)


@settings(max_examples=200, deadline=None)
@given(entries=st.lists(enhanced(), min_size=1, max_size=8))
def test_the_worst_and_the_earliest_stand(entries: list[Any]) -> None:
    for vulnerability in gathered(entries).vulnerabilities():
        same = [
            entry
            for entry in entries
            if entry["packageVulnerabilityDetails"]["vulnerabilityId"] == vulnerability.id
            and entry["status"] == ("SUPPRESSED" if vulnerability.suppressed_by else "ACTIVE")
        ]
        first = min(entry["firstObservedAt"] for entry in same)
        assert vulnerability.first_seen_at == Known(first.strftime("%Y-%m-%dT%H:%M:%SZ"))
        worst = min(SEVERITIES.index(entry["severity"]) for entry in same)
        expected = {"INFORMATIONAL": "NEGLIGIBLE", "UNTRIAGED": "UNKNOWN"}.get(SEVERITIES[worst], SEVERITIES[worst])
        assert vulnerability.severity == expected
        exploits = [entry["exploitAvailable"] == "YES" for entry in same if "exploitAvailable" in entry]
        assert (
            (vulnerability.exploit == Known(any(exploits)))
            if exploits
            else not isinstance(vulnerability.exploit, Known)
        )
