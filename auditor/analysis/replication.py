"""Which replication rules take a repository, where they lead, and whether the other side lets the copies in.

Source: ECR's replication rules: a rule without filters takes everything, prefixes are literal, a copy has the name
of its source, and what arrives as a copy is not copied on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Literal

from auditor.inventory.derived import AccessAnalysis, Grant
from auditor.inventory.facts import Absent, Fact, Unknown
from auditor.inventory.parts import NameFilter
from auditor.inventory.replication import Destination, ReplicationRule, ReplicationSource

Accepts = tuple[Literal["yes", "no", "unknown"], str]


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern), re.DOTALL)


def selects(filters: list[NameFilter], name: str) -> bool:
    """Whether any filter takes a repository; no filters take every one."""
    return not filters or any(_takes(one, name) for one in filters)


def _takes(one: NameFilter, name: str) -> bool:
    if one.kind == "prefix":
        return name.startswith(one.pattern)
    return one.kind == "glob" and _glob(one.pattern).fullmatch(name) is not None


def destinations_of(rules: Iterable[ReplicationRule], name: str, own: Destination) -> list[Destination]:
    """Where a repository is copied to: each destination once, in order of account and region, never its own place."""
    found = {d for rule in rules if selects(rule.filters, name) for d in rule.destinations}
    return sorted(found - {own}, key=lambda d: (d.account, d.region))


def all_destinations(rules: Iterable[ReplicationRule], own: Destination) -> list[Destination]:
    """Every destination that any rule names, as `destinations_of`."""
    found = {d for rule in rules for d in rule.destinations}
    return sorted(found - {own}, key=lambda d: (d.account, d.region))


def sources_of(rules: Iterable[ReplicationRule], own: Destination, place: Destination) -> list[ReplicationSource]:
    """What the rules of the registry `own` copy to `place`: one entry a rule."""
    return [ReplicationSource(own.account, own.region, rule.filters) for rule in rules if place in rule.destinations]


def onward(
    rules: list[ReplicationRule], own: Destination, theirs: list[ReplicationRule], target: Destination
) -> list[Destination]:
    """Where the rules of `target` lead on what `own` copies there, and `own` itself does not copy to.

    Filters that are no prefixes are not compared: they are taken as having nothing in common.
    """
    found: set[Destination] = set()
    for mine in rules:
        if target not in mine.destinations:
            continue
        for rule in theirs:
            if _overlap(mine.filters, rule.filters):
                direct = {d for other in rules if _overlap(other.filters, rule.filters) for d in other.destinations}
                found |= set(rule.destinations) - direct - {own, target}
    return sorted(found, key=lambda d: (d.account, d.region))


def _overlap(some: list[NameFilter], others: list[NameFilter]) -> bool:
    if not some or not others:
        return True
    return any(
        a.kind == b.kind == "prefix" and (a.pattern.startswith(b.pattern) or b.pattern.startswith(a.pattern))
        for a in some
        for b in others
    )


def accepts_copies(access: Fact[AccessAnalysis], account: str) -> Accepts:
    """Whether a registry policy lets `account` copy into its registry, and why that cannot be told."""
    if isinstance(access, Unknown):
        return "unknown", f"its registry policy was not read ({access.reason.value}): {access.source}"
    grants = [] if isinstance(access, Absent) else [g for g in access.value.grants if "replicate" in g.capabilities]
    if any(_surely(grant, account) for grant in grants):
        return "yes", ""
    doubtful = next((grant for grant in grants if _maybe(grant, account)), None)
    if doubtful is not None:
        return "unknown", f"statement {doubtful.statement} of its registry policy may or may not let {account} in"
    return "no", ""


def _surely(grant: Grant, account: str) -> bool:
    if grant.certainty != "exact":
        return False
    return grant.audience == "any_account" or (grant.audience == "account" and account in grant.principals)


def _maybe(grant: Grant, account: str) -> bool:
    """Not settled, or for an organisation, a network or a single role that may be what replicates."""
    if grant.audience == "account" and grant.certainty == "exact":
        return any(f":{account}:" in principal for principal in grant.principals)
    return grant.audience in ("organization", "network", "any_account", "account")
