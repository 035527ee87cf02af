"""`auditor check` of one image on a loopback registry: whole processes, when everything is warm."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time

from tests.support.registries import Pusher, plain_registry

RUNS = int(os.environ.get("BENCH_CHECK_RUNS", "9"))
BUDGET_S = 1.0
SIGNATURE = "application/vnd.dev.cosign.simplesigning.v1+json"


def seconds(*arguments: str) -> float:
    """Wall time of one process."""
    with tempfile.TemporaryDirectory() as nothing:
        environment = {**os.environ, "DOCKER_CONFIG": nothing}
        started = time.perf_counter()
        subprocess.run([sys.executable, "-m", "auditor", *arguments], check=True, capture_output=True, env=environment)
        return time.perf_counter() - started


def median(*arguments: str) -> float:
    """Of several runs, after one that does not count."""
    seconds(*arguments)
    return statistics.median(seconds(*arguments) for _ in range(RUNS))


def main() -> None:
    """Print the figures and the ratio to the start of a process."""
    start = median("--version")
    with plain_registry() as url, Pusher(url) as push:
        host = url.removeprefix("http://")
        image = push.image("app", "v1.0.0")
        push.artefact("app", SIGNATURE, tag=f"sha256-{image['digest'][7:]}.sig")
        index = push.index("app", "v2.0.0", [image, push.image("app", arch="arm64", content=b"arm")])
        push.artefact("app", SIGNATURE, tag=f"sha256-{index['digest'][7:]}.sig")
        for what, tag in (("an image", "v1.0.0"), ("an index of 2", "v2.0.0")):
            wall = median("check", f"{host}/app:{tag}", "--plain-http", "--soft-fail", "--quiet")
            print(f"check {what}: {wall:.2f} s, median of {RUNS} warm runs (at most {BUDGET_S:.0f} s)")
            print(f"  ratio check / start of a process ({start:.2f} s): {wall / start:.1f}")


if __name__ == "__main__":
    main()
