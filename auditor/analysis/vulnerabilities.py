"""Joins what is known of one vulnerability: in several packages of one image, or from several scanners."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from auditor.inventory.facts import Fact, Known
from auditor.inventory.scanning import Fix, Severity, Vulnerability

WORST_FIRST: tuple[Severity, ...] = ("CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN")
MAX_ALIASES = 20
_FIXABLE_FIRST = ("yes", "partial", "no")


def count(vulnerabilities: Iterable[Vulnerability]) -> dict[str, int]:
    """Severity -> distinct ids that nothing suppresses."""
    counts: dict[str, int] = {}
    for vulnerability in vulnerabilities:
        if not vulnerability.suppressed_by:
            counts[vulnerability.severity] = counts.get(vulnerability.severity, 0) + 1
    return dict(sorted(counts.items()))


def join_packages(old: Vulnerability, new: Vulnerability) -> Vulnerability:
    """Two findings of one scanner under one id: a fix only where every package has one."""
    fix = old.fix if old.fix == new.fix else _every_fix(old.fix, new.fix)
    return _join(old, new, fix)


def join_scanners(old: Vulnerability, new: Vulnerability) -> Vulnerability:
    """Findings of two scanners of the same vulnerability: a fix where either knows one, in whatever order."""
    return _join(old, new, _any_fix(old.fix, new.fix))


def earliest(one: Fact[str], other: Fact[str]) -> Fact[str]:
    """The earlier of two times in one notation; the known one where only one is."""
    if isinstance(one, Known) and isinstance(other, Known):
        return one if one.value <= other.value else other
    return one if isinstance(one, Known) else other


def largest(one: Fact[Any], other: Fact[Any]) -> Fact[Any]:
    """The larger of two values; the known one where only one is."""
    if isinstance(one, Known) and isinstance(other, Known):
        return one if one.value >= other.value else other
    return one if isinstance(one, Known) else other


def _join(old: Vulnerability, new: Vulnerability, fix: Fact[Fix]) -> Vulnerability:
    return Vulnerability(
        id=old.id,
        severity=min(old.severity, new.severity, key=WORST_FIRST.index),
        title=old.title or new.title,
        packages=sorted({*old.packages, *new.packages}, key=lambda p: (p.name, p.version)),
        fix=fix,
        first_seen_at=earliest(old.first_seen_at, new.first_seen_at),
        exploit=largest(old.exploit, new.exploit),
        suppressed_by=old.suppressed_by,
        epss=largest(old.epss, new.epss),
        aliases=sorted({*old.aliases, *new.aliases} - {old.id})[:MAX_ALIASES],
        sources=sorted({*old.sources, *new.sources}),
    )


def _every_fix(one: Fact[Fix], other: Fact[Fix]) -> Fact[Fix]:
    if isinstance(one, Known) and isinstance(other, Known):
        versions = ", ".join(sorted({v for v in (one.value.version, other.value.version) if v}))
        same = one.value.available == other.value.available
        return Known(Fix(one.value.available if same else "partial", versions))
    return one if not isinstance(one, Known) else other


def _any_fix(one: Fact[Fix], other: Fact[Fix]) -> Fact[Fix]:
    if isinstance(one, Known) and isinstance(other, Known):
        available = min(one.value.available, other.value.available, key=_FIXABLE_FIRST.index)
        told = {v for fix in (one.value, other.value) for v in fix.version.split(", ") if v}
        return Known(Fix(available, ", ".join(sorted(told))))
    return one if isinstance(one, Known) else other
