"""Counts what images carry: signatures, verified ones, SBOMs, provenance, by registry and by team.

A table for an overview, not a verdict: those are Rego's. Records stream through; kept are counts a registry and a
team, so memory does not grow with images.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal

import msgspec

from auditor.findings.model import SupplyCount, SupplyRow

MAX_TEAMS = 500
OTHER_TEAMS = "(other teams)"
"""Where a team goes that comes after the first `MAX_TEAMS`: labels are what strangers write."""
MAX_NAME = 100
Mark = Literal["yes", "no", "unknown"]
MEASURES = ("signed", "verified", "sbom", "provenance")


class _Fact(msgspec.Struct, frozen=True):
    """A fact of which only the state matters, or a plain value."""

    state: str
    value: Any = None

    @property
    def known(self) -> bool:
        return self.state == "known"


_NOTHING = _Fact("unknown")


class _Signature(msgspec.Struct, frozen=True):
    verification: _Fact


class _Signatures(msgspec.Struct, frozen=True):
    state: str
    value: list[_Signature] = []


class _Attestation(msgspec.Struct, frozen=True):
    kind: str
    content: _Fact
    subject: _Fact
    packages: _Fact = _NOTHING

    @property
    def counts(self) -> bool:
        """Whether it is there, and nothing that was read speaks against it."""
        if self.content.known and self.content.value != "valid":
            return False
        if self.subject.known and self.subject.value is not True:
            return False
        return not (self.kind == "sbom" and self.packages.known and not self.packages.value)


class _Attestations(msgspec.Struct, frozen=True):
    state: str = "unknown"
    value: list[_Attestation] = []


class _Child(msgspec.Struct, frozen=True):
    digest: str
    kind: str


class _Children(msgspec.Struct, frozen=True):
    state: str
    value: list[_Child] = []


class _Config(msgspec.Struct, frozen=True):
    labels: dict[str, str] = {}


class _ConfigFact(msgspec.Struct, frozen=True):
    state: str = "unknown"
    value: _Config = _Config()


class _Image(msgspec.Struct, frozen=True):
    digest: str
    kind: str
    tags: list[str]
    status: str
    children: _Children
    signatures: _Signatures
    attestations: _Attestations = _Attestations()
    config: _ConfigFact = _ConfigFact()


class _Images(msgspec.Struct, frozen=True):
    state: str
    value: list[_Image] = []


class _Tags(msgspec.Struct, frozen=True):
    state: str
    value: dict[str, Any] = {}


class _Repository(msgspec.Struct, frozen=True):
    resource_tags: _Tags


class _Record(msgspec.Struct, frozen=True):
    repository: _Repository
    images: _Images


class _Counts:
    """One row in the making."""

    def __init__(self) -> None:
        self.images = self.unread = 0
        self.marks = {name: {"yes": 0, "no": 0, "unknown": 0} for name in MEASURES}

    def add(self, marks: dict[str, Mark]) -> None:
        self.images += 1
        for name, mark in marks.items():
            self.marks[name][mark] += 1

    def row(self, by: Literal["registry", "team"], name: str) -> SupplyRow:
        counts = {m: SupplyCount(self.marks[m]["yes"], self.marks[m]["unknown"]) for m in MEASURES}
        return SupplyRow(by=by, name=name, images=self.images, unread_repositories=self.unread, **counts)


class SupplyTally:
    """Counts tagged images. `team_tag`: the repository's tag, or else the image's label, that names its team."""

    def __init__(self, team_tag: str = "team") -> None:
        self._team_tag = team_tag
        self._decode = msgspec.json.Decoder(_Record).decode
        self._registries: dict[str, _Counts] = {}
        self._teams: dict[str, _Counts] = {}

    def add(self, record: bytes, registry: str) -> None:
        """Count a repository's record, as it stands in a snapshot. `registry`: its host."""
        try:
            found = self._decode(record)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            # Other records, and documents of somebody else, have other shapes; rules say what is wrong with them.
            return
        images = {image.digest: image for image in found.images.value}
        whole = self._registries.setdefault(registry[:MAX_NAME], _Counts())
        if found.images.state != "known":
            whole.unread += 1
            self._of(self._team(found, [])).unread += 1
            return
        for image in found.images.value:
            if image.kind in ("image", "index") and image.tags and image.status == "active":
                parts = _platforms(image, images)
                marks = _marks(image, parts)
                whole.add(marks)
                self._of(self._team(found, [image, *(part for part in parts or () if part)])).add(marks)

    def rows(self) -> list[SupplyRow]:
        """By registry, then by team; those without a team last."""
        rows = [self._registries[name].row("registry", name) for name in sorted(self._registries)]
        teams = sorted(self._teams, key=lambda name: (name in ("", OTHER_TEAMS), name == "", name))
        return rows + [self._teams[name].row("team", name) for name in teams]

    def _team(self, record: _Record, images: Iterable[_Image]) -> str:
        tag = record.repository.resource_tags.value.get(self._team_tag)
        labels = (image.config.value.labels.get(self._team_tag) for image in images)
        found = tag if isinstance(tag, str) and tag else next((label for label in labels if label), "")
        return " ".join(found.split())[:MAX_NAME]

    def _of(self, team: str) -> _Counts:
        if team and team not in self._teams and len(self._teams) >= MAX_TEAMS:
            team = OTHER_TEAMS
        return self._teams.setdefault(team, _Counts())


def _platforms(image: _Image, images: dict[str, _Image]) -> list[_Image | None] | None:
    """Of an index; None in the list: not among the images. None: it is no index, or names no platform."""
    if image.kind != "index" or image.children.state != "known":
        return None
    return [images.get(child.digest) for child in image.children.value if child.kind == "image"] or None


def _marks(image: _Image, platforms: list[_Image | None] | None) -> dict[str, Mark]:
    signed: Mark = "yes" if image.signatures.value else "no" if image.signatures.state == "known" else "unknown"
    verified: Mark = signed if signed != "yes" else "no"
    for signature in image.signatures.value:
        if signature.verification.known and signature.verification.value == "verified":
            verified = "yes"
            break
        if not signature.verification.known:
            verified = "unknown"
    own = _has(image, "provenance")
    return {
        "signed": signed,
        "verified": verified,
        "sbom": _worst(platforms, "sbom") if platforms else _has(image, "sbom"),
        "provenance": own if own == "yes" or not platforms else _worst(platforms, "provenance"),
    }


def _has(image: _Image, kind: str) -> Mark:
    if image.attestations.state != "known":
        return "unknown"
    return "yes" if any(one.kind == kind and one.counts for one in image.attestations.value) else "no"


def _worst(platforms: list[_Image | None], kind: str) -> Mark:
    marks = {_has(platform, kind) if platform else "unknown" for platform in platforms}
    return "no" if "no" in marks else "unknown" if "unknown" in marks else "yes"
