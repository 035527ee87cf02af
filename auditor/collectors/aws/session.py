"""Makes sessions and clients: profiles, assumed roles with external id and session tags.

All sessions share one loader of the SDK's models, and all clients are made one at a time: making them is work for
the processor only, and the SDK does not promise that it may be done from several threads.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import botocore
import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

from auditor import __version__
from auditor.collectors.aws.settings import AccountSettings, AwsSettings
from auditor.collectors.failed import CallFailedError
from auditor.errors import ConfigError, CredentialsError
from auditor.inventory.recorder import Recorder

FALLBACK_REGION = "us-east-1"
SESSION_NAME = "registry-auditor"
_MAKING = threading.RLock()


@dataclass(frozen=True)
class Account:
    """An account that could be entered, or the failure to."""

    id: str
    session: Any
    failure: CallFailedError | None
    organization: str = ""
    """The organisation that it was found in."""


def client_config(settings: AwsSettings) -> Config:
    """One configuration for all clients.

    Retries are the SDK's standard ones, with their own bound on retries in total. Slowing down is done by `pace`,
    for each operation of an account and region, as the service counts; the SDK's adaptive mode slows a whole client.
    """
    return Config(
        connect_timeout=settings.connect_timeout_s,
        read_timeout=settings.read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": settings.attempts},
        max_pool_connections=settings.concurrency,
        parameter_validation=False,
        # In place of the one that botocore builds anew for each request, which takes a tenth of its time.
        user_agent=f"registry-auditor/{__version__} botocore/{botocore.__version__}",
    )


def make_client(session: Any, service: str, region: str, settings: AwsSettings) -> Any:
    """A client of `service`; whoever made it closes it."""
    with _MAKING:
        return session.client(
            service, region_name=region, endpoint_url=settings.endpoint_url, config=client_config(settings)
        )


def profile_session(profile: str | None, region: str) -> Any:
    """A session of a profile, or of the environment's credentials. Errors: `ConfigError` for an unknown profile."""
    with _MAKING:
        inner: Any = botocore.session.Session(profile=profile)
        try:
            inner.get_scoped_config()
        except exceptions.ProfileNotFound as error:
            raise ConfigError(
                f"the profile {profile or inner.profile!r} does not exist", hint="aws configure list-profiles"
            ) from error
        return _wrapped(inner, region)


class RoleSession:
    """The session of an assumed role: its credentials, and clients on demand.

    A session of the SDK takes some 150 KiB and 7 ms; an organisation has hundreds of accounts. All roles share one.
    """

    def __init__(self, credentials: Any) -> None:
        self._credentials = credentials

    def get_credentials(self) -> Any:
        """What requests are signed with."""
        return self._credentials

    def client(self, service: str, **arguments: Any) -> Any:
        """A client that signs with the role's credentials."""
        with _MAKING:
            shared = _shared()
            # A client keeps the credentials that its session has when it is made.
            shared._session._credentials = self._credentials
            return shared.client(service, **arguments)


def role_session(source: Any, account: AccountSettings, settings: AwsSettings, recorder: Recorder) -> Any:
    """A session of the account's role, assumed by `source` when it is first used and again before it expires."""
    region = first_region(settings)
    credentials = source.get_credentials()
    if credentials is None:
        raise CredentialsError("no credentials to assume a role with", hint="set AWS_PROFILE or accounts[].profile")
    extra: dict[str, Any] = {"RoleSessionName": SESSION_NAME}
    if account.external_id:
        extra["ExternalId"] = account.external_id
    if account.session_tags:
        extra["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(account.session_tags.items())]

    def sts(service: str, **arguments: Any) -> Any:
        arguments.setdefault("region_name", region)
        with _MAKING:
            client = _shared()._session.create_client(
                service, endpoint_url=settings.endpoint_url, config=client_config(settings), **arguments
            )
        client.meta.events.register("before-send", lambda **_: recorder.call("sts:AssumeRole"))
        return client

    fetcher = AssumeRoleCredentialFetcher(sts, credentials, account.role_arn or "", extra_args=extra)
    return RoleSession(DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role"))


def first_region(settings: AwsSettings) -> str:
    """Where to ask what is asked once for all regions."""
    return settings.regions[0] if isinstance(settings.regions, list) else FALLBACK_REGION


@cache
def _loader() -> Any:
    return botocore.session.get_session().get_component("data_loader")


@cache
def _shared() -> Any:
    return _wrapped(botocore.session.get_session(), FALLBACK_REGION)


def _wrapped(inner: Any, region: str) -> Any:
    loader = _loader()
    inner.register_component("data_loader", loader)
    session = boto3.Session(botocore_session=inner, region_name=region)
    # Every boto3 session adds its own folder to the loader: once is enough.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    return session
