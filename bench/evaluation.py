"""Evaluation against `opa eval` and regopy: the same policies, parameters and records, whole processes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from auditor.inventory.source import SnapshotSource
from auditor.policy.bundle import load_bundle
from auditor.policy.catalogue import find_rule, resolve_params, selection_document
from auditor.policy.engines.embedded import EmbeddedEngine
from auditor.policy.engines.opa_server import find_opa
from bench.inventory import write_snapshot

QUERY = "[v | some r in input.records; v := data.auditor.main.verdicts with input as r]"
REGOPY_RECORDS = 20


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


REGOPY_RULES = (
    "ACC-003", "ENC-001", "IMM-002", "NAM-001", "NAM-002", "REP-001", "RET-001", "SCN-001", "SCN-002", "STO-001", "TAG-004",
)  # fmt: skip
"""The rules that regopy 1.5.2 can parse; it refuses a comprehension of lists ("Invalid collection"), which the others use."""
REGOPY_LIBRARY = ("facts", "verdict", "platform", "text", "globs", "production")


def per_record(folder: Path) -> tuple[float, float]:
    """(regopy's, our) seconds for one record of 100 images on the rules that both can run, loading left out."""
    from regopy import Interpreter

    bundle = load_bundle()
    rules = [find_rule(bundle.rules, name) for name in REGOPY_RULES]
    wanted = {rule.file for rule in rules} | {f"policies/lib/{name}.rego" for name in REGOPY_LIBRARY}
    modules = {path: text for path, text in bundle.modules.items() if path in wanted}
    data = json.loads((folder / "data.json").read_bytes())
    records = json.loads((folder / "records.json").read_bytes())["records"][:REGOPY_RECORDS]
    interpreter = Interpreter()
    for path, text in modules.items():
        interpreter.add_module(path, text)
    interpreter.add_data_json(json.dumps(data))
    started = time.perf_counter()
    for record in records:
        interpreter.set_input(record)
        for rule in rules:
            with suppress(json.JSONDecodeError):  # it evaluates, and then writes quotes in texts unescaped
                interpreter.query(f"x = data.auditor.rules.{rule.group}.{rule.name}.verdicts")
    theirs = (time.perf_counter() - started) / len(records)
    with EmbeddedEngine(workers=1) as engine:
        engine.load(modules, {**data, "selection": selection_document(rules)})
        inputs = [json.dumps(record).encode() for record in records]
        started = time.perf_counter()
        for _ in engine.judge(json.dumps(data["context"]).encode(), inputs):
            pass
        return theirs, (time.perf_counter() - started) / len(records)


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
                theirs, own = per_record(folder)
                print(
                    f"  {len(REGOPY_RULES)} rules on a record of 100 images: regopy {theirs:.4f} s, auditor {own:.4f} s"
                )
                print(f"  ratio regopy / auditor: {theirs / own:.1f}")
            shutil.rmtree(folder)
    if len(sizes) > 1:
        small, large = figures[sizes[0]], figures[sizes[-1]]
        times, growth = sizes[-1] // sizes[0], large[0] / small[0]
        print(
            f"{times} times the images: time x {growth:.2f} (at most {times * 1.1:.0f}), memory x {large[1] / small[1]:.2f} (below 1.30)"
        )
