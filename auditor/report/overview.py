"""What a reader must know first: the verdict in a sentence, what failed most, what was not read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from auditor.findings.model import SEVERITY_RANK, Finding, Results, RuleInfo, ScopeCoverage, Status, StatusCounts
from auditor.report.text import count, percent

FAILED, UNPROVEN, COMPLIANT, EMPTY = "failed", "unproven", "compliant", "empty"


@dataclass(frozen=True)
class Headline:
    """The verdict: `state` is `failed`, `unproven`, `compliant` or `empty`."""

    state: str
    title: str
    detail: str


@dataclass(frozen=True)
class RuleRow:
    """A rule with its counts."""

    rule: RuleInfo
    counts: StatusCounts


@dataclass(frozen=True)
class ScopeRow:
    """A scope with its share of facts answered."""

    scope: ScopeCoverage
    ratio: float
    missing: int


def headline(results: Results) -> Headline:
    """The verdict of the whole run. Unknown is never called a pass, nor a failure."""
    summary, gap = results.summary, _gap(results)
    if summary.fail:
        return Headline(FAILED, _failed_title(results), _sentences(_known(results), _waived(results), gap))
    judged = summary.pass_ + summary.waived
    if summary.unknown or results.coverage.ratio < 1 or unread(results):
        title = "Not proven compliant: nothing failed, but not everything could be judged."
        return Headline(UNPROVEN, title, _sentences(gap, _waived(results)))
    if not judged:
        return Headline(EMPTY, "Nothing was judged: no rule applied to any resource.", "")
    checks = count(summary.pass_, "check")
    title = f"Compliant: {checks} passed, none failed, and everything was read."
    return Headline(COMPLIANT, title, _sentences(_waived(results)))


def rule_rows(results: Results) -> list[RuleRow]:
    """Every rule, worst first: by failures that weigh most, then unknowns, then id."""
    rows = [RuleRow(rule, results.summary.by_rule.get(rule.id, StatusCounts())) for rule in results.rules]
    return sorted(
        rows,
        key=lambda row: (
            SEVERITY_RANK[row.rule.severity] if row.counts.fail else len(SEVERITY_RANK),
            -row.counts.fail,
            -row.counts.unknown,
            row.rule.id,
        ),
    )


def top_rules(results: Results, limit: int = 6) -> list[RuleRow]:
    """The rules with failures, worst first; then those with unknowns."""
    return [row for row in rule_rows(results) if row.counts.fail or row.counts.unknown][:limit]


def scope_rows(results: Results) -> list[ScopeRow]:
    """Every scope, the least read first."""
    rows = [
        ScopeRow(
            scope,
            scope.answered / scope.wanted if scope.wanted else float(not scope.errors),
            max(scope.wanted - scope.answered, 0),
        )
        for scope in results.coverage.scopes
    ]
    return sorted(rows, key=lambda row: (row.ratio, not row.scope.errors, row.scope.id))


def in_use_first(findings: Iterable[Finding]) -> list[Finding]:
    """By severity, in use before the rest, otherwise in the order given."""
    return sorted(findings, key=lambda one: (SEVERITY_RANK[one.severity], one.in_use is not True))


def unread(results: Results) -> int:
    """How many calls failed over all scopes."""
    return sum(error.count for scope in results.coverage.scopes for error in scope.errors)


def _failed_title(results: Results) -> str:
    checks = count(results.summary.fail, "check fails", "checks fail")
    worst = next(
        (
            (severity, counts.fail)
            for severity, counts in sorted(
                results.summary.by_severity.items(), key=lambda item: SEVERITY_RANK.get(item[0], 9)
            )
            if counts.fail
        ),
        None,
    )
    if worst is None:
        return f"Not compliant: {checks}."
    severity, number = worst
    if number == results.summary.fail:
        return f"Not compliant: {checks}, {'it is' if number == 1 else 'all'} {severity}."
    return f"Not compliant: {checks}, {number:,} of them {severity}."


def _gap(results: Results) -> str:
    sentences = []
    if results.summary.unknown:
        checks = count(results.summary.unknown, "check")
        verb = "counts" if results.summary.unknown == 1 else "count"
        sentences.append(f"{checks} could not be decided and {verb} as neither pass nor failure.")
    if results.coverage.ratio < 1:
        sentences.append(f"Only {percent(results.coverage.ratio)} of the facts could be read.")
    elif unread(results):
        sentences.append(f"{count(unread(results), 'call')} failed.")
    return " ".join(sentences)


def _known(results: Results) -> str:
    known = sum(1 for finding in results.findings if finding.baseline and finding.status is Status.FAIL)
    return f"{known:,} of the failures {'is' if known == 1 else 'are'} known from the baseline." if known else ""


def _waived(results: Results) -> str:
    waived = results.summary.waived
    return f"{count(waived, 'finding is', 'findings are')} waived." if waived else ""


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)
