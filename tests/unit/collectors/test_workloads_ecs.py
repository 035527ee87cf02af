"""ECS: services with their deployments, tasks by digest, task definitions within a bound."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.aws.usage.task_definitions import newest
from auditor.inventory.facts import Absent, Known, Unknown
from tests.support.fake_aws import FakeAws, RefusedError
from tests.support.usage_world import (
    DIGEST,
    HOST,
    IMAGE,
    OTHER,
    cluster,
    collect,
    definition,
    ecs,
    empty,
    service,
    task,
)

NEWER = f"{HOST}/team/app:v2"


def read(folder: Path, *args: Any, **settings: Any) -> Any:
    return collect(folder, ecs(empty(FakeAws()), *args), services=["ecs"], **settings)


def test_a_service_runs_what_its_tasks_run(tmp_path: Path) -> None:
    found = read(tmp_path, [service("app")], [task("service:app"), task("service:app")], {"app:2": IMAGE})

    assert set(found.records) == {"service/prod/app/app", "task-definition/app:2/app"}
    workload = found.records["service/prod/app/app"]
    assert (workload.image, workload.running, workload.cluster) == (IMAGE, True, "prod")
    assert workload.digest == Known(DIGEST, "ecs:DescribeTasks")
    assert found.records["task-definition/app:2/app"].running is False
    assert (found.sources, found.errors, found.context.unread) == (["ecs"], set(), [])


def test_tasks_of_one_service_may_run_different_digests(tmp_path: Path) -> None:
    tasks = [task("service:app"), task("service:app", digest=OTHER)]
    found = read(tmp_path, [service("app")], tasks, {"app:2": IMAGE})

    digests = {path: w.digest.value for path, w in found.records.items() if w.kind == "service"}
    assert digests == {"service/prod/app/app": DIGEST, f"service/prod/app/app@{'b' * 12}": OTHER}


def test_every_deployment_of_a_service_counts(tmp_path: Path) -> None:
    deployments = [
        {"status": "PRIMARY", "taskDefinition": definition("app:2"), "desiredCount": 1},
        {"status": "ACTIVE", "taskDefinition": definition("app:1"), "desiredCount": 0, "runningCount": 1},
    ]
    one = service("app", deployments=deployments)
    found = read(tmp_path, [one], [task("service:app", "app:1")], {"app:1": IMAGE, "app:2": NEWER})

    services = {path: (w.image, w.running) for path, w in found.records.items() if w.kind == "service"}
    assert services == {"service/prod/app/app": (NEWER, True), "service/prod/app/app@app:1": (IMAGE, True)}


def test_task_sets_of_an_external_deployment_count(tmp_path: Path) -> None:
    sets = [{"taskDefinition": definition("blue:1"), "computedDesiredCount": 2}]
    one = service("app", taskDefinition="", deployments=[], taskSets=sets)
    found = read(tmp_path, [one], [], {"blue:1": IMAGE})

    assert found.records["service/prod/app/app@blue:1"].running is True


def test_a_service_scaled_to_nothing_is_kept_ready(tmp_path: Path) -> None:
    found = read(tmp_path, [service("app", desiredCount=0, deployments=[])], [], {"app:2": IMAGE})

    workload = found.records["service/prod/app/app"]
    assert (workload.running, workload.digest) == (False, Absent("ecs:DescribeTasks", "no_running_task"))


def test_a_service_may_run_a_definition_that_is_no_longer_active(tmp_path: Path) -> None:
    world = ecs(empty(FakeAws()), [service("app", "old:1", deployments=[])], [], {"old:1": IMAGE})
    world["ecs:ListTaskDefinitions"] = {"taskDefinitionArns": []}
    found = collect(tmp_path, world, services=["ecs"])

    assert set(found.records) == {"service/prod/app/app"}


def test_tasks_without_a_service_are_known_by_their_family(tmp_path: Path) -> None:
    found = read(tmp_path, [], [task("family:job", "job:7")], {})

    workload = found.records["task/prod/job/app"]
    assert (workload.kind, workload.name, workload.running) == ("task", "job", True)


def test_an_image_that_was_not_pulled_yet_is_unknown_not_absent(tmp_path: Path) -> None:
    found = read(tmp_path, [], [task("family:job", digest="")], {})

    assert isinstance(found.records["task/prod/app/app"].digest, Unknown)


def test_everything_is_paged_and_asked_in_batches(tmp_path: Path) -> None:
    services = [service(f"app-{number}") for number in range(25)]
    tasks = [task(f"service:app-{number % 25}") for number in range(230)]
    world = ecs(empty(FakeAws(page_size=20)), services, tasks, {f"app:{number}": IMAGE for number in range(1, 9)})
    found = collect(tmp_path, world, services=["ecs"])

    assert sum(workload.kind == "service" for workload in found.records.values()) == 25
    assert world.calls["ecs:DescribeServices"] == 3
    assert world.calls["ecs:DescribeTasks"] == 3
    assert world.calls["ecs:ListTasks"] == 12
    assert world.calls["ecs:DescribeTaskDefinition"] == 8, "each definition is read once"


def test_older_revisions_are_left_out_and_that_is_said(tmp_path: Path) -> None:
    definitions = {f"app:{number}": IMAGE for number in range(1, 15)}
    found = read(tmp_path, [], [], definitions)

    assert len(found.records) == 10
    assert "task-definition/app:5/app" in found.records
    assert "task-definition/app:4/app" not in found.records
    assert found.context.unread[0].startswith("4 ACTIVE task definitions older than the newest 10 of the family")


@pytest.mark.parametrize(("bound", "count"), [("all", 14), (3, 3), (20, 14)])
def test_a_bound_that_somebody_chose_leaves_nothing_unread(tmp_path: Path, bound: Any, count: int) -> None:
    definitions = {f"app:{number}": IMAGE for number in range(1, 15)}
    found = read(tmp_path, [], [], definitions, task_definition_revisions=bound)

    assert (len(found.records), found.context.unread) == (count, [])


def test_newest_revisions_are_the_highest_numbers_of_each_family() -> None:
    assert newest(["d/a:9", "d/a:10", "d/b:1"], 1) == (["d/a:10", "d/b:1"], 1)
    assert newest(["d/a:9", "d/a:10"], 0) == (["d/a:10", "d/a:9"], 0)


@pytest.mark.parametrize(
    ("operation", "has_source"),
    [
        ("ecs:ListClusters", False),
        ("ecs:ListTaskDefinitions", False),
        ("ecs:ListServices", True),
        ("ecs:DescribeServices", True),
        ("ecs:ListTasks", True),
        ("ecs:DescribeTasks", True),
        ("ecs:DescribeTaskDefinition", True),
    ],
)
def test_a_denied_call_is_an_error_of_the_scope(tmp_path: Path, operation: str, has_source: bool) -> None:
    world = ecs(empty(FakeAws()), [service("app")], [task("service:app")], {"app:2": IMAGE})
    world.refuse(operation)
    found = collect(tmp_path, world, services=["ecs"])

    assert found.errors == {(operation, "access_denied")}
    assert ("ecs" in found.sources) == has_source
    assert found.scope.answered < found.scope.wanted


def test_tasks_that_were_not_read_leave_the_digest_unknown(tmp_path: Path) -> None:
    world = ecs(empty(FakeAws()), [service("app")], [task("service:app")], {"app:2": IMAGE})
    world.refuse("ecs:DescribeTasks")
    found = collect(tmp_path, world, services=["ecs"])

    assert isinstance(found.records["service/prod/app/app"].digest, Unknown)


def test_tasks_of_a_service_that_was_not_read_still_run(tmp_path: Path) -> None:
    world = ecs(empty(FakeAws()), [service("app")], [task("service:app")], {"app:2": IMAGE})
    world.refuse("ecs:DescribeServices")
    found = collect(tmp_path, world, services=["ecs"])

    assert found.records["service/prod/app/app"].digest == Known(DIGEST, "ecs:DescribeTasks")


def test_what_is_deleted_meanwhile_is_no_gap(tmp_path: Path) -> None:
    world = ecs(empty(FakeAws()), [service("app")], [task("service:app")], {"app:2": IMAGE})
    world["ecs:DescribeTasks"] = {"failures": [{"arn": "arn:task", "reason": "MISSING"}]}

    def gone(_params: dict[str, Any]) -> dict[str, Any]:
        raise RefusedError("ClientException", 400, "Unable to describe task definition.")

    world["ecs:DescribeTaskDefinition"] = gone
    found = collect(tmp_path, world, services=["ecs"])

    assert found.errors == set()
    assert "arn:task was deleted while it was read" in found.scope.notes


def test_a_failure_inside_a_bulk_answer_is_a_gap(tmp_path: Path) -> None:
    world = ecs(empty(FakeAws()), [service("app")], [task("service:app")], {"app:2": IMAGE})
    world["ecs:DescribeTasks"] = {"failures": [{"arn": "arn:task", "reason": "INTERNAL"}]}

    assert collect(tmp_path, world, services=["ecs"]).errors == {("ecs:DescribeTasks", "server_error")}


def test_many_clusters_are_asked_at_once(tmp_path: Path) -> None:
    world = ecs(empty(FakeAws()), [], [task("family:job")], {"app:2": IMAGE})
    arns = [cluster(f"c{number:02}") for number in range(30)]
    world["ecs:ListClusters"] = {"clusterArns": arns}
    together = threading.Barrier(4)

    def tasks(params: dict[str, Any]) -> dict[str, Any]:
        if params["cluster"] in arns[:4]:
            together.wait(timeout=20)
        return {"taskArns": ["0"]}

    world["ecs:ListTasks"] = tasks
    found = collect(tmp_path, world, services=["ecs"])

    assert sum(workload.kind == "task" for workload in found.records.values()) == 30
    assert found.errors == set()
