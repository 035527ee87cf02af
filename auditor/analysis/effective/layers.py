"""Which statements let a request through, layer by layer, and which deny it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain, product

from auditor.analysis.effective.attempt import Attempt, Bearing, Level
from auditor.analysis.iam_actions import REGISTRY_ACTIONS
from auditor.analysis.iam_document import Statement
from auditor.analysis.policy_layers import Cited, Clause, Policy, principal_match, resource_match


# ---------------------------------------------------------------- who allows
def paths(attempt: Attempt, bearing: Bearing, action: str) -> Iterator[tuple[Clause, ...]]:
    """Every choice of one allowing clause in each layer that must allow."""
    levels = [level_allows(attempt, level, action) for level in bearing.guardrails]
    if not all(levels):
        return
    for first in grants(attempt, bearing, action):
        for rest in product(*levels):
            yield (*first, *(clause for clause in rest if clause is not NOTHING_NEEDED))


def grants(attempt: Attempt, bearing: Bearing, action: str) -> Iterator[tuple[Clause, ...]]:
    """The ways to be granted the action, before control policies."""
    by_resource = list(_resource_allows(attempt, bearing, action))
    if attempt.caller.kind == "service":
        # A service's own principal has no other policies.
        yield from (_path(clause) for clause, _how in by_resource)
        return
    own = attempt.caller.account == attempt.target.account
    if own and attempt.caller.kind == "root":
        yield ()
        return
    identity = _enough(c for policy in bearing.identity for c in _allows(attempt, policy, action))
    if bearing.identity_unread and attempt.doubt(bearing.identity_unread):
        identity.append(NOTHING_NEEDED)
    bounds = [NOTHING_NEEDED] if bearing.boundary is None else level_allows(attempt, bearing.boundary, action)
    if own:
        by_identity = (_path(clause, bound) for clause, bound in product(identity, bounds))
        alone = _by_resource_alone(attempt, by_resource, bounds, bounded=bearing.boundary is not None)
        # The first is the witness: a statement that was read rather than one that was not.
        yield from chain(alone, by_identity) if bearing.identity_unread else chain(by_identity, alone)
        return
    for clause, _how in by_resource:
        for own_grant, bound in product(identity, bounds):
            yield _path(clause, own_grant, bound)


def _by_resource_alone(
    attempt: Attempt, by_resource: list[tuple[Clause, str]], bounds: list[Clause], *, bounded: bool
) -> Iterator[tuple[Clause, ...]]:
    """Grants of a resource policy to a caller of the own account, which needs no other.

    A grant to a user or to a role's session is not limited by a boundary, one to a role is. One to everybody
    that picks the role with aws:PrincipalArn is not limited either ("AWS JSON policy elements: Principal").
    Naming the own account leaves it to identity policies.
    """
    for clause, how in by_resource:
        if how == "session" or (how == "direct" and attempt.caller.kind == "user"):
            yield _path(clause)
        elif how in ("direct", "everyone"):
            yield from (_path(clause, bound) for bound in bounds)
            if how == "direct" or not bounded:
                continue
            picked = any(entry.key == "aws:principalarn" for entry in clause.statement.conditions)
            if picked or attempt.doubt("whether a boundary limits a grant to everybody in the own account"):
                yield _path(clause)


def _path(*clauses: Clause) -> tuple[Clause, ...]:
    return tuple(clause for clause in clauses if clause is not NOTHING_NEEDED)


def _resource_allows(attempt: Attempt, bearing: Bearing, action: str) -> Iterator[tuple[Clause, str]]:
    for policy in bearing.resource:
        for clause in _allows(attempt, policy, action):
            if clause is NOTHING_NEEDED:
                yield clause, "direct"
                continue
            how = principal_match(clause, attempt.caller)
            if how == "maybe":
                if attempt.doubt(_in_doubt(clause, "whom it names")):
                    yield clause, "direct"
            elif how != "no":
                yield clause, how
    if bearing.resource_unread and attempt.doubt(bearing.resource_unread):
        yield NOTHING_NEEDED, "direct"


def level_allows(attempt: Attempt, level: Level, action: str) -> list[Clause]:
    """The clauses of a level that allow the action; any one is enough."""
    found = _enough(clause for policy in level.policies for clause in _allows(attempt, policy, action))
    if level.unread and attempt.doubt(level.unread):
        found.append(NOTHING_NEEDED)
    return found


def _enough(clauses: Iterable[Clause]) -> list[Clause]:
    """One without conditions is as good as all of them."""
    found: list[Clause] = []
    for clause in clauses:
        if not clause.statement.conditions:
            return [clause]
        found.append(clause)
    return found


def _allows(attempt: Attempt, policy: Policy, action: str) -> Iterator[Clause]:
    """The clauses of a policy that allow the action on the target, conditions aside."""
    if attempt.registry and policy.layer == "repository":
        return
    for clause in policy.clauses:
        if not clause.may_allow or not clause.about(action):
            continue
        doubt = _doubt_of(policy, clause, action)
        if doubt and not attempt.doubt(_in_doubt(clause, doubt)):
            continue
        match = resource_match(clause, attempt.arn, attempt.variables(clause))
        if match == "yes" or (match == "maybe" and attempt.doubt(_in_doubt(clause, "which resources it means"))):
            yield clause
    if policy.doubt and attempt.doubt(f"{policy.name} cannot be read entirely: {policy.doubt}"):
        yield NOTHING_NEEDED


def _doubt_of(policy: Policy, clause: Clause, action: str) -> str:
    if clause.statement.doubts:
        return clause.statement.doubts[0]
    return policy.scope_doubt if policy.scope_doubt and action not in REGISTRY_ACTIONS else ""


# ---------------------------------------------------------------- who denies
def denies_of(attempt: Attempt, bearing: Bearing, action: str) -> Iterator[Clause]:
    """Each Deny that is about this request, conditions aside: one of its conditions must be false."""
    for policy in all_policies(bearing):
        if attempt.registry and policy.layer == "repository":
            continue
        for clause in policy.clauses:
            if clause.may_deny and clause.about(action) and _meets(attempt, policy, clause, action):
                yield clause
        if policy.doubt and not attempt.doubt(f"{policy.name} cannot be read entirely: {policy.doubt}"):
            yield NOTHING_NEEDED
    # What was not read may deny as well as allow.
    for unread in unread_of(bearing):
        if not attempt.doubt(unread):
            yield NOTHING_NEEDED


def unread_of(bearing: Bearing) -> Iterator[str]:
    """What was not read, layer by layer."""
    levels = (*((bearing.boundary,) if bearing.boundary else ()), *bearing.guardrails)
    texts = (bearing.identity_unread, bearing.resource_unread, *(level.unread for level in levels))
    yield from dict.fromkeys(text for text in texts if text)


def _meets(attempt: Attempt, policy: Policy, clause: Clause, action: str) -> bool:
    """Whether a Deny is about the caller and the target; what is in doubt counts against a hopeful reading."""
    doubt = _doubt_of(policy, clause, action)
    if doubt and attempt.doubt(_in_doubt(clause, doubt)):
        return False
    if policy.layer in ("repository", "registry", "rcp"):
        how = principal_match(clause, attempt.caller)
        # A session of that name is denied, another one of the same role is not.
        if how in ("no", "session"):
            return False
        if how == "maybe" and attempt.doubt(_in_doubt(clause, "whom it names")):
            return False
    match = resource_match(clause, attempt.arn, attempt.variables(clause))
    if match == "maybe":
        return not attempt.doubt(_in_doubt(clause, "which resources it means"))
    return match == "yes"


def all_policies(bearing: Bearing) -> Iterator[Policy]:
    """Every policy of every layer: a Deny in any of them wins."""
    yield from bearing.identity
    yield from bearing.boundary.policies if bearing.boundary else ()
    for level in bearing.guardrails:
        yield from level.policies
    yield from bearing.resource


def _in_doubt(clause: Clause, what: str) -> str:
    where = f"statement {clause.cited.sid or clause.cited.statement} of {clause.cited.policy}"
    told = what.startswith(("which ", "whom "))
    return f"{where}: it cannot be told {what}" if told else f"{where}: {what}"


NOTHING_NEEDED = Clause(
    Cited("identity", "", -1, "", ""),
    Statement(-1, "", "", (), (), False, (), (), None, None, (), (), {}),
    variables=False,
)
"""Stands for a statement that is not there or was not read; without conditions."""
