"""Discovery in a registry of 10,000 tagged digests, each with a cosign bundle as its referrer.

Discovery is what finds out which digests there are and what refers to them: lists, what tags point to, referrers. What
is found is then read, each manifest once: the manifest decides what it is, never the list.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.many_digests import many_digests

REPOSITORIES = 100
TAGS = 100
BUDGET = 2.2
READING = "manifests by digest"


def main() -> None:
    """Print the figures and the ratios."""
    digests = REPOSITORIES * TAGS
    with many_digests(REPOSITORIES, TAGS) as server, tempfile.TemporaryDirectory() as folder:
        target = {"kind": "oci", "url": server.url, "read_configs": False}
        started = time.perf_counter()
        outcome = collect(Config(Settings(targets=[target])), Path(folder) / "snapshot", lambda _what, _count: None)
        wall = time.perf_counter() - started
    [scope] = outcome.manifest.scopes
    assert not scope.errors
    total = sum(server.counts.values())
    assert total == scope.calls, "every request is counted"
    found = total - server.counts[READING]
    print(f"discover what refers to {digests:,} tagged digests: {wall:.1f} s, {total:,} requests")
    print("  " + ", ".join(f"{count:,} {kind}" for kind, count in sorted(server.counts.items())))
    print(f"  requests of discovery for a tagged digest: {found / digests:.2f} (at most {BUDGET})")
    print(f"  with the reading of what was found, for each of {2 * digests:,} digests: {total / digests / 2:.2f}")
