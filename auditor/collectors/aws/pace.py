"""How fast and how long to ask: one token bucket an operation, requests in flight, a deadline a region."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping

DEFAULT_RATE = 300.0


class TokenBucket:
    """Lets `rate` calls a second through, and as many at once after a pause."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._tokens = rate
        self._stamp = time.monotonic()
        self._lock = threading.Lock()

    def wait(self, deadline: float) -> bool:
        """Take a token, sleeping until there is one; False when that would be after `deadline`."""
        with self._lock:
            now = time.monotonic()
            self._tokens = min(max(self._rate, 1.0), self._tokens + (now - self._stamp) * self._rate)
            self._stamp = now
            self._tokens -= 1
            pause = max(0.0, -self._tokens / self._rate)
        if now + pause > deadline:
            return False
        if pause:
            time.sleep(pause)
        return True


class Pace:
    """The limits of one account and region, with the process-wide number of requests in flight."""

    def __init__(self, in_flight: threading.Semaphore, rates: Mapping[str, float], timeout_s: float) -> None:
        self.in_flight = in_flight
        self.deadline = time.monotonic() + timeout_s
        self._rates = rates
        self._buckets: dict[str, TokenBucket] = {}
        self._lock = threading.Lock()

    def admit(self, operation: str) -> bool:
        """Wait for the operation's turn; False when the region's time is over."""
        if time.monotonic() > self.deadline:
            return False
        with self._lock:
            bucket = self._buckets.get(operation)
            if bucket is None:
                bucket = self._buckets[operation] = TokenBucket(self._rates.get(operation, DEFAULT_RATE))
        return bucket.wait(self.deadline)
