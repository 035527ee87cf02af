"""The collector of ECR Public: one catalogue an account, served to anybody.

The platform has no tag immutability, retention, scanning, choice of encryption, replication, referrers or pull
times: these are `unsupported_by_platform`. Source of the operations: botocore's ecr-public model (2020-10-30).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import msgspec

from auditor.analysis.derive import derive_registry
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.ecr_public_repository import LIST, PublicRepositoryReader, unsupported
from auditor.collectors.aws.ordered import wanted_entries, write_in_order
from auditor.collectors.aws.scopes import Visit, visit_scopes
from auditor.collectors.aws.settings import EcrPublicSettings, RepositoryFilter
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.model import Registry, RegistryRecord
from auditor.inventory.names import registry_urn
from auditor.inventory.parts import RegistryRef
from auditor.inventory.writing import SnapshotWriter
from auditor.ports import Phase

KIND: Literal["ecr_public"] = "ecr_public"
REGION = "us-east-1"
"""Where the catalogue is asked for; it is the same one everywhere."""
HOST = "public.ecr.aws"
_REGISTRIES = "ecr-public:DescribeRegistries"

Progress = Callable[[str, int], None]


class EcrPublicCollector:
    """See `ports.Collector`."""

    kind: ClassVar[str] = KIND
    phase: ClassVar[Phase] = "registries"
    schema: ClassVar[tuple[str, str]] = ("auditor.collectors.aws", "ecr_public_target.json")
    calls: ClassVar[frozenset[str]] = frozenset(
        {
            "ecr-public:DescribeImages",
            "ecr-public:DescribeRegistries",
            "ecr-public:DescribeRepositories",
            "ecr-public:GetRepositoryPolicy",
            "ecr-public:ListTagsForResource",
            "sts:AssumeRole",
            "sts:GetCallerIdentity",
        }
    )

    def collect(self, target: Mapping[str, Any], writer: SnapshotWriter, progress: Progress) -> None:
        """See `ports.Collector.collect`."""
        # The regions of a target that it shares with others say nothing of a registry that is in none.
        settings = msgspec.structs.replace(msgspec.convert(target, EcrPublicSettings), regions=[REGION])
        visit_scopes(settings, writer, progress, kind=KIND, work=lambda visit: _read(settings, visit))


@dataclass(frozen=True)
class _Found:
    """What DescribeRegistries says; `names` are the host with each alias that is in use, the primary one first."""

    names: list[str]
    settings: dict[str, str]


def _read(settings: EcrPublicSettings, visit: Visit) -> RegistryRecord:
    """Read one account. Errors: `CallFailedError` when the repositories cannot be listed."""
    scope, account = visit.scope, visit.account.id
    caller = visit.caller("ecr-public")
    urn = registry_urn(KIND, account, REGION)
    found = fact_of(lambda: _registry(caller), recorder=scope.recorder, affects=urn)
    listing = [] if isinstance(found, Absent) else _listing(caller)
    entries, complete = wanted_entries(listing, settings.repositories, settings.max_repositories)
    scope.recorder.settle(Known(True), scope.id)
    if isinstance(found, Absent):
        scope.recorder.note(f"account {account} has no public registry")
    names = found.value.names if isinstance(found, Known) else _names_of(entries)
    ref = RegistryRef(urn, KIND, names[0], account, REGION, names[1:])
    gone = write_in_order(visit, entries, PublicRepositoryReader(caller, scope, ref).read)
    listed = [str(entry["repositoryName"]) for entry in entries if str(entry["repositoryName"]) not in gone]
    registry = Registry(
        id=urn,
        kind=KIND,
        host=ref.host,
        account=account,
        region=REGION,
        other_hosts=ref.other_hosts,
        organization=Known(settings.organization)
        if settings.organization
        else Unknown(Reason.NOT_REQUESTED, "organizations:DescribeOrganization"),
        repository_names=Known(listed, LIST) if complete else Unknown(Reason.TRUNCATED, LIST, "max_repositories"),
        selection="all" if settings.repositories == RepositoryFilter() else "filtered",
        access_policy=unsupported(_REGISTRIES),
        policy_scope=unsupported(_REGISTRIES),
        scanning=unsupported(_REGISTRIES),
        replication=unsupported(_REGISTRIES),
        cache_rules=unsupported(_REGISTRIES),
        creation_templates=unsupported(_REGISTRIES),
        signing=unsupported(_REGISTRIES),
        settings=_settings(found),
        keys=unsupported(_REGISTRIES),
        suppressions=unsupported(_REGISTRIES),
        visibility=Known("public"),
    )
    return RegistryRecord(id=urn, scope=scope.id, now=scope.now, registry=registry, derived=derive_registry(registry))


def _registry(caller: Caller) -> Known[_Found] | Absent:
    """The account's registry; absent where it has none. An account has one at most."""
    for entry in caller.pages("DescribeRegistries", "registries", maxResults=1000):
        active = [alias for alias in entry.get("aliases") or [] if alias.get("status") == "ACTIVE"]
        active.sort(key=lambda alias: (not alias.get("primaryRegistryAlias"), str(alias.get("name"))))
        names = [f"{HOST}/{alias['name']}" for alias in active] or [str(entry.get("registryUri") or HOST)]
        return Known(_Found(names, {"verified": str(bool(entry.get("verified"))).lower()}), _REGISTRIES)
    return Absent(_REGISTRIES)


def _listing(caller: Caller) -> list[dict[str, Any]]:
    try:
        return list(caller.pages("DescribeRepositories", "repositories", maxResults=1000))
    except CallFailedError as failure:
        if isinstance(failure.fact, Absent):  # the account has no registry
            return []
        raise


def _names_of(entries: list[dict[str, Any]]) -> list[str]:
    """The registry's name from the URIs of its repositories, where the registry itself was not read."""
    found = {str(e.get("repositoryUri", "")).removesuffix(f"/{e['repositoryName']}") for e in entries} - {""}
    return sorted(found) or [HOST]


def _settings(found: Fact[_Found]) -> Fact[dict[str, str]]:
    return Known(found.value.settings, _REGISTRIES) if isinstance(found, Known) else found
