"""ECS services, tasks and task definitions. Source: ECS API; `imageDigest` of the containers of DescribeTasks."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import Any

from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.usage.finds import Finds, container
from auditor.collectors.aws.usage.service import Service, batches, tags_of
from auditor.collectors.aws.usage.task_definitions import Definition, Definitions
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown

CALLS = frozenset(
    {
        "ecs:ListClusters",
        "ecs:ListServices",
        "ecs:DescribeServices",
        "ecs:ListTasks",
        "ecs:DescribeTasks",
        "ecs:ListTaskDefinitions",
        "ecs:DescribeTaskDefinition",
    }
)
_SERVICES_AT_ONCE = 10
_TASKS_AT_ONCE = 100
_GROUP = "service:"
_TASKS = "ecs:DescribeTasks"
_IDLE = Absent(_TASKS, "no_running_task")


@dataclass(frozen=True)
class _Running:
    """One container of a task: what it is and which digest it runs."""

    part: str
    image: str
    digest: Fact[str]


def read(visit: Visit, finds: Finds, revisions: int | None) -> None:
    """Services with every deployment, tasks that belong to none, ACTIVE task definitions.

    Every step asks for all clusters at once: an account may have hundreds. `revisions`: see `Definitions`.
    """
    service = Service(visit, "ecs")
    definitions = Definitions(service, revisions)
    listed = service.all("ListClusters", "clusterArns")
    clusters = {str(arn): _Cluster(finds, str(arn)) for arn in sorted(listed or [])}
    _read_tasks(service, clusters)
    _read_services(service, clusters)
    described = definitions.describe(
        arn for cluster in clusters.values() for entry in cluster.services for arn, _ in _revisions(entry)
    )
    for cluster in clusters.values():
        cluster.report(described)
    if definitions.read(finds) and listed is not None:
        finds.sources.append("ecs")


def _read_tasks(service: Service, clusters: dict[str, _Cluster]) -> None:
    def enumerate_(arn: str) -> list[str]:
        return service.pages("ListTasks", "taskArns", cluster=arn, desiredStatus="RUNNING")

    def ask(part: tuple[str, list[str]]) -> dict[str, Any]:
        return service.call("DescribeTasks", cluster=part[0], tasks=part[1])

    listed = dict(service.each(enumerate_, clusters))
    for arn, tasks in listed.items():
        clusters[arn].expects(len(tasks))
    parts = [(arn, batch) for arn, tasks in listed.items() for batch in batches(tasks, _TASKS_AT_ONCE)]
    for (arn, _), answer in service.each(ask, parts, lambda part: part[1][0]):
        service.refused("DescribeTasks", answer.get("failures") or [])
        clusters[arn].take_tasks(answer)


def _read_services(service: Service, clusters: dict[str, _Cluster]) -> None:
    def enumerate_(arn: str) -> list[str]:
        return service.pages("ListServices", "serviceArns", cluster=arn, maxResults=100)

    def ask(part: tuple[str, list[str]]) -> dict[str, Any]:
        return service.call("DescribeServices", cluster=part[0], services=part[1], include=["TAGS"])

    listed = dict(service.each(enumerate_, clusters))
    parts = [(arn, batch) for arn, names in listed.items() for batch in batches(names, _SERVICES_AT_ONCE)]
    for (arn, _), answer in service.each(ask, parts, lambda part: part[1][0]):
        service.refused("DescribeServices", answer.get("failures") or [])
        clusters[arn].services += answer.get("services") or []


class _Cluster:
    """What was read of one cluster."""

    def __init__(self, finds: Finds, arn: str) -> None:
        self.services: list[dict[str, Any]] = []
        self._finds = finds
        self._name = _tail(arn)
        self._tasks: dict[str, dict[str, list[_Running]]] = defaultdict(lambda: defaultdict(list))
        """Group (`service:app`, `family:job`) -> task definition -> what its tasks run."""
        self._missing: int | None = None
        """Tasks that are listed and not described yet; None where they could not be listed."""

    def expects(self, tasks: int) -> None:
        """So many tasks are listed."""
        self._missing = tasks

    def take_tasks(self, answer: dict[str, Any]) -> None:
        """An answer of DescribeTasks."""
        tasks = answer.get("tasks") or []
        self._missing = (self._missing or 0) - len(tasks) - len(answer.get("failures") or [])
        for task in tasks:
            group = str(task.get("group") or f"family:{_family(str(task['taskDefinitionArn']))}")
            self._tasks[group][str(task["taskDefinitionArn"])] += [
                _Running(str(entry.get("name", "")), str(entry["image"]), _digest(entry))
                for entry in task.get("containers") or []
                if entry.get("image")
            ]

    def report(self, described: dict[str, Definition]) -> None:
        """Turn everything into workloads."""
        alive = [service for service in self.services if service.get("status") != "INACTIVE"]
        for service in alive:
            self._service_found(service, described)
        names = {f"{_GROUP}{service['serviceName']}" for service in alive}
        for group, tasks in self._tasks.items():
            if group not in names:
                self._tasks_found(group, tasks)

    def _service_found(self, service: dict[str, Any], described: dict[str, Definition]) -> None:
        name = str(service["serviceName"])
        tags = tags_of(service.get("tags"))
        primary = str(service.get("taskDefinition") or "")
        for arn, wanted in _revisions(service):
            running = self._tasks.get(f"{_GROUP}{name}", {}).get(arn, [])
            known = described.get(arn)
            parts = {entry.part: entry.image for entry in known.containers} if known else {}
            parts.update({entry.part: entry.image for entry in running})
            for part, image in sorted(parts.items()):
                digests = [entry.digest for entry in running if entry.part == part] or [self._nothing_runs()]
                for digest in digests:
                    workload = container(
                        "ecs", "service", name, part, image,
                        running=wanted or bool(running), digest=digest, cluster=self._name, tags=tags,
                    )  # fmt: skip
                    revision = "" if arn == primary else f"@{_tail(arn)}"
                    self._finds.add(f"service/{self._name}/{name}/{part}{revision}", workload)

    def _tasks_found(self, group: str, tasks: dict[str, list[_Running]]) -> None:
        """Tasks that no service started, or one that could not be read: by the family of their task definition."""
        for arn, running in tasks.items():
            of_service = group.startswith(_GROUP)
            kind, name = ("service", group.removeprefix(_GROUP)) if of_service else ("task", _family(arn))
            for entry in running:
                workload = container(
                    "ecs", kind, name, entry.part, entry.image,
                    running=True, digest=entry.digest, cluster=self._name,
                )  # fmt: skip
                self._finds.add(f"{kind}/{self._name}/{name}/{entry.part}", workload)

    def _nothing_runs(self) -> Fact[str]:
        return _IDLE if self._missing == 0 else Unknown(Reason.PENDING, _TASKS, "the tasks were not read")


def _revisions(service: dict[str, Any]) -> list[tuple[str, bool]]:
    """(task definition, whether any task of it is wanted) of a service: its own, its deployments' and task sets'."""
    found: dict[str, bool] = {}
    own = service.get("taskDefinition")
    if own:
        found[str(own)] = int(service.get("desiredCount") or 0) > 0
    for entry in service.get("deployments") or []:
        wanted = int(entry.get("desiredCount") or 0) + int(entry.get("runningCount") or 0) > 0
        _merge(found, entry, wanted=wanted)
    for entry in service.get("taskSets") or []:
        wanted = int(entry.get("computedDesiredCount") or 0) + int(entry.get("runningCount") or 0) > 0
        _merge(found, entry, wanted=wanted)
    return sorted(found.items())


def _merge(found: dict[str, bool], entry: dict[str, Any], *, wanted: bool) -> None:
    arn = entry.get("taskDefinition")
    if arn:
        found[str(arn)] = found.get(str(arn), False) or wanted


def _digest(entry: dict[str, Any]) -> Fact[str]:
    digest = entry.get("imageDigest")
    return Known(str(digest), _TASKS) if digest else Unknown(Reason.PENDING, _TASKS, "the image was not pulled yet")


def _tail(arn: str) -> str:
    return arn.rpartition("/")[2]


def _family(arn: str) -> str:
    return _tail(arn).rpartition(":")[0]
