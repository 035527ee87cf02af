"""Many callers, many repositories, many actions: asks each class of them once.

Repositories are bits of whole numbers. For a caller they fall into parts that no statement on either side, no tag
and no region that a condition asks for tells apart; actions fall into groups that the same statements are about;
callers with the same policies, and the same values of what those compare, share their answers. Nothing is
guessed: a class is what evaluation cannot tell apart. Past `budget` evaluations the answer is `unknown`.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from auditor.analysis.effective.attempt import Level
from auditor.analysis.effective.bearing import Asked, Place, bearing_of
from auditor.analysis.effective.decide import AUTHORIZATION, Answer, decide
from auditor.analysis.effective.marks import Marks
from auditor.analysis.effective.place_classes import PlaceSides, policies_of, value_of
from auditor.analysis.iam_actions import REGISTRY_ACTIONS
from auditor.analysis.policy_layers import Clause, Policy, resource_match
from auditor.analysis.request_context import CREATES, Caller, Held, held, of_caller, on_registry

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
    marks: tuple[int, ...]
    """Sets of places that it tells apart; empty where that depends on the caller."""
    number: int
    """The same for statements that differ in nothing but where they stand, their actions and resources."""
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
    _relevant: dict[int, Relevant] = field(default_factory=dict)
    _parts: dict[Hashable, list[Part]] = field(default_factory=dict)
    _answers: dict[Hashable, tuple[Answer, list[Clause]]] = field(default_factory=dict)
    _numbers: dict[Hashable, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._sides = PlaceSides(self.places)
        self._marks = Marks(self.places)
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
            everywhere = (1 << len(self.places)) - 1
            return Seen(clause, everywhere, (), self._number(clause, clause.statement.resources), registry=True)
        sure, perhaps = self._marks.reach(clause, {})
        on_star = resource_match(clause, "*", {})
        if not (sure or perhaps or on_star != "no"):
            return None
        marks = self._marks.of(clause, {})
        return Seen(clause, sure | perhaps, marks, self._number(clause, on_star), on_star != "no")

    def _number(self, clause: Clause, on_registry: Hashable) -> int:
        s = clause.statement
        content = (clause.cited.layer, s.effect, s.conditions, s.doubts, s.not_resources if clause.needs else None)
        return self._numbers.setdefault((*content, on_registry), len(self._numbers))

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

    def _divide(self, asked: Asked, relevant: Sequence[Relevant]) -> list[int]:
        """The places in parts that nothing tells apart for a caller."""
        if len(self.places) == 1:
            return [1]
        marks = {bits for found in relevant for one in found.seen for bits in self._marked(one, asked.caller)}
        parts = self._sides.classes(asked.caller)
        for bits in marks:
            parts = [piece for part in parts for piece in (part & bits, part & ~bits) if piece]
        return sorted(parts, key=lambda part: part & -part)

    def _marked(self, one: Seen, caller: Caller) -> tuple[int, ...]:
        if not one.clause.needs:
            return one.marks
        return self._marks.of(one.clause, {name: self._held(name, caller) for name in one.clause.needs})

    # ---------------------------------------------------------------- one part
    def _part(self, asked: Asked, bits: int, relevant: Sequence[Relevant]) -> Part:
        lowest = bits & -bits
        index = lowest.bit_length() - 1
        place = self.places[index]
        caller = asked.caller
        if not self.memo:
            bearing = bearing_of(asked, place)
            return Part(bits, {a: decide(bearing, caller, place.target, a) for a in sorted(self.actions)})
        side = (_side(asked), self._sides.name_of(caller), self._sides.number(index, caller))
        answers: dict[str, Answer] = {}
        for nature, group in self._groups(relevant, place):
            action = group[0]
            registry = on_registry(action)
            seen = [
                one
                for found in relevant
                for one in found.seen
                if one.clause.about(action) and (one.registry if registry else one.bits & lowest)
            ]
            keys = self._sides.caller_keys.union(*[one.clause.keys for one in seen if one.clause.keys])
            key = (
                side,
                nature,
                frozenset([c.actions for p in policies_of(place) for c in p.clauses if action in c.actions]),
                tuple([one.number for one in seen]),
                tuple([bool(mark & lowest) for one in seen for mark in self._marked(one, caller)]),
                tuple([(key, value_of(self._held(key, caller))) for key in sorted(keys) if of_caller(key)]),
            )
            answer = self._answer(asked, place, action, key, [one.clause for one in seen])
            answers.update(dict.fromkeys(group, answer))
        return Part(bits, answers)

    def _answer(self, asked: Asked, place: Place, action: str, key: Hashable, clauses: list[Clause]) -> Answer:
        """The answer for a key; of statements alike that stand elsewhere it is the same, but for where they stand."""
        found = self._answers.get(key)
        if found is not None and found[1] != clauses and found[0].state == "unknown":
            # Its reason may name statements.
            key = (key, tuple(map(id, clauses)))
            found = self._answers.get(key)
        if found is None:
            answer = self._decide(asked, place, action, clauses)
            self._answers[key] = (answer, clauses)
            return answer
        answer, theirs = found
        if theirs == clauses or not (answer.witness or answer.stopped_by):
            return answer
        own = {other.cited: mine.cited for other, mine in zip(theirs, clauses, strict=True)}
        return replace(
            answer,
            witness=tuple([own.get(cited, cited) for cited in answer.witness]),
            stopped_by=tuple([own.get(cited, cited) for cited in answer.stopped_by]),
        )

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
