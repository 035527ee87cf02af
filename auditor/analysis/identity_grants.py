"""What identity policies let their holders do to registries, and what is wrong in them; pure.

Before boundaries, control policies and the repositories' own policies: an upper bound for one policy.
`auditor.analysis.effective` joins them all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from auditor.analysis.iam_actions import action_table, capability_of, needs_registry
from auditor.analysis.iam_document import PolicyText, Statement, resources_as_written
from auditor.analysis.iam_problems import problem
from auditor.analysis.identity_policies import read_kept
from auditor.analysis.identity_problems import find_identity_problems
from auditor.analysis.policy_layers import actions_of
from auditor.analysis.registry_resources import (
    is_star,
    reaches_every_repository,
    reaches_repositories,
    reaches_requests_without_resource,
)
from auditor.errors import InputError
from auditor.inventory.derived import CAPABILITIES, Capability
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.identity import (
    AccountDerived,
    IdentityGrant,
    IdentityPolicy,
    LocatedProblem,
    PrincipalRecord,
)

HOLDERS_SHOWN = 20
_WRITES = frozenset({"Write", "Permissions management"})
_PULL = frozenset({"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"})
_TOKEN = "ecr:GetAuthorizationToken"  # noqa: S105  the name of an action


@dataclass(frozen=True)
class _Allow:
    """An Allow statement and the actions that it really gives, before other policies."""

    statement: Statement
    actions: frozenset[str]


def derive_account(principals: Fact[list[PrincipalRecord]], policies: Fact[list[IdentityPolicy]]) -> AccountDerived:
    """The grants and the problems of an account's identity policies; unknown where either was not read."""
    for fact in (policies, principals):
        if not isinstance(fact, Known):
            gap = Unknown(Reason.NOT_REQUESTED, fact.source) if isinstance(fact, Absent) else fact
            return AccountDerived(gap, gap)
    assert isinstance(policies, Known)  # noqa: S101  both are, after the loop
    assert isinstance(principals, Known)  # noqa: S101
    try:
        documents = {p.id: read_kept(p) for p in policies.value if p.kind != "guardrail"}
    except InputError as error:
        gap = Unknown(Reason.PARSE_ERROR, policies.source, error.message)
        return AccountDerived(gap, gap)
    holders = holders_of(principals.value)
    allows = {policy: list(_allows(documents[policy])) for policy in documents if policy in holders}
    grants = [grant for policy in sorted(allows) for grant in _grants(policy, allows[policy], holders[policy])]
    own = sorted(p.id for p in policies.value if p.kind in ("managed", "inline") and p.id in holders)
    found = [
        LocatedProblem(policy, one)
        for policy in own
        for one in find_identity_problems(documents[policy], _partition(holders[policy][0]))
    ]
    found += _incomplete_pulls(principals.value, allows, set(own))
    return AccountDerived(Known(grants), Known(found))


def holders_of(principals: Iterable[PrincipalRecord]) -> dict[str, list[str]]:
    """Policy id -> ARNs of those it is attached to, sorted. What only bounds is attached to nobody."""
    holders: dict[str, list[str]] = defaultdict(list)
    for principal in sorted(principals, key=lambda principal: principal.arn):
        for policy in dict.fromkeys(principal.policies):
            holders[policy].append(principal.arn)
    return dict(holders)


def holds_registry_rights(principal: PrincipalRecord, granting: frozenset[str]) -> bool:
    """Whether one of a principal's policies is among those that allow something of a registry."""
    return any(policy in granting for policy in principal.policies)


def granting_policies(policies: Iterable[IdentityPolicy]) -> frozenset[str]:
    """Ids of the policies that allow something of a registry; one that cannot be read may."""
    found = set()
    for policy in policies:
        if policy.kind == "guardrail":
            continue
        try:
            document = read_kept(policy)
        except InputError:
            found.add(policy.id)
            continue
        if (
            policy.unread
            or any(True for _ in _allows(document))
            or any(statement.doubts for statement in document.statements)
        ):
            found.add(policy.id)
    return frozenset(found)


# ---------------------------------------------------------------- grants
def _allows(document: PolicyText) -> Iterable[_Allow]:
    denied = frozenset(action for s in document.statements for action in _surely_denied(s))
    for statement in document.statements:
        if statement.effect != "Allow":
            continue
        actions = actions_of(statement) - denied
        reached = frozenset(
            action
            for action in actions
            if (
                reaches_requests_without_resource(statement)
                if needs_registry(action)
                else reaches_repositories(statement)
            )
        )
        if reached:
            yield _Allow(statement, reached)


def _surely_denied(statement: Statement) -> frozenset[str]:
    """The actions that a Deny takes away whatever is asked for."""
    if statement.effect != "Deny" or statement.doubts or statement.conditions:
        return frozenset()
    if not any(is_star(pattern) for pattern in statement.resources or ()):
        return frozenset()
    return actions_of(statement)


def _grants(policy: str, allows: list[_Allow], holders: list[str]) -> Iterable[IdentityGrant]:
    for allow in allows:
        statement = allow.statement
        held = {capability_of(action) for action in allow.actions}
        capabilities: list[Capability] = [capability for capability in CAPABILITIES if capability in held]
        yield IdentityGrant(
            policy=policy,
            statement=statement.index,
            sid=statement.sid,
            holders=holders[:HOLDERS_SHOWN],
            holder_count=len(holders),
            capabilities=capabilities,
            writes=any(_writes(action) for action in allow.actions),
            every_action=any(every <= allow.actions for every in _every_action()),
            resources=resources_as_written(statement),
            every_repository=reaches_every_repository(statement),
            conditional=bool(statement.conditions),
            actions=list(statement.actions) or [f"NotAction {pattern}" for pattern in statement.not_actions],
        )


def _writes(action: str) -> bool:
    return not needs_registry(action) and action_table().actions[action]["access"] in _WRITES


def _every_action() -> Iterable[frozenset[str]]:
    """All actions on repositories, of each service."""
    known = action_table().actions
    for service in ("ecr:", "ecr-public:"):
        yield frozenset(action for action in known if action.startswith(service) and not needs_registry(action))


def _partition(arn: str) -> str:
    return arn.split(":")[1] if arn.count(":") > 1 else "aws"


# ---------------------------------------------------------------- pulls that cannot work
def _incomplete_pulls(
    principals: list[PrincipalRecord], allows: dict[str, list[_Allow]], own: set[str]
) -> list[LocatedProblem]:
    """Policies of the customer's that let somebody pull in part, counting all that the holder has."""
    given = {policy: frozenset(a for allow in found for a in allow.actions) for policy, found in allows.items()}
    found: dict[tuple[str, str], LocatedProblem] = {}
    for principal in sorted(principals, key=lambda principal: principal.arn):
        policies = [policy for policy in principal.policies if policy in given]
        held = frozenset(action for policy in policies for action in given[policy])
        name = principal.arn.rpartition(":")[2]
        if len(held & _PULL) == 1:
            missing = min(_PULL - held)
            code, message = "pull_incomplete", f"for a pull {name} also needs {missing}"
        elif held >= _PULL and _TOKEN not in held:
            code, message = "token_missing", f"for a login {name} also needs {_TOKEN} on Resource *"
        else:
            continue
        for policy in policies:
            half = sorted(given[policy] & _PULL)
            if policy in own and half:
                where = next(a.statement.index for a in allows[policy] if half[0] in a.actions)
                found.setdefault((policy, code), LocatedProblem(policy, problem(code, where, "", half[0], message)))
    return [found[key] for key in sorted(found)]
