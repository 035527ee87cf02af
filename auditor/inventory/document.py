"""An inventory in one JSON document: the form in which anyone else can hand one over.

Shape: `{"schema_version": 1, "kind": "registry-auditor/inventory", "taken_at", "scopes": [{"registry",
"repositories": [{"repository", "images"}], "errors": []}]}`; JSON Schema: schemas/inventory.schema.json.
"""

from __future__ import annotations

import hashlib
from typing import Literal

import msgspec

from auditor.errors import InputError
from auditor.inventory.facts import Fact
from auditor.inventory.images import Image
from auditor.inventory.locate import line_of
from auditor.inventory.model import Registry, Repository
from auditor.inventory.recorder import ErrorEntry

MAX_BYTES = 1024 * 1024 * 1024


class RepositoryEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One repository and its images."""

    repository: Repository
    images: Fact[list[Image]]


class RegistryScope(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One registry with its repositories, and what could not be read of it."""

    registry: Registry
    repositories: list[RepositoryEntry]
    errors: list[ErrorEntry] = []


class InventoryDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole document."""

    schema_version: Literal[1]
    kind: Literal["registry-auditor/inventory"]
    taken_at: str
    scopes: list[RegistryScope]


def parse_document(content: bytes, name: str) -> InventoryDocument:
    """Validate a document. Errors: `InputError` with the file, the line, and the path in the document."""
    if len(content) > MAX_BYTES:
        raise InputError(f"is larger than {MAX_BYTES // 2**30} GiB", path=name)
    try:
        return msgspec.json.decode(content, type=InventoryDocument)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at ")
        path = path.strip("`") or "$"
        line = line_of(content.decode("utf-8", "replace"), path)
        raise InputError(message, path=name, line=line, field=path, hint="see schemas/inventory.schema.json") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"is not JSON: {error}", path=name) from error


def document_digest(content: bytes) -> str:
    """`sha256:…` of the document's bytes."""
    return "sha256:" + hashlib.sha256(content).hexdigest()
