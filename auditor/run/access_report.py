"""The document that `auditor access --json` writes: schema version 1."""

from __future__ import annotations

from typing import Literal

from auditor.analysis.effective.answers import AnswerKind
from auditor.inventory.base import Record
from auditor.inventory.derived import Capability
from auditor.inventory.identity import Witness


class AccessAnswer(Record, frozen=True):
    """What one principal, or everybody of one kind, can do to the repository.

    `kind`: `role`, `user`, `root` (the account's root user), `principal` (a role or user whose account was not
    read), `account` (what its administrators can give to their own), `organization`, `any_account`, `service`,
    `unusable` (a name that stands for nobody).
    """

    capability: Capability
    kind: AnswerKind
    principal: str
    """ARN, account, organisation or service; `any account`."""
    account: str
    """Empty where it has none."""
    state: Literal["yes", "no", "unknown"]
    partial: bool
    """`no` to the whole, and some of the actions that it takes are allowed."""
    allowed: list[str]
    """Actions of the capability that are surely allowed."""
    missing: list[str]
    """Needed actions that are not."""
    witness: list[Witness]
    """For yes, unknown and partial: the statements that let it through, of each layer that must."""
    requires: list[str]
    """A context that it may ask from, as `aws:sourceip=203.0.113.0`, where conditions demand one; an example."""
    stopped_by: list[Witness]
    """For no: the statements that deny it."""
    reason: str
    """For no what stops it, for unknown what was not read or cannot be told."""
    note: str


class AskedRepository(Record, frozen=True):
    """The repository in question."""

    id: str
    name: str
    uri: str
    account: str
    region: str


class AccessReport(Record, frozen=True, kw_only=True):
    """Who can do what to one repository. `answers` hold `no` only where one principal was asked for."""

    schema_version: Literal[1] = 1
    kind: Literal["registry-auditor/access"] = "registry-auditor/access"
    taken_at: str
    snapshot_digest: str
    repository: AskedRepository
    capabilities: list[Capability]
    principal: str
    """The pattern that was asked for; empty: everybody."""
    accounts: list[str]
    """Whose principals were asked."""
    principals: int
    """How many roles, users and root users were asked."""
    unread: list[str]
    """What was not read and bears on the answers."""
    answers: list[AccessAnswer]
