"""Every `pages(...)` in a collector on AWS names the right key and token, and brings the items of every page.

The calls are found in the source, so that those of collectors to come are covered too.
"""

from __future__ import annotations

import ast
import inspect
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest

import auditor.collectors.aws
from auditor import plugins
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.pace import Pace
from auditor.inventory.recorder import Recorder
from tests.support.fake_aws import FakeAws

SDK = botocore.session.get_session()
SOURCES = sorted(Path(inspect.getfile(auditor.collectors.aws)).parent.rglob("*.py"))
ITEMS = 5
PREFIXES = {"tagging": "resourcegroupstaggingapi", "servicequotas": "service-quotas"}


def _services(operation: str) -> set[str]:
    """The services for which some collector announces an operation of this name."""
    found = set()
    for name in plugins.names("collectors"):
        for call in plugins.collector(name).calls:
            service, _, known = call.partition(":")
            if known == operation:
                found.add(PREFIXES.get(service, service))
    return found


def _meant(operation: str, key: str) -> set[str]:
    """Of services with an operation of the same name, those whose answer has the key; all where none has."""
    services = {s for s in _services(operation) if s in SDK.get_available_services()}
    holding = {s for s in services if key in SDK.get_service_model(s).operation_model(operation).output_shape.members}
    return holding or services


def _texts(node: ast.Call) -> list[str]:
    return [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]


def _uses(text: str) -> Iterator[tuple[str, str, str]]:
    """(operation, key, token) of every call of `pages` with its texts written out."""
    for node in ast.walk(ast.parse(text)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "pages"):
            continue
        texts = _texts(node)
        if len(texts) > 1:
            named = [k.value.value for k in node.keywords if k.arg == "token" and isinstance(k.value, ast.Constant)]
            yield texts[0], texts[1], str([*texts[2:3], *named, "nextToken"][0])


USES = sorted(
    {(service, *use) for path in SOURCES for use in _uses(path.read_text("utf-8")) for service in _meant(*use[:2])}
)


def sample(shape: Any, depth: int = 0) -> Any:
    """The smallest value that a shape takes."""
    if shape.type_name == "structure":
        if depth > 6:
            return {}
        if getattr(shape, "is_tagged_union", False):
            name = min(shape.members)
            return {name: sample(shape.members[name], depth + 1)}
        return {name: sample(shape.members[name], depth + 1) for name in shape.required_members}
    if shape.type_name == "list":
        return [sample(shape.member, depth + 1)] * int(shape.metadata.get("min", 0))
    if shape.type_name == "map":
        return {}
    if shape.type_name == "string":
        return shape.enum[0] if shape.enum else "x" * max(1, int(shape.metadata.get("min", 1)))
    if shape.type_name == "timestamp":
        return "2026-11-24T00:00:00Z"
    return {"boolean": False, "blob": b"", "float": 1.0, "double": 1.0}.get(shape.type_name, 1)


def test_there_are_pages_to_check() -> None:
    assert len(USES) >= 6
    assert ("ecr", "DescribeImages", "imageDetails", "nextToken") in USES
    assert ("resourcegroupstaggingapi", "GetResources", "ResourceTagMappingList", "PaginationToken") in USES


@pytest.mark.parametrize(("service", "operation", "key", "token"), USES, ids=lambda value: value)
@pytest.mark.parametrize("size", [1, 2])
def test_the_items_of_every_page_come(service: str, operation: str, key: str, token: str, size: int) -> None:
    model = SDK.get_service_model(service).operation_model(operation)
    assert key in model.output_shape.members, f"no {key} in the answer of {operation}"
    assert token in model.output_shape.members
    assert token in model.input_shape.members, f"{operation} takes its token under another name"
    item = sample(model.output_shape.members[key].member)
    sizes: list[int] = []

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        start = int(params.get(token) or 0)
        whole = {name: sample(model.output_shape.members[name]) for name in model.output_shape.required_members}
        page = {**whole, key: [item] * min(size, ITEMS - start), token: str(start + size)}
        if start + size >= ITEMS:
            page.pop(token)
        sizes.append(len(page[key]))
        return page

    world = FakeAws(page_size=1000)
    world[f"{service}:{operation}"] = answer
    client = world.attach(boto3.Session(region_name="eu-west-1").client(service, region_name="eu-west-1"))
    caller = Caller(client, service, Pace(threading.Semaphore(1), {}, 60), Recorder())

    found = list(caller.pages(operation, key, token, **sample(model.input_shape)))

    assert len(found) == ITEMS
    assert sum(sizes) == ITEMS
    assert len(sizes) == -(-ITEMS // size)
