"""One row a finding, for spreadsheets: UTF-8, every cell quoted, no cell a formula."""

from __future__ import annotations

import csv
import re
from typing import BinaryIO, ClassVar

import pandas as pd

from auditor.findings.inert import inert
from auditor.findings.model import Finding, Results, RuleInfo
from auditor.report.overview import in_use_first
from auditor.report.text import cut, evidence_text, prose

CELL_LIMIT = 32_000
"""Spreadsheets hold 32,767 characters a cell; what is longer is cut and says so."""

COLUMNS = (
    *("id", "rule", "title", "severity", "status", "message", "resource", "kind", "registry", "account"),
    *("region", "repository", "tag", "digest", "file", "line", "evidence", "settle", "frameworks"),
    *("remediation", "remediation_action", "remediation_mode", "first_seen", "baseline", "waived_status", "in_use"),
    *("waiver", "waiver_reason", "waiver_owner", "waiver_expires", "waiver_ticket"),
)

# What spreadsheets take for the start of a formula, also after blanks and in full width.
_FORMULA = re.compile(r"\s*[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20|%]")


class CsvReporter:
    """See `Reporter`. Columns: `COLUMNS`; findings by severity, in use first."""

    format: ClassVar[str] = "csv"
    suffix: ClassVar[str] = ".csv"

    def write(self, results: Results, out: BinaryIO) -> None:
        """See `Reporter.write`."""
        rules = {rule.id: rule for rule in results.rules}
        rows = [_row(finding, rules.get(finding.rule)) for finding in in_use_first(results.findings)]
        table = pd.DataFrame(rows, columns=list(COLUMNS), dtype="object")
        text = table.to_csv(index=False, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
        out.write(text.encode("utf-8"))


def safe_cell(text: str) -> str:
    """`text` as a cell: no control character, no formula (a leading apostrophe makes it text), bounded."""
    shown = cut(inert(text), CELL_LIMIT)
    return f"'{shown}" if _FORMULA.match(text) or _FORMULA.match(shown) else shown


def _row(finding: Finding, rule: RuleInfo | None) -> list[str]:
    resource, waiver = finding.resource, finding.waiver
    cells = [
        *(finding.id, finding.rule, prose(rule.title) if rule else "", finding.severity.value),
        *(finding.status.value, finding.message, resource.id, resource.kind, resource.registry),
        *(resource.account, resource.region, resource.repository, resource.tag, resource.digest),
        *(resource.file, str(resource.line or ""), evidence_text(finding.evidence, CELL_LIMIT)),
        *("; ".join(finding.settle), _frameworks(rule), prose(rule.remediation.text) if rule else ""),
        *(finding.remediation.action, finding.remediation.mode, finding.first_seen),
        *("yes" if finding.baseline else "no", finding.waived_status, "yes" if finding.in_use is True else "no"),
        *((waiver.id, waiver.reason, waiver.owner, waiver.expires, waiver.ticket) if waiver else [""] * 5),
    ]
    return [safe_cell(cell) for cell in cells]


def _frameworks(rule: RuleInfo | None) -> str:
    if rule is None:
        return ""
    return "; ".join(f"{name}: {', '.join(controls)}" for name, controls in rule.frameworks.items())
