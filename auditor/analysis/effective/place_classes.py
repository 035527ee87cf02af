"""Which repositories say the same to a caller: their own policies, their registry's, and what is over their account."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace

from auditor.analysis.effective.bearing import Place
from auditor.analysis.policy_layers import Clause, Policy, principal_match, resource_match
from auditor.analysis.request_context import Caller, Fixed, Held, held, of_caller, of_target

NOBODY = Caller("", "", "user", "")


class PlaceSides:
    """Classes of places, by caller. A caller that no policy names is to them as any other of its account and kind."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._mentions: dict[str, set[int]] = {}
        keys: set[str] = set()
        for index, place in enumerate(places):
            for clause in (clause for policy in policies_of(place) for clause in policy.clauses):
                keys |= clause.keys
                for name in _names(clause):
                    self._mentions.setdefault(name, set()).add(index)
        self.caller_keys = frozenset(key for key in keys if of_caller(key))
        """What the places' policies compare that tells callers apart."""
        self._numbers: dict[Hashable, int] = {}
        self._unnamed: dict[Hashable, list[int]] = {}
        self._classes: dict[Hashable, list[int]] = {}

    def name_of(self, caller: Caller) -> Hashable:
        """What policies of places can tell of a caller beside context keys."""
        kind = (caller.account, caller.kind, caller.chosen, caller.placement)
        return (*kind, caller.arn if self._mentioned(caller) else "")

    def classes(self, caller: Caller) -> list[int]:
        """Places that say the same to the caller, as bits."""
        key = self.name_of(caller)
        found = self._classes.get(key)
        if found is None:
            contents = list(self._contents(caller))
            for index in self._mentioned(caller):
                contents[index] = self._number(self._places[index], caller)
            by_content: dict[int, int] = {}
            for index, content in enumerate(contents):
                by_content[content] = by_content.get(content, 0) | 1 << index
            found = self._classes[key] = list(by_content.values())
        return found

    def number(self, index: int, caller: Caller) -> int:
        """The same for places that say the same to a caller."""
        if index in self._mentioned(caller):
            return self._number(self._places[index], caller)
        return self._contents(caller)[index]

    def _mentioned(self, caller: Caller) -> set[int]:
        nothing: set[int] = set()
        return nothing.union(*(self._mentions.get(n, nothing) for n in (caller.arn, caller.unique_id, caller.name)))

    def _contents(self, caller: Caller) -> list[int]:
        """A number for what each place says to a caller that it does not name."""
        key = (caller.account, caller.kind, caller.chosen)
        found = self._unnamed.get(key)
        if found is None:
            unnamed = replace(caller, arn="", unique_id="")
            found = self._unnamed[key] = [self._number(place, unnamed) for place in self._places]
        return found

    def _number(self, place: Place, caller: Caller) -> int:
        return self._numbers.setdefault(_content(place, caller), len(self._numbers))


def policies_of(place: Place) -> Iterator[Policy]:
    """The policies on a repository's side."""
    yield from place.resource
    for level in place.guardrails:
        yield from level.policies


def value_of(found: Held) -> Hashable:
    """What a key holds, to compare."""
    return found.values if isinstance(found, Fixed) else repr(found)


def _names(clause: Clause) -> Iterator[str]:
    for _kind, value in (*clause.statement.principals, *clause.statement.not_principals):
        yield value
        if ":assumed-role/" in value:
            yield value.split("/")[1]  # a session is of the role that it names


def _content(place: Place, caller: Caller) -> Hashable:
    policies = tuple(_said(policy, place, caller) for policy in policies_of(place))
    keys = {key for policy in policies_of(place) for clause in policy.clauses for key in clause.keys}
    values = tuple(value_of(held(key, NOBODY, place.target, "public", "")) for key in sorted(keys) if of_target(key))
    return (place.target.account, place.unread, tuple(map(id, place.guardrails)), policies, values)


def _said(policy: Policy, place: Place, caller: Caller) -> Hashable:
    """What a policy says to a caller, wherever it stands."""
    said = []
    for clause in policy.clauses:
        how = principal_match(clause, caller)
        if how != "no":
            s = clause.statement
            where = place.target.arn if clause.needs else resource_match(clause, place.target.arn, {})
            said.append(
                (s.index, s.sid, s.effect, how, clause.actions, where, s.resources is None, s.conditions, s.doubts)
            )
    return (policy.layer, policy.doubt, policy.scope_doubt, tuple(said))
