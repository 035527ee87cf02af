"""Pods folded into what made them: one workload a container and image, with the digest that it really runs."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.collectors.kubernetes.folding import Folding, running_digest
from auditor.collectors.kubernetes.objects import ContainerStatus, read_items
from auditor.collectors.kubernetes.settings import cluster_name
from auditor.inventory.facts import Absent, Known, Unknown
from auditor.inventory.workloads import Workload
from tests.support.kube_objects import APP, DIGEST, HOST, controller, deployment, pod, spec, thing

OTHER = "sha256:" + "b" * 64


def fold(*objects: dict[str, Any], pods_read: bool = True) -> dict[str, Workload]:
    items = read_items(json.dumps({"kind": "List", "items": list(objects)}).encode())
    assert items.bad == []
    records = Folding(items.things, pods_read=pods_read).workloads(cluster_name("prod")).records("s", "now")
    return {record.id.removeprefix("urn:cr:kubernetes:prod:"): record.workload for record in records}


def test_a_deployment_appears_once_with_its_revisions() -> None:
    found = fold(*deployment("web", f"{APP}:v1", f"{APP}:v2", pods=3))

    assert {path: (w.kind, w.image, w.running) for path, w in found.items()} == {
        "shop:Deployment/web/web": ("Deployment", f"{APP}:v2", True),
        "shop:ReplicaSet/web-1/web": ("ReplicaSet", f"{APP}:v1", False),
    }
    workload = found["shop:Deployment/web/web"]
    assert workload.digest == Known(DIGEST, "kubernetes:ListPods")
    assert workload.label == "Deployment prod/shop/web"
    assert isinstance(found["shop:ReplicaSet/web-1/web"].digest, Absent)


def test_a_revision_with_the_same_images_is_not_told_apart() -> None:
    assert set(fold(*deployment("web", f"{APP}:v1", f"{APP}:v1"))) == {"shop:Deployment/web/web"}


def test_pods_of_one_deployment_may_run_different_digests() -> None:
    objects = deployment("web", f"{APP}:v1", pods=2)
    objects[-1]["status"]["containerStatuses"][0]["imageID"] = f"{APP}@{OTHER}"

    assert {path: w.digest.value for path, w in fold(*objects).items()} == {
        "shop:Deployment/web/web": DIGEST, f"shop:Deployment/web/web@{'b' * 12}": OTHER,
    }  # fmt: skip


def test_init_and_ephemeral_containers_count() -> None:
    extra = {
        "initContainers": [{"name": "init", "image": f"{APP}:init"}],
        "ephemeralContainers": [{"name": "debug", "image": f"{APP}:debug", "targetContainerName": "web"}],
    }
    assert set(fold(pod("lone", **extra))) == {f"shop:Pod/lone/{part}" for part in ("web", "init", "debug")}


def test_pull_settings_are_kept() -> None:
    workload = fold(pod("lone", imagePullSecrets=[{"name": "b"}, {"name": "a"}], serviceAccountName="run"))[
        "shop:Pod/lone/web"
    ]

    assert (workload.pull_policy, workload.pull_secrets, workload.service_account) == ("Always", ["a", "b"], "run")


@pytest.mark.parametrize(
    ("kind", "replicas", "running"),
    [("Deployment", 2, True), ("Deployment", 0, False), ("StatefulSet", 1, True), ("ReplicationController", 0, False)],
)
def test_controllers_without_pods(kind: str, replicas: int, running: bool) -> None:
    workload = fold(controller(kind, "web", replicas=replicas))[f"shop:{kind}/web/web"]

    assert (workload.running, workload.digest) == (running, Absent("kubernetes:ListPods", "no_running_pod"))


def test_a_daemon_set_that_no_node_takes_is_kept_ready() -> None:
    assert fold(controller("DaemonSet", "log"))["shop:DaemonSet/log/web"].running
    none = controller("DaemonSet", "log", status={"desiredNumberScheduled": 0})
    assert not fold(none)["shop:DaemonSet/log/web"].running


def test_cron_jobs_are_kept_ready_and_run_while_a_job_of_theirs_does() -> None:
    cron = thing("CronJob", "nightly", spec={"jobTemplate": {"spec": {"template": {"spec": spec()}}}})
    job = controller("Job", "nightly-1", owner=("CronJob", "nightly"))
    done = {**job, "status": {"conditions": [{"type": "Complete", "status": "True"}]}}

    assert not fold(cron)["shop:CronJob/nightly/web"].running
    assert not fold(cron, done)["shop:CronJob/nightly/web"].running
    assert fold(cron, job, pod("nightly-1-x", owner=("Job", "nightly-1")))["shop:CronJob/nightly/web"].running
    assert set(fold(cron, job)) == {"shop:CronJob/nightly/web"}


def test_what_has_ended_is_not_in_use() -> None:
    done = controller("Job", "once", status={"conditions": [{"type": "Failed", "status": "True"}]})

    assert fold(done, pod("once-x", owner=("Job", "once"), phase="Failed")) == {}
    assert set(fold(controller("Job", "once"))) == {"shop:Job/once/web"}


def test_stateful_sets_keep_what_they_may_be_rolled_back_to() -> None:
    data = {"spec": {"template": {"spec": spec(f"{APP}:v0")}}}
    old = thing("ControllerRevision", "db-1", owner=("StatefulSet", "db"), data=data)
    same = thing(
        "ControllerRevision", "db-2", owner=("StatefulSet", "db"), data={"spec": {"template": {"spec": spec()}}}
    )
    found = fold(controller("StatefulSet", "db"), old, same)

    assert {path: w.image for path, w in found.items()} == {
        "shop:StatefulSet/db/web": f"{APP}:v1", "shop:ControllerRevision/db-1/web": f"{APP}:v0",
    }  # fmt: skip


def test_owners_that_are_no_built_in_kind_are_named() -> None:
    replicas = controller("ReplicaSet", "web-1", owner=("Rollout", "web"))

    assert set(fold(replicas, pod("web-1-x", owner=("ReplicaSet", "web-1")))) == {"shop:Rollout/web/web"}


def test_a_deployment_that_an_operator_made_is_still_the_deployment() -> None:
    objects = deployment("web", f"{APP}:v1")
    objects[0]["metadata"]["ownerReferences"] = [{"kind": "Shop", "name": "s", "controller": True}]

    assert set(fold(*objects)) == {"shop:Deployment/web/web"}


def test_pods_of_a_node_are_their_own() -> None:
    assert set(fold(pod("kube-proxy-n1", owner=("Node", "n1")))) == {"shop:Pod/kube-proxy-n1/web"}


def test_a_ring_of_owners_ends() -> None:
    ring = [
        controller("ReplicaSet", "a", owner=("ReplicaSet", "b")),
        controller("ReplicaSet", "b", owner=("ReplicaSet", "a")),
    ]

    assert len(fold(*ring, pod("p", owner=("ReplicaSet", "a")))) >= 1


def test_pods_that_were_not_read_leave_digests_unknown() -> None:
    found = fold(controller("Deployment", "web"), pods_read=False)["shop:Deployment/web/web"]

    assert isinstance(found.digest, Unknown)


@pytest.mark.parametrize(
    ("image", "image_id", "known"),
    [
        (f"{APP}:v1", f"{APP}@{DIGEST}", True),
        (f"{APP}:v1", f"docker-pullable://{APP}@{DIGEST}", True),
        (f"{APP}:v1", f"{HOST.replace('.dkr.ecr.', '.dkr.ecr-fips.')}/team/app@{DIGEST}", True),
        ("nginx:1", f"docker.io/library/nginx@{DIGEST}", True),
        (f"{APP}:v1", "", False),
        (f"{APP}:v1", f"docker://{DIGEST}", False),
        (f"{APP}:v1", DIGEST, False),
        (f"{APP}:v1", f"docker.io/library/nginx@{DIGEST}", False),
        (f"{APP}:v1", f"{APP}@sha256:short", False),
        ("${APP}", f"{APP}@{DIGEST}", False),
    ],
)
def test_digests_are_taken_only_from_what_names_this_repository(image: str, image_id: str, known: bool) -> None:
    fact = running_digest(image, ContainerStatus("web", image_id))

    assert fact == Known(DIGEST, "kubernetes:ListPods") if known else isinstance(fact, Unknown)


def test_kinds_that_must_be_there_and_are_not() -> None:
    items = read_items(json.dumps({"kind": "List", "items": [pod("x", owner=("ReplicaSet", "web-1"))]}).encode())

    assert Folding(items.things).unrecorded() == ["ReplicaSet"]


def test_one_broken_object_does_not_take_the_others_with_it() -> None:
    broken = {**pod("bad"), "spec": {"containers": [{"name": 7}]}}
    items = read_items(json.dumps({"kind": "List", "items": [pod("good"), broken, 5, {"kind": "Service"}]}).encode())

    assert [item.metadata.name for item in items.things] == ["good"]
    assert len(items.bad) == 2


def test_nesting_without_end_is_refused() -> None:
    deep = b'{"kind":"Pod","x":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    with pytest.raises((RecursionError, ValueError)):
        read_items(deep)


def test_hostile_names_are_bounded_and_cannot_forge_ids() -> None:
    hostile = pod("a:b/c@d\n$(x)" + "y" * 1000, f"{APP}:v1")
    ((path, workload),) = fold(hostile).items()

    assert path == "shop:Pod/" + ("a-b-c-d-x-" + "y" * 1000)[: len(path.split("/")[1])] + "/web"
    assert len(workload.name) == 253


def test_clusters_are_named_apart() -> None:
    arn = cluster_name("arn:aws:eks:eu-west-1:111111111111:cluster/prod")
    assert (arn.id, arn.account, arn.region, arn.shown) == (
        "111111111111.eu-west-1.prod", "111111111111", "eu-west-1", "prod",
    )  # fmt: skip
    assert cluster_name("gke_p_zone/x").id != cluster_name("gke_p_zone:x").id
    assert "/" not in cluster_name("gke_p_zone/x").id


@pytest.mark.parametrize(
    ("own", "of_pod", "non_root"),
    [
        (None, None, False),
        (10001, None, True),
        (None, 10001, True),
        (0, 10001, False),
        (10001, 0, True),
        (None, 0, False),
    ],
)
def test_a_user_of_the_pod_goes_before_the_images(own: int | None, of_pod: int | None, non_root: bool) -> None:
    lone = pod("lone")
    lone["spec"]["containers"][0]["securityContext"] = {"runAsUser": own}
    lone["spec"]["securityContext"] = {"runAsUser": of_pod, "fsGroup": 1}

    [workload] = fold(lone).values()
    assert workload.non_root is non_root


def test_one_pod_of_a_rollout_that_runs_as_root_is_enough() -> None:
    objects = deployment("web", f"{APP}:v1", pods=2)
    for thing_ in objects:
        template = thing_["spec"].get("template")
        (template["spec"] if template else thing_["spec"])["securityContext"] = {"runAsUser": 10001}
    assert [w.non_root for w in fold(*objects).values()] == [True]

    objects[-1]["spec"]["securityContext"] = {}
    assert [w.non_root for w in fold(*objects).values()] == [False]
