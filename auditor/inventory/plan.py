"""What reading a scope is expected to take, told before it is read."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class ScopePlan:
    """The expected requests of one scope."""

    id: str
    repositories: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    """Operation -> requests, retries left out; the budget of the operation where it cannot be told better."""
    unchanged: int = 0
    """Requests when every repository turns out to be unchanged since the earlier snapshot; 0 without one."""
    latency_s: float = 0.0
    """Time of a request, measured on those that were made for the plan."""
    rates: dict[str, float] = field(default_factory=dict)
    """Operation -> requests a second that the service or the configuration allows in this scope."""
    in_flight: int = 1
    at_once: int = 1
    """Requests, and scopes, at the same time."""
    problem: str = ""
    """Why it cannot be planned."""
