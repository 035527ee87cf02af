"""The one place that reads the clock."""

from __future__ import annotations

from datetime import UTC, date, datetime


def now() -> str:
    """The present moment, RFC 3339 UTC to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def today() -> date:
    """The present day, UTC."""
    return datetime.now(UTC).date()
