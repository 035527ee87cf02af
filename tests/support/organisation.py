"""A whole organisation made up by formula, so that 300 accounts need no memory; and the server of it as a process."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from tests.support.ecr_server import Faults, Registry, Server, World, make_image, make_repository

ROOT = Path(__file__).parents[2]
REGIONS = ("ap-south-1", "eu-west-1", "us-east-1", "us-west-2")
FIRST = 200000000000


@dataclass
class Organisation(World):
    """`accounts` × `regions` × `repositories`; every hundredth repository is another one in generation 1."""

    accounts: int = 3
    names: tuple[str, ...] = REGIONS
    repositories: int = 20
    generation: int = 0
    changed_at: float = field(default_factory=time.time)

    def __post_init__(self) -> None:
        ids = [str(FIRST + number) for number in range(self.accounts)]
        self.members = [_member(identity, f"team-{number:03d}") for number, identity in enumerate(ids)]
        self.registry = lru_cache(maxsize=64)(self._registry)  # type: ignore[method-assign]

    def enabled_regions(self, _account: str) -> list[str]:
        return list(self.names)

    def _registry(self, account: str, region: str) -> Registry:
        if account not in {member["Id"] for member in self.members}:
            return Registry(account=account)
        repositories = {}
        for number in range(self.repositories):
            name = f"team/app-{number:03d}"
            repositories[name] = _repository(
                name, account, region, number, changed=self._changed(account, region, number)
            )
        return Registry(account=account, repositories=repositories, policy=None)

    def _number(self, account: str, region: str, number: int) -> int:
        return ((int(account) - FIRST) * len(self.names) + self.names.index(region)) * self.repositories + number

    def _changed(self, account: str, region: str, number: int) -> bool:
        return self.generation > 0 and self._number(account, region, number) % 100 == 7

    def trail(self, account: str, region: str) -> list[dict[str, Any]]:
        pushed = [
            write_event("PutImage", self.changed_at - 60, f"team/app-{number:03d}", read_only=False)
            for number in range(self.repositories)
            if self._changed(account, region, number)
        ]
        pulls = [
            write_event("BatchGetImage", self.changed_at - 120 - n, "team/app-000", read_only=True) for n in range(20)
        ]
        return [*pushed, *pulls]


def _member(identity: str, name: str, state: str = "ACTIVE") -> dict[str, Any]:
    return {"Id": identity, "Arn": f"arn:aws:organizations::1:account/o/{identity}", "Name": name, "Status": state}


def _repository(name: str, account: str, region: str, number: int, *, changed: bool) -> dict[str, Any]:
    images = [make_image(1000 * number + n, f"v1.0.{n}", registryId=account) for n in range(3)]
    if changed:
        images.append(make_image(1000 * number + 3, "latest", registryId=account))
    more: dict[str, Any] = {"retention": '{"rules": []}'} if number % 2 else {}
    if number % 5 == 0:
        more["settings"] = {"imageTagMutability": "MUTABLE"}
    if number % 7 == 0:
        statement = {"Effect": "Allow", "Principal": "*", "Action": "ecr:BatchGetImage"}
        more["policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return make_repository(name, region, account, images=images, **more)


def write_event(name: str, moment: float, repository: str, *, read_only: bool) -> dict[str, Any]:
    detail = {"eventSource": "ecr.amazonaws.com", "eventName": name, "readOnly": read_only,
              "requestParameters": {"repositoryName": repository}}  # fmt: skip
    return {
        "EventId": f"{name}-{moment}", "EventName": name, "EventTime": int(moment), "EventSource": "ecr.amazonaws.com",
        "ReadOnly": str(read_only).lower(), "CloudTrailEvent": json.dumps(detail), "Resources": [],
    }  # fmt: skip


def target(url: str, **more: Any) -> dict[str, Any]:
    """A target that reads all of it."""
    return {
        "kind": "ecr", "regions": "discover", "endpoint_url": url,
        "from_organization": {"role_name": "registry-audit", "external_id": "agreed"}, **more,
    }  # fmt: skip


# ---------------------------------------------------------------- as a process of its own
@contextmanager
def organisation_process(**options: Any) -> Iterator[OrganisationProcess]:
    """Serve an `Organisation` from another process, whose interpreter lock is its own."""
    command = [sys.executable, "-m", "tests.support.organisation", json.dumps(options)]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    try:
        yield OrganisationProcess(process)
    finally:
        process.kill()
        process.communicate()
        process.wait()


class OrganisationProcess:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.url = f"http://127.0.0.1:{self.read()}"

    def read(self) -> Any:
        """The next answer of the server."""
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())

    def ask(self, **change: Any) -> dict[str, Any]:
        """Change attributes of the world; its counts so far."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(change) + "\n")
        self._process.stdin.flush()
        found: dict[str, Any] = self.read()
        return found


def _tell(value: Any) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _serve(options: dict[str, Any]) -> None:
    faults = Faults(**{**options.pop("faults", {})})
    faults.denied = set(faults.denied)
    world = Organisation(**{**options, "hang": set(options.get("hang", ()))}, faults=faults)

    def listen() -> None:
        for line in sys.stdin:
            for key, value in json.loads(line).items():
                if key in ("throttled", "failing"):
                    setattr(faults, key, value)
                else:
                    setattr(world, key, set(value) if key == "hang" else value)
            world.registry.cache_clear()  # type: ignore[attr-defined]
            _tell({"calls": world.calls, "most_in_flight": world.most_in_flight})
        os._exit(0)

    async def run() -> None:
        server, port = await Server(world).start()
        _tell(port)
        threading.Thread(target=listen, daemon=True).start()
        await server.serve_forever()

    asyncio.run(run())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("options", type=json.loads)
    _serve(parser.parse_args().options)
