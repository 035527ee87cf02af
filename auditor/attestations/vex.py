"""VEX: what an author says of vulnerabilities in this image. OpenVEX here, CycloneDX's through `cyclonedx`.

Source: OpenVEX 0.2.0 (and 0.0.1, with plain texts in place of objects), the product tree by purl and hashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, get_args
from urllib.parse import unquote

from auditor.attestations.outcome import UnreadableError, text_of
from auditor.inventory.attestations import VexStatement, VexStatus

MAX_STATEMENTS = 10_000
NAMESPACE = "https://openvex.dev/ns"
_STATUSES = frozenset(get_args(VexStatus))


def read_openvex(document: Any, digest: str) -> tuple[list[VexStatement], str]:
    """Statements of an OpenVEX document about the image `digest`, and what was left out. Errors: `UnreadableError`."""
    if not isinstance(document, dict) or not text_of(document.get("@context")).startswith(NAMESPACE):
        raise UnreadableError("it is no OpenVEX document")
    entries = document.get("statements")
    if not isinstance(entries, list) or not 0 < len(entries) <= MAX_STATEMENTS:
        raise UnreadableError("the VEX document has no usable list of statements")
    found: list[VexStatement] = []
    elsewhere = unusable = 0
    for entry in entries:
        if not isinstance(entry, dict):
            raise UnreadableError("a VEX statement is no object")
        about, components = _about(entry.get("products"), digest)
        statement = _statement(entry, text_of(document.get("timestamp")), components)
        if statement is None:
            unusable += 1
        elif not about:
            elsewhere += 1
        else:
            found.append(statement)
    return found, left_out(elsewhere, unusable)


def left_out(elsewhere: int, unusable: int) -> str:
    """What of a document was not taken, as a part of a sentence; empty for nothing."""
    parts = [
        f"{elsewhere} of its statements {'is' if elsewhere == 1 else 'are'} about other products" if elsewhere else "",
        f"{unusable} of its statements {'lacks' if unusable == 1 else 'lack'} vulnerability, status or justification"
        if unusable
        else "",
    ]
    return "; ".join(part for part in parts if part)


def utc(moment: str) -> str:
    """A time in UTC to the second, so that texts compare; empty where it is none, or has no zone.

    >>> utc("2026-01-01T01:00:00+01:00")
    '2026-01-01T00:00:00Z'
    """
    try:
        parsed = datetime.fromisoformat(moment)
        return parsed.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if parsed.tzinfo else ""
    except (ValueError, OverflowError):
        return ""


def component_name(purl: str) -> str:
    """`name@version` of a package URL, as scanners name packages; empty where it is none."""
    from packageurl import PackageURL

    try:
        parsed = PackageURL.from_string(purl)
    except ValueError:
        return ""
    return f"{parsed.name}@{parsed.version}" if parsed.version else parsed.name


def _statement(entry: dict[str, Any], document_time: str, components: list[str]) -> VexStatement | None:
    named = entry.get("vulnerability")
    name = text_of(named.get("name") or named.get("@id") if isinstance(named, dict) else named, 100)
    aliases = named.get("aliases") if isinstance(named, dict) else []
    status: Any = entry.get("status")
    why = text_of(entry.get("justification")) or text_of(entry.get("impact_statement"))
    if not name or status not in _STATUSES or (status == "not_affected" and not why):
        return None
    return VexStatement(
        vulnerability=name.rpartition("/")[2],
        aliases=sorted({text_of(alias, 100) for alias in aliases if text_of(alias)})
        if isinstance(aliases, list)
        else [],
        status=status,
        justification=why,
        at=utc(text_of(entry.get("last_updated")) or text_of(entry.get("timestamp")) or document_time),
        components=components,
    )


def _about(products: Any, digest: str) -> tuple[bool, list[str]]:
    """Whether a statement is about the image, and which packages of it; without products it is about the subject."""
    if products is None or products == []:
        return True, []
    components: set[str] = set()
    found = whole = False
    for product in products if isinstance(products, list) else []:
        if digest not in set(_digests(product)):
            continue
        found = True
        parts = product.get("subcomponents") if isinstance(product, dict) else None
        if not parts:
            whole = True
        for part in parts if isinstance(parts, list) else []:
            # A package that cannot be named must not widen the statement to the whole image.
            components.add(_component(part) or "?")
    return found, [] if whole else sorted(components)


def _component(part: Any) -> str:
    if isinstance(part, str):
        return component_name(part)
    if not isinstance(part, dict):
        return ""
    identifiers = part.get("identifiers")
    purl = text_of(identifiers.get("purl")) if isinstance(identifiers, dict) else ""
    return component_name(purl or text_of(part.get("@id")))


def _digests(product: Any) -> Iterator[str]:
    """The digests by which a product is named: in its purl or reference, or as its hash."""
    names: list[Any] = [product] if isinstance(product, str) else []
    if isinstance(product, dict):
        identifiers = product.get("identifiers")
        names = [product.get("@id"), *(identifiers.values() if isinstance(identifiers, dict) else ())]
        hashes = product.get("hashes")
        if isinstance(hashes, dict) and isinstance(hashes.get("sha-256"), str):
            yield f"sha256:{hashes['sha-256'].lower()}"
    for name in names:
        if isinstance(name, str) and "@" in name:
            yield unquote(name.rpartition("@")[2].partition("?")[0].partition("#")[0])
