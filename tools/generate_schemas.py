"""Generates the published JSON Schemas (2020-12) from the records: auditor/schemas/*.schema.json."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import msgspec

from auditor.findings.model import Results
from auditor.inventory.document import InventoryDocument
from auditor.inventory.identity import AccountRecord
from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.store import Manifest
from auditor.inventory.workloads import WorkloadRecord
from auditor.run.access_report import AccessReport
from tools.generated import ROOT, write_or_check

SCHEMAS: dict[str, tuple[type, str]] = {
    "results": (Results, "results.json"),
    "manifest": (Manifest, "manifest.json of a snapshot"),
    "repository-record": (RepositoryRecord, "One line of a snapshot part: what a rule gets as input"),
    "account-record": (AccountRecord, "The identities of one account: what a rule on them gets as input"),
    "workload-record": (WorkloadRecord, "One container that runs: what a rule on workloads gets as input"),
    "registry-record": (RegistryRecord, "The context of a scope: what a rule gets as data.context"),
    "access": (AccessReport, "What auditor access --json writes"),
    "inventory": (InventoryDocument, "An inventory in one document, as anyone can hand it over"),
}


def schema_of(name: str, kind: type, title: str) -> dict[str, Any]:
    """The JSON Schema of a record, with readable definition names."""
    schema = msgspec.json.schema(kind)
    text = json.dumps(schema)
    for old in sorted(schema.get("$defs", {}), key=len, reverse=True):
        text = text.replace(f'"{old}"', f'"{_readable(old)}"').replace(f'#/$defs/{old}"', f'#/$defs/{_readable(old)}"')
    readable: dict[str, Any] = json.loads(text)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:registry-auditor:schema:{name}:1",
        "title": title,
        **readable,
    }


def _readable(name: str) -> str:
    """`Known_typing.Literal__hosted___` -> `Known_hosted`, letters and digits only."""
    return re.sub(r"_+", "_", re.sub(r"[^A-Za-z0-9]+", "_", name.replace("typing.Literal", ""))).strip("_")


def main() -> int:
    files: dict[Path, str] = {}
    for name, (kind, title) in SCHEMAS.items():
        text = json.dumps(schema_of(name, kind, title), indent=1, sort_keys=True)
        files[ROOT / "auditor" / "schemas" / f"{name}.schema.json"] = text + "\n"
    return write_or_check(files, check="--check" in sys.argv[1:])


if __name__ == "__main__":
    sys.exit(main())
