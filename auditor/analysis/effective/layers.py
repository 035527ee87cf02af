"""Which statements let a request through, layer by layer, and which deny it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import product

from auditor.analysis.effective.attempt import Attempt, Bearing, Level
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
    identity = _enough(c for policy in bearing.identity for c in _allows(attempt, policy, action))
    if bearing.identity_unread and attempt.doubt(bearing.identity_unread):
        identity.append(NOTHING_NEEDED)
    bounds = [NOTHING_NEEDED] if bearing.boundary is None else level_allows(attempt, bearing.boundary, action)
    own = attempt.caller.account == attempt.target.account
    by_resource = list(_resource_allows(attempt, bearing, action))
    if own:
        for clause, bound in product(identity, bounds):
            yield _path(clause, bound)
        for clause, how in by_resource:
            if how in ("session", "direct" if attempt.caller.kind == "user" else "session"):
                yield _path(clause)
            elif how in ("direct", "everyone"):
                yield from (_path(clause, bound) for bound in bounds)
                if (
                    how == "everyone"
                    and bearing.boundary is not None
                    and attempt.doubt("whether a boundary holds for a grant to everyone in the own account")
                ):
                    yield _path(clause)
        return
    for clause, _how in by_resource:
        for own_grant, bound in product(identity, bounds):
            yield _path(clause, own_grant, bound)


def _path(*clauses: Clause) -> tuple[Clause, ...]:
    return tuple(clause for clause in clauses if clause is not NOTHING_NEEDED)


def _resource_allows(attempt: Attempt, bearing: Bearing, action: str) -> Iterator[tuple[Clause, str]]:
    for policy in bearing.resource:
        for clause in _allows(attempt, policy, action):
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
    found = list(clauses)
    plain = next((clause for clause in found if not clause.statement.conditions), None)
    return [plain] if plain is not None else found


def _allows(attempt: Attempt, policy: Policy, action: str) -> Iterator[Clause]:
    """The clauses of a policy that allow the action on the target, conditions aside."""
    for clause in policy.clauses:
        if not clause.allows or (action not in clause.actions and not clause.statement.doubts):
            continue
        doubt = next(iter(clause.statement.doubts), policy.doubt)
        if doubt and not attempt.doubt(_in_doubt(clause, doubt)):
            continue
        match = resource_match(clause, attempt.target.arn, attempt.variables(clause))
        if match == "yes" or (match == "maybe" and attempt.doubt(_in_doubt(clause, "which resources it means"))):
            yield clause


# ---------------------------------------------------------------- who denies
def denies_of(attempt: Attempt, bearing: Bearing, action: str) -> Iterator[Clause]:
    """Each Deny that is about this request, conditions aside: one of its conditions must be false."""
    for policy in all_policies(bearing):
        for clause in policy.clauses:
            about = action in clause.actions or clause.statement.doubts
            if not clause.allows and about and meets(attempt, policy, clause):
                yield clause


def meets(attempt: Attempt, policy: Policy, clause: Clause) -> bool:
    """Whether a Deny is about the caller and the target; what is in doubt counts against a hopeful reading."""
    doubt = next(iter(clause.statement.doubts), policy.doubt)
    if doubt and attempt.doubt(_in_doubt(clause, doubt)):
        return False
    if policy.layer in ("repository", "registry", "rcp"):
        how = principal_match(clause, attempt.caller)
        if how == "no":
            return False
        # A session of that name is denied, another one of the same role is not.
        if how == "session" or (how == "maybe" and attempt.doubt(_in_doubt(clause, "whom it names"))):
            return False
    match = resource_match(clause, attempt.target.arn, attempt.variables(clause))
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
    return f"{where}: it cannot be told {what}" if not what.startswith("it ") else f"{where}: {what}"


NOTHING_NEEDED = Clause(
    Cited("identity", "", -1, "", "Allow"),
    statement=None,  # type: ignore[arg-type]  # a marker that is never read
    variables=False,
)
