"""What the principals of an account can do to its repositories: push, delete, administer, all policies joined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec

from auditor.analysis.effective.bearing import AccountSide, Place, RegistrySide
from auditor.analysis.effective.capabilities import CapabilityAnswer, actions_of, fold
from auditor.analysis.effective.survey import Part, Survey
from auditor.inventory.derived import Capability
from auditor.inventory.facts import Fact, Known, Unknown
from auditor.inventory.identity import NOT_READ, AccountRecord, PrincipalAccess, Witness
from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.names import entities_of
from auditor.inventory.writing import SnapshotWriter
from auditor.run.joins.base import Join

ASKED: tuple[Capability, ...] = ("push", "delete", "administer")
MAX_REPOSITORIES = 20
BUDGET = 300_000
"""Evaluations an account: about half a minute."""


class EffectiveJoin(Join):
    """Written into every account whose identities are in the snapshot, once all registries are read."""

    def __init__(self, budget: int = BUDGET) -> None:
        self._budget = budget

    def finish(self, writer: SnapshotWriter) -> None:
        """See `Join.finish`."""
        encode = msgspec.json.Encoder(order="deterministic").encode
        decode = msgspec.json.Decoder(AccountRecord).decode
        for scope in writer.scopes():
            if entities_of(scope) != {"account"}:
                continue

            def change(context: bytes) -> bytes:
                record = decode(context)
                effective = _effective(writer, record, self._budget)
                derived = msgspec.structs.replace(record.derived, effective=effective)
                return encode(msgspec.structs.replace(record, derived=derived))

            writer.rewrite_context(scope, change)


def _effective(writer: SnapshotWriter, record: AccountRecord, budget: int) -> Fact[list[PrincipalAccess]]:
    for fact in (record.principals, record.policies):
        if not isinstance(fact, Known):
            return fact if isinstance(fact, Unknown) else NOT_READ
    side = AccountSide(record)
    survey = Survey(list(_places(writer, side)), actions_of(ASKED), budget=budget)
    found: list[PrincipalAccess] = []
    if survey.places:
        ids = _Ids(survey.places)
        for asked in side.callers():
            if asked.caller.kind != "root":
                found += _held_by(asked.caller.arn, survey.ask(asked), ids)
    return Known(found, "auditor:join")


def _places(writer: SnapshotWriter, side: AccountSide) -> Iterator[Place]:
    """The account's repositories in private registries, sorted by id."""
    places: list[Place] = []
    decode = msgspec.json.Decoder(RepositoryRecord).decode
    for scope in writer.scopes():
        kind, account, _region = (*scope.split("/"), "", "")[:3]
        context = writer.context(scope)
        if kind == "ecr" and account == side.record.account and context is not None:
            registry = RegistrySide(msgspec.json.decode(context, type=RegistryRecord), side)
            places += [registry.place(decode(line)) for line in writer.lines(scope)]
    yield from sorted(places, key=lambda place: place.id)


@dataclass
class _Ids:
    """Names of places, by bits."""

    places: Sequence[Place]
    _memo: dict[int, list[str]] = field(default_factory=dict)

    def of(self, bits: int) -> list[str]:
        """The first few of the places in `bits`."""
        found = self._memo.get(bits)
        if found is None:
            found = []
            left = bits
            while left and len(found) < MAX_REPOSITORIES:
                lowest = left & -left
                found.append(self.places[lowest.bit_length() - 1].id)
                left ^= lowest
            self._memo[bits] = found
        return found


def _held_by(principal: str, parts: Sequence[Part], ids: _Ids) -> Iterator[PrincipalAccess]:
    for capability in ASKED:
        for certainty, state in (("exact", "yes"), ("unknown", "unknown")):
            answers = [(part.bits, fold(capability, part.answers)) for part in parts]
            held = [(bits, answer) for bits, answer in answers if answer.state == state]
            if held:
                yield _joined(principal, capability, certainty, held, ids)


def _joined(
    principal: str, capability: Capability, certainty: str, held: list[tuple[int, CapabilityAnswer]], ids: _Ids
) -> PrincipalAccess:
    bits = 0
    for one, _answer in held:
        bits |= one
    # The parts hold their places in order: the first place is the lowest bit of all.
    first = min(held, key=lambda pair: pair[0] & -pair[0])[1]
    return PrincipalAccess(
        principal,
        capability,
        ids.of(bits),
        bits.bit_count(),
        certainty,  # type: ignore[arg-type]  # exact or unknown
        "" if certainty == "exact" else "; ".join(dict.fromkeys(a.reason for _, a in held if a.reason)),
        [Witness(c.layer, c.policy, c.statement, c.sid) for c in first.witness if c.policy],
    )
