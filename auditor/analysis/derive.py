"""Everything that follows from the collected facts of one repository or registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from auditor.analysis.access import analyse_access
from auditor.analysis.iam_actions import Service
from auditor.analysis.key_policies import derive_key_access
from auditor.analysis.lifecycle.outlook import outlook_of
from auditor.analysis.references import analyse_repository_name
from auditor.analysis.retention import analyse_retention
from auditor.errors import InputError
from auditor.inventory.derived import AccessAnalysis, ReferenceAnalysis, RetentionAnalysis
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import Registry, RegistryDerived, Repository, RepositoryDerived, RepositoryRecord
from auditor.inventory.parts import PolicyDocument

T = TypeVar("T")


def derive_repository(repository: Repository, images: Fact[list[Image]]) -> RepositoryDerived:
    """The derived facts of a repository. What was absent or unknown stays so."""
    owner = repository.registry.account
    service: Service = "ecr-public" if repository.registry.kind == "ecr_public" else "ecr"

    def access(document: PolicyDocument) -> AccessAnalysis:
        return analyse_access(document.text, owner_account=owner, scope="repository", service=service)

    if isinstance(images, Known):
        tags = [tag for image in images.value for tag in image.tags]
        reference = analyse_repository_name(repository.name, repository.registry.host, tags)
        reference_fact: Fact[ReferenceAnalysis] = Known(reference)
    else:
        reference_fact = images
    return RepositoryDerived(
        access=_read(repository.access_policy, "aws_iam", access),
        retention=derive_retention(repository),
        reference=reference_fact,
    )


def derive_retention(repository: Repository) -> Fact[RetentionAnalysis]:
    """What the retention policy says."""
    return _read(repository.retention_policy, "ecr_lifecycle", lambda document: analyse_retention(document.text))


def with_outlook(record: RepositoryRecord) -> RepositoryRecord:
    """The record with what its retention policy will take, counted from the record's own time."""
    outlook = outlook_of(record.derived.retention, record.images, now=record.now)
    return msgspec.structs.replace(record, derived=msgspec.structs.replace(record.derived, outlook=outlook))


def derive_registry(registry: Registry) -> RegistryDerived:
    """The derived facts of a registry."""
    scope = registry.policy_scope.value if isinstance(registry.policy_scope, Known) else None

    def access(document: PolicyDocument) -> AccessAnalysis:
        return analyse_access(document.text, owner_account=registry.account, scope="registry", registry_scope=scope)

    return RegistryDerived(
        access=_read(registry.access_policy, "aws_iam", access), key_access=derive_key_access(registry.keys)
    )


def _read(fact: Fact[PolicyDocument], form: str, analyse: Callable[[PolicyDocument], T]) -> Fact[T]:
    """Analyse a known document; a text that does not parse is unknown, with the reason."""
    if isinstance(fact, (Absent, Unknown)):
        return fact
    document = fact.value
    if document.format != form:
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, "analysis", f"documents of the form {document.format}")
    try:
        return Known(analyse(document))
    except InputError as error:
        return Unknown(Reason.PARSE_ERROR, fact.source or "analysis", error.message)
