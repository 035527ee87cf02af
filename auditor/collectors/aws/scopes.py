"""Visits accounts and regions: enters each, runs the work for its scope, and closes the scope whatever fails."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.failures import CallFailedError
from auditor.collectors.aws.pace import Pace
from auditor.collectors.aws.session import FALLBACK_REGION, Account, enter_accounts, make_client, regions_of
from auditor.collectors.aws.settings import AwsSettings
from auditor.inventory.names import scope_id
from auditor.inventory.recorder import Recorder
from auditor.inventory.writing import ContextRecord, ScopeWriter, SnapshotWriter

SCOPES_AT_ONCE = 4
ALL_REGIONS = "global"


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

    @property
    def recorder(self) -> Recorder:
        """Where calls, facts and failures are counted."""
        return self.scope.recorder

    def caller(self, service: str, prefix: str = "", region: str = "") -> Caller:
        """Makes calls to a service (botocore's name); `prefix` is the one of its operations where it differs."""
        client = make_client(self.account.session, service, region or self.region, self.settings)
        return Caller(client, prefix or service, self.pace, self.scope.recorder)


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
    scope that says why.
    """
    in_flight = threading.Semaphore(settings.concurrency)
    requests = ThreadPoolExecutor(settings.concurrency, thread_name_prefix=kind)
    scopes = ThreadPoolExecutor(SCOPES_AT_ONCE, thread_name_prefix="scope")

    def run(account: Account, region: str) -> None:
        scope = writer.open_scope(scope_id(kind, account.id, region if regional else ALL_REGIONS))
        pace = Pace(in_flight, settings.rate, settings.region_timeout_s)
        try:
            context = work(Visit(account, region, settings, scope, pace, requests, progress))
        except CallFailedError as failure:
            scope.recorder.settle(failure.fact, scope.id, message=failure.message)
            context = None
        writer.close_scope(scope.finish(context))

    try:
        places = _places(settings, writer, kind, regional=regional)
        for future in [scopes.submit(run, account, region) for account, region in places]:
            future.result()
    finally:
        scopes.shutdown(wait=True, cancel_futures=True)
        requests.shutdown(wait=True, cancel_futures=True)


def _places(
    settings: AwsSettings, writer: SnapshotWriter, kind: str, *, regional: bool
) -> Iterator[tuple[Account, str]]:
    """Every account and region; those that cannot be entered become scopes that say why."""
    for account in enter_accounts(settings):
        failure = account.failure
        listed = settings.regions if isinstance(settings.regions, list) else []
        regions = listed or ["unknown"]
        if not regional:
            regions = listed[:1] or [FALLBACK_REGION]
        elif failure is None:
            try:
                regions = regions_of(account, settings)
            except CallFailedError as error:
                failure = error
        for region in regions:
            if failure is None:
                yield account, region
            else:
                scope = writer.open_scope(scope_id(kind, account.id, region if regional else ALL_REGIONS))
                scope.recorder.settle(failure.fact, scope.id, message=failure.message)
                writer.close_scope(scope.finish(None))
