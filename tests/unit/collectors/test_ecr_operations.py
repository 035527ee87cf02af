"""Every operation that is used is answered in its own shape, every paged one is read to the end, none writes.

moto answers about half of ECR's operations; which ones it lacks is computed, and those the collector uses among them
must be covered by the fake, whose answers are validated against botocore's models.
"""

from __future__ import annotations

import ast
import inspect
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from botocore.exceptions import DataNotFoundError
from moto.ecr.responses import ECRResponse

import auditor.collectors.aws
from auditor import plugins
from auditor.collectors.aws.ecr import EcrCollector
from auditor.config.settings import Config, Settings
from auditor.run.collecting import collect
from tests.support.ecr_answers import ecr_world
from tests.support.fake_aws import FakeAws, fake_aws

SDK = botocore.session.get_session()
ECR = SDK.get_service_model("ecr")


def _in_moto(operation: str) -> bool:
    """Whether moto does anything for it: some operations are there only to say that they are not."""
    method = getattr(ECRResponse, xform_name(operation), None)
    return method is not None and "NotImplementedError" not in inspect.getsource(method)


LACKING = sorted(name for name in ECR.operation_names if not _in_moto(name))
USED = {name.partition(":")[2] for name in EcrCollector.calls if name.startswith("ecr:")}
READS = ("Describe", "Get", "List", "BatchGet", "BatchCheck")
TARGET = {
    "kind": "ecr",
    "regions": "discover",
    "read_replication_status": "always",
    "read_configs": True,
    "scan_details": "always",
    "attempts": 1,
}
SOURCES = sorted(
    path
    for path in Path(inspect.getfile(auditor.collectors.aws)).parent.rglob("*.py")
    # Asked only by `auditor retention simulate --oracle`, which has its own list of calls.
    if path.name != "retention_preview.py"
)


def read(folder: Path, world: FakeAws) -> list[dict[str, Any]]:
    """Everything that a collection wrote."""
    with fake_aws(world):
        collect(Config(Settings(targets=[TARGET])), folder / "snapshot", lambda _what, _count: None)
    parts = sorted((folder / "snapshot" / "parts").iterdir())
    return [json.loads(line) for part in parts for line in part.read_bytes().splitlines()]


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    """Operation -> calls of a collection with everything on, where every list comes one item a page."""
    world = ecr_world(page_size=1)
    read(tmp_path_factory.mktemp("called"), world)
    return dict(world.calls)


# -------------------------------------------------------------------- what moto lacks
def test_moto_lacks_about_half() -> None:
    # Pinned together with moto: fewer would be good news, and a test of the collector against moto to write.
    assert (len(ECR.operation_names), len(LACKING)) == (62, 28)
    assert {"DescribeImageReplicationStatus", "GetDownloadUrlForLayer", "ListImageReferrers"} <= set(LACKING)


@pytest.mark.parametrize("operation", [name for name in LACKING if name in USED])
def test_what_moto_lacks_and_we_use_is_answered_in_its_shape(operation: str, called: dict[str, int]) -> None:
    # The fake validates parameters and answer of every call against the model; a wrong one raises.
    assert called[f"ecr:{operation}"] > 0


@pytest.mark.parametrize("operation", [name for name in LACKING if name not in USED])
def test_what_moto_lacks_and_we_do_not_use_is_never_called(operation: str, called: dict[str, int]) -> None:
    assert f"ecr:{operation}" not in called
    assert operation not in {constant for _, constant, _ in _calls()}


def test_a_collection_calls_what_it_says_and_of_ecr_all_of_it(called: dict[str, int]) -> None:
    # Contents are read on request only, which has its own tests, and not through the SDK.
    said = {_operation(name) for name in EcrCollector.calls if name != "ecr:GetAuthorizationToken"}
    found = {tuple(name.split(":")) for name in called}

    # Of other services only what this registry gives reason to ask.
    assert found <= said
    assert {one for one in found if one[0] == "ecr"} == {one for one in said if one[0] == "ecr"}


# -------------------------------------------------------------------- every collector on AWS
def _collectors() -> list[Any]:
    found = [plugins.collector(name) for name in plugins.names("collectors")]
    return [one for one in found if one.__module__.startswith("auditor.collectors.aws")]


