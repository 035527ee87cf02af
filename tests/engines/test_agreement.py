"""Both engines, and both paths of the embedded one, give the same verdicts on the same inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from auditor.findings.model import Status
from auditor.policy.bundle import Bundle, load_bundle
from auditor.policy.catalogue import fast_rules, resolve_params, selection_document
from auditor.policy.engines.embedded import EmbeddedEngine
from auditor.policy.engines.opa import OpaEngine
from auditor.policy.testing import run_tests
from auditor.run.judging import EvaluateOptions, evaluate
from tests.support.strategies import registry_records, repository_records
from tests.support.strategies_scanning import FEEDS

SEED = Path(__file__).parents[2] / "fixtures" / "seed" / "snapshot"
BUNDLE: Bundle = load_bundle()
DATA: dict[str, Any] = {
    **BUNDLE.data,
    "params": resolve_params(BUNDLE.rules, {}),
    "selection": selection_document(BUNDLE.rules),
    "feeds": FEEDS,
}


@pytest.fixture(scope="module")
def opa() -> Iterator[OpaEngine]:
    with OpaEngine() as engine:
        engine.load(BUNDLE.modules, DATA)
        yield engine


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedEngine]:
    """On the fast path; every generated input is the first of its context, and so checked by the interpreter."""
    with EmbeddedEngine() as engine:
        engine.load(BUNDLE.modules, DATA, tested=fast_rules(BUNDLE.rules))
        yield engine


@pytest.mark.slow
@settings(max_examples=300, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(registry=registry_records(), repository=repository_records())
def test_engines_agree_on_generated_inventories(
    opa: OpaEngine, embedded: EmbeddedEngine, registry: Any, repository: Any
) -> None:
    context = msgspec.json.encode(registry)
    inputs = [context, msgspec.json.encode(repository)]

    ours = [msgspec.json.decode(output) for output in embedded.judge(context, inputs)]
    reference = [msgspec.json.decode(output) for output in opa.judge(context, inputs)]

    assert ours == reference
    _assert_sound(ours[1], repository)


def _assert_sound(output: dict[str, list[dict[str, Any]]], repository: Any) -> None:
    """Each resource in a rule's scope has exactly one verdict, and each piece of evidence is what it points to."""
    record = msgspec.to_builtins(repository)
    judged = {i["digest"] for i in (record["images"].get("value") or []) if i["kind"] in ("image", "index")}
    for rule in BUNDLE.rules:
        if "repository" not in rule.inputs:
            continue
        verdicts = output[rule.path]
        ids = [verdict["resource_id"] for verdict in verdicts]
        whole = [record["id"]]
        expected = sorted(f"{record['id']}@{digest}" for digest in judged)
        assert sorted(ids) in ([whole, expected] if rule.entity == "image" else [whole]), rule.id
        for verdict in verdicts:
            assert verdict["status"] in {status.value for status in Status}
            assert bool(verdict.get("settle")) == (verdict["status"] == "unknown"), rule.id
            for item in verdict.get("evidence", []):
                if not item["path"].startswith("/context/"):
                    assert resolve(record, item["path"]) == item["value"], (rule.id, item["path"])


def resolve(document: Any, pointer: str) -> Any:
    """RFC 6901."""
    for part in pointer.split("/")[1:]:
        key = part.replace("~1", "/").replace("~0", "~")
        document = document[int(key)] if isinstance(document, list) else document[key]
    return document


def test_engines_give_byte_identical_findings_on_the_seed(tmp_path: Path) -> None:
    contents = []
    for name in ("embedded", "opa"):
        out = tmp_path / f"{name}.json"
        evaluate(SEED, out, EvaluateOptions(engine=name))
        contents.append(out.read_bytes().partition(b'"findings":')[2])

    assert contents[0] == contents[1]
    assert len(contents[0]) > 1000


@pytest.mark.parametrize("name", ["embedded", "opa"])
def test_every_rule_test_passes_on_each_engine(name: str) -> None:
    with EmbeddedEngine() if name == "embedded" else OpaEngine() as engine:
        results = list(run_tests(BUNDLE, engine, set(BUNDLE.tests)))

    assert [result for result in results if not result.passed] == []
    assert len(results) > 250
