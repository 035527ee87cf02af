"""OpenVEX documents, 0.0.x and 0.2.0.

Format: https://github.com/openvex/spec (OPENVEX-SPEC.md). Time and author go down from the document to its
statements. In 0.0.x a vulnerability and a product are bare texts, since 0.2.0 objects with `@id`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, get_args

import msgspec

from auditor.inventory.attestations import VexStatus
from auditor.inventory.facts import Known
from auditor.scanners.results import MAX_TEXT, UnusableError, aliases_of, identity, moment, several, text
from auditor.scanners.vex import Component, Product, Statement, component_of, product_of

_MAX_PRODUCTS = 10_000
_CONTEXT = "https://openvex.dev/ns"
_VERSIONS = ("", "/v0.0.1", "/v0.0.2", "/v0.2.0")
_STATES: dict[str, VexStatus] = {status: status for status in get_args(VexStatus)}


class _Vulnerability(msgspec.Struct):
    id: str = msgspec.field(name="@id", default="")
    name: str = ""
    aliases: list[str] | None = None


class _Thing(msgspec.Struct):
    """A product or a component."""

    id: str = msgspec.field(name="@id", default="")
    identifiers: dict[str, str] | None = None
    hashes: dict[str, str] | None = None
    subcomponents: list[_Thing | str] | None = None


class _Statement(msgspec.Struct):
    vulnerability: _Vulnerability | str
    status: str
    products: list[_Thing | str] | None = None
    subcomponents: list[str] | None = None
    timestamp: str = ""
    last_updated: str = ""
    justification: str = ""
    impact_statement: str = ""
    status_notes: str = ""


class _Document(msgspec.Struct):
    context: str = msgspec.field(name="@context")
    author: str = ""
    timestamp: str = ""
    statements: list[_Statement] | None = None


def is_openvex(keys: dict[str, Any]) -> bool:
    """By the context, whose form alone tells."""
    return "@context" in keys and "statements" in keys


def read_openvex(content: bytes) -> list[Statement]:
    """Every statement on an image, one for each product. Errors: `UnusableError`, and msgspec's."""
    document = msgspec.json.decode(content, type=_Document)
    version = document.context.removeprefix(_CONTEXT)
    if version == document.context or version not in _VERSIONS:
        raise UnusableError(
            f"has the context {text(document.context, 60)!r}, OpenVEX to 0.2.0 is known", field="@context"
        )
    found = []
    for n, statement in enumerate(several(document.statements, "statements")):
        found += _statements(statement, document, f"statements.{n}")
    return found


def _statements(statement: _Statement, document: _Document, where: str) -> list[Statement]:
    if statement.status not in _STATES:
        raise UnusableError(f"{text(statement.status, 40)!r} is no status", field=f"{where}.status")
    products = statement.products or []
    if len(products) > _MAX_PRODUCTS:
        raise UnusableError(f"names {len(products):,} products, more than {_MAX_PRODUCTS:,}", field=f"{where}.products")
    flaw = statement.vulnerability
    named = _Vulnerability(name=flaw) if isinstance(flaw, str) else flaw
    name = identity(named.name or named.id, f"{where}.vulnerability")
    made = moment(statement.last_updated or statement.timestamp or document.timestamp, "openvex")
    common = Statement(
        ids=frozenset([name, *aliases_of(named.aliases or [], name)]),
        status=_STATES[statement.status],
        reason=_reason(statement),
        author=text(document.author, 100),
        made_at=made.value if isinstance(made, Known) else "",
        products=(),
    )
    whole: list[_Thing | str] = list(statement.subcomponents or [])
    found = []
    for given in products:
        thing = _Thing(id=given) if isinstance(given, str) else given
        product = _product(thing)
        inner = whole + (thing.subcomponents or [])
        components = [_component(one) for one in inner]
        # A component that cannot be read would make the statement wider than it is meant.
        if product is not None and None not in components:
            known = tuple(one for one in components if one is not None)
            found.append(replace(common, products=(product,), components=known))
    return found


def _reason(statement: _Statement) -> str:
    words = [statement.justification.replace("_", " "), statement.impact_statement]
    if statement.status == "fixed":
        words = [statement.status_notes]
    return ": ".join(word for word in (text(word) for word in words) if word)[:MAX_TEXT]


def _product(thing: _Thing) -> Product | None:
    return product_of([thing.id, *(thing.identifiers or {}).values()], (thing.hashes or {}).items())


def _component(given: _Thing | str) -> Component | None:
    thing = _Thing(id=given) if isinstance(given, str) else given
    return next((c for c in map(component_of, [thing.id, *(thing.identifiers or {}).values()]) if c), None)
