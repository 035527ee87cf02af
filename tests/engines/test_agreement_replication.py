"""Both engines agree where rules on copies and labels come down to single images, which facts at random seldom reach."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st

from auditor.policy.bundle import load_bundle
from auditor.policy.catalogue import fast_rules, resolve_params, selection_document
from auditor.policy.engines.embedded import EmbeddedEngine
from auditor.policy.engines.opa import OpaEngine
from tests.support.rounds import in_rounds
from tests.support.strategies import registry_records, repository_records
from tests.support.strategies_replication import compared

BUNDLE = load_bundle()
RULES = [rule for rule in BUNDLE.rules if rule.group == "replication" or rule.id in ("REG-IMM-003", "REG-TAG-003")]
CHANGED = {
    "REG-REP-005": {"allowed_regions": ["us-east-1"], "allowed_accounts": ["222222222222"]},
    "REG-REP-004": {"newest": 3},
}
PARAMS = {rule: {**found, **CHANGED.get(rule, {})} for rule, found in resolve_params(RULES, {}).items()}
DATA: dict[str, Any] = {**BUNDLE.data, "params": PARAMS, "selection": selection_document(RULES)}


@pytest.fixture(scope="module")
def engines() -> Iterator[tuple[EmbeddedEngine, OpaEngine]]:
    with EmbeddedEngine() as embedded, OpaEngine() as opa:
        embedded.load(BUNDLE.modules, DATA, tested=fast_rules(RULES))
        opa.load(BUNDLE.modules, DATA)
        yield embedded, opa


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """A repository and its registry."""
    found: tuple[Any, Any] = draw(compared(draw(repository_records()), draw(registry_records())))
    return found


@pytest.mark.slow
def test_engines_agree_on_every_status_of_single_images(engines: tuple[EmbeddedEngine, OpaEngine]) -> None:
    embedded, opa = engines
    reached: Counter[tuple[str, str]] = Counter()

    def check(pair: tuple[Any, Any]) -> None:
        repository, registry = pair
        context, line = msgspec.json.encode(registry), msgspec.json.encode(repository)
        # The first input of a context is checked by the interpreter; the second runs as byte code alone.
        ours = [msgspec.json.decode(out) for out in embedded.judge(context, [context, line, line])]
        reference = [msgspec.json.decode(out) for out in opa.judge(context, [context, line])]
        assert ours[:2] == reference
        assert ours[2] == reference[1]
        for path, verdicts in [*ours[0].items(), *ours[1].items()]:
            reached.update((path, verdict["status"]) for verdict in verdicts)

    statuses = ("pass", "fail", "unknown", "not_applicable")
    wanted = {(path, status) for path in ("replication/releases_complete", "tags/labels") for status in statuses}

    in_rounds(check, pairs(), enough=lambda: wanted <= reached.keys())

    assert wanted - reached.keys() == set()
