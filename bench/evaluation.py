"""Evaluation against `opa eval` and regopy: the same policies, parameters and records, whole processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from auditor.inventory.source import SnapshotSource
from auditor.policy.bundle import load_bundle
from auditor.policy.catalogue import resolve_params, selection_document
from auditor.policy.engines.opa_server import find_opa
from bench.inventory import write_snapshot

QUERY = "[v | some r in input.records; v := data.auditor.main.verdicts with input as r]"
REGOPY_RECORDS = 2


def timed(command: list[str]) -> tuple[float, int]:
    """(wall seconds, peak memory in MiB) of a process; its output is thrown away."""
    with tempfile.NamedTemporaryFile("w+") as usage:
        code = "import resource, subprocess, sys; subprocess.run(sys.argv[2:], stdout=subprocess.DEVNULL); open(sys.argv[1], 'w').write(str(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss))"
        started = time.perf_counter()
        subprocess.run([sys.executable, "-c", code, usage.name, *command], check=True)
        return time.perf_counter() - started, int(usage.read()) // 1024


def prepare(folder: Path, images: int) -> None:
    """A snapshot, and the same records and data as `opa eval` takes them."""
    snapshot = folder / "snapshot"
    write_snapshot(snapshot, images)
    [scope] = SnapshotSource(snapshot).scopes()
    bundle = load_bundle()
    data = {
        "params": resolve_params(bundle.rules, {}),
        "selection": selection_document(bundle.rules),
        "context": json.loads(scope.context or b"{}"),
    }
    (folder / "data.json").write_text(json.dumps(data))
    with (folder / "records.json").open("wb") as out:
        out.write(b'{"records":[')
        for number, record in enumerate(scope.records):
            out.write((b"," if number else b"") + record)
        out.write(b"]}")
    for path, text in bundle.modules.items():
        target = folder / "bundle" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)


def ours(folder: Path) -> tuple[float, int]:
    """`auditor evaluate`, snapshot to results.json."""
    out = str(folder / "results.json")
    return timed(
        [sys.executable, "-m", "auditor", "evaluate", str(folder / "snapshot"), "-o", out, "--quiet", "--soft-fail"]
    )


def opa_eval(folder: Path) -> tuple[float, int]:
    """`opa eval` of the same rules on the same records; it makes verdicts only, no findings."""
    opa = str(find_opa())
    return timed(
        [
            opa, "eval", "-d", str(folder / "bundle"), "-d", str(folder / "data.json"),
            "-i", str(folder / "records.json"), "--format", "raw", QUERY,
        ]
    )  # fmt: skip


def regopy_per_record(folder: Path) -> float:
    """Seconds that regopy takes for one record of 100 images, loading left out."""
    from regopy import Interpreter

    interpreter = Interpreter()
    for path, text in load_bundle().modules.items():
        interpreter.add_module(path, text)
    interpreter.add_data_json((folder / "data.json").read_text())
    records = json.loads((folder / "records.json").read_bytes())["records"][:REGOPY_RECORDS]
    started = time.perf_counter()
    for record in records:
        interpreter.set_input(record)
        interpreter.query("x = data.auditor.main.verdicts")
    return (time.perf_counter() - started) / len(records)


def main() -> None:
    """Print the figures and the ratios."""
    sizes = [int(text) for text in os.environ.get("BENCH_IMAGES", "10000,100000").split(",")]
    figures: dict[int, tuple[float, int]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        for images in sizes:
            folder = Path(temporary) / str(images)
            folder.mkdir()
            prepare(folder, images)
            ours(folder)
            figures[images] = wall, memory = min(ours(folder), ours(folder))
            reference, reference_memory = min(opa_eval(folder), opa_eval(folder))
            print(
                f"evaluate {images:,} images: {wall:.2f} s, {memory} MiB; opa eval: {reference:.2f} s, {reference_memory} MiB"
            )
            print(f"  ratio opa eval / auditor: {reference / wall:.2f} (at least 3 at 100,000)")
            if images == sizes[0]:
                ours_each = wall / (images / 100)
                try:
                    regopy = regopy_per_record(folder)
                    print(
                        f"  regopy: {regopy:.3f} s for a record of 100 images, auditor {ours_each:.4f} s: ratio {regopy / ours_each:.1f}"
                    )
                except Exception as error:  # noqa: BLE001  a peer that fails is a result of the comparison
                    print(f"  regopy cannot evaluate these policies: {' '.join(str(error).split())[:160]}")
            shutil.rmtree(folder)
    if len(sizes) > 1:
        small, large = figures[sizes[0]], figures[sizes[-1]]
        times, growth = sizes[-1] // sizes[0], large[0] / small[0]
        print(
            f"{times} times the images: time x {growth:.2f} (at most {times * 1.1:.0f}), memory x {large[1] / small[1]:.2f} (below 1.30)"
        )
