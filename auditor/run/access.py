"""Who can do what to one repository of a snapshot, by which statement."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from pathlib import Path

import msgspec

from auditor.analysis.effective.answers import KINDS, Entry, answers_for
from auditor.analysis.effective.bearing import AccountSide, Place, RegistrySide
from auditor.analysis.effective.capabilities import in_order
from auditor.analysis.effective.outsiders import may_let_in
from auditor.analysis.policy_layers import Cited
from auditor.errors import InputError, UsageError
from auditor.inventory.derived import CAPABILITIES, Capability
from auditor.inventory.identity import AccountRecord, Witness
from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.names import entities_of, identities_scope
from auditor.inventory.store import ScopeEntry, SnapshotReader
from auditor.run.access_report import AccessAnswer, AccessReport, AskedRepository

MAX_CANDIDATES = 10
MAX_COMPARED = 10_000
USUAL: tuple[Capability, ...] = ("pull", "push", "delete", "administer")


def access(
    snapshot: Path, repository: str, *, capabilities: Sequence[str] = (), principal: str = "", memo: bool = True
) -> AccessReport:
    """The answers for one repository.

    `repository`: a name, `account/region/name`, URI or id; `principal`: an ARN or a glob on ARNs and names,
    empty for everybody, when answers of `no` are left out. Errors: `InputError`, `UsageError` for a repository
    or capability that is not there, or is there several times.
    """
    chosen = _capabilities(capabilities)
    reader = SnapshotReader(snapshot)
    entry, line = _find(reader, repository)
    record = msgspec.json.decode(line, type=RepositoryRecord)
    kind = record.repository.registry.kind
    if kind != "ecr":
        raise UsageError(
            f"{record.id} is of the kind {kind}: access is read for private registries of AWS only",
            hint="the report of an audit shows what its settings let in",
        )
    owner = _account(reader, record.repository.registry.account)
    context = reader.context(entry)
    if context is None:
        raise InputError(f"scope {entry.id} has no context", path=snapshot, hint="collect again")
    place = RegistrySide(msgspec.json.decode(context, type=RegistryRecord), owner).place(record)
    sides = [*([owner] if owner else []), *_others(reader, place)]
    found = list(answers_for(place, sides, chosen, _matcher(principal), memo=memo))
    shown = [one for one in found if principal or one.answer.state != "no" or one.answer.partial]
    shown.sort(key=lambda one: (CAPABILITIES.index(one.capability), KINDS.index(one.kind), one.principal))
    return AccessReport(
        taken_at=reader.manifest.taken_at,
        snapshot_digest=reader.digest,
        repository=AskedRepository(
            record.id, record.repository.name, record.repository.uri, place.target.account, place.target.region
        ),
        capabilities=chosen,
        principal=principal,
        accounts=[side.record.account for side in sides if not side.unread],
        principals=len({one.principal for one in found if one.kind in ("role", "user", "root")}),
        unread=_unread(place, sides, owner),
        answers=[_answer(one) for one in shown],
    )


def _capabilities(names: Sequence[str]) -> list[Capability]:
    for name in names:
        if name not in CAPABILITIES:
            raise UsageError(f"unknown capability {name!r}", hint=f"known: {', '.join(CAPABILITIES)}")
    return in_order(names or USUAL)  # type: ignore[arg-type]  # checked above


def _matcher(principal: str) -> Callable[[str], bool]:
    if not principal:
        return lambda _name: True
    return lambda name: any(
        fnmatchcase(part, principal) for part in (name, name.rpartition("/")[2], name.rpartition(":")[2])
    )


# ---------------------------------------------------------------- which repository
class _RepositoryHead(msgspec.Struct):
    name: str
    uri: str


class _Head(msgspec.Struct):
    id: str
    repository: _RepositoryHead


def _find(reader: SnapshotReader, text: str) -> tuple[ScopeEntry, bytes]:
    names: list[str] = []
    found: list[tuple[ScopeEntry, bytes, _Head]] = []
    for entry, line, head in _heads(reader):
        names.append(head.repository.name)
        if text in _spellings(entry, head) or _without_tag(text) == head.repository.uri:
            found.append((entry, line, head))
    if not found:
        near = difflib.get_close_matches(text, sorted(set(names[:MAX_COMPARED])), n=3, cutoff=0.5)
        hint = f"did you mean {', '.join(near)}?" if near else f"repositories in the snapshot: {len(names)}"
        raise UsageError(f"no repository {text!r}", path=reader.path, hint=hint)
    if len(found) > 1:
        candidates = ["/".join((*entry.id.split("/")[1:], head.repository.name)) for entry, _, head in found]
        more = f" and {len(candidates) - MAX_CANDIDATES} more" if len(candidates) > MAX_CANDIDATES else ""
        listed = ", ".join(candidates[:MAX_CANDIDATES]) + more
        raise UsageError(f"{len(found)} repositories are called {text!r}", hint=f"name one of {listed}")
    return found[0][0], found[0][1]


def _heads(reader: SnapshotReader) -> Iterator[tuple[ScopeEntry, bytes, _Head]]:
    decode = msgspec.json.Decoder(_Head).decode
    for entry in reader.manifest.scopes:
        if "repository" in entities_of(entry.id):
            for line in reader.records(entry):
                yield entry, line, decode(line)


def _spellings(entry: ScopeEntry, head: _Head) -> tuple[str, ...]:
    name = head.repository.name
    account, region = entry.id.split("/")[1:3]
    return (name, head.id, f"{entry.id}/{name}", f"{account}/{region}/{name}")


def _without_tag(text: str) -> str:
    bare = text.partition("@")[0]
    host, slash, path = bare.partition("/")
    return host + slash + path.partition(":")[0]


# ---------------------------------------------------------------- whose principals
def _account(reader: SnapshotReader, account: str) -> AccountSide | None:
    wanted = identities_scope(account)
    for entry in reader.manifest.scopes:
        if entry.id == wanted and (context := reader.context(entry)) is not None:
            return AccountSide(msgspec.json.decode(context, type=AccountRecord))
    return None


def _others(reader: SnapshotReader, place: Place) -> Iterator[AccountSide]:
    """The identities of other accounts that the repository's policies can be about."""
    for entry in reader.manifest.scopes:
        if entities_of(entry.id) != {"account"}:
            continue
        account = entry.id.split("/")[1]
        if account != place.target.account and may_let_in(place, account):
            side = _account(reader, account)
            if side is not None:
                yield side


def _unread(place: Place, sides: Sequence[AccountSide], owner: AccountSide | None) -> list[str]:
    found = [side.unread for side in sides]
    if owner is None:
        found.insert(
            0,
            f"the identity policies of account {place.target.account} were not read: the snapshot has no "
            "identities of it (a target of the kind iam reads them)",
        )
    found.append(place.unread)
    found += [level.unread for level in place.guardrails]
    return list(dict.fromkeys(text for text in found if text))


# ---------------------------------------------------------------- results
def _answer(entry: Entry) -> AccessAnswer:
    answer = entry.answer
    return AccessAnswer(
        capability=entry.capability,
        kind=entry.kind,
        principal=entry.principal,
        account=entry.account,
        state=answer.state,
        partial=answer.partial,
        allowed=list(answer.allowed),
        missing=list(answer.missing),
        witness=witnesses(answer.witness),
        requires=list(answer.requires),
        stopped_by=witnesses(answer.stopped_by),
        reason=answer.reason,
        note=entry.note,
    )


def witnesses(cited: Sequence[Cited]) -> list[Witness]:
    """Statements as they are written down."""
    return [Witness(one.layer, one.policy, one.statement, one.sid) for one in cited if one.policy]
