"""What the findings on one image come to: the rule for the exit code of a run, for one of its images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from auditor.findings.model import SEVERITY_RANK, Coverage, Finding, Status
from auditor.inventory.facts import Fact, Unknown
from auditor.inventory.recorder import ErrorEntry

Verdict = Literal["pass", "fail", "unknown"]
WHOLE = 100.0


@dataclass(frozen=True)
class Decides:
    """What counts. `fail_on`: a severity or `none`; `min_coverage`: percent."""

    fail_on: str
    min_coverage: float

    def failure(self, finding: Finding) -> bool:
        """Whether a finding is a failure that gives exit code 1."""
        if finding.status is not Status.FAIL or finding.baseline or self.fail_on == "none":
            return False
        return SEVERITY_RANK[finding.severity] <= SEVERITY_RANK[self.fail_on]

    def gap(self, finding: Finding) -> bool:
        """Whether a finding is a gap: unknown, and not for want of what nobody asked for."""
        return finding.status is Status.UNKNOWN and finding.not_asked is not True


def image_verdict(findings: Iterable[Finding], decides: Decides, *, errors: bool) -> Verdict:
    """Fail wins over unknown wins over pass. `errors`: something of the image could not be read."""
    found = list(findings)
    if any(decides.failure(one) for one in found):
        return "fail"
    gaps = errors or any(decides.gap(one) for one in found)
    return "unknown" if gaps and decides.min_coverage >= WHOLE else "pass"


def _text(scope: str, error: ErrorEntry, count: int) -> str:
    where = error.affects if error.count == 1 else scope
    times = f", {count} times" if count > 1 else ""
    return f"{where}: {error.message or error.code} ({error.operation}, {error.reason}{times})"


class Gaps:
    """The errors of a run, without those that are one reference's own: that it leads nowhere is no gap of another.

    `named`: (scope, what it led to) of every reference.
    """

    def __init__(self, named: Iterable[tuple[str, Fact[str]]], coverage: Coverage) -> None:
        own = Counter(
            (scope, fact.source, fact.reason.value, fact.detail) for scope, fact in named if isinstance(fact, Unknown)
        )
        self._left: dict[str, list[str]] = {}
        self._texts: list[str] = []
        for scope in coverage.scopes:
            for error in scope.errors:
                told = own[scope.id, error.operation, error.reason, error.code]
                if error.count > told:
                    # Equal errors are counted together, and only the first says where it was.
                    place = error.affects if error.count == 1 else ""
                    self._left.setdefault(scope.id, []).append(place)
                    self._texts.append(_text(scope.id, error, error.count - told))

    def texts(self) -> list[str]:
        """Each of them, a line."""
        return self._texts

    def may_be_in(self, scope: str, repository: str) -> bool:
        """Whether something of a repository may not have been read. `repository`: its id."""
        # An error of the registry itself, whose id the repository's starts with, is one of each of its repositories.
        own = (f"{repository}@", f"{repository}:")
        return any(
            not place.startswith("urn:") or repository.startswith(place) or place.startswith(own)
            for place in self._left.get(scope, ())
        )
