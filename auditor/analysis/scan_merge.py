"""Joins the registry's scan of an image with scans made elsewhere, and hides what VEX statements answer.

Every finding stays, whoever made it: the worst severity counts, and a fix that anybody knows. A result that cannot
clear an image, as one that is too old, adds what it found and nothing else. In whatever order results come, and however
often, the outcome is the same: it is always made from the registry's own result, which is kept beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from auditor.analysis.vulnerabilities import WORST_FIRST, count, join_packages, join_scanners
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.scan_sources import REGISTRY, ScannedSecret, ScanSource
from auditor.inventory.scanning import ScanResult, ScanState, Vulnerability

DONE = ("complete", "active")
SETTING = "scan_results in auditor.yaml"
_NOT_THERE = (
    Reason.UNSUPPORTED_BY_PLATFORM, Reason.UNSUPPORTED_BY_COLLECTOR, Reason.NOT_REQUESTED, Reason.FEATURE_DISABLED,
)  # fmt: skip
"""Reasons for which there is no scan of the registry's that could say otherwise."""

Hide = Callable[[Vulnerability], str]
"""A vulnerability -> what hides it; empty: nothing does."""
Key = tuple[str, str]


@dataclass(frozen=True)
class Outside:
    """A result from outside for one image. `outdated`: its problem is its age."""

    source: ScanSource
    vulnerabilities: list[Vulnerability]
    secrets: list[ScannedSecret]
    outdated: bool = False


def own_scan(scan: Fact[ScanResult]) -> Fact[ScanResult]:
    """What the registry alone says, whether or not something was joined to it."""
    return scan.value.registry[0] if isinstance(scan, Known) and scan.value.registry else scan


def join_scan(scan: Fact[ScanResult], outside: Iterable[Outside], hide: Hide = lambda _v: "") -> Fact[ScanResult]:
    """The scan of an image with all results; the registry's own fact where that adds nothing."""
    own = own_scan(scan)
    given = _ordered(list(outside))
    result = own.value if isinstance(own, Known) else None
    if result is not None and result.state == "archived":
        return own
    details = result.vulnerabilities.value if result and isinstance(result.vulnerabilities, Known) else []
    if not given and not any(hide(v) for v in details if not v.suppressed_by):
        return own
    joined = _hidden(_joined(details, given), hide)
    partial, counts = _counts(own, details, joined)
    unlisted = partial and not joined and result is not None
    state, detail = _state(own, given)
    completed_at, database_at = _times(own, given)
    return Known(
        ScanResult(
            state=state,
            detail=detail,
            completed_at=completed_at,
            database_at=database_at,
            counts=counts,
            vulnerabilities=result.vulnerabilities if unlisted and result else Known(joined),
            external=result is None or result.state not in DONE,
            sources=sorted({o.source for o in given}, key=lambda s: msgspec.json.encode(s, order="deterministic")),
            partial=partial,
            registry=[own],
            secrets=sorted({s for o in given for s in o.secrets}, key=lambda s: (s.path, s.line, s.rule, s.scanner)),
        ),
        SETTING if result is None else own.source if isinstance(own, Known) else "",
    )


def _ordered(outside: list[Outside]) -> list[Outside]:
    """By source, and by what was found where one file has several results for an image, as SARIF with several runs."""
    if len(outside) <= 1:
        return outside
    return sorted(outside, key=lambda o: msgspec.json.encode((o.source, o.vulnerabilities), order="deterministic"))


# ---------------------------------------------------------------- vulnerabilities
def _joined(details: list[Vulnerability], given: list[Outside]) -> list[Vulnerability]:
    """Each vulnerability once (hidden ones apart), under its CVE where it has exactly one, sorted."""
    if not given:
        return details
    batches = [[_signed(v, REGISTRY) for v in details]]
    batches += [_folded(_signed(v, one.source.scanner) for v in one.vulnerabilities) for one in given]
    names = _names(v for batch in batches for v in batch)
    found: dict[Key, Vulnerability] = {}
    for batch in batches:
        for vulnerability in batch:
            new = _renamed(vulnerability, names)
            key = (new.id, new.suppressed_by)
            old = found.get(key)
            found[key] = new if old is None else join_scanners(old, new)
    return [found[key] for key in sorted(found)]


def _signed(vulnerability: Vulnerability, scanner: str) -> Vulnerability:
    return msgspec.structs.replace(vulnerability, sources=[scanner])


