"""What one can do with a repository, as the actions that it takes, and the answers on them folded into one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from auditor.analysis.effective.decide import AUTHORIZATION, Answer, State
from auditor.analysis.iam_actions import action_table, capability_of, needed_for, needs_registry
from auditor.analysis.policy_layers import Cited
from auditor.inventory.derived import CAPABILITIES, Capability

# Whoever writes the registry's policy decides on its repositories as well.
_OF_REGISTRY = frozenset({"ecr:PutRegistryPolicy", "ecr:DeleteRegistryPolicy"})
# What a client of containers asks before it sends a layer.
_ASKED_BEFORE_PUSH = frozenset({"ecr:BatchCheckLayerAvailability"})


@dataclass(frozen=True)
class Takes:
    """The actions of a capability. `all_needed`: each is needed; else any one gives a part of it."""

    actions: tuple[str, ...]
    all_needed: bool


@dataclass(frozen=True)
class CapabilityAnswer:
    """One answer for a capability.

    `allowed`: its actions that are allowed, `missing`: those that are needed and are not. `no` with some
    allowed is a part of what it takes: say one of the two actions of a pull.
    """

    state: State
    allowed: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    witness: tuple[Cited, ...] = ()
    requires: tuple[str, ...] = ()
    stopped_by: tuple[Cited, ...] = ()
    reason: str = ""

    @property
    def partial(self) -> bool:
        """Some of what it takes, and not all."""
        return self.state == "no" and bool(self.allowed)


@cache
def takes(capability: Capability, *, service: bool = False) -> Takes:
    """What a capability takes; a service needs no authorization token of its own."""
    needed = needed_for(capability)
    if needed:
        more = _ASKED_BEFORE_PUSH if capability == "push" else frozenset()
        token = frozenset() if service else frozenset({AUTHORIZATION})
        return Takes(tuple(sorted(needed | more | token)), all_needed=True)
    found = {
        action
        for action in action_table().actions
        if action.startswith("ecr:") and capability_of(action) == capability and not needs_registry(action)
    }
    return Takes(tuple(sorted(found | (_OF_REGISTRY if capability == "administer" else set()))), all_needed=False)


def actions_of(capabilities: Iterable[Capability]) -> frozenset[str]:
    """All actions that these capabilities take."""
    return frozenset(action for capability in capabilities for action in takes(capability).actions)


def fold(capability: Capability, answers: Mapping[str, Answer], *, service: bool = False) -> CapabilityAnswer:
    """One answer from those on the single actions."""
    wanted = takes(capability, service=service)
    by_state: dict[State, list[str]] = {"yes": [], "no": [], "unknown": []}
    for action in wanted.actions:
        by_state[answers[action].state].append(action)
    allowed, missing, doubtful = by_state["yes"], by_state["no"], by_state["unknown"]
    if wanted.all_needed:
        if missing:
            return _refused(wanted, answers, allowed, missing)
        if doubtful:
            return _collected("unknown", answers, allowed, doubtful)
        return _collected("yes", answers, allowed, allowed)
    if allowed:
        return _collected("yes", answers, allowed, allowed)
    if doubtful:
        return _collected("unknown", answers, (), doubtful)
    return _refused(wanted, answers, [], missing)


def _collected(
    state: State, answers: Mapping[str, Answer], allowed: Iterable[str], cited: Iterable[str]
) -> CapabilityAnswer:
    """`cited`: the actions whose witnesses, requirements and reasons are shown."""
    found = [answers[action] for action in cited]
    return CapabilityAnswer(
        state,
        allowed=tuple(allowed),
        witness=tuple(dict.fromkeys(c for answer in found for c in answer.witness)),
        requires=tuple(dict.fromkeys(text for answer in found for text in answer.requires)),
        reason="; ".join(dict.fromkeys(answer.reason for answer in found if answer.reason)),
    )


def _refused(wanted: Takes, answers: Mapping[str, Answer], allowed: list[str], missing: list[str]) -> CapabilityAnswer:
    useful = [action for action in allowed if action not in _ASKED_BEFORE_PUSH | {AUTHORIZATION}]
    reasons: dict[str, list[str]] = {}
    for action in missing:
        reasons.setdefault(answers[action].reason, []).append(action)
    if len(missing) == len(wanted.actions) and len(reasons) == 1:
        reason = next(iter(reasons))
    else:
        reason = "; ".join(f"{', '.join(actions)}: {text}" for text, actions in reasons.items())
    shown = answers if useful else {}
    return CapabilityAnswer(
        "no",
        allowed=tuple(useful),
        missing=tuple(missing),
        witness=tuple(dict.fromkeys(c for action in useful for c in shown[action].witness)),
        requires=tuple(dict.fromkeys(text for action in useful for text in shown[action].requires)),
        stopped_by=tuple(dict.fromkeys(c for action in missing for c in answers[action].stopped_by)),
        reason=reason,
    )


def in_order(capabilities: Iterable[Capability]) -> list[Capability]:
    """Capabilities in the order in which they are shown."""
    chosen = set(capabilities)
    return [capability for capability in CAPABILITIES if capability in chosen]
