"""Which repositories a statement tells apart: by their ARN, and by the tags and region that its conditions ask for."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence

from auditor.analysis.condition_logic import UndecidableError, holds
from auditor.analysis.effective.bearing import Place
from auditor.analysis.effective.conditions import expanded
from auditor.analysis.effective.place_classes import NOBODY, value_of
from auditor.analysis.iam_document import ConditionEntry
from auditor.analysis.policy_layers import Clause, resource_match
from auditor.analysis.request_context import Fixed, Held, held, of_target

Variables = dict[str, Held]


class Marks:
    """Sets of places as bits of whole numbers: evaluation treats all places in the same sets alike."""

    def __init__(self, places: Sequence[Place]) -> None:
        self._places = places
        self._reaches: dict[Hashable, tuple[int, int]] = {}
        self._values: dict[str, list[int]] = {}
        self._outcomes: dict[Hashable, list[int]] = {}
        self._marks: dict[Hashable, tuple[int, ...]] = {}

    def of(self, clause: Clause, variables: Variables) -> tuple[int, ...]:
        """The sets that matter for a statement, with the values that its policy variables have for a caller."""
        key = (id(clause), *((name, value_of(found)) for name, found in sorted(variables.items())))
        marks = self._marks.get(key)
        if marks is None:
            marks = self._marks[key] = tuple(self._of(clause, variables))
        return marks

    def _of(self, clause: Clause, variables: Variables) -> Iterator[int]:
        yield from self.reach(clause, variables)
        for name in clause.needs:
            if of_target(name):
                yield from self._by_value(name)
        for entry in clause.statement.conditions:
            if of_target(entry.key):
                yield from self._by_outcome(expanded(entry, variables) if clause.needs else entry)

    def reach(self, clause: Clause, variables: Variables) -> tuple[int, int]:
        """The places that a statement surely takes in, and those where it cannot be told."""
        statement = clause.statement
        values = tuple((name, value_of(found)) for name, found in sorted(variables.items()))
        key = (statement.resources, statement.not_resources, clause.cited.layer, clause.variables, values)
        found = self._reaches.get(key)
        if found is None:
            sure = perhaps = 0
            for index, place in enumerate(self._places):
                match = resource_match(clause, place.target.arn, _local(variables, place))
                sure |= (match == "yes") << index
                perhaps |= (match == "maybe") << index
            found = self._reaches[key] = (sure, perhaps)
        return found

    def _by_value(self, key: str) -> list[int]:
        """Places by what a request to them holds for a key."""
        found = self._values.get(key)
        if found is None:
            by_value: dict[Hashable, int] = {}
            for index, place in enumerate(self._places):
                value = value_of(of_place(key, place))
                by_value[value] = by_value.get(value, 0) | 1 << index
            found = self._values[key] = list(by_value.values())
        return found

    def _by_outcome(self, entry: ConditionEntry) -> list[int]:
        """Places by whether a condition holds for them; by value where that cannot be told."""
        found = self._outcomes.get(entry)
        if found is None:
            met = 0
            try:
                for index, place in enumerate(self._places):
                    value = of_place(entry.key, place)
                    if not isinstance(value, Fixed):
                        raise UndecidableError(entry.key)
                    met |= holds(entry, value.values) << index
                found = [met]
            except UndecidableError:
                found = self._by_value(entry.key)
            self._outcomes[entry] = found
        return found


def of_place(key: str, place: Place) -> Held:
    """What requests to a place hold for a key of the target's."""
    return held(key, NOBODY, place.target, "public", "")


def _local(variables: Variables, place: Place) -> Variables:
    return {name: of_place(name, place) if of_target(name) else found for name, found in variables.items()}
