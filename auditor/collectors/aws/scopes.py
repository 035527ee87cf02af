"""Visits accounts and regions: enters each, runs the work for its scope, and closes the scope whatever fails."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Executor, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field

from auditor.collectors.aws import entrances, organization
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.entrances import Entrances, Way
from auditor.collectors.aws.pace import Pace
from auditor.collectors.aws.session import FALLBACK_REGION, Account, make_client
from auditor.collectors.aws.settings import AwsSettings
from auditor.collectors.failed import CallFailedError
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.names import scope_id
from auditor.inventory.recorder import Recorder
from auditor.inventory.writing import ContextRecord, ScopeWriter, SnapshotWriter

ENTRY_CALLS = entrances.CALLS | organization.CALLS
"""What getting into accounts may take: part of the calls of every collector that uses `visit_scopes`."""
ALL_REGIONS = "global"
ORGANIZATION = ("organization", "accounts")
"""In place of account and region: the scope that says why accounts of an organisation may be missing."""


@dataclass(frozen=True)
class Visit:
    """One scope being read: where, with what limits, and where to write."""

    account: Account
    region: str
    """Where to ask; for a scope of a whole account the region of its global services."""
    settings: AwsSettings
    scope: ScopeWriter
    pace: Pace
    pool: Executor
    """For requests of this scope that may run beside each other. Work in it must not wait for other work in it."""
    progress: Callable[[str, int], None]
    entrances: Entrances | None = None
    _callers: dict[tuple[str, str, str], Caller] = field(default_factory=dict)

    @property
    def recorder(self) -> Recorder:
        """Where calls, facts and failures are counted."""
        return self.scope.recorder

    @property
    def organization(self) -> str:
        """The organisation's id: as configured, or as found; empty where neither is known."""
        return self.settings.organization or self.account.organization

    def caller(self, service: str, prefix: str = "", region: str = "") -> Caller:
        """Makes calls to a service (botocore's name); `prefix` is the one of its operations where it differs.

        One client a service and region, closed with the scope.
        """
        key = (service, prefix or service, region or self.region)
        found = self._callers.get(key)
        if found is None:
            silences = self.entrances.silences if self.entrances else None
            found = self._callers[key] = Caller(
                None,
                key[1],
                self.pace,
                self.scope.recorder,
                silences,
                make=lambda: make_client(self.account.session, service, key[2], self.settings),
                region=key[2],
            )
        return found

    def complete(self, record: RepositoryRecord) -> RepositoryRecord:
        """The record as it is written; a visit that reads only a part of repositories says so in it."""
        return record

    def close(self) -> None:
        """Give the connections back."""
        for caller in self._callers.values():
            caller.close()
        self._callers.clear()


Work = Callable[[Visit], ContextRecord | None]
"""Reads one scope: writes its records and gives its context; None where nothing of it could be read.

A `CallFailedError` that comes out of it means the same: the failure is noted and the scope has only errors."""


def visit_scopes(
    settings: AwsSettings,
    writer: SnapshotWriter,
    progress: Callable[[str, int], None],
    *,
    kind: str,
    work: Work,
    regional: bool = True,
) -> None:
    """Run `work` for every account and region of a target, or (not `regional`) once an account.

    Scopes are named `<kind>/<account>/<region or global>`; an account or region that cannot be entered becomes a
    scope that says why. Scopes that an interrupted run had finished are taken over. Each scope has threads of its
    own, all share the number of requests in flight: one that hangs keeps nobody else from working.
    """
    run = _Run(settings, writer, progress, kind, work, regional=regional)
    scopes = ThreadPoolExecutor(settings.scopes_at_once, thread_name_prefix="scope")
    pending: dict[Future[bool], tuple[Account, str]] = {}
    postponed: list[tuple[Account, str]] = []

    def finish(most: int) -> None:
        """Wait until at most so many are under way, whichever is done first."""
        while len(pending) > most:
            for visited in wait(pending, return_when=FIRST_COMPLETED).done:
                place = pending.pop(visited)
                if not visited.result():
                    postponed.append(place)

    try:
        for place in run.places():
            pending[scopes.submit(run.visit, *place, may_wait=True)] = place
            finish(most=settings.scopes_at_once * 4)
        finish(most=0)
        for place in postponed:
            pending[scopes.submit(run.visit, *place)] = place
        finish(most=0)
    except BaseException:
        run.stop.set()
        raise
    finally:
        scopes.shutdown(wait=True, cancel_futures=True)


