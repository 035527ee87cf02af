"""CycloneDX documents, JSON (1.2 to 1.7) and XML (1.0 to 1.7): packages and VEX, by cyclonedx-python-lib.

The library is given what counts: components with type, name and version, and analysed vulnerabilities.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditor.attestations.outcome import UnreadableError, UnsupportedError, text_of
from auditor.attestations.vex import MAX_STATEMENTS, component_name, left_out, utc
from auditor.inventory.attestations import VexStatement
from auditor.scanners.vex import CYCLONEDX_STATES

MAX_COMPONENTS = 10_000
"""The library takes half a millisecond for each."""
MAX_XML_BYTES = 8 * 1024 * 1024
JSON_VERSIONS = ("1.2", "1.3", "1.4", "1.5", "1.6", "1.7")
_NO_PACKAGES = frozenset({"file", "container"})
_COMPONENT = ("type", "name", "version", "bom-ref")


def read_cyclonedx(document: dict[str, Any]) -> tuple[int, list[VexStatement], str]:
    """(packages, statements of VEX, what was left out). Errors: `UnreadableError`, `UnsupportedError`."""
    if document.get("bomFormat") != "CycloneDX":
        raise UnreadableError("it is no CycloneDX document")
    version = text_of(document.get("specVersion"), 20)
    if version not in JSON_VERSIONS:
        raise UnsupportedError(f"CycloneDX {version or 'without version'} is not read")
    budget = [MAX_COMPONENTS]
    plain: dict[str, Any] = {"bomFormat": "CycloneDX", "specVersion": version}
    plain["components"] = _components(document.get("components", []), budget)
    plain["vulnerabilities"] = _vulnerabilities(document.get("vulnerabilities", []))
    metadata = document.get("metadata")
    if isinstance(metadata, dict):
        root = metadata.get("component")
        plain["metadata"] = {key: metadata[key] for key in ("timestamp",) if key in metadata}
        if isinstance(root, dict):
            plain["metadata"]["component"] = _plain(root)
    from cyclonedx.model.bom import Bom

    try:
        bom: Any = Bom.from_json(plain)  # type: ignore[attr-defined]  # made by a decorator
    except Exception as error:  # noqa: BLE001  the library lets whatever goes wrong inside through
        raise UnreadableError(f"it is no CycloneDX document: {' '.join(str(error).split())[:200]}") from None
    names = {c["bom-ref"]: _shown(c) for c in _all(plain["components"]) if isinstance(c.get("bom-ref"), str)}
    statements, note = _statements(bom, names)
    return sum(1 for c in _all(plain["components"]) if c.get("type") not in _NO_PACKAGES), statements, note


def count_xml(content: bytes) -> int:
    """Packages of a document in XML. Errors: `UnreadableError`, `UnsupportedError`."""
    if len(content) > MAX_XML_BYTES:
        raise UnsupportedError(f"XML documents of more than {MAX_XML_BYTES // 2**20} MiB are not read")
    from defusedxml import DefusedXmlException  # type: ignore[import-untyped]
    from defusedxml.ElementTree import ParseError, fromstring  # type: ignore[import-untyped]

    try:
        root = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise UnreadableError(f"it is no XML that is read: {str(error)[:200]}") from None
    space = root.tag.partition("}")[0]
    if not space.startswith("{http://cyclonedx.org/schema/bom/1.") or not root.tag.endswith("}bom"):
        raise UnreadableError("it is no CycloneDX document")
    if sum(1 for _ in root.iter(f"{space}}}component")) > MAX_COMPONENTS:
        raise UnsupportedError(f"it lists more than {MAX_COMPONENTS} components")
    for child in list(root):
        if child.tag != f"{space}}}components":
            root.remove(child)
    from cyclonedx.model.bom import Bom

    try:
        bom: Any = Bom.from_xml(root)  # type: ignore[attr-defined]  # made by a decorator
        found = sum(1 for component in _nested(bom.components) if component.type.value not in _NO_PACKAGES)
    except Exception as error:  # noqa: BLE001  as above, RecursionError too
        raise UnreadableError(f"it is no CycloneDX document: {' '.join(str(error).split())[:200]}") from None
    return found


def _components(value: Any, budget: list[int]) -> list[dict[str, Any]]:
    """Components with what counts, nested ones too."""
    if not isinstance(value, list):
        raise UnreadableError("the CycloneDX document has no list of components")
    found = []
    for component in value:
        if not isinstance(component, dict):
            raise UnreadableError("a component is no object")
        budget[0] -= 1
        if budget[0] < 0:
            raise UnsupportedError(f"it lists more than {MAX_COMPONENTS} components")
        plain = _plain(component)
        if component.get("components"):
            plain["components"] = _components(component["components"], budget)
        found.append(plain)
    return found


def _plain(component: dict[str, Any]) -> dict[str, Any]:
    return {key: component[key] for key in _COMPONENT if key in component}


def _all(components: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    for component in components:
        yield component
        yield from _all(component.get("components", []))


def _nested(components: Any) -> Iterator[Any]:
    for component in components:
        yield component
        yield from _nested(component.components)


def _shown(component: dict[str, Any]) -> str:
    name, version = text_of(component.get("name"), 200), text_of(component.get("version"), 100)
    return f"{name}@{version}" if version else name


def _vulnerabilities(value: Any) -> list[dict[str, Any]]:
    """Those that somebody analysed, with what is needed of them."""
    if not isinstance(value, list) or len(value) > MAX_STATEMENTS:
        raise UnreadableError("the CycloneDX document has no usable list of vulnerabilities")
    found = []
    for entry in value:
        analysis = entry.get("analysis") if isinstance(entry, dict) else None
        if isinstance(analysis, dict) and "state" in analysis:
            affects = entry.get("affects")
            refs = (
                [{"ref": one.get("ref")} for one in affects if isinstance(one, dict)]
                if isinstance(affects, list)
                else []
            )
            kept = ("state", "justification", "detail", "lastUpdated")
            plain = {"analysis": {key: analysis[key] for key in kept if key in analysis}, "affects": refs}
            found.append({"id": entry.get("id"), **plain})
    return found


def _statements(bom: Any, names: dict[str, str]) -> tuple[list[VexStatement], str]:
    root = bom.metadata.component
    own = str(root.bom_ref.value) if root is not None and root.bom_ref.value else None
    made = bom.metadata.timestamp.isoformat() if bom.metadata.timestamp else ""
    found: list[VexStatement] = []
    unusable = 0
    for entry in bom.vulnerabilities:
        analysis = entry.analysis
        why = analysis.justification.value if analysis.justification else text_of(analysis.detail)
        status = CYCLONEDX_STATES[analysis.state.value]
        if not entry.id or (status == "not_affected" and not why):
            unusable += 1
            continue
        refs = [str(target.ref) for target in entry.affects]
        whole = not refs or (own is not None and own in refs)
        parts = set() if whole else {names.get(ref) or component_name(ref) or "?" for ref in refs}
        moment = analysis.last_updated.isoformat() if analysis.last_updated else made
        found.append(VexStatement(text_of(entry.id, 100), [], status, why, utc(moment), sorted(parts)))
    return sorted(found, key=lambda one: (one.vulnerability, one.components, one.at, one.status)), left_out(0, unusable)
