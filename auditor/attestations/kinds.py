"""What predicate types and media types mean.

Source: in-toto attestation predicates (slsa.dev, spdx.dev, cyclonedx.org, openvex.dev), cosign's own types.
"""

from __future__ import annotations

import re

from auditor.inventory.attestations import AttestationKind

SIGN_PREDICATE = "https://sigstore.dev/cosign/sign/v1"
"""Not an attestation: the statement by which cosign signs an image."""

_EXACT: dict[str, tuple[AttestationKind, str]] = {
    "https://slsa.dev/provenance/v0.1": ("provenance", "slsa-v0.1"),
    "https://slsa.dev/provenance/v0.2": ("provenance", "slsa-v0.2"),
    "https://slsa.dev/provenance/v1": ("provenance", "slsa-v1"),
    "https://slsa.dev/verification_summary/v1": ("other", "vsa"),
    "https://cosign.sigstore.dev/attestation/vuln/v1": ("vulnerability", "cosign-vuln"),
    "https://in-toto.io/attestation/vulns/v0.1": ("vulnerability", "in-toto-vulns"),
    "https://in-toto.io/attestation/vulns/v0.2": ("vulnerability", "in-toto-vulns"),
    "https://syft.dev/bom": ("sbom", "syft"),
    "https://cyclonedx.org/vex": ("vex", "cyclonedx"),
}
_FAMILIES: tuple[tuple[re.Pattern[str], AttestationKind, str], ...] = (
    (re.compile(r"https://spdx\.dev/Document(/v[\d.]+)?"), "sbom", "spdx"),
    (re.compile(r"https://cyclonedx\.org/bom(/v[\d.]+)?"), "sbom", "cyclonedx"),
    (re.compile(r"https://openvex\.dev/ns(/v[\d.]+)?"), "vex", "openvex"),
    (re.compile(r"(application|text)/spdx\b.*"), "sbom", "spdx"),
    (re.compile(r"application/vnd\.cyclonedx\b.*"), "sbom", "cyclonedx"),
    (re.compile(r"application/vnd\.syft\b.*"), "sbom", "syft"),
)


def kind_of(name: str) -> tuple[AttestationKind, str]:
    """(kind, format) of a predicate type, or of the media type of a plain document.

    >>> kind_of("https://slsa.dev/provenance/v1")
    ('provenance', 'slsa-v1')
    >>> kind_of("https://slsa.dev/provenance/v1.evil")
    ('other', '')
    """
    exact = _EXACT.get(name)
    if exact:
        return exact
    for pattern, kind, form in _FAMILIES:
        if pattern.fullmatch(name):
            return kind, form
    return "other", ""
