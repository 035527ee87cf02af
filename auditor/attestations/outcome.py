"""What reading an attestation gives."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from auditor.inventory.attestations import AttestationKind, Provenance, VexStatement

MAX_TEXT = 300


class UnreadableError(ValueError):
    """A document that is not what it claims to be."""


class UnsupportedError(ValueError):
    """A document of a version or size that is not read here."""


@dataclass(frozen=True)
class Reading:
    """One document. `state`: `valid`, `invalid` (it is not what it claims to be) or `unsupported`.

    `subject`: whether it is about the image asked about; None where it does not say itself.
    """

    kind: AttestationKind
    format: str
    predicate_type: str = ""
    subject: bool | None = None
    state: Literal["valid", "invalid", "unsupported"] = "valid"
    detail: str = ""
    packages: int | None = None
    provenance: Provenance | None = None
    statements: tuple[VexStatement, ...] = ()


def text_of(value: object, limit: int = MAX_TEXT) -> str:
    """A text that a stranger wrote, bounded; empty for what is none."""
    return value[:limit] if isinstance(value, str) else ""
