"""Configs of images by presigned URL: digest, size, scheme, redirects, secrets, and what labels come to."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.aws.ecr_configs import MAX_BYTES, MAX_LABELS, BlobClient
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.failed import CallFailedError
from auditor.config.settings import Config, Settings
from auditor.inventory.facts import Reason
from auditor.run.collecting import collect
from tests.support.ecr_answers import INDEX, ecr_world, image
from tests.support.ecr_answers import digest as image_digest
from tests.support.fake_aws import FakeAws, RefusedError, fake_aws

OCI = "application/vnd.oci.image.config.v1+json"
SECRET = "X-Amz-Signature=5ec4e7"


def sha(content: bytes) -> str:
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


class Store:
    """A store of blobs on a loopback port."""

    def __init__(self) -> None:
        self.blobs: dict[str, bytes] = {}
        self.status: dict[str, int] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        self.port = 0

    def add(self, content: bytes, *, status: int = 200) -> str:
        digest = sha(content)
        self.blobs[digest], self.status[digest] = content, status
        return digest

    def url(self, digest: str) -> str:
        return f"http://127.0.0.1:{self.port}/blob/{digest}?{SECRET}"


@contextmanager
def serving(store: Store) -> Iterator[Store]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            digest = self.path.partition("?")[0].rpartition("/")[2]
            store.asked.append((self.path, dict(self.headers.items())))
            status, content = store.status.get(digest, 404), store.blobs.get(digest, b"")
            self.send_response(status)
            if 300 <= status < 400:
                self.send_header("Location", f"http://localhost:{store.port}/blob/{digest}")
                content = b""
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    store.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


@pytest.fixture
def store() -> Iterator[Store]:
    with serving(Store()) as found:
        yield found


def client(store: Store, **more: Any) -> BlobClient:
    return BlobClient(EcrSettings(endpoint_url=f"http://127.0.0.1:{store.port}", read_timeout_s=0.5, **more))


def refusal(client: BlobClient, url: str, digest: str) -> CallFailedError:
    with pytest.raises(CallFailedError) as caught:
        client.get(url, digest)
    assert SECRET not in str(caught.value)
    assert SECRET not in repr(caught.value.fact)
    return caught.value


# -------------------------------------------------------------------- blobs
def test_a_blob_of_its_digest_is_read_without_credentials(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIATEST")
    digest = store.add(b"{}")

    assert client(store).get(store.url(digest), digest) == b"{}"
    (_, headers), *_ = store.asked
    assert not {"authorization", "x-amz-security-token", "cookie"} & {name.lower() for name in headers}


@pytest.mark.parametrize(("status", "reason"), [(403, "access_denied"), (404, "server_error"), (500, "server_error")])
def test_refusals_are_reasons(store: Store, status: int, reason: str) -> None:
    digest = store.add(b"{}", status=status)

    assert refusal(client(store), store.url(digest), digest).fact.reason == reason  # type: ignore[union-attr]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(store: Store, status: int) -> None:
    digest = store.add(b"{}", status=status)

    assert str(status) in refusal(client(store), store.url(digest), digest).message
    assert len(store.asked) == 1


def test_other_content_than_the_digest_is_refused(store: Store) -> None:
    digest = store.add(b"{}")
    store.blobs[digest] = b'{"config": {}}'

    assert refusal(client(store), store.url(digest), digest).fact.reason is Reason.PARSE_ERROR  # type: ignore[union-attr]


def test_large_blobs_are_cut_off(store: Store) -> None:
    digest = store.add(b"x" * (MAX_BYTES + 1))
    whole = store.add(b"x" * MAX_BYTES)

    assert refusal(client(store), store.url(digest), digest).fact.reason is Reason.TRUNCATED  # type: ignore[union-attr]
    assert len(client(store).get(store.url(whole), whole)) == MAX_BYTES


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1/x", "file:///etc/passwd", "ftp://host/x", "//host/x", "", "https://", "https://[x/"]
)
def test_only_https_is_asked(url: str) -> None:
    found = BlobClient(EcrSettings())

    assert refusal(found, url, sha(b"")).message == "the registry gave an address that is not https"


def test_a_store_that_is_not_there_is_a_network_failure_without_the_address(store: Store) -> None:
    url = f"http://127.0.0.1:1/blob/x?{SECRET}"

    assert refusal(client(store), url, sha(b"")).fact.reason is Reason.NETWORK  # type: ignore[union-attr]


# -------------------------------------------------------------------- images
def world_of(store: Store, manifests: dict[int, Any]) -> FakeAws:
    """A registry with one repository whose images have these manifests."""
    world = ecr_world(1000)
    world["ecr:DescribeImages"] = {"imageDetails": [image(n, f"v{n}") for n in manifests]}
    world["ecr:BatchGetImage"] = lambda params: {
        "images": [
            {"imageId": wanted, "imageManifest": json.dumps(content)}
            for wanted in params["imageIds"]
            if (content := manifests[int(wanted["imageDigest"][7:], 16)]) is not None
        ],
        "failures": [],
    }
    world["ecr:GetDownloadUrlForLayer"] = lambda params: {
        "layerDigest": params["layerDigest"],
        "downloadUrl": store.url(params["layerDigest"]),
    }
    return world


def config(labels: Any = None, **more: Any) -> bytes:
    return json.dumps(
        {"config": {"Labels": labels, "User": "1000"}, "created": "2026-11-01T00:00:00Z", **more}
    ).encode()


def manifest(digest: str, **more: Any) -> dict[str, Any]:
    return {"config": {"mediaType": OCI, "digest": digest, "size": 10}, **more}


def read(folder: Path, store: Store, world: FakeAws, **target: Any) -> list[dict[str, Any]]:
    """The images of the first repository."""
    full = {
        "kind": "ecr",
        "regions": ["eu-west-1"],
        "endpoint_url": f"http://127.0.0.1:{store.port}",
        "read_configs": True,
        "attempts": 1,
        **target,
    }
    with fake_aws(world):
        collect(Config(Settings(targets=[full])), folder / "snapshot", lambda _what, _count: None)
    for path in folder.rglob("*"):
        assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    (part,) = (folder / "snapshot" / "parts").glob("*.jsonl")
    found: list[dict[str, Any]] = json.loads(part.read_bytes().splitlines()[0])["images"]["value"]
    return found


def one(folder: Path, store: Store, content: Any) -> dict[str, Any]:
    found: dict[str, Any] = read(folder, store, world_of(store, {1: content}))[0]["config"]
    return found


def test_labels_and_annotations_are_joined_and_annotations_win(tmp_path: Path, store: Store) -> None:
    digest = store.add(config({"a": "label", "b": "label"}))
    found = one(tmp_path, store, manifest(digest, annotations={"b": "annotation", "c": "annotation"}))

    assert found["value"]["labels"] == {"a": "label", "b": "annotation", "c": "annotation"}
    assert found["value"]["created_at"]["value"] == "2026-11-01T00:00:00Z"
    assert found["value"]["user"] == "1000"


def test_off_unless_asked_for(tmp_path: Path, store: Store) -> None:
    world = world_of(store, {1: manifest(store.add(config()))})
    (found,) = read(tmp_path, store, world, read_configs=False)

    assert found["config"]["reason"] == "not_requested"
    assert world.calls["ecr:GetDownloadUrlForLayer"] == 0


def test_a_config_is_read_once_a_run(tmp_path: Path, store: Store) -> None:
    digest = store.add(config({"a": "b"}))
    world = world_of(store, {1: manifest(digest), 2: manifest(digest)})
    read(tmp_path, store, world, concurrency=1)

    # Five repositories hold the same two images.
    assert len(store.asked) == 1


@pytest.mark.parametrize(
    "content",
    [b"[]", b"{", b'{"config": []}', b'{"config": {"Labels": ["x"]}}', b"\xff", b"[" * 100_000],
)
def test_configs_that_do_not_parse_are_unknown(tmp_path: Path, store: Store, content: bytes) -> None:
    assert one(tmp_path, store, manifest(store.add(content)))["reason"] == "parse_error"


def test_a_config_without_anything_is_known_and_empty(tmp_path: Path, store: Store) -> None:
    found = one(tmp_path, store, manifest(store.add(b"{}")))

    assert (found["value"]["labels"], found["value"]["created_at"]["state"]) == ({}, "absent")


def test_hostile_labels_are_cut_and_too_many_are_unknown(tmp_path: Path, store: Store) -> None:
    long = one(tmp_path / "a", store, manifest(store.add(config({"k" * 9999: "v" * 9999, "n": 7}))))
    many = one(tmp_path / "b", store, manifest(store.add(config({str(n): "" for n in range(MAX_LABELS + 1)}))))
    notes = one(
        tmp_path / "c", store, manifest(store.add(config()), annotations={str(n): "" for n in range(MAX_LABELS + 1)})
    )

    assert long["value"]["labels"] == {"k" * 1024: "v" * 1024, "n": "7"}
    assert (many["reason"], notes["reason"]) == ("truncated", "truncated")


@pytest.mark.parametrize(
    ("content", "state", "reason"),
    [
        ("no manifest", "unknown", "parse_error"),
        ({"schemaVersion": 1}, "absent", ""),
        ({"config": {"mediaType": "application/vnd.cncf.helm.config.v1+json", "digest": "x"}}, "absent", ""),
        ({"config": {"mediaType": OCI, "digest": sha(b""), "size": MAX_BYTES + 1}}, "unknown", "truncated"),
        (manifest(sha(b"elsewhere")), "unknown", "server_error"),
        (None, "unknown", "server_error"),
    ],
)
def test_manifests_without_a_config_to_read(
    tmp_path: Path, store: Store, content: Any, state: str, reason: str
) -> None:
    found = one(tmp_path, store, content)

    assert (found["state"], found.get("reason", "")) == (state, reason)


def test_denied_and_failed_images_are_unknown(tmp_path: Path, store: Store) -> None:
    world = world_of(store, {1: manifest(sha(b""))})
    world.refuse("ecr:GetDownloadUrlForLayer")
    assert read(tmp_path / "a", store, world)[0]["config"]["reason"] == "access_denied"

    world.refuse("ecr:BatchGetImage")
    assert read(tmp_path / "b", store, world)[0]["config"]["source"] == "ecr:BatchGetImage"

    world["ecr:BatchGetImage"] = lambda params: {
        "images": [],
        "failures": [{"imageId": wanted, "failureCode": "KmsError"} for wanted in params["imageIds"]],
    }
    assert read(tmp_path / "c", store, world)[0]["config"]["detail"] == "KmsError"


def test_a_repository_that_is_gone_is_noted_and_left_out(tmp_path: Path, store: Store) -> None:
    world = world_of(store, {1: manifest(sha(b""))})

    def gone(params: dict[str, Any]) -> dict[str, Any]:
        if params["repositoryName"] == "team/app0":
            raise RefusedError("RepositoryNotFoundException")
        raise RefusedError("LayersNotFoundException")

    world["ecr:GetDownloadUrlForLayer"] = gone
    read(tmp_path, store, world)
    (part,) = (tmp_path / "snapshot" / "parts").glob("*.jsonl")
    assert len(part.read_bytes().splitlines()) == 4


def test_indexes_and_archived_images_have_no_config_to_read(tmp_path: Path, store: Store) -> None:
    world = world_of(store, {1: None, 2: None})
    world["ecr:DescribeImages"] = {
        "imageDetails": [image(1, "v1", imageManifestMediaType=INDEX), image(2, "v2", imageStatus="ARCHIVED")]
    }
    found = read(tmp_path, store, world, read_manifests=False)

    assert [i["config"]["state"] for i in found] == ["absent", "unknown"]
    assert found[1]["config"]["reason"] == "not_requested"
    assert world.calls["ecr:BatchGetImage"] == 0


# -------------------------------------------------------------------- status of copying
def statuses(folder: Path, store: Store, world: FakeAws, **target: Any) -> dict[str, Any]:
    found = read(folder, store, world, read_configs=False, **target)
    return {i["digest"]: i["replicas"] for i in found}


@pytest.mark.parametrize(("setting", "asked"), [("never", []), ("release", [1]), ("always", [1, 2])])
def test_the_status_is_asked_for_as_the_target_says(
    tmp_path: Path, store: Store, setting: str, asked: list[int]
) -> None:
    world = ecr_world(1000)
    world["ecr:DescribeImages"] = {
        "imageDetails": [
            image(1, "v1"), image(2, "x"), image(3), image(4, "v4", imageStatus="ARCHIVED"), image(5, f"sha256-{1:064x}.sig"),
        ]
    }  # fmt: skip
    found = statuses(tmp_path, store, world, read_replication_status=setting)

    assert [n for n in range(1, 6) if found[image_digest(n)]["state"] == "known"] == asked
    assert world.calls["ecr:DescribeImageReplicationStatus"] == len(asked) * 5
    for n in asked:
        (status,) = found[image_digest(n)]["value"]
        assert (status["region"], status["status"]) == ("us-east-1", "complete")


def test_failures_have_their_code_and_statuses_are_sorted(tmp_path: Path, store: Store) -> None:
    world = ecr_world(1000)
    world["ecr:DescribeImageReplicationStatus"] = {
        "replicationStatuses": [
            {"region": "us-east-1", "registryId": "2" * 12, "status": "FAILED", "failureCode": "CMK_ISSUE"},
            {"region": "ap-south-1", "registryId": "1" * 12, "status": "IN_PROGRESS"},
        ]
    }
    found = statuses(tmp_path, store, world, read_replication_status="always")[image_digest(1)]["value"]

    assert [(s["account"], s["status"], s["failure_code"]) for s in found] == [
        ("1" * 12, "in_progress", ""),
        ("2" * 12, "failed", "CMK_ISSUE"),
    ]


def test_without_a_rule_nobody_is_asked_and_what_is_denied_is_unknown(tmp_path: Path, store: Store) -> None:
    world = ecr_world(1000)
    world["ecr:DescribeRegistry"] = {"replicationConfiguration": {"rules": []}}
    found = statuses(tmp_path / "a", store, world, read_replication_status="always")
    assert found[image_digest(1)]["state"] == "absent"
    assert world.calls["ecr:DescribeImageReplicationStatus"] == 0

    world.refuse("ecr:DescribeRegistry")
    found = statuses(tmp_path / "b", store, world, read_replication_status="always")
    assert found[image_digest(1)]["source"] == "ecr:DescribeRegistry"

    world = ecr_world(1000)
    world.refuse("ecr:DescribeImageReplicationStatus")
    found = statuses(tmp_path / "c", store, world, read_replication_status="always")
    assert found[image_digest(1)]["reason"] == "access_denied"
