"""The join while a snapshot is written: scopes of workloads first, then registries, then what references mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.workloads import Cluster, WorkloadRecord, WorkloadsContext
from auditor.inventory.writing import SnapshotWriter
from auditor.run.joins.complete import Joins
from tests.support.usage_builders import ACCOUNT, HOST, NOW, REGION, digest, image, registry, repository, workload

SCOPE = f"workloads/{ACCOUNT}/{REGION}"


def context(scope: str, **over: Any) -> WorkloadsContext:
    return WorkloadsContext(
        id="urn", scope=scope, now=NOW, account=ACCOUNT, region=REGION, sources=Known(["ecs"]), **over
    )


class Run:
    """Writes a snapshot with everything in it that a test asks for."""

    def __init__(self, folder: Path) -> None:
        self.joins = Joins(since=None, expects_workloads=True)
        self.path = folder / "snapshot"
        self.writer = SnapshotWriter(self.path, now=NOW, auditor_version="test", completion=self.joins)

    def workloads(self, scope: str, *records: WorkloadRecord, failure: Unknown | None = None, **over: Any) -> None:
        writer = self.writer.open_scope(scope)
        for record in records:
            writer.write(record)
        if failure is not None:
            writer.recorder.settle(failure, scope)
        self.writer.close_scope(writer.finish(None if over.pop("unread_scope", False) else context(scope, **over)))

    def registry(self) -> None:
        scope = self.writer.open_scope(f"ecr/{ACCOUNT}/{REGION}")
        scope.write(repository([image(1, ["v1"])]))
        self.writer.close_scope(scope.finish(registry(["team/app"])))
        self.joins.finish(self.writer)

    def records(self) -> dict[str, Any]:
        found = {}
        for path in (self.path / "parts").glob("*.jsonl"):
            found.update({record["id"]: record for record in map(json.loads, path.read_bytes().splitlines())})
        return found


def usage(records: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = records[f"urn:cr:ecr:{ACCOUNT}:{REGION}:team/app"]["derived"]["usage"]["value"]
    return found


def test_references_are_resolved_once_all_registries_were_read(tmp_path: Path) -> None:
    run = Run(tmp_path)
    one, gone = workload(f"{HOST}/team/app:v1"), workload(f"{HOST}/other:v1", name="other")
    with run.writer:
        run.workloads(SCOPE, one, gone)
        run.registry()
    records = run.records()

    assert usage(records)["complete"] is True
    assert usage(records)["users"] == {
        digest(1): {"first": "service prod/app", "others": 0, "running": True, "non_root": False}
    }
    assert records[one.id]["derived"]["resolution"]["value"]["state"] == "found"
    assert records[gone.id]["derived"]["resolution"]["value"]["state"] == "repository_missing"


def test_the_call_that_failed_is_named(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with run.writer:
        run.workloads(SCOPE, failure=Unknown(Reason.ACCESS_DENIED, "lambda:ListFunctions", "AccessDenied"))
        run.registry()

    assert usage(run.records())["missing"] == [f"{SCOPE}: lambda:ListFunctions (access_denied, 1×)"]


def test_a_scope_of_which_nothing_was_read_leaves_usage_incomplete(tmp_path: Path) -> None:
    run = Run(tmp_path)
    with run.writer:
        failure = Unknown(Reason.UNAUTHENTICATED, "sts:AssumeRole", "AccessDenied")
        run.workloads(SCOPE, failure=failure, unread_scope=True)
        run.registry()

    assert usage(run.records())["missing"] == [f"{SCOPE}: sts:AssumeRole (unauthenticated, 1×)"]


def test_a_cluster_is_covered_by_another_target(tmp_path: Path) -> None:
    arn = f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/prod"
    for name, covers in (("open", ""), ("covered", arn)):
        run = Run(tmp_path / name)
        with run.writer:
            run.workloads(SCOPE, clusters=[Cluster("prod", arn)])
            if covers:
                run.workloads("kubernetes/prod/all", covers=covers)
            run.registry()

        assert usage(run.records())["complete"] is bool(covers), name


def test_without_a_source_of_workloads_usage_is_not_requested(tmp_path: Path) -> None:
    run = Run(tmp_path)
    run.joins = Joins(since=None, expects_workloads=False)
    run.writer = SnapshotWriter(run.path, now=NOW, auditor_version="test", completion=run.joins)
    with run.writer:
        run.registry()

    fact = run.records()[f"urn:cr:ecr:{ACCOUNT}:{REGION}:team/app"]["derived"]["usage"]
    assert fact["reason"] == "not_requested"
