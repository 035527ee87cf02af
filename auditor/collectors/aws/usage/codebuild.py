"""CodeBuild projects. Source: CodeBuild API, ListProjects and BatchGetProjects."""

from __future__ import annotations

from typing import Any

from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.usage.finds import Finds, container
from auditor.collectors.aws.usage.service import Service, batches, tags_of
from auditor.inventory.facts import Absent

CALLS = frozenset({"codebuild:ListProjects", "codebuild:BatchGetProjects"})
_AT_ONCE = 100
_CURATED = "aws/codebuild/"
"""The service's own images: no registry serves them."""
_NOTHING_RUNS = Absent("codebuild:BatchGetProjects", "kept_ready")


def read(visit: Visit, finds: Finds) -> None:
    """The image that each project builds in: a build may start at any time."""
    service = Service(visit, "codebuild")
    names = service.all("ListProjects", "projects")
    if names is None:
        return
    finds.sources.append("codebuild")

    def ask(batch: list[str]) -> dict[str, Any]:
        return service.call("BatchGetProjects", names=batch)

    for _, answer in service.each(ask, batches(names, _AT_ONCE), lambda batch: batch[0]):
        for project in answer.get("projects") or []:
            image = str((project.get("environment") or {}).get("image") or "")
            if image and not image.startswith(_CURATED):
                name = str(project["name"])
                workload = container(
                    "codebuild", "project", name, "", image,
                    running=False, digest=_NOTHING_RUNS, tags=tags_of(project.get("tags")),
                )  # fmt: skip
                finds.add(f"project/{name}", workload)
        missing = [{"arn": name, "reason": "MISSING"} for name in answer.get("projectsNotFound") or []]
        service.refused("BatchGetProjects", missing)
