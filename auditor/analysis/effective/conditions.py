"""Finds what a caller must choose so that conditions hold and every Deny is spared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditor.analysis.condition_logic import UndecidableError, holds, is_negated
from auditor.analysis.condition_search import NOTHING, Domain, Wanted, find_value
from auditor.analysis.effective.attempt import Attempt
from auditor.analysis.iam_conditions import take_apart
from auditor.analysis.iam_document import ConditionEntry
from auditor.analysis.policy_layers import Clause, expand
from auditor.analysis.request_context import Fixed, Held, Unread

MAX_DENIES = 200
_TOO_MANY = "the Deny statements are too many to follow"


def entries_of(attempt: Attempt, clause: Clause) -> Iterator[ConditionEntry]:
    """The conditions of a clause with policy variables replaced."""
    for entry in clause.statement.conditions:
        yield expanded(entry, attempt.variables(clause)) if clause.needs else entry


def expanded(entry: ConditionEntry, variables: dict[str, Held]) -> ConditionEntry:
    """A condition with its policy variables replaced; one that cannot be told has the operator `Undecided`."""
    if not any("${" in value for value in entry.values):
        return entry
    negated = is_negated(take_apart(entry.operator))
    values: list[str] = []
    for text in entry.values:
        value = expand(text, variables) if "${" in text else text
        if value is None or (value == "" and negated):
            return ConditionEntry("Undecided", entry.key, entry.values)
        # A variable without a value equals nothing.
        if value or "${" not in text:
            values.append(value)
    return ConditionEntry(entry.operator, entry.key, tuple(values))


def solve(
    attempt: Attempt, required: Sequence[ConditionEntry], denies: Sequence[list[ConditionEntry]]
) -> tuple[str, ...] | None:
    """What the caller must choose so that all of `required` hold and no Deny is met; None: nothing does."""
    constraints: dict[str, list[Wanted]] = {}
    for entry in required:
        if not _settled(attempt, entry, outcome=True, constraints=constraints):
            return None
    if not all(_possible(attempt, key, wanted) for key, wanted in constraints.items()):
        return None
    if len(denies) > MAX_DENIES and not attempt.doubt(_TOO_MANY):
        return None
    denies = denies[:MAX_DENIES]
    chosen = _spare(attempt, constraints, sorted(denies, key=len))
    if chosen is None:
        return None
    return tuple(sorted(filter(None, (_shown(attempt, key, wanted) for key, wanted in chosen.items()))))


def _spare(
    attempt: Attempt, constraints: dict[str, list[Wanted]], denies: Sequence[list[ConditionEntry]]
) -> dict[str, list[Wanted]] | None:
    """Make one condition of each Deny false; None where that cannot be."""
    if not denies:
        return constraints
    if attempt.exhausted():
        return constraints if attempt.doubt(_TOO_MANY) else None
    for entry in denies[0]:
        extended = {key: list(wanted) for key, wanted in constraints.items()}
        if not _settled(attempt, entry, outcome=False, constraints=extended):
            continue
        if entry.key in extended and not _possible(attempt, entry.key, extended[entry.key]):
            continue
        found = _spare(attempt, extended, denies[1:])
        if found is not None:
            return found
    return None


def _settled(attempt: Attempt, entry: ConditionEntry, *, outcome: bool, constraints: dict[str, list[Wanted]]) -> bool:
    """Whether the condition can come out so; what depends on the caller's choice becomes a constraint."""
    try:
        found = attempt.held(entry.key)
        if isinstance(found, Fixed):
            return holds(entry, found.values) == outcome
        if isinstance(found, Unread):
            return attempt.doubt(found.reason)
        holds(entry, None)  # an operator that is not understood is in doubt whatever the value
    except UndecidableError as error:
        return attempt.doubt(str(error))
    constraints.setdefault(entry.key, []).append(Wanted(entry, outcome))
    return True


def _possible(attempt: Attempt, key: str, wanted: list[Wanted]) -> bool:
    try:
        return find_value(wanted, _domain(attempt, key)) is not NOTHING
    except UndecidableError as error:
        return attempt.doubt(str(error))


def _domain(attempt: Attempt, key: str) -> Domain:
    found = attempt.held(key)
    return Domain() if isinstance(found, (Fixed, Unread)) else found.domain


def _shown(attempt: Attempt, key: str, wanted: list[Wanted]) -> str:
    """What the caller must bring for a key, where it must bring something."""
    try:
        value = find_value(wanted, _domain(attempt, key))
    except UndecidableError:
        return key
    return f"{key}={','.join(value)}" if isinstance(value, tuple) and any(w.outcome for w in wanted) else ""
