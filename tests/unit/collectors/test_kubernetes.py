"""The collector against a real HTTP server, and against what kubectl recorded."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.collectors.kubernetes.collector import KubernetesCollector
from auditor.errors import AuditorError, ConfigError, CredentialsError, InputError
from auditor.inventory.store import ScopeEntry, SnapshotReader
from auditor.inventory.workloads import WorkloadRecord, WorkloadsContext
from auditor.inventory.writing import SnapshotWriter
from tests.support.kube_objects import APP, controller, deployment, pod
from tests.support.kube_server import TOKEN, KubeWorld, kube_server, kubeconfig


class Found:
    def __init__(self, folder: Path, number: int = 0) -> None:
        reader = SnapshotReader(folder)
        self.scopes = reader.manifest.scopes
        self.scope: ScopeEntry = self.scopes[number]
        content = reader.context(self.scope)
        self.context = None if content is None else msgspec.json.decode(content, type=WorkloadsContext)
        self.ids = [msgspec.json.decode(line, type=WorkloadRecord).id for line in reader.records(self.scope)]
        self.errors = {(error.operation, error.reason) for error in self.scope.errors}


def collect(folder: Path, **settings: Any) -> Found:
    target = {"kind": "kubernetes", "timeout_s": 5, **settings}
    with SnapshotWriter(folder / "snapshot", now="2026-11-24T12:00:00Z", auditor_version="test") as writer:
        KubernetesCollector().collect(target, writer, lambda _scope, _count: None)
    return Found(folder / "snapshot")


def ask(folder: Path, world: KubeWorld, user: dict[str, Any] | None = None, **settings: Any) -> Found:
    with kube_server(world, folder) as url:
        return collect(folder, kubeconfig=kubeconfig(folder, url, user), **settings)


def record(folder: Path, content: Any, name: str = "cluster.json") -> str:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    return str(path)


def listed(*objects: dict[str, Any]) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "List", "items": list(objects), "metadata": {"resourceVersion": ""}}


# ------------------------------------------------------------ API server
def test_everything_is_listed_in_pages(tmp_path: Path) -> None:
    world = KubeWorld([*(pod(f"p{number}") for number in range(7)), *deployment("web", f"{APP}:v1")])
    found = ask(tmp_path, world, page_size=3)

    assert len(found.ids) == 8
    assert found.ids[0] == "urn:cr:kubernetes:prod:shop:Deployment/web/web"
    assert (found.scope.id, found.errors) == ("kubernetes/prod/all", set())
    assert found.scope.calls_by_operation["kubernetes:ListPods"] == world.calls["Pod"] == 3
    assert found.context is not None
    assert (found.context.covers, found.context.unread) == ("prod", [])
    assert set(found.scope.calls_by_operation) == KubernetesCollector.calls


def test_namespaces_are_scopes_and_the_rest_stays_unknown(tmp_path: Path) -> None:
    elsewhere = pod("other")
    elsewhere["metadata"]["namespace"] = "kube-system"
    found = ask(tmp_path, KubeWorld([pod("own"), elsewhere]), namespaces=["shop"])

    assert (found.scope.id, found.ids) == ("kubernetes/prod/shop", ["urn:cr:kubernetes:prod:shop:Pod/own/web"])
    assert found.context is not None
    assert "what runs in others is not known" in found.context.unread[0]


@pytest.mark.parametrize(
    ("status", "reason"), [(403, "access_denied"), (401, "unauthenticated"), (429, "throttled"), (500, "server_error")]
)
def test_a_refused_list_is_a_gap_and_the_others_are_read(tmp_path: Path, status: int, reason: str) -> None:
    body = json.dumps({"kind": "Status", "message": "pods is forbidden: <b>no</b>"}).encode()
    world = KubeWorld([controller("Deployment", "web")], answers={"Pod": (status, body)})
    found = ask(tmp_path, world)

    assert found.errors == {("kubernetes:ListPods", reason)}
    assert found.ids == ["urn:cr:kubernetes:prod:shop:Deployment/web/web"]
    assert found.scope.answered < found.scope.wanted


def test_a_kind_that_the_cluster_does_not_know_is_no_gap(tmp_path: Path) -> None:
    found = ask(tmp_path, KubeWorld([pod("p")], answers={"CronJob": (404, b"")}))

    assert found.errors == set()
    assert "the cluster knows no CronJobs" in found.scope.notes


def test_a_server_that_is_no_api_server_is_a_gap(tmp_path: Path) -> None:
    world = KubeWorld(answers=dict.fromkeys(("Pod", "Job", "CronJob", "Deployment", "ReplicaSet"), (404, b"")))

    assert ask(tmp_path, world).errors == {("kubernetes:ListPods", "server_error")}


def test_a_cluster_of_which_nothing_was_read_has_only_errors(tmp_path: Path) -> None:
    found = ask(tmp_path, KubeWorld(token="another"))

    assert found.context is None
    assert {reason for _, reason in found.errors} == {"unauthenticated"}


def test_an_expired_mark_starts_the_list_again_once(tmp_path: Path) -> None:
    found = ask(tmp_path, KubeWorld([pod(f"p{n}") for n in range(4)], expire_once=True), page_size=2)

    assert (len(found.ids), found.errors) == (4, set())


def test_a_mark_that_repeats_ends_the_list_as_truncated(tmp_path: Path) -> None:
    found = ask(tmp_path, KubeWorld([pod("p")], same_mark=True), page_size=2)

    assert ("kubernetes:ListPods", "truncated") in found.errors


def test_an_answer_that_is_too_large_is_cut_off(tmp_path: Path) -> None:
    world = KubeWorld(answers={"Pod": (200, b'{"x":"' + b"y" * (2 * 1024 * 1024) + b'"}')})

    assert ask(tmp_path, world, max_mib=1).errors == {("kubernetes:ListPods", "truncated")}


@pytest.mark.parametrize("body", [b"<html>", b"[" * 100_000, b'{"items": 5}', b"\xff"])
def test_an_answer_that_is_no_list_is_a_gap(tmp_path: Path, body: bytes) -> None:
    assert ask(tmp_path, KubeWorld(answers={"Pod": (200, body)})).errors == {("kubernetes:ListPods", "parse_error")}


def test_an_object_that_cannot_be_read_is_a_gap(tmp_path: Path) -> None:
    bad = {**pod("bad"), "spec": {"containers": "none"}}
    found = ask(tmp_path, KubeWorld([bad, pod("good")]))

    assert found.errors == {("kubernetes:ListPods", "parse_error")}
    assert found.ids == ["urn:cr:kubernetes:prod:shop:Pod/good/web"]


def test_a_redirect_is_not_followed_with_the_token(tmp_path: Path) -> None:
    other_folder = tmp_path / "other"
    other_folder.mkdir()
    other = KubeWorld()
    with kube_server(other, other_folder) as url:
        found = ask(tmp_path, KubeWorld(redirect=f"{url}/api/v1/pods"))

    assert other.seen_tokens == set()
    assert ("kubernetes:ListPods", "server_error") in found.errors


def test_a_server_that_nobody_vouches_for_is_not_asked(tmp_path: Path) -> None:
    world = KubeWorld([pod("p")])
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    with kube_server(KubeWorld(), tmp_path) as _, kube_server(world, stranger) as url:
        found = collect(tmp_path, kubeconfig=kubeconfig(tmp_path, url))

    assert {reason for _, reason in found.errors} == {"network"}
    assert len(found.errors) == 9
    assert set(found.scope.calls_by_operation) == {"kubernetes:ListPods"}, "a silent server is asked once"
    assert world.calls == {}


def test_a_client_certificate_signs_in(tmp_path: Path) -> None:
    with kube_server(KubeWorld([pod("p")]), tmp_path, mutual=True) as url:
        user = {"client-certificate": "cert.pem", "client-key": "key.pem"}
        found = collect(tmp_path, kubeconfig=kubeconfig(tmp_path, url, user))

        data = {f"{key}-data": base64.b64encode((tmp_path / name).read_bytes()).decode() for key, name in user.items()}
        (tmp_path / "again").mkdir()
        again = collect(tmp_path / "again", kubeconfig=kubeconfig(tmp_path, url, data))

    assert found.ids == again.ids == ["urn:cr:kubernetes:prod:shop:Pod/p/web"]


def test_the_token_is_in_no_file(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN + "\n")
    ask(tmp_path, KubeWorld([pod("p")]), {"tokenFile": "token"})

    for path in (tmp_path / "snapshot").rglob("*"):
        assert path.is_dir() or TOKEN.encode() not in path.read_bytes()


def plugin(folder: Path, body: str) -> dict[str, Any]:
    path = folder / "plugin"
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(stat.S_IRWXU)
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": str(path), "args": ["get", "$(touch x)"],
                     "env": [{"name": "WANTED", "value": TOKEN}]}}  # fmt: skip


def test_a_command_is_run_only_where_that_is_allowed(tmp_path: Path) -> None:
    user = plugin(tmp_path, f'touch {tmp_path}/ran; echo "{{\\"status\\": {{\\"token\\": \\"$WANTED\\"}}}}"')
    with pytest.raises(ConfigError, match="allow_exec: true"):
        ask(tmp_path, KubeWorld([pod("p")]), user)
    assert not (tmp_path / "ran").exists()

    assert ask(tmp_path, KubeWorld([pod("p")]), user, allow_exec=True).ids == ["urn:cr:kubernetes:prod:shop:Pod/p/web"]
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("body", ["exit 3", "echo no", "echo '{}'", "echo '{\"status\": {}}'"])
def test_a_command_that_gives_no_credentials_is_named(tmp_path: Path, body: str) -> None:
    with pytest.raises(CredentialsError, match="audit"):
        ask(tmp_path, KubeWorld(), plugin(tmp_path, f"echo {TOKEN} >&2; {body}"), allow_exec=True)


@pytest.mark.parametrize(
    ("cluster", "user", "words"),
    [
        ({"insecure-skip-tls-verify": True}, None, "not to be verified"),
        ({"proxy-url": "http://p"}, None, "proxy"),
        ({"server": "http://198.51.100.7"}, None, "in the clear"),
        ({"server": "ftp://x"}, None, "no server"),
        ({"certificate-authority-data": "!"}, None, "base64"),
        ({"certificate-authority-data": "bm8="}, None, "certificate authority"),
        ({}, {"username": "u", "password": TOKEN}, "password"),
        ({}, {"auth-provider": {}, "token": ""}, "no credentials"),
        ({}, {}, "no credentials"),
        ({}, {"tokenFile": "nowhere"}, "cannot be read"),
        ({}, {"token": f"{TOKEN}\r\nX: y"}, "cannot be sent"),
        ({}, {"client-certificate-data": "bm8=", "client-key-data": "bm8="}, "client certificate"),
    ],
)
def test_a_kubeconfig_that_cannot_be_used(tmp_path: Path, cluster: Any, user: Any, words: str) -> None:
    with kube_server(KubeWorld(), tmp_path) as url:
        path = kubeconfig(tmp_path, url, user, cluster)
        with pytest.raises(AuditorError, match=words) as raised:
            collect(tmp_path, kubeconfig=path)

    assert TOKEN not in str(raised.value)
    assert raised.value.exit_code == 2


def test_a_context_that_is_not_there(tmp_path: Path) -> None:
    with kube_server(KubeWorld(), tmp_path) as url, pytest.raises(ConfigError, match="no context 'gone'"):
        collect(tmp_path, kubeconfig=kubeconfig(tmp_path, url), context="gone")


def test_outside_a_pod_there_is_no_service_account(tmp_path: Path) -> None:
    with pytest.raises(CredentialsError, match="no pod"):
        collect(tmp_path, in_cluster=True, cluster="prod")


def test_the_environment_names_the_kubeconfig(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with kube_server(KubeWorld([pod("p")]), tmp_path) as url:
        monkeypatch.setenv("KUBECONFIG", kubeconfig(tmp_path, url) + os.pathsep + "other")
        found = collect(tmp_path, cluster="arn:aws:eks:eu-west-1:111111111111:cluster/prod")

    assert found.scope.id == "kubernetes/111111111111.eu-west-1.prod/all"
    assert found.context is not None
    assert (found.context.account, found.context.region) == ("111111111111", "eu-west-1")
    assert found.context.covers == "arn:aws:eks:eu-west-1:111111111111:cluster/prod"


# ------------------------------------------------------------ recordings
def test_a_recording_says_the_same_as_the_server(tmp_path: Path) -> None:
    objects = [*deployment("web", f"{APP}:v1", f"{APP}:v2"), pod("lone")]
    asked = tmp_path / "asked"
    asked.mkdir()
    expected = ask(asked, KubeWorld(objects))
    found = collect(tmp_path, file=record(tmp_path, listed(*objects)), cluster="prod")

    assert found.ids == expected.ids
    assert found.context is not None
    assert found.context.unread == []


def test_a_recording_without_what_its_pods_belong_to_is_incomplete(tmp_path: Path) -> None:
    objects = deployment("web", f"{APP}:v1")
    only_pods = [one for one in objects if one["kind"] == "Pod"]
    found = collect(tmp_path, file=record(tmp_path, listed(*only_pods)), cluster="prod")

    assert found.context is not None
    assert found.context.unread == ["the file cluster.json has no ReplicaSets"]


def test_a_recording_without_pods_is_incomplete(tmp_path: Path) -> None:
    found = collect(tmp_path, file=record(tmp_path, listed(controller("Deployment", "web"))), cluster="prod")

    assert found.context is not None
    assert found.context.unread == ["the file cluster.json has no Pods"]


def test_a_recorded_page_is_incomplete(tmp_path: Path) -> None:
    first = {"kind": "PodList", "metadata": {"continue": "x"}, "items": [pod("p")]}
    found = collect(tmp_path, file=record(tmp_path, first), cluster="prod")

    assert found.context is not None
    assert found.context.unread == ["cluster.json is only the first page of a list"]


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"not json", b"\xff\xfe", b"[" * 200_000, {"kind": "List", "items": []}, {"kind": "Service"}],
)
def test_a_file_that_is_no_recording_is_refused(tmp_path: Path, content: Any) -> None:
    with pytest.raises(InputError, match=r"cluster\.json"):
        collect(tmp_path, file=record(tmp_path, content), cluster="prod")


def test_a_file_that_is_too_large_or_missing_is_refused(tmp_path: Path) -> None:
    big = record(tmp_path, b" " * (1024 * 1024 + 1))
    with pytest.raises(InputError, match="larger than 1 MiB"):
        collect(tmp_path, file=big, cluster="prod", max_mib=1)
    with pytest.raises(InputError, match="cannot be read"):
        collect(tmp_path, file=str(tmp_path / "nowhere.json"), cluster="prod")


@pytest.mark.parametrize(
    "settings", [{"file": "x"}, {"in_cluster": True}, {"file": "x", "cluster": "c", "kubeconfig": "y"}]
)
def test_settings_that_contradict_each_other_are_refused(tmp_path: Path, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError):
        collect(tmp_path, **settings)


@pytest.fixture(autouse=True)
def no_kubeconfig(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.delenv("KUBECONFIG", raising=False)
    yield
