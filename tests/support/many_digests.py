"""A fast registry with very many tagged digests, each with a cosign bundle as its referrer. It counts what it is asked."""

from __future__ import annotations

import asyncio
import json
import multiprocessing
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing.connection import Connection

from tests.support.registries import CONFIG, EMPTY, INDEX, LAYER, MANIFEST, digest_of

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
ANNOTATIONS = {
    "dev.sigstore.bundle.content": "dsse-envelope",
    "dev.sigstore.bundle.predicateType": "https://sigstore.dev/cosign/sign/v1",
}


@dataclass
class Content:
    """What is served: bodies by path, with media type and digest."""

    bodies: dict[str, tuple[bytes, str, str]] = field(default_factory=dict)

    def put(self, path: str, document: object, media_type: str) -> dict[str, object]:
        body = json.dumps(document).encode()
        self.bodies[path] = (body, media_type, digest_of(body))
        return {"mediaType": media_type, "digest": digest_of(body), "size": len(body)}

    def image(self, repository: str, tag: str) -> None:
        """An image with one referrer."""
        start = f"/v2/{repository}"
        layer = {"mediaType": LAYER, "digest": digest_of(f"{repository}:{tag}".encode()), "size": 100}
        config = {"mediaType": CONFIG, "digest": digest_of(f"{repository}:{tag} config".encode()), "size": 100}
        image = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": [layer]}
        found = self.put(f"{start}/manifests/{tag}", image, MANIFEST)
        bundle = {
            "schemaVersion": 2, "mediaType": MANIFEST, "artifactType": BUNDLE, "subject": found,
            "config": {"mediaType": EMPTY, "digest": digest_of(b"{}"), "size": 2}, "annotations": ANNOTATIONS,
            "layers": [{"mediaType": BUNDLE, "digest": digest_of(f"{repository}:{tag} bundle".encode()), "size": 100}],
        }  # fmt: skip
        body = json.dumps(bundle).encode()
        referrer = self.put(f"{start}/manifests/{digest_of(body)}", bundle, MANIFEST)
        listed = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [{**referrer, "artifactType": BUNDLE}]}
        self.put(f"{start}/referrers/{found['digest']}", listed, INDEX)


def make_content(repositories: int, tags: int) -> Content:
    """`repositories` with `tags` tagged digests each."""
    content = Content()
    names = [f"team/app-{number:04d}" for number in range(repositories)]
    content.put("/v2/_catalog", {"repositories": names}, "application/json")
    for name in names:
        versions = [f"v1.{number}.0" for number in range(tags)]
        content.put(f"/v2/{name}/tags/list", {"name": name, "tags": versions}, "application/json")
        for version in versions:
            content.image(name, version)
    return content


def kind_of(path: str) -> str:
    """What a request is for."""
    if "/manifests/" in path:
        return "manifests by digest" if "/manifests/sha256:" in path else "manifests by tag"
    return "referrers" if "/referrers/" in path else "lists"


def _serve(connection: Connection, repositories: int, tags: int) -> None:
    content = make_content(repositories, tags)
    counts: Counter[str] = Counter()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                path = head.split(b" ", 2)[1].decode().partition("?")[0]
                counts[kind_of(path)] += 1
                body, media_type, digest = content.bodies.get(path, (b"", "text/plain", ""))
                status = "200 OK" if path in content.bodies else "404 Not Found"
                start = f"HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nDocker-Content-Digest: {digest}\r\n"
                writer.write(f"{start}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def serve() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        connection.send(server.sockets[0].getsockname()[1])
        while not connection.poll():
            await asyncio.sleep(0.05)
        connection.send(dict(counts))
        server.close()

    asyncio.run(serve())


@dataclass
class ManyDigests:
    """A running server. `counts`: requests by kind, there after the block."""

    url: str
    counts: dict[str, int] = field(default_factory=dict)


@contextmanager
def many_digests(repositories: int, tags: int) -> Iterator[ManyDigests]:
    """Serve from a process of its own until the block ends."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=_serve, args=(theirs, repositories, tags), daemon=True)
    server.start()
    found = ManyDigests(f"http://127.0.0.1:{ours.recv()}")
    try:
        yield found
    finally:
        ours.send("stop")
        found.counts.update(ours.recv())
        server.join(10)
