"""CycloneDX VEX, 1.4 to 1.7, JSON: vulnerabilities with an analysis.

Format: https://cyclonedx.org/docs/1.6/json/#vulnerabilities. `affects[].ref` names a component of the document by its
`bom-ref`, or one of another BOM by a BOM-Link whose part behind `#` is its `bom-ref`. A vulnerability without an
analysis is a finding, not a statement: a file with nothing else is a scan in a form that is not read.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import msgspec

from auditor.inventory.facts import Known
from auditor.scanners.results import MAX_TEXT, UnusableError, aliases_of, identity, moment, several, text
from auditor.scanners.vex import CYCLONEDX_STATES, Component, Product, Statement, component_of, product_of

_VERSIONS = ("1.4", "1.5", "1.6", "1.7")


class _Hash(msgspec.Struct):
    alg: str = ""
    content: str = ""


class _Component(msgspec.Struct):
    ref: str = msgspec.field(name="bom-ref", default="")
    name: str = ""
    version: str = ""
    purl: str = ""
    hashes: list[_Hash] | None = None


class _Named(msgspec.Struct):
    name: str = ""


class _Metadata(msgspec.Struct):
    timestamp: str = ""
    component: _Component | None = None
    authors: list[_Named] | None = None
    supplier: _Named | None = None


class _Analysis(msgspec.Struct):
    state: str = ""
    justification: str = ""
    detail: str = ""
    updated: str = msgspec.field(name="lastUpdated", default="")
    issued: str = msgspec.field(name="firstIssued", default="")


class _Affected(msgspec.Struct):
    ref: str = ""


class _Reference(msgspec.Struct):
    id: str = ""


class _Flaw(msgspec.Struct):
    id: str = ""
    references: list[_Reference] | None = None
    analysis: _Analysis | None = None
    affects: list[_Affected] | None = None


class _Bom(msgspec.Struct):
    version: str = msgspec.field(name="specVersion")
    metadata: _Metadata | None = None
    components: list[_Component] | None = None
    vulnerabilities: list[_Flaw] | None = None


def is_cyclonedx(keys: dict[str, Any]) -> bool:
    """By the fields at the top."""
    return "bomFormat" in keys and "specVersion" in keys


def read_cyclonedx(content: bytes) -> list[Statement]:
    """Every statement on an image. Errors: `UnusableError`, and msgspec's for what does not fit."""
    bom = msgspec.json.decode(content, type=_Bom)
    if bom.version not in _VERSIONS:
        raise UnusableError(f"is CycloneDX {text(bom.version, 20)}, 1.4 to 1.7 are known", field="specVersion")
    flaws = several(bom.vulnerabilities, "vulnerabilities")
    if not any(flaw.analysis for flaw in flaws):
        raise UnusableError(
            "is CycloneDX without any analysis, so no VEX",
            "give a scanner's findings in its own JSON format",
            "vulnerabilities",
        )
    metadata = bom.metadata or _Metadata()
    named = {one.ref: one for one in several(bom.components, "components") if one.ref}
    if metadata.component is not None and metadata.component.ref:
        named[metadata.component.ref] = metadata.component
    return [
        statement
        for n, flaw in enumerate(flaws)
        if flaw.analysis is not None
        for statement in _statements(flaw, flaw.analysis, metadata, named, f"vulnerabilities.{n}")
    ]


def _statements(
    flaw: _Flaw, analysis: _Analysis, metadata: _Metadata, named: dict[str, _Component], where: str
) -> list[Statement]:
    if analysis.state not in CYCLONEDX_STATES:
        raise UnusableError(f"{text(analysis.state, 40)!r} is no state", field=f"{where}.analysis.state")
    name = identity(flaw.id, f"{where}.id")
    made = moment(analysis.updated or analysis.issued or metadata.timestamp, "cyclonedx")
    whole = _product(metadata.component) if metadata.component is not None else None
    on: dict[Product, list[Component | None]] = {}
    for affected in several(flaw.affects, f"{where}.affects"):
        product, component = _resolve(affected.ref, named, whole)
        if product is not None:
            on.setdefault(product, []).append(component)
    return [
        Statement(
            ids=frozenset([name, *aliases_of([one.id for one in flaw.references or []], name)]),
            status=CYCLONEDX_STATES[analysis.state],
            reason=_reason(analysis),
            author=_author(metadata),
            made_at=made.value if isinstance(made, Known) else "",
            products=(product,),
            components=() if None in components else tuple(one for one in components if one is not None),
        )
        for product, components in on.items()
    ]


def _resolve(ref: str, named: dict[str, _Component], whole: Product | None) -> tuple[Product | None, Component | None]:
    """The image that a reference is on, and the package of it where it is on one; (None, None): it is on no image."""
    inner = unquote(ref.rpartition("#")[2]) if ref.startswith("urn:cdx:") else ref
    found = named.get(inner, _Component(ref=inner))
    product = _product(found)
    if product is not None:
        return product, None
    component = component_of(found.purl) or component_of(found.ref)
    if component is None and inner in named and found.name:
        component = Component(text(found.name), text(found.version))
    return (whole, component) if component is not None else (None, None)


def _product(component: _Component) -> Product | None:
    return product_of([component.purl, component.ref], [(h.alg, h.content) for h in component.hashes or []])


def _reason(analysis: _Analysis) -> str:
    words = [analysis.justification.replace("_", " "), analysis.detail]
    return ": ".join(word for word in (text(word) for word in words) if word)[:MAX_TEXT]


def _author(metadata: _Metadata) -> str:
    names = [one.name for one in metadata.authors or []]
    return text(names[0] if names else (metadata.supplier or _Named()).name, 100)
