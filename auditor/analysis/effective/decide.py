"""One question, one answer: may this principal do this action to this repository."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from auditor.analysis.effective.attempt import Attempt, Bearing
from auditor.analysis.effective.conditions import entries_of, solve
from auditor.analysis.effective.layers import NOTHING_NEEDED, denies_of, grants, level_allows, paths
from auditor.analysis.policy_layers import Cited, Clause
from auditor.analysis.request_context import NETWORKS, Caller, Target

State = Literal["yes", "no", "unknown"]


@dataclass(frozen=True)
class Answer:
    """One answer. `witness`: an allowing statement of each layer that must allow; `stopped_by`: what denies it."""

    state: State
    witness: tuple[Cited, ...] = ()
    requires: tuple[str, ...] = ()
    """What the caller must bring, as `aws:sourceip=203.0.113.0`; empty: nothing special."""
    stopped_by: tuple[Cited, ...] = ()
    reason: str = ""


MAX_REASONS = 3
AUTHORIZATION = "ecr:GetAuthorizationToken"


def decide(bearing: Bearing, caller: Caller, target: Target, action: str) -> Answer:
    """Whether `caller` can do `action` (as `ecr:PutImage`) to `target`."""
    if action == AUTHORIZATION and caller.account != target.account:
        # A token is got from the caller's own registry, whatever registries it is used with.
        over_caller = tuple(level for level in bearing.guardrails if level.kind == "scp")
        bearing = replace(bearing, resource=(), resource_unread="", guardrails=over_caller)
        target = replace(target, account=caller.account, placement=caller.placement)
    unsure: list[tuple[Found, list[str]]] = []
    for network in NETWORKS:
        attempt = Attempt(True, caller, target, network, action)
        found = _attempt(attempt, bearing, action)
        if found is not None and not attempt.doubts:
            return Answer("yes", *found)
        if found is not None:
            unsure.append((found, attempt.doubts))
    if not unsure:
        stopped, reason = _explain(bearing, caller, target, action)
        return Answer("no", stopped_by=stopped, reason=reason)
    for network in NETWORKS:
        found = _attempt(Attempt(False, caller, target, network, action), bearing, action)
        if found is not None:
            return Answer("yes", *found)
    [(witness, requires), doubts] = unsure[0]
    return Answer("unknown", witness, requires, reason="; ".join(doubts[:MAX_REASONS]))


Found = tuple[tuple[Cited, ...], tuple[str, ...]]


def _attempt(attempt: Attempt, bearing: Bearing, action: str) -> Found | None:
    """An allowed request under one reading; None where there is none."""
    denies = [list(entries_of(attempt, clause)) for clause in denies_of(attempt, bearing, action)]
    if not all(denies):
        return None  # a Deny without conditions
    for path in paths(attempt, bearing, action):
        if attempt.exhausted():
            return (_cited(path), ()) if attempt.doubt("the statements are too many to follow") else None
        entries = [entry for clause in path for entry in entries_of(attempt, clause)]
        values = solve(attempt, entries, denies)
        if values is not None:
            return _cited(path), values
    return None


def _cited(path: Iterable[Clause]) -> tuple[Cited, ...]:
    return tuple(dict.fromkeys(clause.cited for clause in path))


# ---------------------------------------------------------------- why not
def _explain(bearing: Bearing, caller: Caller, target: Target, action: str) -> tuple[tuple[Cited, ...], str]:
    """What stops the request: the Deny, the layer that does not allow, or that nothing grants it."""
    attempt = Attempt(hopeful=True, caller=caller, target=target, network=NETWORKS[0], action=action)
    granted = any(True for _ in grants(attempt, bearing, action))
    if not granted and not any(True for _ in grants(attempt, replace(bearing, boundary=None), action)):
        return (), _not_granted(attempt, bearing, action)
    if not granted:
        name = bearing.boundary.name if bearing.boundary else ""
        return (), f"the permission boundary {name} does not allow it"
    for level in bearing.guardrails:
        if not level_allows(attempt, level, action):
            return (), f"no {level.kind.upper()} at {level.name} allows it"
    denying = [clause for clause in denies_of(attempt, bearing, action) if clause is not NOTHING_NEEDED]
    plain = [clause for clause in denying if not clause.statement.conditions]
    if plain:
        return _cited(plain)[:3], "an explicit Deny"
    if denying:
        return _cited(denying)[:3], "a Deny whose conditions no allowed request can avoid"
    return (), "the conditions of what grants it cannot be met"


def _not_granted(attempt: Attempt, bearing: Bearing, action: str) -> str:
    if attempt.caller.kind == "service":
        return "no policy of the repository or registry lets the service do it"
    if attempt.caller.account == attempt.target.account:
        return "no policy grants it"
    everything = replace(bearing, boundary=None, resource=(), resource_unread="the other side is asked alone")
    if any(True for _ in grants(attempt, everything, action)):
        return "no policy of the repository or registry lets it in from another account"
    return "its own policies do not grant it, which another account's principal needs as well"
