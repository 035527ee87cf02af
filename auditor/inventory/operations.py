"""How a registry is operated: audit trails, events, quotas."""

from __future__ import annotations

from auditor.inventory.base import Record
from auditor.inventory.facts import Fact, Reason, Unknown


class AuditTrail(Record, frozen=True):
    """A trail that records calls to the registry (CloudTrail, diagnostic settings)."""

    id: str
    logging: Fact[bool]
    multi_region: bool
    organization: bool
    home_region: str
    management_events: Fact[bool]
    """Whether it records management events of registries, both read and write."""
    validation: bool
    """Whether its files are protected against change."""
    destinations: list[str]
    delivery_error: str = ""
    """Why its last delivery failed; empty: it did not."""
    retention_days: Fact[int] = Unknown(Reason.NOT_REQUESTED, "s3:GetBucketLifecycleConfiguration")
    """How long what it records is kept; absent: without an end."""


class EventRule(Record, frozen=True):
    """A rule that reacts to events of the registry (EventBridge, webhooks)."""

    id: str
    enabled: bool
    pattern: str
    targets: Fact[int]


class Quota(Record, frozen=True):
    """A service quota: the applied value, not the default, where the platform tells it."""

    code: str
    name: str
    value: float
    unit: str
    applied: bool
    """False: the provider's default."""
