"""Judges a source: every record through the engine, every verdict into the sink.

Memory is bounded by the largest repository: records stream through, findings are spooled.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, TypeVar

import msgspec

from auditor.errors import EngineError, InputError, LimitExceededError
from auditor.findings.model import Coverage, ScopeCoverage
from auditor.findings.supply_chain import SupplyTally
from auditor.findings.verdicts import FindingSink, Place, Verdict
from auditor.findings.waivers import WaiverBook
from auditor.inventory.names import entities_of
from auditor.inventory.source import ScopeInput, Source
from auditor.policy.catalogue import RuleMeta, selection_document
from auditor.ports import Engine

T = TypeVar("T")

NO_FEEDS: dict[str, Any] = {"kev": {"released_at": "", "ids": {}}}
"""What rules see of feeds that nobody gave: always there, since an undefined value is a trap on the fast path."""


class _ContextHead(msgspec.Struct):
    """The part of a context that findings show: of a registry, an account, or a platform."""

    id: str
    registry: Mapping[str, Any] = {}
    account: str = ""
    region: str = ""

    @property
    def kind(self) -> str:
        """The kind of the registry; empty for a context that is none."""
        return str(self.registry.get("kind", ""))

    def place(self) -> Place:
        """Where the resources of the scope are."""
        if not self.registry:
            return Place("", self.account, self.region)
        return Place(*(str(self.registry[key]) for key in ("host", "account", "region")))


class _RecordHead(msgspec.Struct):
    """The part of a record that names it."""

    id: str


@dataclass(frozen=True)
class Judgement:
    """The rules of a run and what they are given."""

    rules: list[RuleMeta]
    params: dict[str, dict[str, Any]]
    feeds: Mapping[str, Any] = field(default_factory=dict)
    """Feed -> document; see `NO_FEEDS`."""

    def data(self) -> dict[str, Any]:
        """The base document for the engine: `data.params`, `data.selection` and `data.feeds`."""
        return {
            "params": self.params,
            "selection": selection_document(self.rules),
            "feeds": {**NO_FEEDS, **self.feeds},
        }


def evaluate_source(
    source: Source, engine: Engine, judgement: Judgement, sink: FindingSink, tally: SupplyTally | None = None
) -> Coverage:
    """Judge every scope of `source`. The engine has loaded the bundle and `judgement.data()`.

    A record on which the engine fails makes the rules that failed on it unknown; the rest goes on.
    Errors: `InputError` for content that does not fit.
    """
    scopes = []
    judge = _Judge(engine, judgement, sink, tally)
    for scope in source.scopes():
        judge.scope(scope)
        scopes.append(_coverage(scope))
    wanted = sum(scope.wanted for scope in scopes)
    answered = sum(scope.answered for scope in scopes)
    return Coverage(
        ratio=1.0 if wanted == 0 else answered / wanted,
        decided=sink.ledger.decided(),
        scopes=scopes,
        unasked=sink.ledger.unasked,
    )


def evaluate_waivers(
    engine: Engine, judgement: Judgement, sink: FindingSink, book: WaiverBook, file: str, now: str
) -> None:
    """Judge the waivers themselves, once everything else has been; `file` is shown in the findings."""
    if not book.waivers:
        return
    record = msgspec.json.encode(book.record(now))
    lines = {f"waiver:{waiver.id}": waiver.line for waiver in book.waivers}
    judge = _Judge(engine, judgement, sink)
    for path, verdicts in judge.verdicts(b"{}", record):
        for verdict in verdicts:
            sink.add_at(judge.rule_id(path), verdict, file, lines.get(verdict.resource_id, 0))


class _Judge:
    """One engine, one set of rules."""

    def __init__(
        self, engine: Engine, judgement: Judgement, sink: FindingSink, tally: SupplyTally | None = None
    ) -> None:
        self._engine = engine
        self._sink = sink
        self._tally = tally
        self._ids = {rule.path: rule for rule in judgement.rules}
        self._output = msgspec.json.Decoder(dict[str, list[Verdict]])
        self._single = msgspec.json.Decoder(list[Verdict])

    def rule_id(self, path: str) -> str:
        """The id of the rule at `group/name`."""
        return self._ids[path].id

    def scope(self, scope: ScopeInput) -> None:
        """Judge the context of a scope and every record in it."""
        if scope.context is None:
            self._unread(scope)
            return
        head = _head(scope.context, _ContextHead)
        place = head.place()
        records = chain([scope.context], scope.records)
        elsewhere = {path: rule.inputs for path, rule in self._ids.items() if head.kind and not rule.is_for(head.kind)}
        for entity, record, output in self._outputs(scope.context, records):
            if self._tally is not None and entity == "repository":
                self._tally.add(record, place.registry)
            output.update({path: [_not_applicable(record)] for path, inputs in elsewhere.items() if entity in inputs})
            for path, verdicts in output.items():
                self._sink.add(self._ids[path].id, verdicts, place)
            self._check_complete(entity, record, output, place)

    def verdicts(self, context: bytes, record: bytes) -> Iterable[tuple[str, list[Verdict]]]:
        """The verdicts on one record, by rule path."""
        for _, _, output in self._outputs(context, iter([record])):
            yield from output.items()

    def _outputs(
        self, context: bytes, records: Iterator[bytes]
    ) -> Iterator[tuple[str, bytes, dict[str, list[Verdict]]]]:
        """(entity, record, verdicts) of each record. After a failure it goes on with the next record."""
        pending: list[bytes] = []

        def feed() -> Iterator[bytes]:
            for record in records:
                pending.append(record)
                yield record

        feeding = feed()
        while True:
            try:
                for content in self._engine.judge(context, feeding):
                    record = pending.pop(0)
                    yield _entity(record), record, self._decode(content)
                return  # noqa: TRY300  the loop is only for after a failure
            except EngineError:
                if not pending:
                    raise
                # The engine may have read ahead: what it took and did not answer is judged again, one by one.
                again, pending[:] = list(pending), []
                for record in again:
                    yield _entity(record), record, self._one_by_one(context, record)
                feeding = feed()

    def _one_by_one(self, context: bytes, record: bytes) -> dict[str, list[Verdict]]:
        """Judge a record rule by rule, so that only the rule that fails is unknown."""
        entity = _entity(record)
        output: dict[str, list[Verdict]] = {}
        for path, rule in self._ids.items():
            if entity not in rule.inputs:
                continue
            query = f"data.auditor.rules.{rule.group}.{rule.name}.verdicts"
            try:
                content = self._engine.evaluate(query, context, record)
                output[path] = self._single.decode(content)
            except EngineError as failure:
                output[path] = [_failed(record, rule, failure)]
        return output

    def _decode(self, content: bytes) -> dict[str, list[Verdict]]:
        try:
            return self._output.decode(content)
        except msgspec.MsgspecError as error:
            raise EngineError(
                f"a rule gave something that is no verdict: {error}",
                hint="verdicts are {status, resource_id, message, evidence}; see docs/writing-rules.md",
            ) from error

    def _check_complete(self, entity: str, record: bytes, output: dict[str, list[Verdict]], place: Place) -> None:
        """A rule that is silent on a record it must judge is unknown there, never passed over."""
        for path, rule in self._ids.items():
            # A repository may hold no images; whatever else a rule is about, it says so when there is none.
            silent = rule.entity != "image" or path not in output
            if entity in rule.inputs and not output.get(path) and silent:
                verdict = Verdict(
                    status="unknown",
                    resource_id=_head(record, _RecordHead).id,
                    message="The rule gave no verdict on this record.",
                    settle=[f"{rule.id} (a defect of the rule)"],
                )
                self._sink.add(rule.id, [verdict], place)

    def _unread(self, scope: ScopeInput) -> None:
        """Nothing of a scope could be read: every rule that could have applied is unknown there."""
        kind, account, region = scope.id.split("/", 2)
        reason = scope.errors[0] if scope.errors else None
        operation = reason.operation if reason else "the collector"
        why = f"{reason.reason}, {reason.message or reason.code}" if reason else "no reason was recorded"
        entities = entities_of(scope.id)
        of_registry = "registry" in entities
        for rule in self._ids.values():
            if not entities.isdisjoint(rule.inputs) and (not of_registry or rule.is_for(kind)):
                verdict = Verdict(
                    status="unknown",
                    resource_id=f"urn:cr:{kind}:{account}:{region}",
                    message=f"Cannot tell: nothing of this scope was read ({why}).",
                    settle=[operation],
                )
                self._sink.add(rule.id, [verdict], Place("", account, region))


def _not_applicable(record: bytes) -> Verdict:
    """The verdict of a rule that is not for this kind of registry: its METADATA say so, whatever it reads here."""
    return Verdict(status="not_applicable", resource_id=_head(record, _RecordHead).id)


def _failed(record: bytes, rule: RuleMeta, error: EngineError) -> Verdict:
    """The verdict of a rule that an engine could not finish."""
    stopped = "was stopped at its time limit" if isinstance(error, LimitExceededError) else "failed"
    return Verdict(
        status="unknown",
        resource_id=_head(record, _RecordHead).id,
        message=f"Cannot tell: the rule {stopped} ({error.message}).",
        settle=[f"{rule.id} (the rule itself)"],
    )


def _entity(record: bytes) -> str:
    return _head(record, _Entity).entity


class _Entity(msgspec.Struct):
    entity: str


def _head(content: bytes, shape: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=shape)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InputError(f"a record of the snapshot does not fit: {error}", hint="collect again") from error


def _coverage(scope: ScopeInput) -> ScopeCoverage:
    return ScopeCoverage(
        id=scope.id,
        repositories=scope.repositories,
        images=scope.images,
        calls=scope.calls,
        errors=scope.errors,
        wanted=scope.wanted,
        answered=scope.answered,
        notes=scope.notes,
    )
