"""What is read besides what tags lead to: subjects, what runs, the platforms of indexes; and what is gone or unread."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.collectors.oci.collector import OciCollector
from auditor.collectors.oci.images import MAX_SUBJECTS
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.store import ScopeEntry, SnapshotReader
from auditor.inventory.workloads import WorkloadRecord, WorkloadsContext
from auditor.inventory.writing import SnapshotWriter
from tests.support.audits import judge
from tests.support.http_server import Reply, Seen, http_server, reply
from tests.support.registries import MANIFEST, Pusher, digest_of, plain_registry, referrers_registry
from tests.support.usage_builders import workload

NOTATION = "application/vnd.cncf.notary.signature"
COSIGN = "application/vnd.dev.cosign.simplesigning.v1+json"


def collect(url: str, folder: Path, *running: WorkloadRecord, **settings: Any) -> tuple[ScopeEntry, RepositoryRecord]:
    """The scope and the one repository; `running`: what a scope of workloads has told before."""
    with SnapshotWriter(folder / "snapshot", now="2026-11-25T00:00:00Z", auditor_version="test") as writer:
        scope = writer.open_scope("kubernetes/cluster/global")
        for record in running:
            scope.write(record)
        context = WorkloadsContext(
            id="urn:cr:kubernetes:cluster:global",
            scope=scope.id,
            now=writer.now,
            account="cluster",
            region="global",
            sources=Known(["pods"]),
        )
        writer.close_scope(scope.finish(context))
        target = {"kind": "oci", "url": url, "attempts": 1, "read_configs": False, **settings}
        OciCollector().collect(target, writer, lambda _what, _count: None)
    reader = SnapshotReader(folder / "snapshot")
    [entry] = [one for one in reader.manifest.scopes if one.id.startswith("oci/")]
    [record] = [msgspec.json.decode(line, type=RepositoryRecord) for line in reader.records(entry)]
    return entry, record


def images(record: RepositoryRecord) -> dict[str, Any]:
    assert isinstance(record.images, Known)
    return {image.digest: image for image in record.images.value}


def parts_together(folder: Path) -> dict[str, Any]:
    """The verdict of REG-RET-008."""
    _, results = judge(folder, check=("REG-RET-008",), include_passed=True)
    [finding] = results["findings"]
    return finding


@pytest.fixture(params=["plain", "referrers"])
def push(request: pytest.FixtureRequest) -> Iterator[tuple[str, Pusher]]:
    with plain_registry() if request.param == "plain" else referrers_registry() as url, Pusher(url) as pusher:
        yield url, pusher


# ---------------------------------------------------------------- subjects
def test_an_image_that_only_its_signatures_tag_names_is_there(push: tuple[str, Pusher], tmp_path: Path) -> None:
    url, pusher = push
    pusher.image("app", "v1", content=b"new")
    old = pusher.image("app", content=b"old")
    pusher.artefact("app", COSIGN, tag=f"sha256-{old['digest'][7:]}.sig")
    _, record = collect(url, tmp_path)

    found = images(record)[old["digest"]]
    assert found.tags == []
    assert isinstance(found.signatures, Known)
    assert [one.found_via for one in found.signatures.value] == ["tag_scheme"]
    assert parts_together(tmp_path)["status"] == "pass"


@pytest.mark.parametrize("suffix", [".sig", ".att", ".sbom"])
def test_an_artefact_whose_image_is_gone_fails(push: tuple[str, Pusher], tmp_path: Path, suffix: str) -> None:
    url, pusher = push
    pusher.image("app", "v1")
    pusher.artefact("app", COSIGN, tag=f"sha256-{'0' * 64}{suffix}")
    scope, record = collect(url, tmp_path)

    assert parts_together(tmp_path)["message"] == "1 artefact belongs to an image that is gone."
    assert isinstance(record.unread, Absent)
    assert scope.errors == []


def test_a_tagged_referrer_whose_subject_is_gone_fails(push: tuple[str, Pusher], tmp_path: Path) -> None:
    url, pusher = push
    pusher.image("app", "v1")
    gone = {"mediaType": MANIFEST, "digest": digest_of(b"gone"), "size": 4}
    pusher.artefact("app", "application/spdx+json", subject=gone, tag="sbom")
    _, _ = collect(url, tmp_path)

    assert parts_together(tmp_path)["status"] == "fail"


# ---------------------------------------------------------------- what could not be read
class Registry:
    """One repository `app` whose manifests are given, each with a status of its own."""

    def __init__(self, tags: dict[str, dict[str, Any]], *untagged: dict[str, Any]) -> None:
        self.contents = {tag: json.dumps(document).encode() for tag, document in tags.items()}
        self.contents |= {digest_of(content): content for content in list(self.contents.values())}
        for document in untagged:
            content = json.dumps(document).encode()
            self.contents[digest_of(content)] = content
        self.tags = list(tags)
        self.status: dict[str, int] = {}

    def __call__(self, seen: Seen) -> Reply:
        path = seen.path.partition("?")[0]
        if path == "/v2/_catalog":
            return reply(200, b'{"repositories": ["app"]}')
        if path.endswith("/tags/list"):
            return reply(200, json.dumps({"tags": self.tags}).encode())
        name = path.rpartition("/")[2]
        content = self.contents.get(name) if "/manifests/" in path else None
        status = self.status.get(name, 200 if content else 404)
        if status != 200 or content is None:
            return reply(status)
        headers = {"Docker-Content-Digest": digest_of(content), "Content-Type": MANIFEST}
        return reply(200, b"" if seen.method == "HEAD" else content, **headers)


PLAIN: dict[str, Any] = {"schemaVersion": 2, "mediaType": MANIFEST, "layers": []}


@pytest.mark.parametrize("status", [403, 500, 429])
def test_a_subject_that_could_not_be_read_is_no_gone_one(tmp_path: Path, status: int) -> None:
    signed = digest_of(json.dumps(PLAIN).encode())
    world = Registry({f"sha256-{signed[7:]}.sig": {**PLAIN, "artifactType": COSIGN}}, PLAIN)
    world.status[signed] = status
    with http_server(world) as server:
        scope, record = collect(server.url, tmp_path)

    assert isinstance(record.unread, Known)
    assert [one.digest for one in record.unread.value] == [signed]
    verdict = parts_together(tmp_path)
    assert (verdict["status"], verdict["evidence"][0]["path"]) == ("unknown", "/unread/value/0/why")
    assert len(scope.errors) == 1


def test_subjects_of_subjects_are_followed_and_a_long_chain_is_not(tmp_path: Path) -> None:
    chain: list[dict[str, Any]] = [PLAIN]
    for number in range(MAX_SUBJECTS + 2):
        subject = {"mediaType": MANIFEST, "digest": digest_of(json.dumps(chain[-1]).encode()), "size": 1}
        chain.append({**PLAIN, "artifactType": f"x/{number}", "subject": subject})
    for length, status in ((3, "pass"), (len(chain) - 1, "unknown")):
        with http_server(Registry({"last": chain[length]}, *chain[:length])) as server:
            _, record = collect(server.url, tmp_path / status)
        assert parts_together(tmp_path / status)["status"] == status
        assert len(images(record)) == min(length, MAX_SUBJECTS) + 1


@pytest.mark.parametrize("subject", ["latest", "../../x", "sha256:zz", "md5:" + "0" * 32, "", 7, None])
def test_a_subject_that_is_no_digest_is_not_asked_for(tmp_path: Path, subject: Any) -> None:
    world = Registry({"v1": {**PLAIN, "artifactType": "x/y", "subject": {"digest": subject}}})
    with http_server(world) as server:
        _, record = collect(server.url, tmp_path)
        paths = {seen.path for seen in server.seen if "/manifests/" in seen.path}

    assert paths == {"/v2/app/manifests/v1"}
    assert len(images(record)) == 1


def test_a_child_that_is_no_digest_is_unread_and_not_asked_for(tmp_path: Path) -> None:
    index = {"schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json", "manifests": [{"digest": "latest"}]}  # fmt: skip
    with http_server(Registry({"v1": index})) as server:
        scope, record = collect(server.url, tmp_path)
        paths = {seen.path for seen in server.seen if "/manifests/" in seen.path}

    assert paths == {"/v2/app/manifests/v1"}
    assert isinstance(record.unread, Known)
    assert record.unread.value[0].why.reason is Reason.PARSE_ERROR
    assert [error.reason for error in scope.errors] == ["parse_error"]


# ---------------------------------------------------------------- what runs
def test_what_runs_by_digest_is_read_with_its_signatures(push: tuple[str, Pusher], tmp_path: Path) -> None:
    url, pusher = push
    host = url.removeprefix("http://")
    old = pusher.image("app", content=b"old")
    signature = pusher.artefact("app", NOTATION, subject=old)
    pusher.index("app", f"sha256-{old['digest'][7:]}", [signature])
    pusher.image("app", "v1", content=b"new")
    gone = digest_of(b"gone")
    running = [
        workload(f"{host}/app@{old['digest']}", name="1"),
        workload(f"{host}/app@{gone}", name="2"),
        workload(f"elsewhere.example.com/app@{digest_of(b'else')}", name="3"),
        workload("${IMAGE}", name="4"),
    ]
    scope, record = collect(url, tmp_path, *running)

    found = images(record)[old["digest"]]
    assert found.tags == []
    assert [one.kind for one in found.signatures.value] == ["notation"]
    assert gone not in images(record)
    assert isinstance(record.unread, Absent)
    assert scope.errors == []


def test_what_runs_by_another_name_of_the_registry_is_read(push: tuple[str, Pusher], tmp_path: Path) -> None:
    url, pusher = push
    old = pusher.image("app", content=b"old")
    pusher.image("app", "v1", content=b"new")
    running = workload(f"CDN.example.com/app@{old['digest']}", name="1")
    _, other = collect(url, tmp_path / "other", running)
    _, same = collect(url, tmp_path / "same", running, other_hosts=["cdn.example.com"])

    assert old["digest"] not in images(other)
    assert old["digest"] in images(same)
    assert same.repository.registry.other_hosts == ["cdn.example.com"]


# ---------------------------------------------------------------- platforms
def test_signatures_of_platforms_are_asked_for_on_request(tmp_path: Path) -> None:
    with referrers_registry() as url, Pusher(url) as pusher:
        children = [pusher.image("app", arch=arch) for arch in ("amd64", "arm64")]
        pusher.index("app", "v1", children)
        pusher.artefact("app", NOTATION, subject=children[0])
        by_default, bare = collect(url, tmp_path / "default")
        on_request, full = collect(url, tmp_path / "request", read_child_signatures=True)

    assert by_default.calls_by_operation["oci:ListReferrers"] == 1
    assert on_request.calls_by_operation["oci:ListReferrers"] == 3
    unasked = Unknown(Reason.NOT_REQUESTED, "oci:ListReferrers", "read_child_signatures is off")
    assert [images(bare)[child["digest"]].signatures for child in children] == [unasked, unasked]
    assert [len(images(full)[child["digest"]].signatures.value) for child in children] == [1, 0]
    assert by_default.wanted == by_default.answered
