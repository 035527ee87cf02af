"""The records of one account's identities: who there is, and the policies that bear on them.

Only statements that can touch a container registry are kept (any that names such an action, matches one
by a wildcard, or excludes others with NotAction); `index` is their place in the policy they come from.
A policy without any such statement is left out where it grants, and kept, empty, where it bounds: a boundary
or a control policy that says nothing of registries allows nothing of them.
"""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.derived import Capability, PolicyProblem
from auditor.inventory.facts import Fact, Reason, Unknown


class PolicyStatement(Record, frozen=True):
    """One statement as it stands: JSON text."""

    index: int
    text: str


class IdentityPolicy(Record, frozen=True):
    """A policy that is attached to principals, bounds them, or guards a whole account."""

    id: str
    """ARN, or `<principal ARN>#<name>` for one that is written into a principal."""
    name: str
    kind: Literal["managed", "provider", "inline", "guardrail"]
    """`provider`: written by the platform; `guardrail`: a service or resource control policy."""
    version: str
    """The policy language's version, as `2012-10-17`; empty when it names none."""
    statements: list[PolicyStatement]
    size: int
    """Statements in the whole policy."""
    unread: str = ""
    """Why the document could not be read: then it may allow and deny anything."""


class PrincipalRecord(Record, frozen=True):
    """A role or a user. Groups are folded into their members: `policies` holds theirs as well."""

    arn: str
    kind: Literal["role", "user"]
    unique_id: str
    policies: list[str]
    """Ids of `IdentityPolicy`, of those that can touch a registry."""
    boundary: str = ""
    """Id of the `IdentityPolicy` that bounds it; empty without one."""
    groups: list[str] = []
    tags: dict[str, str] = {}
    trusts: list[str] = []
    """Who may take a role on: `service:ecs-tasks.amazonaws.com`, `account:…`, `principal:<ARN>`, `federated:…`,
    `anyone`; a condition is shown by a trailing ` if`. Upper bound: what a Deny takes away is not counted."""
    session_tags: bool = False
    """Whoever takes the role on may set session tags, which replace the role's own."""
    created_at: str = ""
    last_used_at: str = ""


class AccessKey(Record, frozen=True):
    """A long-lived credential of a user; the key itself is never kept, only its last four characters."""

    principal: str
    ending: str
    active: bool
    created_at: Fact[str]
    last_used_at: Fact[str]
    """Absent: never used, as far back as the platform remembers."""
    consumers: Fact[list[str]] = Unknown(Reason.NOT_REQUESTED, "cloudtrail:LookupEvents")
    """Namespaces, clusters and pipelines that use it. The platform keeps no such list."""


class GuardrailLevel(Record, frozen=True):
    """The control policies at one level of an organisation, from the root down to the account.

    A request must be allowed by a policy at each level, and be denied by none.
    """

    target: str
    policies: list[str]


class Guardrails(Record, frozen=True):
    """What an organisation puts over an account."""

    management_account: str
    principal_levels: list[GuardrailLevel]
    """Service control policies: they bound the account's principals."""
    resource_levels: list[GuardrailLevel]
    """Resource control policies: they bound requests to the account's resources."""


class OrganizationPlacement(Record, frozen=True):
    """Where an account stands: `path` as in aws:PrincipalOrgPaths, `o-…/r-…/ou-…/`; empty where it was not read."""

    id: str
    path: str


class IdentityGrant(Record, frozen=True):
    """What one statement of an identity policy lets its holders do to registries, before all other policies.

    One a statement, not one a holder: an administrator's policy may be held by thousands of roles.
    """

    policy: str
    """Id of the `IdentityPolicy`."""
    statement: int
    sid: str
    holders: list[str]
    """ARNs of those it is attached to, groups folded into their members; at most 20, sorted."""
    holder_count: int
    capabilities: list[Capability]
    """Without what an unconditional Deny of the same policy takes away."""
    writes: bool
    """Holds a write or permission-management action on repositories."""
    every_action: bool
    """`*` or all actions of a registry service."""
    resources: list[str]
    every_repository: bool
    """No Resource and no condition on resource tags leaves a repository of an account and region out."""
    conditional: bool
    actions: list[str]
    """As written; `NotAction …` for those that are left out."""


class Witness(Record, frozen=True):
    """A statement that let a request through or stopped it: where it stands and what it is called."""

    layer: str
    """`identity`, `boundary`, `scp`, `rcp`, `repository` or `registry`."""
    policy: str
    statement: int
    sid: str


class PrincipalAccess(Record, frozen=True):
    """One thing that a principal can do to repositories of its account, all layers of policies joined.

    `certainty`: `exact`, or `unknown` with the missing piece in `reason`: then it may not be able to.
    """

    principal: str
    capability: Capability
    repositories: list[str]
    """Ids of repositories of this snapshot, at most 20, sorted; `count` has the whole number."""
    count: int
    certainty: Literal["exact", "unknown"]
    reason: str = ""
    witness: list[Witness] = []
    """Of the first repository."""


class LocatedProblem(Record, frozen=True):
    """A problem of one identity policy."""

    policy: str
    problem: PolicyProblem


class AccountDerived(Record, frozen=True):
    """Facts that follow from the identities."""

    grants: Fact[list[IdentityGrant]]
    problems: Fact[list[LocatedProblem]]
    effective: Fact[list[PrincipalAccess]] = Unknown(Reason.NOT_REQUESTED, "auditor:join")
    """Push, delete and administer, by principal; known once all registries of the snapshot are read."""


class AccountRecord(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One account: `input` and `data.context` of rules on identities."""

    schema_version: Literal[1] = 1
    entity: Literal["account"] = "account"
    id: str
    scope: str
    now: str
    account: str
    placement: Fact[OrganizationPlacement]
    """Absent: the account is in no organisation."""
    principals: Fact[list[PrincipalRecord]]
    policies: Fact[list[IdentityPolicy]]
    guardrails: Fact[Guardrails]
    access_keys: Fact[list[AccessKey]]
    derived: AccountDerived


NOT_READ = Unknown(Reason.NOT_REQUESTED, "iam:GetAccountAuthorizationDetails")
