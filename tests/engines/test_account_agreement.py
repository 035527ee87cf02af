"""Both engines give the same verdicts on accounts, and on the keys and credentials of registries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from auditor.findings.model import Status
from auditor.policy.bundle import Bundle, load_bundle
from auditor.policy.catalogue import fast_rules, resolve_params, selection_document
from auditor.policy.engines.embedded import EmbeddedEngine
from auditor.policy.engines.opa import OpaEngine
from tests.engines.test_agreement import resolve
from tests.support.strategies_identity import account_records, registries_with_keys

BUNDLE: Bundle = load_bundle()
PARAMS = {"REG-ACC-004": {"approved_pushers": ["*/ci"]}, "REG-ACC-005": {"allow_prefixes": ["team/"]}}
DATA: dict[str, Any] = {
    **BUNDLE.data,
    "params": resolve_params(BUNDLE.rules, PARAMS),
    "selection": selection_document(BUNDLE.rules),
}
JUDGED = {
    "account": {
        "REG-ACC-004",
        "REG-ACC-006",
        "REG-ACC-007",
        "REG-ACC-008",
        "REG-ACC-009",
        "REG-ACC-011",
        "REG-ACC-012",
    },
    "registry": {"REG-ACC-005", "REG-ACC-012", "REG-ENC-002"},
}


@pytest.fixture(scope="module")
def opa() -> Iterator[OpaEngine]:
    with OpaEngine() as engine:
        engine.load(BUNDLE.modules, DATA)
        yield engine


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedEngine]:
    with EmbeddedEngine() as engine:
        engine.load(BUNDLE.modules, DATA, tested=fast_rules(BUNDLE.rules))
        yield engine


@pytest.mark.slow
@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(account=account_records())
def test_engines_agree_on_generated_accounts(opa: OpaEngine, embedded: EmbeddedEngine, account: Any) -> None:
    _assert_agreed(opa, embedded, account)


@pytest.mark.slow
@settings(max_examples=200, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(registry=registries_with_keys())
def test_engines_agree_on_generated_keys_and_credentials(
    opa: OpaEngine, embedded: EmbeddedEngine, registry: Any
) -> None:
    _assert_agreed(opa, embedded, registry)


def _assert_agreed(opa: OpaEngine, embedded: EmbeddedEngine, record: Any) -> None:
    content = msgspec.json.encode(record)

    [ours] = [msgspec.json.decode(output) for output in embedded.judge(content, [content])]
    [reference] = [msgspec.json.decode(output) for output in opa.judge(content, [content])]

    assert ours == reference
    _assert_sound(ours, msgspec.to_builtins(record))


def _assert_sound(output: dict[str, list[dict[str, Any]]], record: dict[str, Any]) -> None:
    """Every rule says something, once for each resource, and each piece of evidence is what it points to."""
    for rule in BUNDLE.rules:
        if rule.id not in JUDGED[record["entity"]]:
            continue
        verdicts = output[rule.path]
        ids = [verdict["resource_id"] for verdict in verdicts]
        assert ids, rule.id
        assert len(set(ids)) == len(ids), (rule.id, ids)
        for verdict in verdicts:
            assert verdict["status"] in {status.value for status in Status}
            assert verdict["message"], rule.id
            assert bool(verdict.get("settle")) == (verdict["status"] == "unknown"), (rule.id, verdict)
            for item in verdict["evidence"]:
                assert resolve(record, item["path"]) == item["value"], (rule.id, item["path"])
