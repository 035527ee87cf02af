"""How fast and how long to ask: one token bucket an operation, requests in flight, a deadline a region, silences."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Mapping

DEFAULT_RATE = 300.0
RATES = {"cloudtrail:LookupEvents": 2.0}
"""Requests a second in one account and region that the service grants; source: CloudTrail's quotas."""
SLOWEST = 1.0
CUT = 0.7
RECOVERY_S = 20.0
"""After a throttled request the full rate is back after this long."""
CUT_PAUSE_S = 0.5
"""Requests that were under way together are throttled together: that is one sign, not many."""
SILENT_SCOPES = 3


class StoppedError(Exception):
    """The run was interrupted: no further request is made."""


class TokenBucket:
    """Lets `rate` calls a second through, and as many at once after a pause; slower after `slow_down`."""

    def __init__(self, rate: float) -> None:
        self._limit = rate
        self._rate = rate
        self._tokens = rate
        self._stamp = time.monotonic()
        self._cut = 0.0
        self._lock = threading.Lock()

    def wait(self, deadline: float) -> bool:
        """Take a token, sleeping until there is one; False when that would be after `deadline`."""
        with self._lock:
            now = time.monotonic()
            passed = now - self._stamp
            self._rate = min(self._limit, self._rate + passed * self._limit / RECOVERY_S)
            self._tokens = min(max(self._rate, 1.0), self._tokens + passed * self._rate)
            self._stamp = now
            self._tokens -= 1
            pause = max(0.0, -self._tokens / self._rate)
        if now + pause > deadline:
            return False
        if pause:
            time.sleep(pause)
        return True

    def slow_down(self) -> None:
        """The service refused a request for coming too fast."""
        with self._lock:
            now = time.monotonic()
            if now - self._cut < CUT_PAUSE_S:
                return
            self._cut = now
            self._rate = max(min(SLOWEST, self._limit), self._rate * CUT)
            self._tokens = min(self._tokens, self._rate)


class Pace:
    """The limits of one account and region, with the process-wide number of requests in flight."""

    def __init__(
        self,
        in_flight: threading.Semaphore,
        rates: Mapping[str, float],
        timeout_s: float,
        stop: threading.Event | None = None,
    ) -> None:
        self.in_flight = in_flight
        self.deadline = time.monotonic() + timeout_s
        self._rates = rates
        self._stop = stop or threading.Event()
        self._buckets: dict[str, TokenBucket] = {}
        self._lock = threading.Lock()

    def admit(self, operation: str) -> bool:
        """Wait for the operation's turn; False when the region's time is over. Errors: `StoppedError`."""
        self.check()
        if time.monotonic() > self.deadline:
            return False
        return self._bucket(operation).wait(self.deadline)

    def check(self) -> None:
        """Errors: `StoppedError` once the run was interrupted."""
        if self._stop.is_set():
            raise StoppedError

    def throttled(self, operation: str) -> None:
        """A request of `operation` came too fast for the service."""
        self._bucket(operation).slow_down()

    def _bucket(self, operation: str) -> TokenBucket:
        with self._lock:
            bucket = self._buckets.get(operation)
            if bucket is None:
                short = operation.partition(":")[2]
                rates = (self._rates.get(operation), self._rates.get(short), RATES.get(operation), DEFAULT_RATE)
                rate = next(rate for rate in rates if rate is not None)
                bucket = self._buckets[operation] = TokenBucket(rate)
            return bucket


class Silences:
    """Services and regions that never answered anybody in this run: asking each account again would not help.

    Three scopes must have waited for their whole time without one answer; any answer ends it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._silent: dict[tuple[str, str], int] = {}
        self._waiting: Counter[str] = Counter()
        self._heard: set[str] = set()

    def silent(self, service: str, region: str) -> bool:
        """Whether a first request is not worth its time any more."""
        return self._silent.get((service, region), 0) >= SILENT_SCOPES

    def suspect(self, region: str) -> bool:
        """Whether somebody waits for a first answer of a region that has not given any yet: others may go first."""
        with self._lock:
            return self._waiting[region] > 0 and region not in self._heard

    def ask(self, region: str) -> None:
        """A scope makes its first request."""
        with self._lock:
            self._waiting[region] += 1

    def note(self, service: str, region: str, *, answered: bool | None) -> None:
        """A scope's first request was answered (with whatever), or was not; None: it was not made."""
        with self._lock:
            self._waiting[region] -= 1
            if answered is None:
                return
            if answered:
                self._heard.add(region)
            self._silent[service, region] = 0 if answered else self._silent.get((service, region), 0) + 1
