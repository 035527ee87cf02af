"""Known, absent, unknown: the three values of every collected fact.

JSON shape: `{"state": "known", "value": V}`, `{"state": "absent", "source": CALL, "code": CODE}`
or `{"state": "unknown", "reason": R, "source": CALL, "detail": TEXT}`. `source` names the call that
gave the answer, or that would settle it, as `service:Operation`.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Generic, TypeVar

import msgspec

T = TypeVar("T")


class Reason(StrEnum):
    """Why a fact is unknown."""

    ACCESS_DENIED = "access_denied"
    UNAUTHENTICATED = "unauthenticated"
    UNSUPPORTED_BY_PLATFORM = "unsupported_by_platform"
    UNSUPPORTED_BY_COLLECTOR = "unsupported_by_collector"
    FEATURE_DISABLED = "feature_disabled"
    THROTTLED = "throttled"
    TIMEOUT = "timeout"
    NETWORK = "network"
    SERVER_ERROR = "server_error"
    PARSE_ERROR = "parse_error"
    TRUNCATED = "truncated"
    PENDING = "pending"
    RACE_DELETED = "race_deleted"
    NOT_REQUESTED = "not_requested"


class Known(msgspec.Struct, Generic[T], frozen=True, tag_field="state", tag="known", omit_defaults=True):
    """The platform said so."""

    value: T
    source: str = ""


class Absent(msgspec.Struct, frozen=True, tag_field="state", tag="absent"):
    """Asked, and the platform says it is not configured."""

    source: str
    code: str = ""


class Unknown(msgspec.Struct, frozen=True, tag_field="state", tag="unknown"):
    """Not read: a rule that needs it is unknown, and names `source` as what would settle it."""

    reason: Reason
    source: str
    detail: str = ""


Fact = Known[T] | Absent | Unknown
