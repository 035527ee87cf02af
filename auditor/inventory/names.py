"""Ids of scopes and resources, and the file names made of them."""

from __future__ import annotations

import hashlib
import re

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