def _operation(name: str) -> tuple[str, str]:
    service, _, operation = name.partition(":")
    return {"tagging": "resourcegroupstaggingapi", "servicequotas": "service-quotas"}.get(service, service), operation


ALL = sorted({_operation(name) for one in _collectors() for name in one.calls if not name.startswith("oci:")})


def _token(service: str, operation: str) -> str:
    """The member that leads to the next page; empty for an operation that is not paged."""
    try:
        rule = SDK.get_paginator_model(service)._paginator_config.get(operation)
    except DataNotFoundError:
        rule = None
    if rule:
        return str(rule["output_token"]) if isinstance(rule["output_token"], str) else str(rule["output_token"][0])
    model = SDK.get_service_model(service).operation_model(operation)
    both = set(model.input_shape.members if model.input_shape else ()) & set(
        model.output_shape.members if model.output_shape else ()
    )
    return next((name for name in ("nextToken", "NextToken", "Marker", "NextMarker", "marker") if name in both), "")


PAGED = [(service, operation) for service, operation in ALL if _token(service, operation)]


@cache
def _pages_itself(name: str) -> bool:
    """Whether every function of this name in the collectors reads pages."""
    found = [
        ast.get_source_segment(text, node) or ""
        for text in (path.read_text("utf-8") for path in SOURCES)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef) and node.name == name
    ]
    return bool(found) and all(".pages(" in source or ".all(" in source for source in found)


@cache
def _calls() -> tuple[tuple[str, str, str], ...]:
    """(function or method called, first text argument, source of the function around) of every call of collectors."""
    return tuple(found for path in SOURCES for found in _calls_in(path.read_text("utf-8")))


def _calls_in(text: str) -> Iterator[tuple[str, str, str]]:
    tree = ast.parse(text)
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    for function in functions:
        around = ast.get_source_segment(text, function) or ""
        for node in ast.walk(function):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            for argument in node.args:
                if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                    yield name, argument.value, around


@pytest.mark.parametrize(("service", "operation"), ALL, ids=lambda value: value)
def test_operations_exist_and_only_read(service: str, operation: str) -> None:
    SDK.get_service_model(service).operation_model(operation)

    assert operation.startswith((*READS, "Assume", "Search", "Lookup", "Select", "Query", "Generate")), operation


@pytest.mark.parametrize(("service", "operation"), PAGED, ids=lambda value: value)
def test_a_paged_operation_is_asked_for_page_by_page(service: str, operation: str) -> None:
    """Through `Caller.pages`, a paginator of the SDK, or in a function that follows the token itself."""
    token = _token(service, operation)
    uses = [use for use in _calls() if use[1] in (operation, xform_name(operation))]

    assert uses, f"{service}:{operation} is announced and not called by its name"
    # Where another service has an operation of the same name, one of the calls must be this one.
    enough = any if len([s for s, known in ALL if known == operation]) > 1 else all
    paged = []
    for name, _, around in uses:
        follows = f'"{token}"' in around or f"'{token}'" in around
        paged.append(name in ("pages", "get_paginator") or follows or _pages_itself(name))
    assert enough(paged), f"{service}:{operation}: only the first page is read"


def test_the_check_on_pages_finds_a_first_page_only() -> None:
    text = 'def f(c):\n    return c.call("DescribeImages")\n'

    assert list(_calls_in(text)) == [("call", "DescribeImages", text.rstrip("\n"))]


# -------------------------------------------------------------------- pages of ECR, really read
def test_small_pages_bring_the_same_as_large_ones(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("auditor.run.clock.now", lambda: "2026-11-24T12:00:00Z")
    one, two, large = (read(tmp_path / str(size), ecr_world(size)) for size in (1, 2, 1000))

    assert one == large
    assert two == large
    assert len([record for record in large if record["entity"] == "repository"]) == 15


@pytest.mark.parametrize("operation", [operation for service, operation in PAGED if service == "ecr"])
def test_every_page_of_ecr_is_asked_for(operation: str, tmp_path: Path, called: dict[str, int]) -> None:
    world = ecr_world(page_size=1000)
    read(tmp_path, world)

    assert called[f"ecr:{operation}"] > world.calls[f"ecr:{operation}"]
