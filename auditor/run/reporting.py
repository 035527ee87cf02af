"""Writes reports of a results file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from auditor import plugins
from auditor.errors import UsageError
from auditor.findings.model import Results
from auditor.findings.results_file import output_file, read_results


@dataclass(frozen=True)
class ReportRequest:
    """One `-r FORMAT[=PATH]`; no path: the default place, `-`: standard output."""

    format: str
    path: Path | None

    @classmethod
    def parse(cls, text: str) -> ReportRequest:
        """Read `html` or `html=out/report.html`. Errors: `UsageError` for an empty part."""
        name, separator, path = text.partition("=")
        if not name or (separator and not path):
            raise UsageError(f"{text!r} is no report request", hint="as in -r html or -r html=report.html")
        return cls(name, Path(path) if path else None)


def check_requests(requests: list[ReportRequest]) -> None:
    """Refuse unknown formats before any work is done, and two reports to one place."""
    places: set[str] = set()
    for request in requests:
        plugins.reporter(request.format)
        place = str(request.path) if request.path else f"default:{request.format}"
        if place in places:
            raise UsageError(f"two reports go to {request.path or request.format}", hint="give each a path")
        places.add(place)


def report(results_path: Path, requests: list[ReportRequest], folder: Path | None = None) -> list[Path]:
    """Write every requested report; returns the paths written, in order.

    Without a path a report goes to `folder/report<suffix>`, or to standard output when there is no folder.
    Errors: `InputError`, `UsageError`, `ReportError`; a report appears complete or not at all.
    """
    check_requests(requests)
    return write_reports(read_results(results_path), requests, folder)


def write_reports(results: Results, requests: list[ReportRequest], folder: Path | None) -> list[Path]:
    """As `report`, for results already read."""
    written: list[Path] = []
    for request in requests:
        reporter = plugins.reporter(request.format)
        path = request.path
        if path is None and folder is not None:
            path = folder / f"report{reporter.suffix}"
        with output_file(path) as out:
            reporter.write(results, out)
        if path is not None and str(path) != "-":
            written.append(path)
    return written
