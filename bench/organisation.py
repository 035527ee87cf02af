"""An organisation read from a local server with 20 ms latency: time against calls x latency / concurrency, memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.support.organisation import ROOT, organisation_process, target

LATENCY_S = 0.02
ACCOUNTS = (10, 60)
CONCURRENCY = 32
CODE = """
import json, resource, sys, time
from pathlib import Path
from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
wanted, out, since = json.loads(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
started = time.perf_counter()
outcome = collect(Config(Settings(targets=[wanted])), out, lambda _w, _c: None, since=Path(since) if since else None)
scopes = outcome.manifest.scopes
print(json.dumps([time.perf_counter() - started, sum(s.calls for s in scopes), len(scopes),
    resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, time.process_time()]))
"""


def run(url: str, out: Path, since: str = "") -> list[float]:
    """(seconds, calls, scopes, MiB, seconds of processor) of a collection in a process of its own."""
    wanted = target(url, concurrency=CONCURRENCY, scopes_at_once=8)
    command = [sys.executable, "-c", CODE, json.dumps(wanted), str(out), since]
    found: list[float] = json.loads(subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout)
    return found


def main() -> None:
    """Print the figures and the ratios."""
    os.environ.update(AWS_ACCESS_KEY_ID="bench", AWS_SECRET_ACCESS_KEY="bench", AWS_EC2_METADATA_DISABLED="true")
    peaks = []
    for accounts in ACCOUNTS:
        with (
            organisation_process(accounts=accounts, latency_s=LATENCY_S) as server,
            tempfile.TemporaryDirectory() as name,
        ):
            seconds, calls, scopes, peak, processor = run(server.url, Path(name) / "first")
            floor = calls * LATENCY_S / CONCURRENCY
            print(f"{accounts} accounts, {scopes:.0f} scopes: {seconds:.1f} s, {calls:,.0f} calls, {peak:.0f} MiB")
            print(f"  wall time / (calls x latency / concurrency): {seconds / floor:.2f}; processor {processor:.1f} s")
            server.ask(generation=1, changed_at=time.time())
            again = run(server.url, Path(name) / "second", str(Path(name) / "first"))
            print(f"  a second time, 1 % changed: {again[0]:.1f} s, {again[1] / calls:.1%} of the calls (at most 15 %)")
            peaks.append(peak)
    print(f"  memory with {ACCOUNTS[1]} accounts / with {ACCOUNTS[0]}: {peaks[1] / peaks[0]:.2f} (at most 1.25)")
