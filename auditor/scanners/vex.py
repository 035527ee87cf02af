"""VEX statements: somebody says that a vulnerability does not apply to an image, and why.

A statement counts because the user named its file in the configuration; who wrote the file is shown, not verified.
It hides a finding only with a reason, only for images that it names, and only while nothing later says otherwise.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import unquote

from auditor.inventory.attestations import VexStatus
from auditor.inventory.scanning import Vulnerability
from auditor.scanners.results import DIGEST, digests_in, text

CYCLONEDX_STATES: dict[str, VexStatus] = {
    "not_affected": "not_affected",
    "false_positive": "not_affected",
    "resolved": "fixed",
    "resolved_with_pedigree": "fixed",
    "exploitable": "affected",
    "in_triage": "under_investigation",
}
"""What the states of a CycloneDX analysis mean."""

_PURL = re.compile(r"pkg:([a-z0-9.+-]+)/([^?#]+)(?:\?([^#]*))?(?:#.*)?")
_HASHES = {"sha256", "sha-256"}


@dataclass(frozen=True)
class Product:
    """What a statement is on: images by digest, or a repository as `host/path` where no digest is given."""

    digests: frozenset[str] = frozenset()
    repository: str = ""

    def covers(self, digests: Iterable[str], repository: str) -> bool:
        """Whether an image with these digests (its own, its index's, its config's) in `host/path` is meant."""
        if self.digests:
            return not self.digests.isdisjoint(digests)
        return self.repository != "" and self.repository == repository


@dataclass(frozen=True)
class Component:
    """A package in an image; without a version any."""

    name: str
    version: str = ""


@dataclass(frozen=True)
class Statement:
    """One statement. `ids`: the vulnerability and its other names. Without `components` it is on the whole image."""

    ids: frozenset[str]
    status: VexStatus
    reason: str
    """Why; a statement without one hides nothing."""
    author: str
    made_at: str
    """RFC 3339 UTC; empty where it is not told."""
    products: tuple[Product, ...]
    components: tuple[Component, ...] = ()

    @property
    def hides(self) -> bool:
        """Whether it says that there is nothing to worry about, and why."""
        return self.status in ("not_affected", "fixed") and self.reason != ""

    def is_on(self, vulnerability: Vulnerability) -> bool:
        """Whether it is on this vulnerability, in every package that has it."""
        if self.ids.isdisjoint({vulnerability.id, *vulnerability.aliases}):
            return False
        return not self.components or all(
            any(c.name == p.name and c.version in ("", p.version) for c in self.components)
            for p in vulnerability.packages
        )

    def touches(self, vulnerability: Vulnerability) -> bool:
        """Whether it is on this vulnerability in any package: enough to take an earlier statement back."""
        if self.ids.isdisjoint({vulnerability.id, *vulnerability.aliases}):
            return False
        named = {package.name for package in vulnerability.packages}
        return not self.components or any(component.name in named for component in self.components)


def product_of(identifiers: Iterable[str], hashes: Iterable[tuple[str, str]] = ()) -> Product | None:
    """An image by its identifiers: purls of the type oci or docker, or `host/path@sha256:…`. None: it is no image."""
    digests = {f"sha256:{value.lower()}" for name, value in hashes if name.lower() in _HASHES}
    repository = ""
    for identifier in identifiers:
        parsed = _PURL.fullmatch(identifier)
        if parsed is None:
            digests.update(digests_in([identifier]))
            continue
        kind, path, qualifiers = parsed.groups()
        if kind not in ("oci", "docker"):
            continue
        _, _, version = unquote(path).partition("@")
        options = dict(part.partition("=")[::2] for part in (qualifiers or "").split("&"))
        if DIGEST.fullmatch(version):
            digests.add(version)
        elif not version:
            repository = unquote(options.get("repository_url", ""))
    digests = {digest for digest in digests if DIGEST.fullmatch(digest)}
    return Product(frozenset(digests), repository) if digests or repository else None


def component_of(identifier: str) -> Component | None:
    """A package by its purl, under the name that scanners give it; None for what is no purl of a package."""
    parsed = _PURL.fullmatch(identifier)
    if parsed is None or parsed.group(1) in ("oci", "docker"):
        return None
    kind, path, _ = parsed.groups()
    name, _, version = unquote(path).partition("@") if not path.startswith("%40") else _scoped(path)
    if kind in ("apk", "deb", "rpm"):
        name = name.rpartition("/")[2]
    elif kind == "maven":
        name = name.replace("/", ":")
    return Component(text(name), text(version)) if name else None


def _scoped(path: str) -> tuple[str, str, str]:
    """An npm scope starts with an encoded `@`, which is no separator."""
    name, mark, version = path.partition("@")
    return unquote(name), mark, unquote(version)


def applying(statements: Iterable[Statement], vulnerability: Vulnerability) -> Statement | None:
    """The statement that hides a vulnerability; None where none does.

    Of statements on the same vulnerability the latest stands; at the same time, or where one has none, the one that
    hides least. Order does not matter.
    """
    on = [s for s in statements if (s.is_on(vulnerability) if s.hides else s.touches(vulnerability))]
    against = [s for s in on if not s.hides and s.status in ("affected", "under_investigation")]
    held = [s for s in on if s.hides and all(_before(other, s) for other in against)]
    return max(held, key=lambda s: (s.made_at, s.author, s.reason, s.status), default=None)


def _before(one: Statement, other: Statement) -> bool:
    return bool(one.made_at and other.made_at) and one.made_at < other.made_at
