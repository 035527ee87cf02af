"""Gets into accounts: profiles, assumed roles with external id and session tags, and their regions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import botocore
import botocore.session
from botocore import exceptions
from botocore.config import Config
from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials

from auditor import __version__
from auditor.collectors.aws.failures import CallFailedError, explain
from auditor.collectors.aws.settings import AccountSettings, AwsSettings
from auditor.errors import ConfigError, CredentialsError
from auditor.inventory.facts import Absent

FALLBACK_REGION = "us-east-1"
SESSION_NAME = "registry-auditor"


@dataclass(frozen=True)
class Account:
    """An account that could be entered, or the failure to."""

    id: str
    session: Any
    failure: CallFailedError | None


def client_config(settings: AwsSettings) -> Config:
    """One configuration for all clients."""
    return Config(
        connect_timeout=settings.connect_timeout_s,
        read_timeout=settings.read_timeout_s,
        retries={"mode": "adaptive", "total_max_attempts": settings.attempts},
        max_pool_connections=settings.concurrency,
        parameter_validation=False,
        # In place of the one that botocore builds anew for each request, which takes a tenth of its time.
        user_agent=f"registry-auditor/{__version__} botocore/{botocore.__version__}",
    )


def make_client(session: Any, service: str, region: str, settings: AwsSettings) -> Any:
    """A client of `service`."""
    return session.client(
        service, region_name=region, endpoint_url=settings.endpoint_url, config=client_config(settings)
    )


def enter_accounts(settings: AwsSettings) -> Iterator[Account]:
    """Every account of the target, in order.

    Errors: `CredentialsError` when there is nothing to sign requests with, `ConfigError` for an unknown
    profile or for credentials of another account than `account_id` says.
    """
    region = settings.regions[0] if isinstance(settings.regions, list) else FALLBACK_REGION
    for account in settings.accounts:
        session = _session(account, settings, region)
        try:
            found = make_client(session, "sts", region, settings).get_caller_identity()["Account"]
        except exceptions.NoCredentialsError as error:
            raise CredentialsError(
                "no credentials for AWS were found",
                hint="set AWS_PROFILE, or accounts: [{profile: ...}] in auditor.yaml; auditor doctor tells more",
            ) from error
        except Exception as error:
            failure = explain(error, "sts:AssumeRole" if account.role_arn else "sts:GetCallerIdentity")
            if failure is None or isinstance(failure.fact, Absent):
                raise
            yield Account(_expected(account), session, failure)
            continue
        if account.account_id and found != account.account_id:
            raise ConfigError(
                f"the credentials are of account {found}, account_id says {account.account_id}",
                hint="correct accounts in auditor.yaml",
            )
        yield Account(found, session, None)


def _expected(account: AccountSettings) -> str:
    """The account that was meant, as far as the configuration tells."""
    if account.account_id:
        return account.account_id
    return account.role_arn.split(":")[4] if account.role_arn else account.profile or "default"


def _session(account: AccountSettings, settings: AwsSettings, region: str) -> Any:
    try:
        session = boto3.Session(profile_name=account.profile, region_name=region)
    except exceptions.ProfileNotFound as error:
        raise ConfigError(
            f"the profile {account.profile!r} does not exist", hint="aws configure list-profiles"
        ) from error
    if account.role_arn is None:
        return session
    source = session.get_credentials()
    if source is None:
        raise CredentialsError("no credentials to assume a role with", hint="set AWS_PROFILE or accounts[].profile")
    extra: dict[str, Any] = {"RoleSessionName": SESSION_NAME}
    if account.external_id:
        extra["ExternalId"] = account.external_id
    if account.session_tags:
        extra["Tags"] = [{"Key": key, "Value": value} for key, value in sorted(account.session_tags.items())]

    def sts(service: str, **arguments: Any) -> Any:
        arguments.setdefault("region_name", region)
        return session._session.create_client(
            service, endpoint_url=settings.endpoint_url, config=client_config(settings), **arguments
        )

    fetcher = AssumeRoleCredentialFetcher(sts, source, account.role_arn, extra_args=extra)
    inner: Any = botocore.session.get_session()
    inner._credentials = DeferredRefreshableCredentials(refresh_using=fetcher.fetch_credentials, method="assume-role")
    return boto3.Session(botocore_session=inner, region_name=region)


def regions_of(account: Account, settings: AwsSettings) -> list[str]:
    """The regions to read: as listed, or every one that the account has enabled (account:ListRegions).

    Errors: `CallFailedError` when they cannot be discovered.
    """
    if isinstance(settings.regions, list):
        return list(dict.fromkeys(settings.regions))
    try:
        pages = (
            make_client(account.session, "account", FALLBACK_REGION, settings)
            .get_paginator("list_regions")
            .paginate(RegionOptStatusContains=["ENABLED", "ENABLED_BY_DEFAULT"])
        )
        return sorted(region["RegionName"] for page in pages for region in page["Regions"])
    except Exception as error:
        failure = explain(error, "account:ListRegions")
        if failure is None:
            raise
        raise failure from error
