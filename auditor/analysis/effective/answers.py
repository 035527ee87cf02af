"""Everybody's answers for one repository: the principals of audited accounts, and whom its policies name beside."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from auditor.analysis.effective.bearing import AccountSide, Asked, Place
from auditor.analysis.effective.capabilities import CapabilityAnswer, actions_of, fold
from auditor.analysis.effective.outsiders import Outsider, OutsiderKind, outsiders
from auditor.analysis.effective.survey import Survey
from auditor.inventory.derived import Capability

AnswerKind = Literal["root", "role", "user"] | OutsiderKind
KINDS: tuple[AnswerKind, ...] = (
    "any_account", "organization", "account", "principal", "service", "root", "user", "role", "unusable",
)  # fmt: skip
"""The widest first."""
_RANK = {"yes": 0, "unknown": 1, "no": 3}


@dataclass(frozen=True)
class Entry:
    """What one principal, or everybody of one kind, can do."""

    capability: Capability
    kind: AnswerKind
    principal: str
    account: str
    answer: CapabilityAnswer
    note: str = ""


def answers_for(
    place: Place,
    sides: Sequence[AccountSide],
    capabilities: Sequence[Capability],
    wanted: Callable[[str], bool] = lambda _name: True,
    *,
    memo: bool = True,
) -> Iterator[Entry]:
    """Every answer, `no` included, of those whose ARN or name is `wanted`."""
    survey = Survey([place], actions_of(capabilities), memo=memo)
    folded: dict[int, dict[Capability, CapabilityAnswer]] = {}
    for side in sides:
        for asked in side.callers():
            caller = asked.caller
            if caller.kind == "root" and caller.account != place.target.account:
                continue  # another account's root user decides as its administrators do
            if not wanted(caller.arn):
                continue
            [part] = survey.ask(asked)
            answers = folded.get(id(part))
            if answers is None:
                answers = folded[id(part)] = {c: fold(c, part.answers) for c in capabilities}
            for capability, answer in answers.items():
                yield Entry(capability, caller.kind, caller.arn, caller.account, answer)
    for outsider in outsiders(place, (side.record.account for side in sides if not side.unread)):
        if wanted(outsider.name):
            yield from _outside(survey, outsider, capabilities, place)


def _outside(survey: Survey, outsider: Outsider, capabilities: Sequence[Capability], place: Place) -> Iterator[Entry]:
    service = outsider.kind == "service"
    found = [survey.ask(asked)[0].answers for asked in outsider.askers]
    for capability in capabilities:
        answers = [fold(capability, one, service=service) for one in found]
        best = _best(answers) or CapabilityAnswer("no", reason=outsider.note)
        note = _deputy(outsider.askers, answers, place) if service else outsider.note
        if outsider.kind == "account" and best.state == "yes":
            # What a made-up caller is permitted by its administrators is nobody's statement.
            best = replace(best, requires=tuple(text for text in best.requires if not _of_own_choice(text)))
        best = replace(best, witness=tuple(c for c in best.witness if c.layer != "identity" or not outsider.askers))
        own = outsider.kind == "principal" and outsider.account == place.target.account
        if own and best.state == "unknown" and not best.witness:
            continue  # no policy of the repository's names it for this: it is as unknown as all of its account
        yield Entry(capability, outsider.kind, outsider.name, outsider.account, best, note if outsider.askers else "")


def _of_own_choice(requirement: str) -> bool:
    return requirement.startswith(("aws:principaltag/", "aws:userid="))


def _best(answers: Iterable[CapabilityAnswer]) -> CapabilityAnswer | None:
    return min(answers, key=lambda a: _RANK[a.state] - a.partial, default=None)


def _deputy(askers: Sequence[Asked], answers: Sequence[CapabilityAnswer], place: Place) -> str:
    """For whom a service may act: a grant without a source account lets it act for anybody."""
    owner = place.target.account
    served = [a.caller.account for a, answer in zip(askers, answers, strict=True) if answer.state != "no"]
    if not served:
        return ""
    strangers = [account for account in served if account != owner]
    if len(strangers) == len(askers) - 1 and strangers:
        return "acting for anybody's resources: no condition names a source account"
    if strangers:
        return f"acting for {', '.join(served)}"
    return "acting for the owner's account only"
