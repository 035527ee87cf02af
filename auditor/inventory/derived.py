"""Facts that follow from the collected ones: what policies grant, what retention policies say, whether names parse.

Made by `auditor.analysis`; part of the records in `model`.
"""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record

Capability = Literal["pull", "push", "delete", "administer", "metadata", "replicate", "create"]
CAPABILITIES: tuple[Capability, ...] = (
    "pull", "push", "delete", "administer", "metadata", "replicate", "create",
)  # fmt: skip


class Grant(Record, frozen=True):
    """Who a policy document lets in, for one statement and one kind of principal.

    Shape: one grant per (statement, audience). `audience` says how wide it is:
    `any_account` every account of the provider; `account` the accounts or principals in `principals`;
    `organization` the organisations in `principals`; `own_account` the owner's own; `service` a provider's
    service; `network` anybody's credentials from the networks in `principals`; `nobody` grants nothing
    (principal deleted or not usable).
    `certainty`: `unknown` where the document cannot be decided; `reason` says what is missing.
    """

    audience: Literal["any_account", "account", "organization", "own_account", "service", "network", "nobody"]
    principals: list[str]
    capabilities: list[Capability]
    partial: bool
    """Only a part of what the capability takes (one of two pull actions)."""
    actions: list[str]
    statement: int
    """Index in the document, from 0."""
    sid: str
    guarded: bool
    """A service grant pinned to a source account or ARN."""
    certainty: Literal["exact", "unknown"]
    reason: str
    resources: list[str] = []
    """Of a registry policy: the ARNs that the statement is about, as written; `NotResource …` for those it leaves
    out. Empty for a repository's own policy, which has none."""


class PolicyProblem(Record, frozen=True):
    """Something in a policy document that is wrong whoever asks."""

    code: str
    """As `action_unknown`, `action_unlisted`, `resource_element`, `not_principal`: see analysis/."""
    statement: int
    pointer: str
    """JSON pointer into the policy's own document."""
    value: str
    message: str
    suggestions: list[str] = []


class AccessAnalysis(Record, frozen=True):
    """One policy document, read as the provider would evaluate it."""

    grants: list[Grant]
    problems: list[PolicyProblem]


class KeyGrant(Record, frozen=True):
    """A statement of an encryption key's policy that lets in everybody, or may do so (`certainty`)."""

    key: str
    """ARN."""
    statement: int
    sid: str
    certainty: Literal["exact", "unknown"]
    reason: str = ""


class RetentionRule(Record, frozen=True):
    """One rule of a retention policy, normalised."""

    priority: int
    description: str
    tag_status: Literal["tagged", "untagged", "any"]
    patterns: list[str]
    pattern_kind: Literal["none", "prefix", "glob"]
    count_type: Literal["count", "since_pushed", "since_pulled", "since_transitioned"]
    count: int
    """Images, or days for the since_* types."""
    action: Literal["expire", "archive"]
    storage_class: Literal["standard", "archive"]


class RetentionAnalysis(Record, frozen=True):
    """A retention policy, parsed; `errors` make the platform refuse it, `warnings` make it do other than it says."""

    rules: list[RetentionRule]
    errors: list[PolicyProblem]
    warnings: list[PolicyProblem]


class ReferenceAnalysis(Record, frozen=True):
    """Whether references to this repository and its tags are well-formed."""

    repository_error: str
    """Empty when the name parses."""
    components: list[str]
    bad_tags: list[str]


class Use(Record, frozen=True):
    """A workload that runs, or may start, an image of this repository.

    Beside the image that the reference means there is one for the indexes it is a platform of, one for each
    platform of an index, and one for what the tag points to now where something else runs (`through`).
    """

    digest: str
    """Empty where the reference names a tag or digest that the repository does not hold."""
    reference: str
    workload: str
    """Id of the workload record."""
    running: bool = True
    label: str = ""
    """The workload in words: `service prod/app`."""
    through: str = ""
    """The digest that runs, where this one is in use only because of it."""
    non_root: bool = False
    """See `Workload.non_root`."""


class Users(Record, frozen=True):
    """Who uses one image: the first label and how many more; only of what runs, where anything does."""

    first: str
    others: int
    running: bool
    non_root: bool = False
    """All of them, also those that are only kept ready, start it as a user other than root."""


class RepositoryUsage(Record, frozen=True):
    """What is in use. `complete` is false where some source of workloads was not read; `missing` says which."""

    complete: bool
    missing: list[str]
    uses: list[Use]
    users: dict[str, Users] = {}
    """Digest -> who uses it: the uses, grouped."""


class MovedTag(Record, frozen=True):
    """A tag whose digest changed since the earlier snapshot; `after` is empty for one that is gone.

    `signature`: `lost` where it led to a signed image and leads to an unsigned one; `untrusted` where it led to one
    with a signature that verified, and leads to one whose signatures all do not. Empty where neither is sure.
    """

    tag: str
    before: str
    after: str
    signature: Literal["", "lost", "untrusted"] = ""


class RepositoryHistory(Record, frozen=True):
    """What changed since the earlier snapshot, taken at `since`."""

    since: str
    images_before: int
    size_bytes_before: int
    moved: list[MovedTag]


class Removal(Record, frozen=True):
    """An image that a retention policy takes, and when: 0 days from the snapshot is at its next run."""

    digest: str
    action: Literal["expire", "archive"]
    priority: int
    """Of the rule that takes it; 0: it goes with the image that it belongs to (`because_of`)."""
    after_days: int
    because_of: str = ""


RuleStanding = Literal["acts", "waits", "shadowed", "never_matches"]


class RuleOutlook(Record, frozen=True):
    """What one rule of a retention policy does: how many images it selects, and takes within the horizon.

    `owned`: of those it selects, the ones that no rule before it selects, which alone it may take.
    `standing`: `acts` takes some; `waits` takes none within the horizon; `shadowed` owns none of what it selects;
    `never_matches` selects none, though images were pushed lately.
    """

    priority: int
    matched: int
    taken: int
    owned: int = 0
    standing: RuleStanding = "waits"


class RetentionOutlook(Record, frozen=True):
    """A retention policy played forward over the images as they are, with no new pushes or pulls.

    `doubts`: what was not read and may change the answer; with any, what is not in `removals` is not surely kept.
    """

    horizon_days: int
    removals: list[Removal]
    rules: list[RuleOutlook]
    uncovered: list[str]
    """Tagged images that no rule selects, sorted by digest."""
    doubts: list[str]


class PublishedImage(Record, frozen=True):
    """An image of a public repository whose digest a private one holds as well."""

    digest: str
    tags: list[str]
    """In the public repository, sorted."""
    private: list[str]
    """Ids of the private repositories, at most 20, sorted."""


class PublishedImages(Record, frozen=True):
    """Tagged images that are public and in a private registry of the snapshot; at most 1,000, sorted by digest.

    `missing`: what was not read of the private registries; with any, others than `images` may be there too.
    """

    images: list[PublishedImage]
    missing: list[str]


class Growth(Record, frozen=True):
    """What a registry held at an earlier snapshot, taken at `since`, and holds now."""

    since: str
    repositories_before: int
    repositories: int
    images_before: int
    images: int
    size_bytes_before: int
    size_bytes: int


class RegistryTotals(Record, frozen=True):
    """What a registry holds. `uncounted` repositories were left out by a filter, or their images or sizes not read."""

    repositories: int
    """All that there are, those left out included."""
    images: int
    size_bytes: int
    """An upper bound: see `Repository.size_bytes`."""
    largest: str
    """The repository with most images; empty: there is none."""
    largest_images: int
    uncounted: int
