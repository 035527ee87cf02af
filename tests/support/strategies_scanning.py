"""Strategies for scans, vulnerabilities, suppressions, trails, quotas and totals.

`facts` of `strategies` is handed in, since that module takes these strategies into its records.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from auditor.inventory.derived import Growth, RegistryTotals
from auditor.inventory.facts import Absent, Reason, Unknown
from auditor.inventory.operations import AuditTrail, EventRule, Quota
from auditor.inventory.scan_sources import ScannedSecret
from auditor.inventory.scanning import Fix, Package, RegistryScanning, ScanResult, Suppression, Vulnerability

UNREAD = st.just(Unknown(Reason.ACCESS_DENIED, "ecr:DescribeImageScanFindings"))
Facts = Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]]
MOMENTS = st.sampled_from(
    ["2026-11-24T11:00:00Z", "2026-11-24T12:00:01Z", "2026-11-20T00:00:00Z", "2026-01-01T00:00:00Z"]
)
SEVERITIES = st.sampled_from(["CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN"])
IDS = st.sampled_from(["CVE-2026-1", "CVE-2026-2", "CVE-2026-3", "GHSA-x"])
HIDDEN = st.sampled_from(["", "", "", "urn:cr:inspector2:1:r:suppression/a"])
SECRETS = st.builds(
    ScannedSecret,
    st.sampled_from(["aws-access-key-id", "<b>"]),
    st.just("AWS"),
    SEVERITIES,
    st.sampled_from(["root/.env", "usr/share/doc/x"]),
    st.integers(1, 3),
    st.just("trivy"),
)
FEEDS: dict[str, Any] = {"kev": {"released_at": "2026-11-20T00:00:00Z", "ids": {"CVE-2026-1": "2026-11-01"}}}


def vulnerabilities(facts: Facts, text: st.SearchStrategy[str]) -> st.SearchStrategy[Vulnerability]:
    return st.builds(
        Vulnerability,
        id=IDS,
        severity=SEVERITIES,
        title=text,
        packages=st.just([Package("openssl", "3")]),
        fix=facts(st.builds(Fix, st.sampled_from(["yes", "no", "partial"]), st.just("4"))),
        first_seen_at=facts(MOMENTS),
        exploit=facts(st.booleans()),
        suppressed_by=HIDDEN,
        epss=facts(st.sampled_from([0.01, 0.97])),
        aliases=st.lists(IDS, max_size=1),
        sources=st.sampled_from([[], [], ["trivy"], ["grype", "the registry"]]),
    )


def scans(facts: Facts, text: st.SearchStrategy[str]) -> st.SearchStrategy[ScanResult]:
    counts = st.dictionaries(SEVERITIES, st.integers(0, 4))
    found = st.lists(vulnerabilities(facts, text), max_size=3, unique_by=lambda v: (v.id, v.suppressed_by))
    return st.builds(
        ScanResult,
        state=st.sampled_from(["complete", "complete", "active", "pending", "failed", "expired", "archived", "unread"]),
        detail=st.just("STATE"),
        completed_at=facts(MOMENTS),
        database_at=facts(MOMENTS),
        counts=facts(counts),
        vulnerabilities=facts(found),
        external=st.sampled_from([False, False, True]),
        partial=st.sampled_from([False, False, False, True]),
        registry=st.lists(st.one_of(st.just(Absent("ecr:X", "ScanNotFound")), UNREAD), max_size=1),
        secrets=st.lists(SECRETS, max_size=2),
    )


def registry_scanning(facts: Facts) -> st.SearchStrategy[RegistryScanning]:
    return st.builds(RegistryScanning, st.sampled_from(["basic", "enhanced"]), st.just([]), facts(st.booleans()))


def suppressed(facts: Facts, text: st.SearchStrategy[str], kind: str) -> st.SearchStrategy[Suppression]:
    names = st.lists(st.sampled_from(["a", "team/*", "*"]), max_size=1)
    return st.builds(
        Suppression,
        id=st.sampled_from([f"urn:cr:{kind}:1:r:suppression/a", f"urn:cr:{kind}:1:r:suppression/b"]),
        name=text,
        reason=st.sampled_from(["", "accepted"]),
        owner=st.sampled_from(["", "team"]),
        created_at=facts(MOMENTS),
        expires=facts(st.sampled_from(["2026-11-01T23:59:59Z", "2027-01-01T23:59:59Z", "2030-01-01T23:59:59Z"])),
        vulnerabilities=names,
        repositories=names,
        criteria=st.just(["severity EQUALS LOW"]),
        packages=names,
        images=names,
    )


def statements(facts: Facts, text: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    """The VEX statements of a registry."""
    return facts(st.lists(suppressed(facts, text, "vex"), max_size=2, unique_by=lambda s: s.id))


def operations(facts: Facts, text: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """The facts of a registry that these rules read, by field."""
    suppressions = suppressed(facts, text, "inspector2")
    trails = st.builds(
        AuditTrail,
        id=st.sampled_from(["urn:cr:cloudtrail:1:r:trail/a", "urn:cr:cloudtrail:2:r:trail/b"]),
        logging=facts(st.booleans()),
        multi_region=st.booleans(),
        organization=st.booleans(),
        home_region=st.just("us-east-1"),
        management_events=facts(st.booleans()),
        validation=st.sampled_from([True, True, False]),
        destinations=st.just([]),
        delivery_error=st.sampled_from(["", "", "AccessDenied"]),
        retention_days=facts(st.sampled_from([30, 365, 4000])),
    )
    quotas = st.builds(
        Quota,
        code=st.sampled_from(["L-CFEB8E8D", "L-03A36CE1", "L-1"]),
        name=st.sampled_from(["Images per repository", "Registered repositories", "Other"]),
        value=st.sampled_from([10.0, 1000.0, 12.5]),
        unit=st.just("None"),
        applied=st.booleans(),
    )
    rules = st.builds(EventRule, st.just("urn:cr:events:1:r:rule/x"), st.booleans(), text, facts(st.integers(0, 2)))
    return st.fixed_dictionaries(
        {
            "scanning": facts(registry_scanning(facts)),
            "suppressions": facts(st.lists(suppressions, max_size=2, unique_by=lambda s: s.id)),
            "trails": facts(st.lists(trails, max_size=2, unique_by=lambda t: t.id)),
            "event_rules": facts(st.lists(rules, max_size=1)),
            "quotas": facts(st.lists(quotas, max_size=3, unique_by=lambda q: q.code)),
        }
    )


def totals(facts: Facts) -> st.SearchStrategy[Any]:
    number = st.sampled_from([0, 1, 9, 900])
    largest = st.sampled_from(["", "team/app"])
    return facts(st.builds(RegistryTotals, number, number, number, largest, number, st.sampled_from([0, 0, 3])))


def growth(facts: Facts) -> st.SearchStrategy[Any]:
    since = st.sampled_from(["2026-11-23T00:00:00Z", "2026-10-25T12:00:00Z", "2026-01-01T00:00:00Z"])
    number = st.sampled_from([0, 1, 7, 10, 100])
    return facts(st.builds(Growth, since, number, number, number, number, number, number))
