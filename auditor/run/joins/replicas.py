"""Compares every repository with its copies, once source and destinations are read.

Memory: the positions of records in destinations, and two records at a time; never a scope.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from auditor.analysis.replicas import Side, compare
from auditor.analysis.replication import (
    accepts_copies,
    all_destinations,
    destinations_of,
    onward,
    selects,
    sources_of,
)
from auditor.inventory.derived import AccessAnalysis
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.names import entities_of, registry_urn, repository_urn, scope_id
from auditor.inventory.parts import RegistryKind
from auditor.inventory.recorder import ErrorEntry
from auditor.inventory.replication import (
    Destination,
    Replica,
    ReplicationLinks,
    ReplicationRule,
    ReplicationSource,
    ReplicationTarget,
)
from auditor.inventory.writing import LineRecord, SnapshotWriter
from auditor.run.joins.base import Join
from auditor.run.joins.splice import splice_derived

_SOURCE = "auditor:join"
_NOT_YET = Unknown(Reason.NOT_REQUESTED, _SOURCE)
_MOST_NAMED = 100


class _Registry(msgspec.Struct):
    id: str
    kind: RegistryKind
    account: str
    region: str
    replication: Fact[list[ReplicationRule]]
    repository_names: Fact[list[str]]
    selection: str = "filtered"


class _Derived(msgspec.Struct):
    access: Fact[AccessAnalysis]


class _Context(msgspec.Struct):
    registry: _Registry
    derived: _Derived


class _Head(msgspec.Struct):
    id: str


@dataclass(frozen=True)
class _Seen:
    """A registry of the snapshot."""

    scope: str
    id: str
    kind: RegistryKind
    place: Destination
    replication: Fact[list[ReplicationRule]]
    access: Fact[AccessAnalysis]
    unlisted: str
    """Why a repository that was not read may be there all the same; empty: all were read."""
    sources: list[ReplicationSource] = field(default_factory=list)

    @property
    def rules(self) -> list[ReplicationRule]:
        return self.replication.value if isinstance(self.replication, Known) else []


class ReplicaJoin(Join):
    """Fills `derived.replicas` of repositories under replication rules, and `derived.replication` of registries.

    Repositories of a registry without any rule are left alone: the registry's own record tells.
    """

    def complete(self, record: LineRecord) -> LineRecord:
        """A record that was taken from an earlier snapshot may tell of copies as they were then."""
        if not isinstance(record, RepositoryRecord) or record.derived.replicas == _NOT_YET:
            return record
        return msgspec.structs.replace(record, derived=msgspec.structs.replace(record.derived, replicas=_NOT_YET))

    def finish(self, writer: SnapshotWriter) -> None:
        """See `Join.finish`."""
        _Comparison(writer).write()


class _Comparison:
    def __init__(self, writer: SnapshotWriter) -> None:
        self._writer = writer
        self._seen: dict[str, _Seen] = {}
        self._unread: list[str] = []
        self._positions: dict[str, dict[str, tuple[int, int]]] = {}
        self._side = msgspec.json.Decoder(Side).decode
        self._head = msgspec.json.Decoder(_Head).decode

    def write(self) -> None:
        """Read all contexts first, then go through the scopes, in order."""
        self._read_contexts()
        for seen in self._seen.values():
            self._announce(seen)
        for seen in self._seen.values():
            if seen.rules:
                self._rewrite(seen)
            if not isinstance(seen.replication, Unknown) or seen.sources:
                links = Known(self._links(seen), _SOURCE)
                self._writer.rewrite_context(seen.scope, _splicer("replication", links))

    def _read_contexts(self) -> None:
        decode = msgspec.json.Decoder(_Context).decode
        for scope in self._writer.scopes():
            if "registry" not in entities_of(scope):
                continue
            context = self._writer.context(scope)
            if context is None:
                self._unread.append(scope)
            else:
                self._seen[scope] = _seen(scope, decode(context))

    def _announce(self, seen: _Seen) -> None:
        """Tell every destination in the snapshot what comes from here."""
        if isinstance(seen.replication, Unknown) and seen.replication.reason is not Reason.UNSUPPORTED_BY_PLATFORM:
            self._unread.append(seen.scope)
        for destination in all_destinations(seen.rules, seen.place):
            target = self._seen.get(scope_id(seen.kind, destination.account, destination.region))
            if target is not None:
                target.sources.extend(sources_of(seen.rules, seen.place, destination))

    # ---------------------------------------------------------------- repositories
    def _rewrite(self, seen: _Seen) -> None:
        """Write the replicas of a scope; positions of its records, if kept, move with them."""
        moved: dict[str, tuple[int, int]] = {}
        offset = 0

        def change(line: bytes) -> bytes:
            nonlocal offset
            source = self._side(line)
            changed = splice_derived(line, "replicas", Known(self._replicas(seen, source), _SOURCE))
            moved[source.id] = (offset, len(changed))
            offset += len(changed) + 1
            return changed

        self._writer.rewrite(seen.scope, change)
        if seen.scope in self._positions:
            self._positions[seen.scope] = moved

    def _replicas(self, seen: _Seen, source: Side) -> list[Replica]:
        name = source.repository.name
        relayed = sorted(
            {registry_urn(seen.kind, s.account, s.region) for s in seen.sources if selects(s.filters, name)}
        )
        return [
            self._replica(seen.kind, destination, source, relayed)
            for destination in destinations_of(seen.rules, name, seen.place)
        ]

    def _replica(self, kind: RegistryKind, destination: Destination, source: Side, relayed: list[str]) -> Replica:
        scope = scope_id(kind, destination.account, destination.region)
        identity = repository_urn(registry_urn(kind, destination.account, destination.region), source.repository.name)
        replica = Replica(destination.account, destination.region, identity, "missing", relayed_from=relayed)
        target = self._seen.get(scope)
        if target is None:
            return msgspec.structs.replace(replica, state="unread", reason=self._why_unread(scope))
        line = self._line(scope, identity)
        if line is not None:
            return compare(source, self._side(line), msgspec.structs.replace(replica, state="found"))
        if target.unlisted:
            return msgspec.structs.replace(replica, state="unread", reason=target.unlisted)
        return compare(source, None, replica)

    def _line(self, scope: str, identity: str) -> bytes | None:
        if scope not in self._positions:
            self._positions[scope] = self._index(scope)
        position = self._positions[scope].get(identity)
        return None if position is None else self._writer.line_at(scope, *position)

    def _index(self, scope: str) -> dict[str, tuple[int, int]]:
        found: dict[str, tuple[int, int]] = {}
        offset = 0
        for line in self._writer.lines(scope):
            found[self._head(line).id] = (offset, len(line))
            offset += len(line) + 1
        return found

    def _why_unread(self, scope: str) -> str:
        if scope not in self._writer.scopes():
            return f"{scope} is not in the snapshot: add its account and region to a target"
        errors: list[ErrorEntry] = self._writer.entry(scope).errors
        return (
            f"{scope} could not be read: {errors[0].operation} ({errors[0].reason})" if errors else f"{scope} is empty"
        )

    # ---------------------------------------------------------------- registries
    def _links(self, seen: _Seen) -> ReplicationLinks:
        targets = [self._target(seen, destination) for destination in all_destinations(seen.rules, seen.place)]
        sources = sorted(seen.sources, key=lambda s: (s.account, s.region, msgspec.json.encode(s.filters)))
        unread = sorted(scope for scope in self._unread if scope != seen.scope and scope.startswith(f"{seen.kind}/"))
        return ReplicationLinks(targets, sources, unread[:_MOST_NAMED])

    def _target(self, seen: _Seen, destination: Destination) -> ReplicationTarget:
        account, region = destination.account, destination.region
        foreign = account != seen.place.account
        target = self._seen.get(scope_id(seen.kind, account, region))
        if target is None:
            reason = self._why_unread(scope_id(seen.kind, account, region))
            return ReplicationTarget(account, region, "unread", "unknown" if foreign else "yes", reason)
        accepts, reason = accepts_copies(target.access, seen.place.account) if foreign else ("yes", "")
        further = onward(seen.rules, seen.place, target.rules, destination)
        return ReplicationTarget(account, region, "found", accepts, reason, further)


def _seen(scope: str, context: _Context) -> _Seen:
    registry = context.registry
    unlisted = ""
    if not isinstance(registry.repository_names, Known):
        unlisted = f"not every repository of {scope} was read: collect it without max_repositories"
    elif registry.selection != "all":
        unlisted = f"only selected repositories of {scope} were read: collect it without a filter on names"
    return _Seen(
        scope,
        registry.id,
        registry.kind,
        Destination(registry.account, registry.region),
        registry.replication,
        context.derived.access,
        unlisted,
    )


def _splicer(name: str, fact: Fact[Any]) -> Callable[[bytes], bytes]:
    return lambda line: splice_derived(line, name, fact)
