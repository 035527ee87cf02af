"""Where a joined scan result comes from."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact

REGISTRY = "the registry"
"""The name, among the sources of a vulnerability, of the scanner that belongs to the registry."""


class ScanSource(Record, frozen=True):
    """One result that was made outside the registry, as it was matched with an image."""

    scanner: str
    version: str
    file: str
    digest: str
    """Of the file, `sha256:…`."""
    matched_by: Literal["digest", "config", "index_platform", "configured"]
    """`config`: by the digest of the image's config; `index_platform`: by index and platform; `configured`: the user
    named the image beside the file."""
    completed_at: Fact[str]
    database_at: Fact[str]
    """When the scanner's vulnerability database was built."""
    problem: str = ""
    """Why it cannot clear the image, though what it found counts; empty: it can."""


class ScannedSecret(Record, frozen=True):
    """A secret that a scanner found in an image: where, never what."""

    rule: str
    category: str
    severity: Literal["CRITICAL", "HIGH", "MEDIUM", "LOW", "NEGLIGIBLE", "UNKNOWN"]
    path: str
    line: int
    scanner: str
