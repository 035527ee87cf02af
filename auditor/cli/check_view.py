"""What `auditor check` prints: the verdict of each image, what failed with what to do, what is not known."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from auditor.cli.access_tree import wrap
from auditor.cli.common import printable
from auditor.findings.model import SEVERITY_RANK, Status

if TYPE_CHECKING:
    from rich.console import Console

    from auditor.findings.model import CheckedImage, Finding, RuleInfo
    from auditor.policy.catalogue import RuleMeta
    from auditor.run.checking import CheckOutcome

_STYLES = {"fail": "bold red", "unknown": "bold yellow", "pass": "bold green"}
_SEVERITY_STYLES = {"critical": "red", "high": "red", "medium": "yellow", "low": "cyan", "info": "dim"}
MOST = 20
"""Findings of a kind that are written out; --json has them all."""


def print_outcome(out: Console, outcome: CheckOutcome, *, fail_on: str, quiet: bool, verbose: bool) -> None:
    """Write the outcome; with `quiet` one line an image, `VERDICT pinned-reference`."""
    if quiet:
        for image in outcome.images:
            _line(out, f"{image.verdict.upper()} {image.pinned or image.reference}", wrapped=False)
        return
    by_id = {finding.id: finding for finding in outcome.results.findings}
    for image in outcome.images:
        _verdict(out, image, [by_id[name] for name in image.findings], fail_on)
    rules = {rule.id: rule for rule in outcome.results.rules}
    found = outcome.results.findings
    _failed(out, [one for one in found if one.status is Status.FAIL], rules)
    unknown = [one for one in found if one.status is Status.UNKNOWN]
    _unknown(out, "Unknown", [one for one in unknown if one.not_asked is not True])
    _unknown(out, "Unknown, for want of what nobody asked for", [one for one in unknown if one.not_asked is True])
    _waived(out, [one for one in found if one.status is Status.WAIVED])
    if outcome.problems:
        _line(out)
        _line(out, "Not read", style="bold")
        for problem in outcome.problems:
            _line(out, problem, 2)
    _scope(out, outcome, verbose=verbose)


def _verdict(out: Console, image: CheckedImage, findings: list[Finding], fail_on: str) -> None:
    _line(out, f"{image.verdict.upper():<7} {image.reference}", style=_STYLES[image.verdict], hanging=8)
    if not image.digest:
        _line(out, image.problem, 8)
        return
    if image.digest not in image.reference:
        _line(out, image.digest, 8)
    failed = [one for one in findings if one.status is Status.FAIL]
    unknown = sum(one.status is Status.UNKNOWN for one in findings)
    waived = sum(one.status is Status.WAIVED for one in findings)
    parts = [f"{len(failed)} failed", f"{unknown} unknown"] + ([f"{waived} waived"] if waived else [])
    known = sum(one.baseline for one in failed)
    if known:
        parts.append(f"{known} known from the baseline")
    if failed and image.verdict != "fail" and not known:
        parts.append("none decides" if fail_on == "none" else f"none is {fail_on} or worse")
    _line(out, ", ".join(parts), 8)


def _failed(out: Console, findings: list[Finding], rules: dict[str, RuleInfo]) -> None:
    if not findings:
        return
    _line(out)
    _line(out, "Failed", style="bold")
    last = ""
    for finding in _sorted(findings)[:MOST]:
        rule = rules[finding.rule]
        if rule.id != last:
            _line(
                out,
                f"{finding.severity:<8} {rule.id}  {rule.title}",
                2,
                style=_SEVERITY_STYLES[finding.severity],
                hanging=22,
            )
        last = rule.id
        known = " (in the baseline)" if finding.baseline else ""
        _line(out, f"{_place(finding)}: {finding.message}{known}", 4)
        if finding is _last_of(findings, rule.id):
            _line(out, f"To do: {rule.remediation.text.strip()}", 4)
    _rest(out, len(findings))


def _last_of(findings: list[Finding], rule: str) -> Finding:
    return next(one for one in reversed(_sorted(findings)) if one.rule == rule)


def _unknown(out: Console, title: str, findings: list[Finding]) -> None:
    if not findings:
        return
    _line(out)
    _line(out, title, style="bold")
    for finding in _sorted(findings)[:MOST]:
        _line(out, f"{finding.severity:<8} {finding.rule}  {_place(finding)}", 2)
        _line(out, finding.message, 4)
    _rest(out, len(findings))


def _waived(out: Console, findings: list[Finding]) -> None:
    if not findings:
        return
    _line(out)
    _line(out, "Waived", style="bold")
    for finding in _sorted(findings)[:MOST]:
        waiver = finding.waiver
        until = f" by {waiver.id} ({waiver.owner}) until {waiver.expires}" if waiver else ""
        _line(out, f"{finding.severity:<8} {finding.rule}  {_place(finding)}{until}", 2)
    _rest(out, len(findings))


def _scope(out: Console, outcome: CheckOutcome, *, verbose: bool) -> None:
    _line(out)
    _line(out, f"Judged by {_ids(outcome.judged)}.", hanging=2)
    if not outcome.left_out:
        return
    count = len(outcome.left_out)
    if verbose:
        _line(out, f"Not judged, since it takes more than the image: {_ids(outcome.left_out)}.", hanging=2)
    else:
        need = "1 rule needs" if count == 1 else f"{count} rules need"
        _line(out, f"{need} more than the image (--verbose names them): auditor audit.", hanging=2)


def _ids(rules: list[RuleMeta]) -> str:
    return ", ".join(rule.id for rule in rules)


def _place(finding: Finding) -> str:
    """Where, as short as it is clear: the images of an index are told apart by their digests."""
    resource = finding.resource
    name = resource.repository or resource.id
    if resource.tag:
        return f"{name}:{resource.tag}"
    return f"{name}@{resource.digest[:19]}" if resource.digest else name


def _sorted(findings: Iterable[Finding]) -> list[Finding]:
    return sorted(findings, key=lambda one: (SEVERITY_RANK[one.severity], one.rule, one.resource.id))


def _rest(out: Console, count: int) -> None:
    if count > MOST:
        _line(out, f"and {count - MOST:,} more (--json lists them)", 2)


def _line(
    out: Console, text: str = "", indent: int = 0, *, style: str = "", hanging: int = 0, wrapped: bool = True
) -> None:
    """A paragraph at the console's width; continued lines are indented by `hanging` more."""
    space = " " * (indent + hanging)
    text = " ".join(text.split("\n"))
    lines = wrap(text, max(out.width - len(space), 40)) if wrapped else [printable(text)]
    for index, part in enumerate(lines):
        start = space if index else " " * indent
        out.print(start + part, style=style or None, markup=False, no_wrap=True, overflow="ignore", crop=False)


__all__ = ["print_outcome"]
