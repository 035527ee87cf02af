"""An AWS account in which one image runs in every service that can run images, and a reader of what was found."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from auditor.collectors.aws.workloads import WorkloadsCollector
from auditor.inventory.store import Manifest, ScopeEntry, SnapshotReader
from auditor.inventory.workloads import WorkloadRecord, WorkloadsContext
from auditor.inventory.writing import SnapshotWriter
from tests.support.fake_aws import FakeAws, fake_aws

ACCOUNT, REGION = "111111111111", "eu-west-1"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
IMAGE = f"{HOST}/team/app:v1"
DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
_ECS = f"arn:aws:ecs:{REGION}:{ACCOUNT}"


def cluster(name: str = "prod") -> str:
    return f"{_ECS}:cluster/{name}"


def definition(name: str) -> str:
    return f"{_ECS}:task-definition/{name}"


def service(name: str, at: str = "app:2", **over: Any) -> dict[str, Any]:
    return {
        "serviceArn": f"{_ECS}:service/prod/{name}",
        "serviceName": name,
        "status": "ACTIVE",
        "desiredCount": 1,
        "taskDefinition": definition(at),
        "deployments": [{"status": "PRIMARY", "taskDefinition": definition(at), "desiredCount": 1}],
        **over,
    }


def task(group: str, at: str = "app:2", digest: str = DIGEST, image: str = IMAGE, **over: Any) -> dict[str, Any]:
    container = {"name": "app", "image": image, **({"imageDigest": digest} if digest else {})}
    return {"taskDefinitionArn": definition(at), "group": group, "containers": [container], **over}


def ecs(
    world: FakeAws, services: list[dict[str, Any]], tasks: list[dict[str, Any]], definitions: dict[str, str]
) -> FakeAws:
    """One cluster `prod`; `definitions`: `family:revision` -> image."""
    by_arn = {entry["serviceArn"]: entry for entry in services}
    world["ecs:ListClusters"] = {"clusterArns": [cluster()]}
    world["ecs:ListServices"] = {"serviceArns": list(by_arn)}
    world["ecs:DescribeServices"] = lambda params: {"services": [by_arn[arn] for arn in params["services"]]}
    world["ecs:ListTasks"] = {"taskArns": [str(number) for number in range(len(tasks))]}
    world["ecs:DescribeTasks"] = lambda params: {"tasks": [tasks[int(arn)] for arn in params["tasks"]]}
    world["ecs:ListTaskDefinitions"] = {"taskDefinitionArns": [definition(name) for name in definitions]}

    def describe(params: dict[str, Any]) -> dict[str, Any]:
        name = params["taskDefinition"].rpartition("/")[2]
        return {"taskDefinition": {"containerDefinitions": [{"name": "app", "image": definitions[name]}]}}

    world["ecs:DescribeTaskDefinition"] = describe
    return world


def empty(world: FakeAws) -> FakeAws:
    """Every service answers, and nothing runs."""
    ecs(world, [], [], {})
    world["ecs:ListClusters"] = {"clusterArns": []}
    world["lambda:ListFunctions"] = {"Functions": []}
    world["apprunner:ListServices"] = {"ServiceSummaryList": []}
    world["batch:DescribeJobDefinitions"] = {"jobDefinitions": []}
    world["sagemaker:ListEndpoints"] = {"Endpoints": []}
    world["sagemaker:ListInferenceComponents"] = {"InferenceComponents": []}
    world["sagemaker:ListModels"] = {"Models": []}
    world["codebuild:ListProjects"] = {}
    world["eks:ListClusters"] = {"clusters": []}
    return world


class Found:
    """What was collected of one scope."""

    def __init__(self, path: Path) -> None:
        reader = SnapshotReader(path)
        self.manifest: Manifest = reader.manifest
        self.scope: ScopeEntry = self.manifest.scopes[0]
        import msgspec

        self.context = msgspec.json.decode(reader.context(self.scope) or b"", type=WorkloadsContext)
        found = [msgspec.json.decode(line, type=WorkloadRecord) for line in reader.records(self.scope)]
        self.records = {record.id.split(":", 5)[5]: record.workload for record in found}
        self.sources = self.context.sources.value  # type: ignore[union-attr]  # always known
        self.errors = {(error.operation, error.reason) for error in self.scope.errors}


def collect(folder: Path, world: FakeAws, **settings: Any) -> Found:
    """Collect region `REGION` of `world`."""
    target = {"kind": "workloads", "regions": [REGION], "attempts": 1, **settings}
    with (
        fake_aws(world),
        SnapshotWriter(folder / "snapshot", now="2026-11-24T12:00:00Z", auditor_version="test") as writer,
    ):
        WorkloadsCollector().collect(target, writer, lambda _scope, _count: None)
    return Found(folder / "snapshot")
