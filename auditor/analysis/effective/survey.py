"""Many callers, many repositories, many actions: asks each class of them once.

Repositories are bits of whole numbers. For a caller they fall into parts that no statement on either side, no tag
and no region that a condition asks for tells apart; actions fall into groups that the same statements are about;
callers with the same policies, and the same values of what those compare, share their answers. Nothing is
guessed: a class is what evaluation cannot tell apart. Past `budget` evaluations the answer is `unknown`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from auditor.analysis.effective.attempt import Level
from auditor.analysis.effective.bearing import Asked, Place, bearing_of
from auditor.analysis.effective.decide import AUTHORIZATION, Answer, decide
from auditor.analysis.effective.place_classes import NOBODY, PlaceSides, policies_of, value_of
from auditor.analysis.iam_actions import REGISTRY_ACTIONS
from auditor.analysis.policy_layers import Clause, Policy, resource_match
from auditor.analysis.request_context import CREATES, Caller, Held, held, of_caller, of_target, on_registry

TOO_MANY = "there are more combinations of callers and repositories than are followed"


@dataclass(frozen=True)
class Part:
    """Repositories that get the same answers: bits of their places, and the answers by action."""

    bits: int
    answers: dict[str, Answer]


@dataclass(frozen=True)
class Seen:
    """A statement that may matter: the places that it may take in (all where that depends on the caller)."""

    clause: Clause
    bits: int
    registry: bool
    """Takes in `*`, which actions on the registry are asked on."""


@dataclass(frozen=True)
class Relevant:
    """The statements of a policy that may matter, and the context keys that they ask for."""

    policy: Policy
    seen: tuple[Seen, ...]
    keys: frozenset[str]


@dataclass
class Survey:
    """Answers for all `places` at once. `actions`: what is asked. `memo`: off only to measure what it gains."""

    places: Sequence[Place]
    actions: frozenset[str]
    budget: int | None = None
    memo: bool = True
    evaluations: int = 0
    _reaches: dict[Hashable, tuple[int, int]] = field(default_factory=dict)
    _relevant: dict[int, Relevant] = field(default_factory=dict)
    _splits: dict[str, list[int]] = field(default_factory=dict)
    _parts: dict[Hashable, list[Part]] = field(default_factory=dict)
    _answers: dict[Hashable, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sides = PlaceSides(self.places)
        self._by_nature: dict[Hashable, list[str]] = {}
        for action in sorted(self.actions):
            self._by_nature.setdefault(nature_of(action), []).append(action)

    # ---------------------------------------------------------------- one caller
    def ask(self, asked: Asked) -> list[Part]:
        """The answers for one caller; the parts hold every place once."""
        if not self.memo:
            return [self._part(asked, 1 << index, ()) for index in range(len(self.places))]
        relevant = self._clauses(asked)
        key = self._class_of(asked, relevant)
        found = self._parts.get(key)
        if found is None:
            found = self._parts[key] = [self._part(asked, bits, relevant) for bits in self._divide(asked, relevant)]
        return found

    def _clauses(self, asked: Asked) -> list[Relevant]:
        """The statements on the caller's side that may matter for any place."""
        found: list[Relevant] = []
        for policy in _policies(asked):
            relevant = self._relevant.get(id(policy))
            if relevant is None:
                seen = tuple(one for clause in policy.clauses if (one := self._seen(clause)) is not None)
                keys = frozenset(key for one in seen for key in one.clause.keys)
                relevant = self._relevant[id(policy)] = Relevant(policy, seen, keys)
            found.append(relevant)
        return found

    def _seen(self, clause: Clause) -> Seen | None:
        if not clause.statement.doubts and not clause.actions & self.actions:
            return None
        if clause.needs:
            return Seen(clause, (1 << len(self.places)) - 1, registry=True)
        sure, perhaps = self._reach(clause, {})
        registry = resource_match(clause, "*", {}) != "no"
        return Seen(clause, sure | perhaps, registry) if sure or perhaps or registry else None

    def _class_of(self, asked: Asked, relevant: Sequence[Relevant]) -> Hashable:
        """What evaluation can tell of a caller."""
        caller = asked.caller
        keys = self._sides.caller_keys.union(*(found.keys for found in relevant))
        return (
            _side(asked),
            tuple([id(one.clause) for found in relevant for one in found.seen]),
            tuple([(key, value_of(self._held(key, caller))) for key in sorted(keys) if of_caller(key)]),
            self._sides.name_of(caller),
        )

    def _held(self, key: str, caller: Caller) -> Held:
        return held(key, caller, self.places[0].target, "public", "")

    # ---------------------------------------------------------------- which repositories are the same
    def _divide(self, asked: Asked, relevant: Sequence[Relevant]) -> list[int]:
        if len(self.places) == 1:
            return [1]
        parts = self._sides.classes(asked.caller)
        for clause in (one.clause for found in relevant for one in found.seen):
            variables = {name: self._held(name, asked.caller) for name in clause.needs}
            for bits in self._reach(clause, variables):
                parts = _split(parts, bits)
        for key in sorted({key for found in relevant for key in found.keys if of_target(key)}):
            for bits in self._by_value(key):
                parts = _split(parts, bits)
        return parts

    def _reach(self, clause: Clause, variables: dict[str, Held]) -> tuple[int, int]:
        """The places that a statement surely takes in, and those where it cannot be told."""
        statement = clause.statement
        values = tuple(sorted((name, value_of(found)) for name, found in variables.items()))
        key = (statement.resources, statement.not_resources, clause.cited.layer, clause.variables, values)
        found = self._reaches.get(key)
        if found is None:
            sure = perhaps = 0
            for index, place in enumerate(self.places):
                local = {
                    name: held(name, NOBODY, place.target, "public", "") if of_target(name) else value
                    for name, value in variables.items()
                }
                match = resource_match(clause, place.target.arn, local)
                sure |= (match == "yes") << index
                perhaps |= (match == "maybe") << index
            found = self._reaches[key] = (sure, perhaps)
        return found

    def _by_value(self, key: str) -> list[int]:
        found = self._splits.get(key)
        if found is None:
            by_value: dict[Hashable, int] = {}
            for index, place in enumerate(self.places):
                value = value_of(held(key, NOBODY, place.target, "public", ""))
                by_value[value] = by_value.get(value, 0) | 1 << index
            found = self._splits[key] = list(by_value.values())
        return found

    # ---------------------------------------------------------------- one part
    def _part(self, asked: Asked, bits: int, relevant: Sequence[Relevant]) -> Part:
        lowest = bits & -bits
        place = self.places[lowest.bit_length() - 1]
        if not self.memo:
            bearing = bearing_of(asked, place)
            return Part(bits, {a: decide(bearing, asked.caller, place.target, a) for a in sorted(self.actions)})
        side = (lowest, _side(asked), self._sides.name_of(asked.caller))
        answers: dict[str, Answer] = {}
        for nature, group in self._groups(relevant, place):
            action = group[0]
            registry = on_registry(action)
            clauses = [
                one.clause
                for found in relevant
                for one in found.seen
                if one.clause.about(action) and (one.registry if registry else one.bits & lowest)
            ]
            keys = self._sides.caller_keys.union(*[clause.keys for clause in clauses if clause.keys])
            values = [(key, value_of(self._held(key, asked.caller))) for key in sorted(keys) if of_caller(key)]
            key = (side, nature, tuple(map(id, clauses)), tuple(values), self._said(place, action))
            answer = self._answers.get(key)
            if answer is None:
                answer = self._answers[key] = self._decide(asked, place, action, clauses)
            answers.update(dict.fromkeys(group, answer))
        return Part(bits, answers)

    def _said(self, place: Place, action: str) -> tuple[int, ...]:
        """The statements on the repository's side that are about an action."""
        return tuple([id(c) for policy in policies_of(place) for c in policy.clauses if c.about(action)])

    def _decide(self, asked: Asked, place: Place, action: str, clauses: Sequence[Clause]) -> Answer:
        """Evaluate with the statements that matter alone."""
        if self.budget is not None and self.evaluations >= self.budget:
            return TOO_MUCH
        self.evaluations += 1
        chosen = {id(clause) for clause in clauses}

        def trimmed(policies: Iterable[Policy]) -> tuple[Policy, ...]:
            kept = []
            for policy in policies:
                mattering = tuple([clause for clause in policy.clauses if id(clause) in chosen])
                if mattering or policy.doubt:
                    kept.append(Policy(policy.name, policy.layer, mattering, policy.doubt, policy.scope_doubt))
            return tuple(kept)

        def level(whole: Level) -> Level:
            return Level(whole.kind, whole.name, trimmed(whole.policies), whole.unread)

        narrow = Asked(
            asked.caller,
            trimmed(asked.identity),
            level(asked.boundary) if asked.boundary else None,
            tuple([level(whole) for whole in asked.guardrails]),
            asked.unread,
        )
        return decide(bearing_of(narrow, place), asked.caller, place.target, action)

    def _groups(self, relevant: Sequence[Relevant], place: Place) -> Iterator[tuple[Hashable, list[str]]]:
        """Actions that the same statements are about."""
        sets = {one.clause.actions for found in relevant for one in found.seen}
        sets |= {clause.actions for policy in policies_of(place) for clause in policy.clauses}
        for nature, actions in self._by_nature.items():
            groups: dict[tuple[bool, ...], list[str]] = {}
            for action in actions:
                groups.setdefault(tuple([action in found for found in sets]), []).append(action)
            for group in groups.values():
                yield nature, group


TOO_MUCH = Answer("unknown", reason=TOO_MANY)


def nature_of(action: str) -> Hashable:
    """Actions of one nature find the same context and the same kinds of policies."""
    return (
        on_registry(action),
        action == AUTHORIZATION,
        action in REGISTRY_ACTIONS,
        action if action in (CREATES, "ecr:TagResource", "ecr:UntagResource") else "",
    )


def _policies(asked: Asked) -> Iterator[Policy]:
    yield from asked.identity
    yield from asked.boundary.policies if asked.boundary else ()
    for level in asked.guardrails:
        yield from level.policies


def _side(asked: Asked) -> Hashable:
    """How a caller's policies are put together, statements aside."""
    bound = (asked.boundary.name, asked.boundary.unread) if asked.boundary else None
    levels = tuple(map(id, asked.guardrails))
    doubts = tuple([f"{policy.name}: {policy.doubt}" for policy in _policies(asked) if policy.doubt])
    return (bound, asked.unread, levels, doubts, asked.caller.session_tags, asked.caller.service_linked)


def _split(parts: Iterable[int], bits: int) -> list[int]:
    return [piece for part in parts for piece in (part & bits, part & ~bits) if piece]
