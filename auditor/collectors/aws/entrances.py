"""The ways into accounts, kept for one run: sessions, role credentials, regions and members of organisations.

Several targets (registries, identities, workloads) go through the same accounts: each is entered, and each
organisation listed, once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec
from botocore import exceptions

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.failures import explain
from auditor.collectors.aws.organization import Members, list_members
from auditor.collectors.aws.pace import Pace, Silences
from auditor.collectors.aws.session import (
    FALLBACK_REGION,
    Account,
    first_region,
    make_client,
    profile_session,
    role_session,
)
from auditor.collectors.aws.settings import AccountSettings, AwsSettings, OrganizationSettings, RegionFilter
from auditor.collectors.selection import selected
from auditor.errors import ConfigError, CredentialsError
from auditor.inventory.facts import Absent
from auditor.inventory.recorder import Recorder
from auditor.inventory.writing import SnapshotWriter

T = TypeVar("T")
CALLS = frozenset({"account:ListRegions", "sts:AssumeRole", "sts:GetCallerIdentity"})


@dataclass(frozen=True)
class Way:
    """How to get into one account."""

    account: AccountSettings
    organization: str = ""
    member: bool = False
    """Found in the organisation: its role is assumed by whoever listed it."""

    @property
    def expected(self) -> str:
        """The account that was meant, as far as the configuration tells."""
        if self.account.account_id:
            return self.account.account_id
        return self.account.role_arn.split(":")[4] if self.account.role_arn else self.account.profile or "default"


class Once:
    """Makes each value once, whoever asks first; the others wait for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._made: dict[Hashable, Future[Any]] = {}

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of `key`. Errors: what `make` raised, for everybody who asks."""
        with self._lock:
            future = self._made.get(key)
            mine = future is None
            if future is None:
                future = self._made[key] = Future()
        if mine:
            try:
                future.set_result(make())
            except BaseException as error:
                future.set_exception(error)
                raise
        value: T = future.result()
        return value


class Entrances:
    """What the targets of one run share."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._once = Once()
        self.silences = Silences()

    @classmethod
    def of(cls, writer: SnapshotWriter) -> Entrances:
        """Those of the run that writes this snapshot."""
        return writer.shared("aws", lambda: cls(writer.recorder))

    def accounts(self, settings: AwsSettings) -> tuple[list[Way], Members]:
        """Every account to read, in order, and what the organisation said where it was asked."""
        listed = [Way(account) for account in settings.listed_accounts()]
        if settings.from_organization is None:
            return listed, Members()
        members = self._members(settings, settings.from_organization)
        known = {way.account.account_id for way in listed if way.account.account_id}
        found = [account for account in members.accounts if account.account_id not in known]
        return [*listed, *(Way(account, members.organization, member=True) for account in found)], members

    def enter(self, way: Way, settings: AwsSettings) -> Account:
        """Get into one account.

        Errors: `CredentialsError` when there is nothing to sign requests with, `ConfigError` for an unknown
        profile or for credentials of another account than `account_id` says.
        """
        reader = msgspec.json.encode(settings.from_organization) if way.member else b""
        key = ("account", msgspec.json.encode(way.account), reader, _place(settings))
        return self._once.get(key, lambda: self._enter(way, settings))

    def organization_account(self, settings: AwsSettings) -> Account | None:
        """The account that lists the organisation; None where accounts are listed one by one."""
        if settings.from_organization is None:
            return None
        return self.enter(_reading(settings.from_organization), settings)

    def regions(self, account: Account, settings: AwsSettings) -> list[str]:
        """The regions to read. Errors: `CallFailedError` when they cannot be discovered."""
        if isinstance(settings.regions, list):
            return list(dict.fromkeys(settings.regions))
        wanted = settings.regions if isinstance(settings.regions, RegionFilter) else RegionFilter()
        enabled = self._once.get(("regions", account.id, _place(settings)), lambda: self._enabled(account, settings))
        return [region for region in enabled if selected(region, wanted.include, wanted.exclude)]

    # ---------------------------------------------------------------- accounts
    def _enter(self, way: Way, settings: AwsSettings) -> Account:
        session = self._session(way, settings)
        try:
            found = str(self._identity(session, settings)["Account"])
        except exceptions.NoCredentialsError as error:
            raise CredentialsError(
                "no credentials for AWS were found",
                hint="set AWS_PROFILE, or accounts: [{profile: ...}] in auditor.yaml; auditor doctor tells more",
            ) from error
        except Exception as error:
            failure = explain(error, "sts:AssumeRole" if way.account.role_arn else "sts:GetCallerIdentity")
            if failure is None or isinstance(failure.fact, Absent):
                raise
            return Account(way.expected, session, failure, way.organization)
        if way.account.account_id and found != way.account.account_id:
            raise ConfigError(
                f"the credentials are of account {found}, account_id says {way.account.account_id}",
                hint="correct accounts in auditor.yaml",
            )
        return Account(found, session, None, way.organization)

    def _session(self, way: Way, settings: AwsSettings) -> Any:
        if way.member and settings.from_organization is not None:
            source = self._reader(settings, settings.from_organization)
        else:
            key = ("profile", way.account.profile, first_region(settings))
            source = self._once.get(key, lambda: profile_session(way.account.profile, first_region(settings)))
        return role_session(source, way.account, settings, self._recorder) if way.account.role_arn else source

    def _identity(self, session: Any, settings: AwsSettings) -> dict[str, Any]:
        client = make_client(session, "sts", first_region(settings), settings)
        client.meta.events.register("before-send", lambda **_: self._recorder.call("sts:GetCallerIdentity"))
        try:
            answer: dict[str, Any] = client.get_caller_identity()
        finally:
            client.close()
        return answer

    # ---------------------------------------------------------------- organisations
    def _reader(self, settings: AwsSettings, wanted: OrganizationSettings) -> Any:
        """The session that lists the organisation and assumes the members' roles."""
        return self.enter(_reading(wanted), settings).session

    def _members(self, settings: AwsSettings, wanted: OrganizationSettings) -> Members:
        key = ("members", msgspec.json.encode(wanted), _place(settings))
        return self._once.get(key, lambda: self._list_members(settings, wanted))

    def _list_members(self, settings: AwsSettings, wanted: OrganizationSettings) -> Members:
        reader = self.enter(_reading(wanted), settings)
        if reader.failure is not None:
            return Members(failure=reader.failure)
        with self._caller(reader.session, "organizations", settings) as caller:
            members = list_members(caller, wanted, reader.id)
        for note in members.notes:
            self._recorder.note(note)
        return members

    def _enabled(self, account: Account, settings: AwsSettings) -> list[str]:
        wanted = ["ENABLED", "ENABLED_BY_DEFAULT"]
        with self._caller(account.session, "account", settings) as caller:
            pages = caller.pages("ListRegions", "Regions", "NextToken", RegionOptStatusContains=wanted)
            return sorted(str(region["RegionName"]) for region in pages)

    def _caller(self, session: Any, service: str, settings: AwsSettings) -> Caller:
        pace = Pace(threading.Semaphore(settings.concurrency), settings.rate, settings.region_timeout_s)
        return Caller(make_client(session, service, FALLBACK_REGION, settings), service, pace, self._recorder)


def enter_accounts(settings: AwsSettings) -> Iterator[Account]:
    """The accounts that a target lists one by one, in order, for readers that are no visit. Errors: as `enter`."""
    entrances = Entrances(Recorder())
    for account in settings.listed_accounts():
        yield entrances.enter(Way(account), settings)


def _place(settings: AwsSettings) -> tuple[str | None, str]:
    return settings.endpoint_url, first_region(settings)


def _reading(wanted: OrganizationSettings) -> Way:
    """The way into the account that lists the organisation."""
    role = wanted.role_arn is not None
    return Way(
        AccountSettings(
            profile=wanted.profile,
            role_arn=wanted.role_arn,
            external_id=wanted.external_id if role else None,
            session_tags=wanted.session_tags if role else {},
        )
    )
