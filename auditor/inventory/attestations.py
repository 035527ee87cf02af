"""What is said about an image by others than the image: SBOMs, provenance, VEX, results of scans."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact, Reason, Unknown

READ_SETTING = "read_attestations: true"
"""What settles the content of an attestation that was only listed."""

AttestationKind = Literal["sbom", "provenance", "vex", "vulnerability", "other"]
VexStatus = Literal["not_affected", "affected", "fixed", "under_investigation"]


def content_not_requested() -> Unknown:
    """The content of an attestation that is there and that nobody asked to read."""
    return Unknown(Reason.NOT_REQUESTED, READ_SETTING, "read_attestations is off")


class VexStatement(Record, frozen=True):
    """What an author says of one vulnerability in the image that is audited."""

    vulnerability: str
    aliases: list[str]
    status: VexStatus
    justification: str
    """The word of the format (`vulnerable_code_not_present`), or the sentence that stands for it."""
    at: str
    """When it was said, in UTC to the second (`2026-11-24T11:00:00Z`); empty where the document does not say."""
    components: list[str] = []
    """The packages that it is about, as `name` or `name@version`; empty: the image as a whole."""


class Provenance(Record, frozen=True):
    """How an image was built, as its builder says. Empty where it does not say."""

    builder: str
    build_type: str
    source: str
    """The repository of the source, as the builder names it: `git+https://…`."""
    source_digest: str
    """`sha1:…`, the commit."""
    materials: int
    """How many inputs it lists."""


class Attestation(Record, frozen=True):
    """A document attached to an image. Presence says nothing: see `content`, `subject` and `verification`."""

    kind: AttestationKind
    format: str
    """`spdx`, `cyclonedx`, `syft`, `slsa-v0.2`, `slsa-v1`, `openvex`, `cyclonedx-vex`…; empty where it is not known."""
    predicate_type: str
    """Of a statement; empty for a plain document."""
    found_via: Literal["referrers", "tag_scheme", "index_child"]
    digest: str
    """Of the manifest that holds it."""
    blob: str
    """Digest of the document itself."""
    subject: Fact[bool]
    """Whether it is about this image: by its statement's subjects, or for a plain document by its manifest's."""
    content: Fact[Literal["valid", "invalid"]]
    """Whether it could be read as what it claims to be; `detail` says why not."""
    verification: Fact[Literal["verified", "invalid", "untrusted", "expired", "revoked"]]
    """Absent: nobody signed it."""
    detail: str = ""
    """Why, where the states alone do not say it; it may quote what a stranger wrote."""
    signer: str = ""
    packages: Fact[int] = content_not_requested()
    """How many an SBOM lists; absent for what is none."""
    provenance: Fact[Provenance] = content_not_requested()
    """Absent for what is none."""
    statements: list[VexStatement] = []
    """Of a VEX document, those about this image."""


def not_read_here() -> Unknown:
    """Attestations of images in registries of which the auditor reads none."""
    return Unknown(Reason.NOT_REQUESTED, "a registry of kind oci", "attestations are read of kind oci only")
