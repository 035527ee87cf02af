"""What is inside an image: secrets that were found, the image it was built on, the distribution in it.

Nothing here holds a secret, or a hash of one: a short password could be guessed from its hash.
"""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact, Reason, Unknown

GET_BLOB = "oci:GetBlob"
Where = Literal["layer", "env", "history", "label", "command"]


class SecretFinding(Record, frozen=True):
    """A secret and its place. What identifies it is rule and place, never anything computed from the secret."""

    rule: str
    """As `aws-access-key`, `private-key`, `high-entropy`."""
    confidence: Literal["format", "entropy"]
    """`format`: it has the form that only such a secret has; `entropy`: a secret-looking name with a random value."""
    where: Where
    layer: str = ""
    """Digest of the layer as the manifest names it."""
    path: str = ""
    line: int = 0
    """From 1; 0 where there are no lines."""
    name: str = ""
    """Of the environment variable or label."""
    index: int = 0
    """Of the history entry, from 0."""
    match: str = ""
    """Redacted: what every secret of the kind begins with, at most 4 characters, and the length."""
    removed: bool = False
    """A later layer deletes the file: whoever can pull still has it."""
    source: str = "auditor"


class NamedValue(Record, frozen=True):
    """A variable of the environment, or a build argument in the history. The value itself is not kept."""

    where: Literal["env", "history"]
    name: str
    content: Literal["set", "empty", "placeholder", "reference", "public"]
    """`reference`: it names a file, another variable or an address; `public`: a switch, a number, a public key."""
    index: int = 0


class ScanGap(Record, frozen=True):
    """Something that was not looked into, so that finding nothing there means nothing."""

    layer: str
    reason: Reason
    detail: str


class SecretScan(Record, frozen=True):
    """A search for secrets in one image."""

    source: str
    """Who searched: `auditor`, or the scanner whose result was taken."""
    findings: list[SecretFinding]
    """Those of a form first; at most `MOST_FINDINGS` of `total`."""
    total: int
    variables: list[NamedValue]
    layers: int
    """How many layers were read to their end."""
    gaps: list[ScanGap]
    """Empty: everything was read."""


class BaseImage(Record, frozen=True):
    """The image that an image was built on."""

    name: str
    """As `docker.io/library/debian:12`."""
    digest: str
    """Empty: it was named without one."""
    found_by: Literal["annotation", "layers"]
    """`layers`: the image begins with all layers of a known base; `annotation`: its author says so."""
    created_at: Fact[str]
    current_digest: str = ""
    """What the newest known base of the same name has; empty where none is known."""


class Distribution(Record, frozen=True):
    """The Linux distribution in an image, by its os-release."""

    id: str
    version: str
    name: str
    support_ends: Fact[str]
    """The last day of its maintainers' general support, as 2026-06-30; absent: it has releases without an end."""


MOST_FINDINGS = 100
SECRETS_UNASKED = Unknown(Reason.NOT_REQUESTED, GET_BLOB, "scan_secrets is off")
BASE_UNASKED = Unknown(Reason.NOT_REQUESTED, "known_bases", "the base was not looked for")
