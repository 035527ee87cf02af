"""One question, one answer: may this principal do this action to this repository."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from auditor.analysis.effective.attempt import Attempt, Bearing
from auditor.analysis.effective.conditions import entries_of, solve
from auditor.analysis.effective.layers import denies_of, grants, level_allows, paths
from auditor.analysis.policy_layers import Cited
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


def decide(bearing: Bearing, caller: Caller, target: Target, action: str) -> Answer:
    """Whether `caller` can do `action` (as `ecr:PutImage`) to `target`."""
    doubts: list[str] = []
    for hopeful in (False, True):
        for network in NETWORKS:
            attempt = Attempt(hopeful, caller, target, network)
            found = _attempt(attempt, bearing, action)
            doubts += attempt.doubts
            if found is not None:
                witness, requires = found
                if not hopeful:
                    return Answer("yes", witness, requires)
                return Answer("unknown", witness, requires, reason=doubts[0] if doubts else "it cannot be decided")
    stopped, reason = _explain(bearing, caller, target, action)
    return Answer("no", stopped_by=stopped, reason=reason)


Found = tuple[tuple[Cited, ...], tuple[str, ...]]


def _attempt(attempt: Attempt, bearing: Bearing, action: str) -> Found | None:
    """An allowed request under one reading; None where there is none."""
    denies = [list(entries_of(attempt, clause)) for clause in denies_of(attempt, bearing, action)]
    if not all(denies):
        return None  # a Deny without conditions
    for path in paths(attempt, bearing, action):
        entries = [entry for clause in path for entry in entries_of(attempt, clause)]
        values = solve(attempt, entries, denies)
        if values is not None:
            return tuple(clause.cited for clause in path), values
    return None


# ---------------------------------------------------------------- why not
def _explain(bearing: Bearing, caller: Caller, target: Target, action: str) -> tuple[tuple[Cited, ...], str]:
    """What stops the request: the Deny, the layer that does not allow, or that nothing grants it."""
    attempt = Attempt(hopeful=True, caller=caller, target=target, network=NETWORKS[0])
    if not any(True for _ in grants(attempt, replace(bearing, boundary=None), action)):
        other = caller.account != target.account
        return (), "no statement grants it" + (" on both sides, as another account takes" if other else "")
    if not any(True for _ in grants(attempt, bearing, action)):
        name = bearing.boundary.name if bearing.boundary else ""
        return (), f"the permission boundary {name} does not allow it"
    for level in bearing.guardrails:
        if not level_allows(attempt, level, action):
            return (), f"no {level.kind.upper()} at {level.name} allows it"
    denying = tuple(clause.cited for clause in denies_of(attempt, bearing, action))
    if denying:
        return denying[:3], "an explicit Deny"
    return (), "its conditions cannot be met"
