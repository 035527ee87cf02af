"""How many requests the ECR collector makes: the budget of each operation, and the plan that is made of it.

docs/scale.md holds the same table for people; a test compares, and another holds real runs to it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from auditor.collectors.aws.ecr_bulk import SCAN_BATCH, TAG_PAGE
from auditor.collectors.aws.pace import DEFAULT_RATE, RATES
from auditor.collectors.aws.scopes import Visit, visit_scopes
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.selection import selected
from auditor.inventory.plan import ScopePlan
from auditor.inventory.store import ScopeEntry
from auditor.inventory.writing import SnapshotWriter

Unit = Literal["scope", "repository", "image"]
PAGE = 1000


@dataclass(frozen=True)
class Budget:
    """At most this many requests, retries left out."""

    times: int
    per: Unit
    batch: int = 1
    """One request covers this many; there is always at least one."""
    sure: bool = True
    """Made in any case; otherwise only for what needs it, and never more."""

    def calls(self, repositories: int, images: int = 0) -> int:
        """The budget of a scope."""
        count = {"scope": 1, "repository": repositories, "image": images}[self.per]
        return self.times * max(1 if self.sure and self.per != "image" and repositories else 0, -(-count // self.batch))


_ONE = Budget(1, "scope")
BUDGETS: dict[str, Budget] = {
    "ecr:DescribeRepositories": Budget(1, "repository", PAGE),
    "ecr:GetRegistryPolicy": _ONE,
    "ecr:GetAccountSetting": Budget(3, "scope"),
    "ecr:GetRegistryScanningConfiguration": _ONE,
    "ecr:DescribeRegistry": _ONE,
    "ecr:DescribePullThroughCacheRules": _ONE,
    "ecr:DescribeRepositoryCreationTemplates": _ONE,
    "ecr:GetSigningConfiguration": _ONE,
    "ecr:ListPullTimeUpdateExclusions": _ONE,
    "tagging:GetResources": Budget(1, "repository", TAG_PAGE),
    "ecr:BatchGetRepositoryScanningConfiguration": Budget(1, "repository", SCAN_BATCH),
    "ecr:DescribeImages": Budget(1, "repository"),
    "ecr:GetRepositoryPolicy": Budget(1, "repository"),
    "ecr:GetLifecyclePolicy": Budget(1, "repository"),
    "ecr:ListTagsForResource": Budget(1, "repository", sure=False),
    "ecr:BatchGetImage": Budget(1, "image", sure=False),
    "ecr:DescribeImageScanFindings": Budget(1, "image", sure=False),
    "ecr:DescribeImageSigningStatus": Budget(1, "image", sure=False),
    "ecr:ListImageReferrers": Budget(1, "image", sure=False),
    "ecr:DescribeImageReplicationStatus": Budget(1, "image", sure=False),
    "ecr:GetDownloadUrlForLayer": Budget(1, "image", sure=False),
    "ecr:GetAuthorizationToken": Budget(1, "scope", sure=False),
    "oci:HeadManifest": Budget(1, "repository", sure=False),
    "oci:GetManifest": Budget(1, "image", sure=False),
    "oci:GetBlob": Budget(2, "image", sure=False),
    "kms:DescribeKey": Budget(1, "repository", sure=False),
    "kms:GetKeyPolicy": Budget(1, "repository", sure=False),
    "kms:GetKeyRotationStatus": Budget(1, "repository", sure=False),
    "secretsmanager:ListSecretVersionIds": Budget(1, "repository", sure=False),
    "cloudtrail:DescribeTrails": _ONE,
    "cloudtrail:GetTrailStatus": Budget(5, "scope", sure=False),
    "cloudtrail:GetEventSelectors": Budget(5, "scope", sure=False),
    "events:ListRules": _ONE,
    "events:ListTargetsByRule": Budget(5, "scope", sure=False),
    "servicequotas:ListServiceQuotas": _ONE,
    "servicequotas:ListAWSDefaultServiceQuotas": Budget(1, "scope", sure=False),
    "inspector2:BatchGetAccountStatus": Budget(1, "scope", sure=False),
    "inspector2:ListFilters": Budget(1, "scope", sure=False),
    "inspector2:ListFindingAggregations": Budget(1, "repository", sure=False),
    "inspector2:ListCoverage": Budget(1, "image", 200, sure=False),
    "inspector2:ListFindings": Budget(1, "image", sure=False),
}
"""Pages of more than 1,000 images of a repository, or findings of an image, come on top."""
FRESH = (
    "ecr:DescribeRepositories",
    "ecr:DescribePullThroughCacheRules",
    "tagging:GetResources",
    "ecr:BatchGetRepositoryScanningConfiguration",
    "cloudtrail:DescribeTrails",
    "events:ListRules",
    "servicequotas:ListServiceQuotas",
)
"""Read again for a scope in which nothing has changed; one request of cloudtrail:LookupEvents as well."""


def plan_scopes(
    settings: EcrSettings, writer: SnapshotWriter, progress: Callable[[str, int], None], kind: str
) -> list[ScopePlan]:
    """List the repositories of every scope, and nothing else, and tell what reading them would take.

    `writer` is thrown away afterwards; what cannot be listed is in it as a scope that could not be read.
    """
    plans: list[ScopePlan] = []

    def work(visit: Visit) -> None:
        started = time.monotonic()
        pages = visit.caller("ecr").pages("DescribeRepositories", "repositories", maxResults=PAGE)
        names = [str(entry["repositoryName"]) for entry in pages]
        wanted = settings.repositories
        count = sum(selected(name, wanted.include, wanted.exclude) for name in names)
        requests = max(1, -(-len(names) // PAGE))
        latency = (time.monotonic() - started) / requests
        earlier = visit.scope.earlier.entry(visit.scope.id) if visit.scope.earlier else None
        plans.append(_plan(settings, visit.scope.id, min(count, settings.max_repositories or count), latency, earlier))
        progress(visit.scope.id, 1)

    visit_scopes(settings, writer, progress, kind=kind, work=work)
    planned = {plan.id for plan in plans}
    for scope in writer.scopes():
        if scope not in planned:
            errors = writer.entry(scope).errors
            plans.append(ScopePlan(scope, problem="; ".join(f"{e.operation}: {e.reason}" for e in errors)))
    return sorted(plans, key=lambda plan: plan.id)


def _plan(
    settings: EcrSettings, scope: str, repositories: int, latency_s: float, earlier: ScopeEntry | None
) -> ScopePlan:
    calls = {name: budget.calls(repositories) for name, budget in BUDGETS.items() if budget.sure}
    if repositories == 0:
        calls["ecr:DescribeRepositories"] = calls["tagging:GetResources"] = 1
    calls = {name: count for name, count in calls.items() if count}
    unchanged = 0
    if earlier is not None:
        unchanged = 1 + sum(calls.get(name, 0) for name in FRESH)
        if not earlier.reused:
            # What depends on what the repositories hold is expected to be as before.
            for name, count in earlier.calls_by_operation.items():
                calls[name] = max(calls.get(name, 0), count)
    rates = {name: _rate(settings.rate, name) for name in calls}
    return ScopePlan(
        scope, repositories, calls, unchanged, latency_s, rates, settings.concurrency, settings.scopes_at_once
    )


def _rate(rates: Mapping[str, float], name: str) -> float:
    return rates.get(name) or rates.get(name.partition(":")[2]) or RATES.get(name) or DEFAULT_RATE


def plan(
    target: Mapping[str, Any], writer: SnapshotWriter, progress: Callable[[str, int], None], kind: str
) -> list[ScopePlan]:
    """See `ports.Planner.plan`."""
    return plan_scopes(msgspec.convert(target, EcrSettings), writer, progress, kind)
