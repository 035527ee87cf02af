"""Encryption keys of repositories."""

from __future__ import annotations

from typing import Literal

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact
from auditor.inventory.parts import PolicyDocument


class EncryptionKey(Record, frozen=True):
    """A key that encrypts repositories of this registry.

    `state`: `missing` where the platform knows no such key. `policy` is absent for a key whose policy the
    customer cannot see or change.
    """

    id: str
    """ARN."""
    manager: Fact[Literal["customer", "provider"]]
    state: Fact[Literal["enabled", "disabled", "pending_deletion", "unavailable", "missing"]]
    origin: Fact[Literal["provider", "external", "key_store"]]
    symmetric: Fact[bool]
    rotation: Fact[bool]
    region: str
    policy: Fact[PolicyDocument]
    repositories: list[str]
    """Names of the repositories that it encrypts, at most 1,000, sorted."""
