"""Collects from the local server and judges, as `auditor audit` does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.config.settings import Config, Settings
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect
from auditor.run.judging import EvaluateOptions, EvaluateOutcome, evaluate
from tests.support.ecr_server import World, ecr_server

FAST = {"attempts": 3, "read_timeout_s": 5, "connect_timeout_s": 2}


def collect_world(world: World, folder: Path, **target: Any) -> Manifest:
    """A snapshot of the world in `folder/snapshot`."""
    with ecr_server(world) as url:
        full = {"kind": "ecr", "regions": sorted(world.regions), "endpoint_url": url, **FAST, **target}
        return collect(Config(Settings(targets=[full])), folder / "snapshot", lambda _what, _count: None).manifest


def judge(folder: Path, **options: Any) -> tuple[EvaluateOutcome, dict[str, Any]]:
    """Evaluate `folder/snapshot`."""
    outcome = evaluate(folder / "snapshot", folder / "results.json", EvaluateOptions(**options))
    return outcome, json.loads((folder / "results.json").read_bytes())


def records(folder: Path) -> dict[str, dict[str, Any]]:
    """Every repository record of the snapshot by name."""
    found = {}
    for path in sorted((folder / "snapshot" / "parts").glob("*.jsonl")):
        for line in path.read_bytes().splitlines():
            record = json.loads(line)
            found[record["repository"]["name"]] = record
    return found
