"""Where the report templates are: in the installed package, or in the source tree."""

from __future__ import annotations

from pathlib import Path

from auditor.errors import ReportError


def template_root() -> Path:
    """The folder of the templates. Errors: `ReportError` for a broken installation."""
    package = Path(__file__).resolve().parents[1]
    for candidate in (package / "_data" / "templates", package.parent / "reports" / "templates"):
        if (candidate / "report.html.j2").is_file():
            return candidate
    raise ReportError("the report templates are missing", path=package, hint="install registry-auditor again")


def read_template(name: str) -> str:
    """The text of one file below `template_root`. Errors: `ReportError`."""
    path = template_root() / name
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ReportError(
            f"cannot be read: {error.strerror}", path=path, hint="install registry-auditor again"
        ) from error
