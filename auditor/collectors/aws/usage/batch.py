"""Batch job definitions. Source: Batch API, DescribeJobDefinitions. Jobs that run are tasks of ECS, or pods."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.usage.finds import Finds, container
from auditor.collectors.aws.usage.service import Service, tags_of
from auditor.inventory.facts import Absent

CALLS = frozenset({"batch:DescribeJobDefinitions"})
_NOTHING_RUNS = Absent("batch:DescribeJobDefinitions", "kept_ready")


def read(visit: Visit, finds: Finds) -> None:
    """Every ACTIVE revision: a job may be submitted with it at any time."""
    service = Service(visit, "batch")
    listed = service.all("DescribeJobDefinitions", "jobDefinitions", status="ACTIVE")
    if listed is None:
        return
    finds.sources.append("batch")
    for entry in listed:
        name = f"{entry['jobDefinitionName']}:{entry['revision']}"
        for part, image in _images(entry):
            workload = container(
                "batch", "job_definition", name, part, image,
                running=False, digest=_NOTHING_RUNS, tags=tags_of(entry.get("tags")),
            )  # fmt: skip
            finds.add(f"job-definition/{name}/{part}", workload)


def _images(definition: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(container, image) of every shape that a job definition may have."""
    for place, properties in _places(definition):
        single = (properties.get("containerProperties") or properties.get("container") or {}).get("image")
        if single:
            yield f"{place}default", str(single)
        tasks = (properties.get("ecsProperties") or {}).get("taskProperties") or []
        pod = (properties.get("eksProperties") or {}).get("podProperties") or {}
        lists = [*(task.get("containers") or [] for task in tasks)]
        lists += [pod.get("initContainers") or [], pod.get("containers") or []]
        for number, entry in enumerate(entry for entries in lists for entry in entries):
            if entry.get("image"):
                yield f"{place}{entry.get('name') or number}", str(entry["image"])


def _places(definition: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield "", definition
    for number, group in enumerate((definition.get("nodeProperties") or {}).get("nodeRangeProperties") or []):
        yield f"node-{number}-", group
