"""Reads the `# METADATA` block of a Rego package, with the lines of its fields.

Shape: OPA's annotation format, a YAML document in a run of comment lines right above `package`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from auditor.config.document import Document, parse_document
from auditor.errors import PolicyError

_PACKAGE = re.compile(r"^package\s+([^\s#]+)\s*(#.*)?$")
_HEADER = re.compile(r"^#\s*METADATA\s*$")
MAX_LINES = 400


@dataclass(frozen=True)
class Header:
    """The package of a module, and its annotations where it has any."""

    package: str
    package_line: int
    document: Document | None


def read_header(path: str, text: str, *, only: str = "") -> Header:
    """The header of a module; annotations are left unread of a package that does not start with `only`.

    Errors: `PolicyError` with file and line.
    """
    lines = text.splitlines()
    index = next((i for i, line in enumerate(lines) if _PACKAGE.match(line)), None)
    if index is None:
        raise PolicyError("has no package", path=path, line=1, hint="start with: package auditor.rules.group.rule")
    match = _PACKAGE.match(lines[index])
    package = match.group(1) if match else ""
    if not package.startswith(only):
        return Header(package, index + 1, None)
    start = index
    while start > 0 and lines[start - 1].startswith("#") and index - start < MAX_LINES:
        start -= 1
    header = next((i for i in range(start, index) if _HEADER.match(lines[i])), None)
    if header is None:
        return Header(package, index + 1, None)
    # Blank lines in front keep YAML's line numbers those of the file.
    body = [_uncomment(line) for line in lines[header + 1 : index]]
    document = parse_document(path, "\n" * (header + 1) + "\n".join(body), kind=PolicyError)
    return Header(package, index + 1, document)


def _uncomment(line: str) -> str:
    content = line[1:]
    return content[1:] if content.startswith(" ") else content


def annotation(header: Header) -> dict[str, Any]:
    """The annotations as plain data, empty where there are none."""
    if header.document is None or not isinstance(header.document.data, dict):
        return {}
    return header.document.data
