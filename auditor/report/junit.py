"""JUnit XML, as CI systems read it: a suite per rule, a case per finding, one more suite for coverage.

A failure is a failed case, an unknown is an error (never a pass), a waived finding is skipped. Passes
are not listed one by one: a suite has them as the property `passed`. What could not be read is in the
suite `coverage`, as errors.
"""

from __future__ import annotations

from collections import defaultdict
from typing import BinaryIO, ClassVar
from xml.etree.ElementTree import Element, SubElement, tostring

from auditor.findings.model import Finding, Results, RuleInfo, ScopeCoverage, Status, StatusCounts
from auditor.report.text import cut, evidence_text, percent, place, prose, waiver_text, xml_text

TEXT_LIMIT = 4000
"""Characters of one message or evidence."""
_HIDDEN = (Status.PASS, Status.NOT_APPLICABLE)


class JunitReporter:
    """See `Reporter`."""

    format: ClassVar[str] = "junit"
    suffix: ClassVar[str] = ".xml"

    def write(self, results: Results, out: BinaryIO) -> None:
        """See `Reporter.write`."""
        by_rule: dict[str, list[Finding]] = defaultdict(list)
        for finding in results.findings:
            if finding.status not in _HIDDEN:
                by_rule[finding.rule].append(finding)
        known = [rule.id for rule in results.rules]
        suites = [
            _suite(results, rule, by_rule.get(rule.id, []), results.summary.by_rule.get(rule.id, StatusCounts()))
            for rule in results.rules
        ]
        suites += [
            _suite(results, None, found, results.summary.by_rule.get(rule, StatusCounts()))
            for rule, found in by_rule.items()
            if rule not in known
        ]
        suites.append(_coverage(results))
        root = Element("testsuites", {"name": "registry-auditor", "time": "0"})
        for total in ("tests", "failures", "errors", "skipped"):
            root.set(total, str(sum(int(suite.get(total, "0")) for suite in suites)))
        root.extend(suites)
        out.write(b'<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="utf-8") + b"\n")


def _suite(results: Results, rule: RuleInfo | None, findings: list[Finding], counts: StatusCounts) -> Element:
    name = f"{rule.id} {prose(rule.title)}" if rule else findings[0].rule
    suite = _element(results, name)
    properties = {"passed": str(counts.pass_), "not_applicable": str(counts.not_applicable)}
    if rule:
        properties["severity"] = rule.severity.value
    _properties(suite, properties)
    for finding in findings:
        _case(suite, finding, prose(rule.remediation.text) if rule else "")
    _totals(suite)
    return suite


def _case(suite: Element, finding: Finding, fix: str) -> None:
    case = SubElement(suite, "testcase", {"classname": xml_text(finding.rule), "name": _text(place(finding.resource))})
    message = _text(finding.message)
    if finding.status is Status.WAIVED:
        reason = waiver_text(finding.waiver) if finding.waiver else "waived"
        SubElement(case, "skipped", {"message": _text(f"waived: {reason}: {finding.message}")})
        return
    settle = [f"settled by: {', '.join(finding.settle)}"] if finding.settle else []
    details = (
        f"severity: {finding.severity}",
        f"resource: {finding.resource.id}",
        f"evidence: {evidence_text(finding.evidence, TEXT_LIMIT)}",
        *settle,
        f"fix: {fix}",
        f"fingerprint: {finding.id}",
    )
    kind = "failure" if finding.status is Status.FAIL else "error"
    node = SubElement(case, kind, {"message": message, "type": finding.severity.value})
    node.text = "\n".join(_text(detail) for detail in details)


def _coverage(results: Results) -> Element:
    suite = _element(results, "coverage")
    _properties(
        suite,
        {"facts_read": percent(results.coverage.ratio), "checks_decided": percent(results.coverage.decided)},
    )
    for scope in results.coverage.scopes:
        case = SubElement(suite, "testcase", {"classname": "coverage", "name": _text(scope.id)})
        lines = _missing(scope)
        if lines:
            node = SubElement(case, "error", {"message": lines[0], "type": "incomplete"})
            node.text = "\n".join(lines)
    _totals(suite)
    return suite


def _missing(scope: ScopeCoverage) -> list[str]:
    lines = [
        _text(f"{error.operation} failed {error.count} times: {error.reason} {error.code} {error.message}")
        for error in scope.errors
    ]
    missing = scope.wanted - scope.answered
    return [f"{missing:,} of {scope.wanted:,} facts were not read", *lines] if missing > 0 else lines


def _element(results: Results, name: str) -> Element:
    stamp = xml_text(results.run.snapshot_taken_at.removesuffix("Z"))
    return Element("testsuite", {"name": _text(name), "timestamp": stamp, "hostname": "registry", "time": "0"})


def _properties(suite: Element, properties: dict[str, str]) -> None:
    holder = SubElement(suite, "properties")
    for name, value in properties.items():
        SubElement(holder, "property", {"name": name, "value": value})


def _totals(suite: Element) -> None:
    suite.set("tests", str(len(suite.findall("testcase"))))
    for name, tag in (("failures", "failure"), ("errors", "error"), ("skipped", "skipped")):
        suite.set(name, str(len(suite.findall(f"testcase/{tag}"))))


def _text(text: str) -> str:
    return cut(xml_text(text), TEXT_LIMIT)
