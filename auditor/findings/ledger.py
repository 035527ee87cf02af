"""Counts verdicts by status, severity and rule: the summary of results.json."""

from __future__ import annotations

from collections import Counter

from auditor.findings.model import Severity, Status, StatusCounts, Summary


class VerdictLedger:
    """Counts every verdict, the passed ones included."""

    def __init__(self, rules: list[str]) -> None:
        self._by_rule: dict[str, Counter[str]] = {rule: Counter() for rule in rules}
        self._by_severity: dict[str, Counter[str]] = {severity.value: Counter() for severity in Severity}
        self.unasked = 0
        """Unknown verdicts for want of what the audit was not asked to read: no gap of it."""

    def add(self, rule: str, status: str, severity: str, count: int = 1) -> None:
        """Count `count` verdicts."""
        self._by_rule.setdefault(rule, Counter())[status] += count
        self._by_severity[severity][status] += count

    def total(self, status: Status) -> int:
        """All verdicts of one status."""
        return sum(counter[status.value] for counter in self._by_rule.values())

    def decided(self) -> float:
        """Share of applicable verdicts that are not unknown; 1.0 when nothing applies.

        Those that want something that nobody asked the audit to read are left out.
        """
        unknown = self.total(Status.UNKNOWN) - self.unasked
        applicable = unknown + sum(self.total(status) for status in (Status.PASS, Status.FAIL, Status.WAIVED))
        return 1.0 if applicable == 0 else (applicable - unknown) / applicable

    def summary(self) -> Summary:
        """The counts as results.json shows them."""
        return Summary(
            pass_=self.total(Status.PASS),
            fail=self.total(Status.FAIL),
            unknown=self.total(Status.UNKNOWN),
            not_applicable=self.total(Status.NOT_APPLICABLE),
            waived=self.total(Status.WAIVED),
            by_severity={name: _counts(counter) for name, counter in self._by_severity.items()},
            by_rule={name: _counts(counter) for name, counter in sorted(self._by_rule.items())},
        )


def _counts(counter: Counter[str]) -> StatusCounts:
    return StatusCounts(
        pass_=counter["pass"],
        fail=counter["fail"],
        unknown=counter["unknown"],
        not_applicable=counter["not_applicable"],
        waived=counter["waived"],
    )
