"""A second opinion on the shapes: what moto's own AWS says of workloads that were made through the SDK."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import msgspec
import pytest
from moto import mock_aws

from auditor.collectors.aws.workloads import WorkloadsCollector
from auditor.inventory.store import SnapshotReader
from auditor.inventory.workloads import WorkloadRecord, WorkloadsContext
from auditor.inventory.writing import SnapshotWriter

REGION = "eu-west-1"
IMAGE = f"123456789012.dkr.ecr.{REGION}.amazonaws.com/team/app:v1"
ROLE = "arn:aws:iam::123456789012:role/run"


@pytest.fixture(autouse=True)
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        yield


def collect(folder: Path, service: str) -> tuple[dict[str, WorkloadRecord], WorkloadsContext, list[str]]:
    with SnapshotWriter(folder / "snapshot", now="2026-11-24T12:00:00Z", auditor_version="test") as writer:
        target = {"kind": "workloads", "regions": [REGION], "services": [service], "attempts": 1}
        WorkloadsCollector().collect(target, writer, lambda _scope, _count: None)
    reader = SnapshotReader(folder / "snapshot")
    scope = reader.manifest.scopes[0]
    lines = [msgspec.json.decode(line, type=WorkloadRecord) for line in reader.records(scope)]
    context = msgspec.json.decode(reader.context(scope) or b"", type=WorkloadsContext)
    found = {line.id.split(":", 5)[5]: line for line in lines}
    return found, context, [f"{error.operation}: {error.message}" for error in scope.errors]


def test_ecs(tmp_path: Path) -> None:
    ecs = boto3.client("ecs", REGION)
    ecs.create_cluster(clusterName="prod")
    ecs.register_task_definition(family="app", containerDefinitions=[{"name": "web", "image": IMAGE, "memory": 128}])
    ecs.create_service(cluster="prod", serviceName="web", taskDefinition="app:1", desiredCount=2)
    found, context, errors = collect(tmp_path, "ecs")

    assert errors == []
    assert set(found) == {"service/prod/web/web", "task-definition/app:1/web"}
    assert found["service/prod/web/web"].workload.image == IMAGE
    assert context.sources.value == ["ecs"]  # type: ignore[union-attr]  # always known


def test_batch(tmp_path: Path) -> None:
    boto3.client("batch", REGION).register_job_definition(
        jobDefinitionName="job", type="container",
        containerProperties={"image": IMAGE, "vcpus": 1, "memory": 128, "command": ["true"]},
    )  # fmt: skip
    found, _, errors = collect(tmp_path, "batch")

    assert errors == []
    assert found["job-definition/job:1/default"].workload.image == IMAGE


def test_codebuild(tmp_path: Path) -> None:
    boto3.client("codebuild", REGION).create_project(
        name="build", serviceRole=ROLE, source={"type": "GITHUB", "location": "https://github.com/a/b"}, artifacts={"type": "NO_ARTIFACTS"},
        environment={"type": "LINUX_CONTAINER", "image": IMAGE, "computeType": "BUILD_GENERAL1_SMALL"},
    )  # fmt: skip
    found, _, errors = collect(tmp_path, "codebuild")

    assert errors == []
    assert found["project/build"].workload.image == IMAGE


def test_eks(tmp_path: Path) -> None:
    boto3.client("eks", REGION).create_cluster(name="prod", roleArn=ROLE, resourcesVpcConfig={"subnetIds": ["s"]})
    _, context, errors = collect(tmp_path, "eks")

    assert errors == []
    assert context.clusters[0].id == f"arn:aws:eks:{REGION}:123456789012:cluster/prod"


def test_sagemaker(tmp_path: Path) -> None:
    boto3.client("sagemaker", REGION).create_model(
        ModelName="model", ExecutionRoleArn=ROLE, PrimaryContainer={"Image": IMAGE}
    )
    found, _, errors = collect(tmp_path, "sagemaker")

    # moto has no inference components.
    assert [error for error in errors if "InferenceComponents" not in error] == []
    assert found["model/model/0"].workload.image == IMAGE
