"""What bears on a request, and one reading of what is in doubt about it."""

from __future__ import annotations

from dataclasses import dataclass, field

from auditor.analysis.policy_layers import Clause, LayerKind, Policy
from auditor.analysis.request_context import Caller, Held, Network, Target, held, on_registry

MAX_STEPS = 4000


@dataclass(frozen=True)
class Level:
    """Policies of which one must allow: one level of guardrails, or a boundary."""

    kind: LayerKind
    name: str
    policies: tuple[Policy, ...]
    unread: str = ""
    """Why its policies are not all known."""


@dataclass(frozen=True)
class Bearing:
    """Everything that bears on a caller's requests for one repository."""

    identity: tuple[Policy, ...]
    boundary: Level | None
    guardrails: tuple[Level, ...]
    """Control policies over the caller and over the repository's account, each level with its own."""
    resource: tuple[Policy, ...]
    """The repository's policy, and the registry's as far as it decides on the action."""
    identity_unread: str = ""
    resource_unread: str = ""


@dataclass
class Attempt:
    """One reading of what is in doubt: `hopeful` resolves every doubt in the caller's favour."""

    hopeful: bool
    caller: Caller
    target: Target
    network: Network
    action: str
    steps: int = 0
    doubts: list[str] = field(default_factory=list)
    registry: bool = False
    """The action is asked on the registry: `arn` is `*`."""
    arn: str = ""
    _held: dict[str, Held] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.registry = on_registry(self.action)
        self.arn = "*" if self.registry else self.target.arn

    def held(self, key: str) -> Held:
        """What the request holds for a key."""
        found = self._held.get(key)
        if found is None:
            found = self._held[key] = held(key, self.caller, self.target, self.network, self.action)
        return found

    def variables(self, clause: Clause) -> dict[str, Held]:
        """The values of the keys that a clause's text needs."""
        return {name: self.held(name) for name in clause.needs} if clause.needs else {}

    def doubt(self, text: str) -> bool:
        """Note a doubt; whether it counts in the caller's favour."""
        if text not in self.doubts:
            self.doubts.append(text)
        return self.hopeful

    def exhausted(self) -> bool:
        """Count a step; whether there were too many."""
        self.steps += 1
        return self.steps > MAX_STEPS
