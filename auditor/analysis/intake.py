"""Turns somebody else's inventory document into the records that rules judge.

What rules need beyond collected facts is derived here, from the document's own facts, never taken from it.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from auditor.analysis.derive import derive_registry, derive_repository, with_outlook
from auditor.analysis.totals import RegistryCount
from auditor.errors import InputError
from auditor.inventory.derived import RegistryTotals
from auditor.inventory.document import RegistryScope, document_digest, parse_document
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.model import RegistryRecord, RepositoryRecord
from auditor.inventory.names import registry_urn, repository_urn, scope_id
from auditor.inventory.source import ScopeInput


class DocumentSource:
    """An inventory document as a source. Errors: `InputError` with file, line and path."""

    def __init__(self, content: bytes, name: str) -> None:
        document = parse_document(content, name)
        self.digest = document_digest(content)
        self.taken_at = document.taken_at
        self._scopes = sorted(document.scopes, key=_scope_id)
        self._encode = msgspec.json.Encoder(order="deterministic").encode
        ids = [_scope_id(scope) for scope in self._scopes]
        if len(set(ids)) != len(ids):
            raise InputError("has a scope twice", path=name, hint="merge scopes of one account and region")

    def scopes(self) -> Iterator[ScopeInput]:
        """See `Source.scopes`."""
        for scope in self._scopes:
            identity = _scope_id(scope)
            context = self._context(scope, identity)
            records = [self._encode(record) for record in self._records(scope, identity)]
            unknown, total = _count_facts([context, *records])
            yield ScopeInput(
                id=identity,
                context=context,
                records=iter(records),
                repositories=len(scope.repositories),
                images=sum(len(e.images.value) for e in scope.repositories if isinstance(e.images, Known)),
                calls=0,
                errors=scope.errors,
                notes=[],
                wanted=total + len(scope.errors),
                answered=total - unknown,
            )

    def _context(self, scope: RegistryScope, identity: str) -> bytes:
        registry = scope.registry
        derived = msgspec.structs.replace(derive_registry(registry), totals=_totals(scope))
        return self._encode(
            RegistryRecord(
                id=registry_urn(registry.kind, registry.account, registry.region),
                scope=identity,
                now=self.taken_at,
                registry=registry,
                derived=derived,
            )
        )

    def _records(self, scope: RegistryScope, identity: str) -> Iterator[RepositoryRecord]:
        registry = scope.registry
        urn = registry_urn(registry.kind, registry.account, registry.region)
        for entry in sorted(scope.repositories, key=lambda entry: entry.repository.name):
            yield with_outlook(
                RepositoryRecord(
                    id=repository_urn(urn, entry.repository.name),
                    scope=identity,
                    now=self.taken_at,
                    repository=entry.repository,
                    derived=derive_repository(entry.repository, entry.images),
                    images=entry.images,
                )
            )


def _totals(scope: RegistryScope) -> Fact[RegistryTotals]:
    """What the registry holds; unknown while it is not told which repositories there are."""
    names = scope.registry.repository_names
    if not isinstance(names, Known):
        return Unknown(Reason.PENDING, names.source, "the list of repositories is not known")
    count = RegistryCount()
    for entry in scope.repositories:
        count.add(entry.repository, entry.images)
    given = {entry.repository.name for entry in scope.repositories}
    return Known(count.totals(len(set(names.value) - given)))


def _scope_id(scope: RegistryScope) -> str:
    return scope_id(scope.registry.kind, scope.registry.account, scope.registry.region)


_NEVER_WANTED = {"unsupported_by_platform", "not_requested"}


def _count_facts(records: list[bytes]) -> tuple[int, int]:
    """(unknown, all) collected facts, leaving out the derived ones and those never wanted."""
    unknown = total = 0
    stack = [value for record in records for key, value in msgspec.json.decode(record).items() if key != "derived"]
    while stack:
        value = stack.pop()
        if isinstance(value, list):
            stack.extend(value)
        elif isinstance(value, dict):
            state = value.get("state")
            if state == "unknown" and value.get("reason") in _NEVER_WANTED:
                continue
            if state in ("known", "absent", "unknown") and ("source" in value or "value" in value):
                total += 1
                unknown += state == "unknown"
            stack.extend(value.values())
    return unknown, total


__all__ = ["DocumentSource"]
