"""How long a server asks us to wait: Retry-After as seconds or date, and the rate limit headers in use.

Source: RFC 9110 section 10.2.3; Docker Hub's X-Retry-After and X-RateLimit-Reset are Unix times.
"""

from __future__ import annotations

import math
import random
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime

RETRIED = frozenset({408, 425, 429, 500, 502, 503, 504})
_EPOCH_FROM = 1_000_000_000
"""A number this large is a moment, not a number of seconds: 31 years would be no pause."""
_CAP_S = 20.0


def asked_wait(headers: Mapping[str, str], now: float) -> float | None:
    """Seconds from `now` (Unix time) that the answer asks to wait; None where it does not say."""
    for name in ("retry-after", "x-retry-after", "x-ratelimit-reset", "ratelimit-reset"):
        value = headers.get(name, "").strip()
        if not value:
            continue
        seconds = _seconds(value, now)
        if seconds is not None:
            return max(0.0, seconds)
    return None


def _seconds(value: str, now: float) -> float | None:
    try:
        number = float(value)
    except ValueError:
        return _date(value, now)
    if not math.isfinite(number):
        return None
    return number - now if number >= _EPOCH_FROM else number


def _date(value: str, now: float) -> float | None:
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    at: float = (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    return at - now


def own_wait(attempt: int) -> float:
    """The pause before attempt `attempt` + 1 where the server does not say: doubling, with jitter, capped."""
    return random.uniform(0.5, 1.0) * min(_CAP_S, 0.5 * 2.0 ** (attempt - 1))  # noqa: S311  spreads load, no secret
