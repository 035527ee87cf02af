"""Ids of scopes and resources, and the file names made of them."""

from __future__ import annotations

import hashlib
import re

WORKLOAD_PLATFORMS = frozenset({"ecs", "lambda", "app_runner", "batch", "sagemaker", "codebuild", "kubernetes"})
REGISTRY_KINDS = frozenset(
    {"ecr", "ecr_public", "harbor", "acr", "gar", "artifactory", "dockerhub", "ghcr", "quay", "oci"}
)
_SAFE = re.compile(r"[^A-Za-z0-9._-]+")


def scope_id(kind: str, account: str, region: str) -> str:
    """`ecr/123456789012/us-east-1`."""
    return f"{kind}/{account}/{region}"


def registry_urn(kind: str, account: str, region: str) -> str:
    """`urn:cr:ecr:123456789012:us-east-1`."""
    return f"urn:cr:{kind}:{account}:{region}"


def repository_urn(registry: str, name: str) -> str:
    """`urn:cr:ecr:123456789012:us-east-1:team/app`."""
    return f"{registry}:{name}"


def part_stem(scope: str) -> str:
    """A file name for a scope, readable, safe on every file system, and unique through its hash."""
    readable = _SAFE.sub("-", scope).strip("-")[:80]
    return f"{readable}-{hashlib.sha256(scope.encode()).hexdigest()[:8]}"


def identities_scope(account: str) -> str:
    """`iam/123456789012/global`: the scope of an account's identities."""
    return f"iam/{account}/global"


def identities_urn(account: str) -> str:
    """`urn:cr:iam:123456789012:global`; a principal, policy or key of it follows after a colon."""
    return f"urn:cr:iam:{account}:global"


def workloads_urn(platform: str, account: str, region: str) -> str:
    """`urn:cr:ecs:123456789012:us-east-1`; the workload follows after a colon."""
    return f"urn:cr:{platform}:{account}:{region}"


def entities_of(scope: str) -> frozenset[str]:
    """The kinds of record that a scope of this id holds, by the first part of the id."""
    kind = scope.partition("/")[0]
    if kind == "iam":
        return frozenset({"account"})
    if kind in ("workloads", "kubernetes"):
        return frozenset({"workload"})
    return frozenset({"registry", "repository"})
