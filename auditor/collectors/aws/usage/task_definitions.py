"""Task definitions: each revision that is ACTIVE may be started at any time, and takes one call to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from auditor.collectors.aws.usage.finds import Finds, container
from auditor.collectors.aws.usage.service import Service, tags_of
from auditor.inventory.facts import Absent

DEFAULT_REVISIONS = 10
EVERY_REVISION = 0
_IDLE = Absent("ecs:DescribeTaskDefinition", "kept_ready")


@dataclass(frozen=True)
class Part:
    """A container that a task definition names."""

    part: str
    image: str


@dataclass(frozen=True)
class Definition:
    """One revision."""

    name: str
    """`family:revision`."""
    containers: list[Part]
    tags: dict[str, str]


class Definitions:
    """Reads task definitions, each once.

    `revisions`: the newest of each family that count as kept ready, 0 for all. None is nobody's choice: then the
    newest `DEFAULT_REVISIONS` are read, and older ones leave usage incomplete.
    """

    def __init__(self, service: Service, revisions: int | None) -> None:
        self._service = service
        self._revisions = revisions
        self._read: dict[str, Definition] = {}

    def describe(self, arns: Iterable[str]) -> dict[str, Definition]:
        """The definitions of `arns`, without those that could not be read (which is noted)."""
        wanted = sorted(set(arns))

        def ask(arn: str) -> dict[str, Any]:
            return self._service.call("DescribeTaskDefinition", taskDefinition=arn, include=["TAGS"])

        for arn, answer in self._service.each(ask, [arn for arn in wanted if arn not in self._read]):
            found = answer["taskDefinition"]
            parts = [
                Part(str(entry.get("name", "")), str(entry["image"]))
                for entry in found.get("containerDefinitions") or []
                if entry.get("image")
            ]
            self._read[arn] = Definition(arn.rpartition("/")[2], parts, tags_of(answer.get("tags")))
        return {arn: self._read[arn] for arn in wanted if arn in self._read}

    def read(self, finds: Finds) -> bool:
        """Take every ACTIVE revision within the bound as kept ready; false where they could not be listed."""
        listed = self._service.all("ListTaskDefinitions", "taskDefinitionArns", status="ACTIVE", sort="DESC")
        if listed is None:
            return False
        taken, older = newest(map(str, listed), DEFAULT_REVISIONS if self._revisions is None else self._revisions)
        if older and self._revisions is None:
            finds.unread.append(
                f"{older} ACTIVE task definition{'s' if older > 1 else ''} older than the newest {DEFAULT_REVISIONS} "
                "of the family (set task_definition_revisions: all, or the number that you would roll back to)"
            )
        for definition in self.describe(taken).values():
            for entry in definition.containers:
                workload = container(
                    "ecs", "task_definition", definition.name, entry.part, entry.image,
                    running=False, digest=_IDLE, tags=definition.tags,
                )  # fmt: skip
                finds.add(f"task-definition/{definition.name}/{entry.part}", workload)
        return True


def newest(arns: Iterable[str], most: int) -> tuple[list[str], int]:
    """The newest `most` revisions of each family (0: all), and how many are older.

    >>> newest(["d/a:9", "d/a:10", "d/b:1"], 1)
    (['d/a:10', 'd/b:1'], 1)
    """
    families: dict[str, list[tuple[int, str]]] = defaultdict(list)
    for arn in arns:
        family, _, revision = arn.rpartition(":")
        families[family].append((int(revision) if revision.isdigit() else 0, arn))
    taken: list[str] = []
    older = 0
    for found in families.values():
        kept = sorted(found, reverse=True)[: most or None]
        taken += [arn for _, arn in kept]
        older += len(found) - len(kept)
    return sorted(taken), older
