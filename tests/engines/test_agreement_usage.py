"""Both engines agree on what runs, and on what is said of images in use, on the fast path too."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings

from auditor.inventory.facts import Known
from auditor.inventory.model import RepositoryRecord
from auditor.policy.bundle import Bundle, load_bundle
from auditor.policy.catalogue import fast_rules, resolve_params, selection_document
from auditor.policy.engines.embedded import EmbeddedEngine
from auditor.policy.engines.opa import OpaEngine
from tests.support.strategies import registry_records
from tests.support.strategies_usage import used_repositories, workload_records, workloads_context

BUNDLE: Bundle = load_bundle()
IN_USE = {
    rule.id: {"scope": "in_use"} for rule in BUNDLE.rules if "in_use" in rule.params.get("scope", {}).get("enum", [])
}
QUICK = settings(max_examples=60, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))


def data(overrides: dict[str, Any]) -> dict[str, Any]:
    return {
        **BUNDLE.data,
        "params": resolve_params(BUNDLE.rules, overrides),
        "selection": selection_document(BUNDLE.rules),
    }


@pytest.fixture(scope="module", params=[{}, IN_USE], ids=["default", "scope-in-use"])
def engines(request: pytest.FixtureRequest) -> Iterator[tuple[EmbeddedEngine, OpaEngine]]:
    with EmbeddedEngine() as embedded, OpaEngine() as opa:
        embedded.load(BUNDLE.modules, data(request.param), tested=fast_rules(BUNDLE.rules))
        opa.load(BUNDLE.modules, data(request.param))
        yield embedded, opa


def both(engines: tuple[EmbeddedEngine, OpaEngine], context: Any, record: Any) -> dict[str, list[dict[str, Any]]]:
    """The verdicts, which are the same on both engines."""
    outputs = [
        [
            msgspec.json.decode(output)
            for output in engine.judge(msgspec.json.encode(context), [msgspec.json.encode(record)])
        ]
        for engine in engines
    ]
    assert outputs[0] == outputs[1]
    verdicts: dict[str, list[dict[str, Any]]] = outputs[0][0]
    return verdicts


def in_use(repository: RepositoryRecord) -> set[str]:
    """The digests that uses name, the platforms of an index among them, and the indexes of those."""
    fact, images = repository.derived.usage, repository.images
    named = {use.digest for use in fact.value.uses} - {""} if isinstance(fact, Known) else set()
    children = {
        image.digest: {child.digest for child in image.children.value} if isinstance(image.children, Known) else set()
        for image in (images.value if isinstance(images, Known) else [])
    }
    platforms = {child for index in named for child in children.get(index, ())}
    return named | platforms | {index for index, held in children.items() if held & named}


def test_there_is_a_rule_with_that_scope() -> None:
    assert "REG-SIG-001" in IN_USE


@pytest.mark.slow
@QUICK
@given(record=workload_records())
def test_engines_agree_on_workloads(engines: Any, record: Any) -> None:
    verdicts = both(engines, workloads_context(), record)["usage/images_exist"]

    assert [verdict["resource_id"] for verdict in verdicts] == [record.id]
    assert bool(verdicts[0].get("settle")) == (verdicts[0]["status"] == "unknown")


@pytest.mark.slow
@QUICK
@given(registry=registry_records(), repository=used_repositories())
def test_engines_agree_on_images_in_use(engines: Any, registry: Any, repository: Any) -> None:
    output = both(engines, registry, repository)

    used = in_use(repository)
    for rule in BUNDLE.rules:
        if "repository" in rule.inputs and rule.entity == "image":
            for verdict in output[rule.path]:
                digest = verdict["resource_id"].rpartition("@")[2]
                assert verdict.get("in_use", False) is (digest in used) or "in_use" not in verdict, rule.id
    assert len(output["usage/nothing_unused"]) == 1