class _Run:
    """One target being visited."""

    def __init__(
        self,
        settings: AwsSettings,
        writer: SnapshotWriter,
        progress: Callable[[str, int], None],
        kind: str,
        work: Work,
        *,
        regional: bool,
    ) -> None:
        self.stop = threading.Event()
        self._settings = settings
        self._writer = writer
        self._progress = progress
        self._kind = kind
        self._work = work
        self._regional = regional
        self._entrances = Entrances.of(writer)
        self._in_flight = threading.Semaphore(settings.concurrency)

    def visit(self, account: Account, region: str, *, may_wait: bool = False) -> bool:
        """Read one scope; False where it `may_wait` until others know whether its region answers at all."""
        settings = self._settings
        name = self._name(account.id, region)
        if self._writer.take_over(name):
            return True
        if may_wait and self._entrances.silences.suspect(region):
            return False
        scope = self._writer.open_scope(name)
        pace = Pace(self._in_flight, settings.rate, settings.region_timeout_s, self.stop)
        pool = ThreadPoolExecutor(settings.concurrency, thread_name_prefix=self._kind)
        visit = Visit(account, region, settings, scope, pace, pool, self._progress, self._entrances)
        try:
            context = self._work(visit)
        except CallFailedError as failure:
            scope.recorder.settle(failure.fact, scope.id, message=failure.message)
            context = None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            visit.close()
        pace.check()
        self._writer.close_scope(scope.finish(context))
        return True

    def places(self) -> Iterator[tuple[Account, str]]:
        """Every account and region, entered a few ahead; those that cannot be entered become scopes that say why."""
        ways, members = self._entrances.accounts(self._settings)
        if members.failure is not None:
            self._unread(self._name(*ORGANIZATION), members.failure)
        with ThreadPoolExecutor(self._settings.scopes_at_once, thread_name_prefix="account") as entering:
            ahead: deque[tuple[Way, Future[tuple[Account, list[str]]]]] = deque()
            seen: set[str] = set()
            waiting = iter(ways)
            try:
                while True:
                    while len(ahead) < self._settings.scopes_at_once and (way := next(waiting, None)) is not None:
                        ahead.append((way, entering.submit(self._enter, way)))
                    if not ahead:
                        return
                    way, entered = ahead.popleft()
                    account, regions = entered.result()
                    # The organisation may also have an account that was listed by a profile, without its id.
                    known = way.member and account.id in seen
                    seen.add(account.id)
                    for region in [] if known else regions:
                        yield account, region
            finally:
                for _, entered in ahead:
                    entered.cancel()

    def _enter(self, way: Way) -> tuple[Account, list[str]]:
        """An account and its regions; without any where it could not be entered, which is noted."""
        settings = self._settings
        account = self._entrances.enter(way, settings)
        failure = account.failure
        listed = settings.regions if isinstance(settings.regions, list) else []
        regions = listed[:1] or [FALLBACK_REGION]
        if self._regional:
            regions = listed or ["unknown"]
            if failure is None:
                try:
                    regions = self._entrances.regions(account, settings)
                except CallFailedError as error:
                    failure = error
        if failure is None:
            return account, list(dict.fromkeys(regions))
        for region in dict.fromkeys(regions):
            self._unread(self._name(account.id, region), failure)
        return account, []

    def _unread(self, name: str, failure: CallFailedError) -> None:
        scope = self._writer.open_scope(name)
        scope.recorder.settle(failure.fact, scope.id, message=failure.message)
        self._writer.close_scope(scope.finish(None))

    def _name(self, account: str, region: str) -> str:
        return scope_id(self._kind, account, region if self._regional else ALL_REGIONS)


__all__ = ["ORGANIZATION", "Visit", "Work", "visit_scopes"]
