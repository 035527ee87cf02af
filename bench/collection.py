"""Collection against a local server that speaks ECR's protocol with 20 ms latency, paging included."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.ecr_server import Registry, Server, World, make_image, make_repository

LATENCY_S = 0.02
REPOSITORIES = 1000
CONCURRENCY = 16
REGION = "us-east-1"


def serve(connection: Connection, repositories: int) -> None:
    """Serve until told to stop, then send how many requests were in flight at most."""
    names = [f"team/app-{i:05d}" for i in range(repositories)]
    registry = Registry(
        repositories={
            name: make_repository(name, images=[make_image(10 * i + j, f"v1.0.{j}") for j in range(3)])
            for i, name in enumerate(names)
        }
    )
    world = World(regions={REGION: registry}, latency_s=LATENCY_S)

    async def answer() -> None:
        _, port = await Server(world).start()
        connection.send(port)
        while not connection.poll():
            await asyncio.sleep(0.05)
        connection.send(world.most_in_flight)

    asyncio.run(answer())


def run(target: dict[str, object], path: Path) -> int:
    """Collect, and return the number of calls."""
    outcome = collect(Config(Settings(targets=[target])), path, lambda _what, _count: None)
    return sum(scope.calls for scope in outcome.manifest.scopes)


def main() -> None:
    """Print the figures and the ratios."""
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench")
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs, REPOSITORIES), daemon=True)
    server.start()
    port = ours.recv()
    target = {"kind": "ecr", "regions": [REGION], "endpoint_url": f"http://127.0.0.1:{port}"}
    with tempfile.TemporaryDirectory() as folder:
        # The SDK is loaded and warm before the clock starts: that takes the same time for one repository.
        run({**target, "max_repositories": 1}, Path(folder) / "warm-up")
        started = time.perf_counter()
        total = run(target, Path(folder) / "snapshot")
        wall = time.perf_counter() - started
    ours.send("stop")
    most = ours.recv()
    server.join()
    ideal = total * LATENCY_S / CONCURRENCY
    print(f"collect {REPOSITORIES} repositories: {wall:.2f} s, {total} calls, at most {most} in flight")
    print(f"  calls for a repository: {total / REPOSITORIES:.2f} (at most 3.2)")
    print(f"  wall time / (calls x latency / concurrency): {wall / ideal:.2f} (at most 1.5)")