def _folded(vulnerabilities: Iterable[Vulnerability]) -> list[Vulnerability]:
    """Of one scanner, which lists a vulnerability once for each package. The order of packages does not matter."""
    found: dict[Key, Vulnerability] = {}
    for new in sorted(vulnerabilities, key=lambda v: msgspec.json.encode(v, order="deterministic")):
        key = (new.id, new.suppressed_by)
        old = found.get(key)
        found[key] = new if old is None else join_packages(old, new)
    return [found[key] for key in sorted(found)]


def _names(vulnerabilities: Iterable[Vulnerability]) -> dict[str, str]:
    """Id -> CVE, for ids that somebody says are another name of exactly one CVE.

    An advisory for several CVEs stays what it is: taking it for one of them would lose the others.
    """
    cves: dict[str, set[str]] = {}
    for vulnerability in vulnerabilities:
        names = {vulnerability.id, *vulnerability.aliases}
        known = {name for name in names if name.startswith("CVE-")}
        if vulnerability.id.startswith("CVE-"):
            known = {vulnerability.id}
        for name in names:
            if not name.startswith("CVE-"):
                cves.setdefault(name, set()).update(known)
    return {name: min(found) for name, found in cves.items() if len(found) == 1}


def _renamed(vulnerability: Vulnerability, names: dict[str, str]) -> Vulnerability:
    name = names.get(vulnerability.id)
    if name is None:
        return vulnerability
    aliases = sorted({vulnerability.id, *vulnerability.aliases} - {name})
    return msgspec.structs.replace(vulnerability, id=name, aliases=aliases)


def _hidden(vulnerabilities: list[Vulnerability], hide: Hide) -> list[Vulnerability]:
    found: dict[Key, Vulnerability] = {}
    for vulnerability in vulnerabilities:
        by = "" if vulnerability.suppressed_by else hide(vulnerability)
        new = msgspec.structs.replace(vulnerability, suppressed_by=by) if by else vulnerability
        old = found.get((new.id, new.suppressed_by))
        found[new.id, new.suppressed_by] = new if old is None else join_scanners(old, new)
    return [found[key] for key in sorted(found)]


# ---------------------------------------------------------------- the whole
def _counts(
    own: Fact[ScanResult], details: list[Vulnerability], joined: list[Vulnerability]
) -> tuple[bool, Fact[dict[str, int]]]:
    """(whether the registry's scanner may have found more, counts by severity)."""
    again: Fact[dict[str, int]] = Known(count(joined))
    if isinstance(own, Unknown) and own.reason not in _NOT_THERE:
        return True, own
    if not isinstance(own, Known) or own.value.state not in DONE:
        return False, again
    told = own.value.counts
    if not isinstance(told, Known):
        return True, told
    listed = isinstance(own.value.vulnerabilities, Known) and count(details) == dict(sorted(told.value.items()))
    if listed or not any(told.value.values()):
        return False, again
    mine = count(joined)
    most = {name: max(told.value.get(name, 0), mine.get(name, 0)) for name in WORST_FIRST}
    return True, Known({name: number for name, number in sorted(most.items()) if number})


def _state(own: Fact[ScanResult], given: list[Outside]) -> tuple[ScanState, str]:
    """The state, and what is said of it. What cannot clear the image leaves the registry's own state."""
    if isinstance(own, Known) and own.value.state in DONE:
        return own.value.state, own.value.detail
    good = sorted({o.source.scanner for o in given if not o.source.problem})
    if good:
        return "complete", f"by {', '.join(good)}, outside the registry"
    if isinstance(own, Known):
        return own.value.state, own.value.detail
    problems = "; ".join(sorted({f"{o.source.scanner}: {o.source.problem}" for o in given})[:3])
    if isinstance(own, Unknown) and own.reason not in _NOT_THERE:
        return "unread", problems
    return ("expired" if given and all(o.outdated for o in given) else "failed"), problems


def _times(own: Fact[ScanResult], given: list[Outside]) -> tuple[Fact[str], Fact[str]]:
    """Of the freshest result that counts: the date that its age is counted from, and its database's."""
    best: tuple[Fact[str], Fact[str]] = (Absent(SETTING), Absent(SETTING))
    if isinstance(own, Known):
        best = (own.value.completed_at, own.value.database_at)
        if own.value.state not in DONE and any(not o.source.problem for o in given):
            best = (Absent(SETTING), Absent(SETTING))
    for one in given:
        date = judged_at(one.source)
        if one.source.problem or not isinstance(date, Known):
            continue
        if not isinstance(best[0], Known) or date.value > best[0].value:
            best = (Known(date.value, one.source.scanner), one.source.database_at)
    return best


def judged_at(source: ScanSource) -> Fact[str]:
    """What the age of a result is counted from: its database's date, or where that is not told its own."""
    return source.database_at if isinstance(source.database_at, Known) else source.completed_at
