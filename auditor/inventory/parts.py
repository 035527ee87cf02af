"""Parts that several records share: which registry, filters on names, policy documents, immutability, encryption."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact

RegistryKind = Literal["ecr", "ecr_public", "harbor", "acr", "gar", "artifactory", "dockerhub", "ghcr", "quay", "oci"]


class RegistryRef(Record, frozen=True):
    """Which registry a repository lives in."""

    id: str
    kind: RegistryKind
    host: str
    """What comes before the repository's name in a reference; may hold the start of the path (`host/alias`)."""
    account: str
    region: str
    other_hosts: list[str] = []
    """More names of the same registry, as `host`."""


class NameFilter(Record, frozen=True):
    """A selector on repository or tag names."""

    kind: Literal["glob", "prefix", "regex", "doublestar"]
    pattern: str


class PolicyDocument(Record, frozen=True):
    """A policy as the platform returned it; `digest` is over the exact text."""

    format: Literal["aws_iam", "ecr_lifecycle", "gcp_iam", "azure_rbac", "native"]
    text: str
    digest: str


class Immutability(Record, frozen=True):
    """Which tags cannot be moved.

    `all_except`: tags that match a rule may move; `none_except`: only tags that match a rule are fixed.
    """

    mode: Literal["none", "all", "all_except", "none_except", "rules", "per_tag", "by_permission"]
    rules: list[NameFilter] = []


class Encryption(Record, frozen=True):
    """Encryption at rest. `key_manager` tells a customer's key from the provider's own."""

    type: Literal["platform", "kms", "kms_dsse"]
    key_id: Fact[str]
    key_manager: Fact[Literal["customer", "provider"]]
