"""Targets of kinds `workloads` and `kubernetes` as auditor.yaml has them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor import plugins
from auditor.config.settings import load_config
from auditor.errors import ConfigError
from auditor.run.collecting import collect
from auditor.run.diagnosing import check_targets
from tests.support.fake_aws import FakeAws, fake_aws
from tests.support.kube_objects import pod
from tests.support.usage_world import empty


def config(folder: Path, target: str) -> Path:
    path = folder / "auditor.yaml"
    path.write_text(f"version: 1\ntargets:\n  - {target}\n")
    return path


@pytest.mark.parametrize(
    ("target", "words"),
    [
        ("{kind: workloads}", "regions"),
        ("{kind: workloads, regions: [eu-west-1], services: [ec2]}", "services"),
        ("{kind: workloads, regions: [eu-west-1], task_definition_revisions: 0}", "task_definition_revisions"),
        ("{kind: workloads, regions: [eu-west-1], repositories: {}}", "repositories"),
        ("{kind: kubernetes, namespace: shop}", "namespace"),
        ("{kind: kubernetes, namespaces: ['a/b']}", "namespaces"),
        ("{kind: kubernetes, file: x.json}", "cluster is missing"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, target: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        collect(load_config(config(tmp_path, target)), tmp_path / "snapshot", lambda _what, _count: None)


@pytest.mark.parametrize("bound", ["all", "25"])
def test_a_full_target_of_workloads(tmp_path: Path, bound: str) -> None:
    target = f"{{kind: workloads, regions: [eu-west-1], services: [ecs, eks], task_definition_revisions: {bound}}}"
    with fake_aws(empty(FakeAws())):
        found = collect(load_config(config(tmp_path, target)), tmp_path / "snapshot", lambda _what, _count: None)

    assert found.coverage == 1.0
    assert [scope.id for scope in found.manifest.scopes] == ["workloads/111111111111/eu-west-1"]


def test_doctor_reads_targets_of_every_kind(tmp_path: Path) -> None:
    recording = tmp_path / "cluster.json"
    recording.write_text(json.dumps({"kind": "List", "items": [pod("p")]}))
    path = config(tmp_path, f"{{kind: kubernetes, cluster: prod, file: {recording}}}")
    with path.open("a") as file:
        file.write("  - {kind: workloads, regions: [eu-west-1]}\n")
    world = empty(FakeAws())
    world.refuse("batch:DescribeJobDefinitions")
    with fake_aws(world):
        found = check_targets(load_config(path), lambda _what, _count: None)

    assert (found.scopes, found.well) == (2, 1)
    [lack] = found.lacks
    assert (lack.operation, lack.reason, lack.policy) == (
        "batch:DescribeJobDefinitions",
        "access_denied",
        "read-only.json",
    )
    assert lack.scopes == ["workloads/111111111111/eu-west-1"]


def test_both_are_asked_before_registries() -> None:
    assert {plugins.collector(kind).phase for kind in ("workloads", "kubernetes")} == {"workloads"}
