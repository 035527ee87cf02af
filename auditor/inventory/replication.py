"""Where repositories are copied to and come from, and the defaults of those that a registry creates itself."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact, Reason, Unknown
from auditor.inventory.parts import Encryption, Immutability, NameFilter, PolicyDocument


class Destination(Record, frozen=True):
    """Where a replication rule copies to."""

    account: str
    region: str


class ReplicationRule(Record, frozen=True):
    """One replication rule; no filters: everything."""

    filters: list[NameFilter]
    destinations: list[Destination]
    deletes: bool


class CacheRule(Record, frozen=True):
    """A pull-through cache rule; the credential is a reference, never its value."""

    prefix: str
    upstream: str
    upstream_kind: str
    credential: Fact[str]
    credential_since: Fact[str] = Unknown(Reason.NOT_REQUESTED, "secretsmanager:ListSecretVersionIds")
    """When the credential's present value was stored; absent for a secret that does not exist."""


class CreationTemplate(Record, frozen=True):
    """Defaults of repositories that the registry creates itself."""

    prefix: str
    applied_for: list[str]
    immutability: Fact[Immutability]
    encryption: Fact[Encryption]
    resource_tags: Fact[dict[str, str]]
    access_policy: Fact[PolicyDocument]
    retention_policy: Fact[PolicyDocument]


class ReplicaDifference(Record, frozen=True):
    """One setting in which a copy differs from its source."""

    setting: Literal["immutability", "encryption", "retention", "policy", "scanning"]
    source: str
    copy: str
    certain: bool = True
    """False: one of the two was not read; `copy` or `source` says why."""


class Replica(Record, frozen=True):
    """A copy of a repository in one destination, compared with its source; see REP-003 and REP-004.

    `state`: `found`, `missing` (the destination was read and has no such repository), or `unread`. Lists hold at
    most 1,000 entries, those of the images that were pushed last, sorted; the counts are of all, and what was pushed
    after `listed_after` is on the lists in any case.
    """

    account: str
    region: str
    repository: str
    """Id of the copy's record."""
    state: Literal["found", "missing", "unread"]
    reason: str = ""
    """Why it is unread, and what would settle it."""
    differences: list[ReplicaDifference] = []
    missing_digests: list[str] = []
    """Tagged images, and children of tagged indexes, of the source that the copy lacks."""
    missing_count: int = 0
    moved_tags: list[str] = []
    """Tags that mean another digest in the copy."""
    moved_count: int = 0
    missing_tags: list[str] = []
    """Tags that the copy lacks though it holds the image."""
    missing_tags_count: int = 0
    listed_after: str = ""
    """A push time; empty: no list was cut."""
    images_unread: str = ""
    """Why the images were not, or not all, compared; empty: they were."""
    relayed_from: list[str] = []
    """Registries that copy into the source itself: what comes from them is not copied on."""


class ReplicationTarget(Record, frozen=True):
    """A registry that the rules of this one copy to, as far as the snapshot knows it."""

    account: str
    region: str
    state: Literal["found", "unread"]
    accepts: Literal["yes", "no", "unknown"]
    """Whether the registry's policy lets this account copy into it; always `yes` inside one account."""
    reason: str = ""
    """Why it is unread, or why `accepts` is unknown."""
    onward: list[Destination] = []
    """Where its own rules copy the same names to and those of this registry do not: such copies do not go on."""


class ReplicationSource(Record, frozen=True):
    """A registry whose rules copy into this one; no filters: everything."""

    account: str
    region: str
    filters: list[NameFilter]


class ReplicationLinks(Record, frozen=True):
    """How a registry and the others of the snapshot copy to each other.

    `unread`: registries of the snapshot whose replication rules were not read, so that `sources` may lack them.
    """

    targets: list[ReplicationTarget]
    sources: list[ReplicationSource]
    unread: list[str] = []
