"""A summary for a pull request: what failed, what is unknown, what was not read, the worst first.

Outside text is escaped so that it cannot become a link, a mention, HTML or another table cell. A
comment holds 65,536 characters: the table of findings ends before, and says how many more there are.
"""

from __future__ import annotations

import re
from typing import BinaryIO, ClassVar

import msgspec

from auditor.findings.inert import inert
from auditor.findings.model import Finding, Resource, Results, Severity, Status, StatusCounts
from auditor.report import overview
from auditor.report.overview import in_use_first
from auditor.report.supply import TITLES, supply_tables
from auditor.report.text import count, cut, moment, percent, place, prose

MAX_ROWS = 50
MAX_CHARACTERS = 58_000
MESSAGE_LIMIT = 160
PLACE_LIMIT = 140
MAX_GAPS = 12
MAX_SUPPLY = 12
DIGEST_SHOWN = 19

_MARKS = {"failed": "❌", "unproven": "❔", "compliant": "✅", "empty": "❔"}
_SPECIAL = re.compile(r"""[^\w\s.,;:"'/=?%^°…§()-]|_|:(?=\S)|\b(?=www\.)|(?<=www)\.""", re.IGNORECASE)


class MarkdownReporter:
    """See `Reporter`."""

    format: ClassVar[str] = "markdown"
    suffix: ClassVar[str] = ".md"

    def write(self, results: Results, out: BinaryIO) -> None:
        """See `Reporter.write`."""
        head = overview.headline(results)
        parts = [f"## {_MARKS[head.state]} {escape(head.title)}"]
        if head.detail:
            parts.append(escape(head.detail))
        parts += [_counts(results), *_gaps(results), *_supply(results)]
        tail = _tail(results)
        left = MAX_CHARACTERS - sum(len(part) for part in (*parts, tail))
        for status, title in ((Status.FAIL, "Failures"), (Status.UNKNOWN, "Unknown: could not be decided")):
            found = in_use_first(finding for finding in results.findings if finding.status is status)
            if found:
                table = _table(title, found, left // 2 if status is Status.FAIL else left)
                left -= len(table)
                parts.append(table)
        out.write(("\n\n".join([*parts, tail]) + "\n").encode("utf-8", "backslashreplace"))


def escape(text: str) -> str:
    """`text` as itself in GitHub-flavoured Markdown, also in a table: no markup, link, mention or HTML."""
    return _SPECIAL.sub(_entity, inert(text))


def code(text: str) -> str:
    """`text` as a code span in a table cell."""
    shown = inert(text).replace("`", "'").replace("|", "\\|").strip() or "–"
    return f"`{shown}`"


def _entity(match: re.Match[str]) -> str:
    character = match.group()
    if not character:
        return "&#8203;"  # before www. the autolink is broken by a zero-width space
    if character in "@#":
        return f"&#{ord(character)};&#8203;"  # mentions and issue numbers are found after entities are decoded
    return f"&#{ord(character)};" if ord(character) < 128 else character  # noqa: PLR2004  the end of ASCII


def _counts(results: Results) -> str:
    lines = ["| Severity | Fail | Unknown | Waived | Pass |", "|---|--:|--:|--:|--:|"]
    for severity in Severity:
        counts = results.summary.by_severity.get(severity.value, StatusCounts())
        lines.append(f"| {severity} | {_cells(counts)} |")
    total = results.summary
    lines.append(
        f"| **all** | **{total.fail:,}** | **{total.unknown:,}** | **{total.waived:,}** | **{total.pass_:,}** |"
    )
    return "\n".join(lines)


def _cells(counts: StatusCounts) -> str:
    return f"{counts.fail:,} | {counts.unknown:,} | {counts.waived:,} | {counts.pass_:,}"


def _gaps(results: Results) -> list[str]:
    coverage = results.coverage
    read = f"{percent(coverage.ratio)} of the facts read, {percent(coverage.decided)} of the checks decided"
    gaps = [row for row in overview.scope_rows(results) if row.scope.errors or row.missing]
    if not coverage.scopes:
        return ["### Coverage: no scope was read", "These results say nothing about any registry."]
    if not gaps:
        scopes = count(len(coverage.scopes), "scope")
        return [f"### Coverage: {read}", f"Everything that was asked for was answered, in {scopes}."]
    lines = ["| Not read | Reason | Times | Scope |", "|---|---|--:|---|"]
    entries = [
        f"| {code(cut(error.operation, 80))} | {escape(cut(prose(error.reason), 80))} | {error.count:,} "
        f"| {code(cut(row.scope.id, 100))} |"
        for row in gaps
        for error in row.scope.errors
    ]
    entries += [
        f"| facts without an answer | – | {row.missing:,} | {code(cut(row.scope.id, 100))} |"
        for row in gaps
        if not row.scope.errors
    ]
    lines += entries[:MAX_GAPS]
    more = [f"and {len(entries) - MAX_GAPS:,} more"] if len(entries) > MAX_GAPS else []
    return [f"### Coverage: only {read}", "\n".join(lines), *more]


def _supply(results: Results) -> list[str]:
    """What the images carry, by registry and team; nothing where none was counted."""
    tables = supply_tables(results)
    rows = [("Registry", row) for row in tables["registries"] if row.images or row.unread]
    rows += [("Team", row) for row in tables["teams"]]
    if not rows:
        return []
    lines = [f"| | Images | {' | '.join(TITLES)} |", "|---|--:|--:|--:|--:|--:|"]
    for kind, row in rows[:MAX_SUPPLY]:
        name = code(cut(row.name, 80)) if row.name else "no team"
        gap = f" ({count(row.unread, 'repository', 'repositories')} not read)" if row.unread else ""
        cells = (f"{cell.yes:,}" + (f" ({cell.unknown:,} unknown)" if cell.unknown else "") for cell in row.cells)
        lines.append(f"| {kind} {name}{gap} | {row.images:,} | {' | '.join(cells)} |")
    more = [f"and {len(rows) - MAX_SUPPLY:,} more"] if len(rows) > MAX_SUPPLY else []
    return ["### Supply chain: what tagged images carry", "\n".join(lines), *more]


def _table(title: str, findings: list[Finding], room: int) -> str:
    lines = [
        f"### {title} ({len(findings):,})",
        "",
        "| Severity | Rule | Where | What |",
        "|---|---|---|---|",
    ]
    used = sum(len(line) + 1 for line in lines) + 120
    shown = 0
    for finding in findings[:MAX_ROWS]:
        where = code(cut(place(_short(finding.resource)), PLACE_LIMIT))
        known = (" (known)" if finding.baseline else "") + (" **in use**" if finding.in_use is True else "")
        message = escape(cut(finding.message, MESSAGE_LIMIT))
        row = f"| {finding.severity} | {code(finding.rule)} | {where} | {message}{known} |"
        if used + len(row) > room:
            break
        used += len(row) + 1
        lines.append(row)
        shown += 1
    if shown < len(findings):
        lines += ["", f"… and {len(findings) - shown:,} more: see the HTML or JSON report."]
    return "\n".join(lines)


def _short(resource: Resource) -> Resource:
    """With the digest as short as people quote it."""
    return msgspec.structs.replace(resource, digest=resource.digest[:DIGEST_SHOWN])


def _tail(results: Results) -> str:
    run = results.run
    return (
        f"<sub>State of {escape(moment(run.snapshot_taken_at))} · registry-auditor {escape(run.auditor_version)} · "
        f"engine {escape(run.engine.name)} · snapshot {code(run.snapshot_digest[:DIGEST_SHOWN])} · "
        f"policies {code(run.policy_digest[:DIGEST_SHOWN])}</sub>"
    )
