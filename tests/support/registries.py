"""Real registries on loopback, and images small enough to be made in a test."""

from __future__ import annotations

import hashlib
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import httpx

MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
EMPTY = "application/vnd.oci.empty.v1+json"


def tool(name: str) -> str:
    """A tool that `make test` installs. A missing one is an error of the set-up, not a reason to leave a test out."""
    found = shutil.which(name) or shutil.which(name, path=str(Path(__file__).parents[2] / ".tools"))
    assert found, f"{name} is not installed: make test installs it into .tools"
    return found


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port


def wait_for(url: str, seconds: float = 20) -> None:
    """Wait until something answers HTTP there."""
    end = time.monotonic() + seconds
    while True:
        try:
            httpx.get(url, timeout=1, trust_env=False, verify=False)  # only whether it is up
        except httpx.HTTPError:
            assert time.monotonic() < end, f"nothing answers at {url}"
            time.sleep(0.05)
        else:
            return


@contextmanager
def running(command: list[str], url: str) -> Iterator[str]:
    """A server process from its first answer to the end of the block."""
    nothing = subprocess.DEVNULL
    with subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing) as process:
        try:
            wait_for(url + "/v2/")
            yield url
        finally:
            process.kill()


@contextmanager
def plain_registry() -> Iterator[str]:
    """go-containerregistry's registry, without the referrers API."""
    port = free_port()
    with running(
        [tool("crane"), "registry", "serve", "--address", f"127.0.0.1:{port}"], f"http://127.0.0.1:{port}"
    ) as url:
        yield url


@contextmanager
def referrers_registry() -> Iterator[str]:
    """go-containerregistry's registry with the referrers API."""
    pipe = subprocess.PIPE
    with subprocess.Popen([tool("referrers-registry")], stdin=pipe, stdout=pipe, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://{process.stdout.readline().strip()}"
        finally:
            process.kill()


def digest_of(content: bytes) -> str:
    """`sha256:…`."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


class Pusher:
    """Pushes what a test makes up to one registry."""

    def __init__(self, url: str, **options: Any) -> None:
        self._client = httpx.Client(base_url=url, trust_env=False, **options)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self._client.close()

    def get(self, path: str) -> httpx.Response:
        """What the registry answers to a GET of a manifest, a blob or a list."""
        answer = self._client.get(path, headers={"Accept": f"{MANIFEST}, {INDEX}"})
        answer.raise_for_status()
        return answer

    def blob(self, repository: str, content: bytes, media_type: str) -> dict[str, Any]:
        """Push a blob; gives its descriptor."""
        digest = digest_of(content)
        started = self._client.post(f"/v2/{repository}/blobs/uploads/")
        started.raise_for_status()
        location = httpx.URL(started.headers["location"])
        self._client.put(
            location.copy_merge_params({"digest": digest}),
            content=content,
            headers={"Content-Type": "application/octet-stream"},
        ).raise_for_status()
        return {"mediaType": media_type, "digest": digest, "size": len(content)}

    def manifest(self, repository: str, document: dict[str, Any], reference: str = "") -> dict[str, Any]:
        """Push a manifest under a tag or its digest; gives its descriptor."""
        content = json.dumps(document, sort_keys=True).encode()
        digest = digest_of(content)
        self._client.put(
            f"/v2/{repository}/manifests/{reference or digest}",
            content=content,
            headers={"Content-Type": document["mediaType"]},
        ).raise_for_status()
        return {"mediaType": document["mediaType"], "digest": digest, "size": len(content)}

    def image(self, repository: str, tag: str = "", *, labels: dict[str, str] | None = None, arch: str = "amd64", content: bytes = b"layer") -> dict[str, Any]:  # fmt: skip
        """An image of one layer."""
        config = {
            "architecture": arch, "os": "linux", "created": "2026-01-01T00:00:00Z",
            "config": {"Labels": labels or {}, "User": "1000"}, "rootfs": {"type": "layers", "diff_ids": [digest_of(content)]},
        }  # fmt: skip
        document = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": self.blob(repository, json.dumps(config, sort_keys=True).encode(), CONFIG),
            "layers": [self.blob(repository, content, LAYER)],
        }
        return self.manifest(repository, document, tag)

    def index(self, repository: str, tag: str, children: list[dict[str, Any]]) -> dict[str, Any]:
        """An index over manifests that were pushed."""
        return self.manifest(repository, {"schemaVersion": 2, "mediaType": INDEX, "manifests": children}, tag)

    def artefact(self, repository: str, artifact_type: str, *, subject: dict[str, Any] | None = None, tag: str = "", content: bytes = b"{}", annotations: dict[str, str] | None = None) -> dict[str, Any]:  # fmt: skip
        """An artefact, of another manifest where there is a subject."""
        document: dict[str, Any] = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "artifactType": artifact_type,
            "config": self.blob(repository, b"{}", EMPTY),
            "layers": [self.blob(repository, content, artifact_type)],
            "annotations": annotations or {},
        }
        if subject:
            document["subject"] = subject
        return self.manifest(repository, document, tag)
