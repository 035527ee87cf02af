"""Both engines agree on SBOMs, provenance and VEX where builders are trusted, and every status is reached."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import partial
from typing import Any

import msgspec
import pytest

from auditor.policy.bundle import Bundle, load_bundle
from auditor.policy.catalogue import fast_rules, resolve_params
from auditor.policy.engines.embedded import EmbeddedEngine
from auditor.policy.engines.opa import OpaEngine
from tests.support.rounds import in_rounds
from tests.support.strategies import digests, facts, registry_records, repository_records, text
from tests.support.strategies_attestations import attestations, described, vexed
from tests.support.strategies_scanning import FEEDS

BUNDLE: Bundle = load_bundle()
PARAMS: dict[str, dict[str, Any]] = {
    "REG-PRV-001": {"scope": "tagged"},
    "REG-PRV-002": {"scope": "tagged", "min_level": 2},
    "REG-PRV-003": {"scope": "tagged", "trusted_builders": ["https://builder/*"], "trusted_sources": ["*"]},
}
VULNERABILITIES = ("REG-VUL-001", "REG-VUL-002", "REG-VUL-003", "REG-VUL-004")
RULES = [rule for rule in BUNDLE.rules if rule.id in PARAMS or rule.id in VULNERABILITIES]
DATA: dict[str, Any] = {
    **BUNDLE.data,
    "params": resolve_params(BUNDLE.rules, PARAMS),
    "selection": {
        "repository": {group: [r.name for r in RULES if r.group == group] for group in {r.group for r in RULES}}
    },
    "feeds": FEEDS,
}


DESCRIBED = repository_records().flatmap(lambda record: described(record, attestations(facts, digests(), text)))
Seen = Counter[tuple[str, str]]


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[EmbeddedEngine, OpaEngine]]:
    with EmbeddedEngine() as embedded, OpaEngine() as opa:
        embedded.load(BUNDLE.modules, DATA, tested=fast_rules(BUNDLE.rules))
        opa.load(BUNDLE.modules, DATA)
        yield embedded, opa


def count(engines: tuple[EmbeddedEngine, OpaEngine], seen: Seen, registry: Any, repository: Any) -> None:
    """Judge on both engines, which must agree, and count statuses and messages on VEX."""
    context, record = msgspec.json.encode(registry), msgspec.json.encode(repository)
    ours, reference = ([msgspec.json.decode(o) for o in engine.judge(context, [record])] for engine in engines)
    assert ours == reference
    for path, verdicts in ours[0].items():
        for verdict in verdicts:
            seen[path, verdict["status"]] += 1
            if "VEX" in verdict.get("message", ""):
                seen[path, "vex " + verdict["status"]] += 1


@pytest.mark.slow
def test_engines_agree_and_every_status_is_reached(engines: tuple[EmbeddedEngine, OpaEngine]) -> None:
    seen: Seen = Counter()
    wanted = {
        (f"provenance/{name}", status)
        for name in ("sbom_attached", "provenance_attached", "trusted_builder")
        for status in ("pass", "fail", "unknown", "not_applicable")
    }

    in_rounds(partial(count, engines, seen), registry_records(), DESCRIBED, enough=lambda: wanted <= seen.keys())

    assert wanted - seen.keys() == set()


@pytest.mark.slow
def test_engines_agree_on_what_vex_clears(engines: tuple[EmbeddedEngine, OpaEngine]) -> None:
    seen: Seen = Counter()
    wanted = {(f"vulnerabilities/{name}", "vex pass") for name in ("known_exploited", "deadline", "no_critical")}
    wanted |= {("vulnerabilities/no_critical", "vex fail")}
    records = repository_records().flatmap(vexed)

    in_rounds(partial(count, engines, seen), registry_records(), records, enough=lambda: wanted <= seen.keys())

    assert wanted - seen.keys() == set()
