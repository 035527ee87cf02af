"""The registry behind ECR's API: its names, and how to be let in.

ECR's data plane speaks the distribution API with basic authentication; the password is a token of
`ecr:GetAuthorizationToken` that holds for twelve hours and for whatever its caller may do. Blobs are redirected to a
bucket of AWS's own. Source: ECR's user guide, "Private registry authentication" and "Minimum Amazon S3 bucket
permissions".
"""

from __future__ import annotations

import base64
import binascii
import os

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.failed import CallFailedError
from auditor.collectors.http.endpoint import Endpoint, Limits
from auditor.collectors.http.secret import Login, Secret
from auditor.errors import ConfigError
from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.parts import RegistryRef

TOKEN = "ecr:GetAuthorizationToken"  # noqa: S105  the name of a call
_DUAL_STACK = {"amazonaws.com": "on.aws", "amazonaws.com.cn": "on.amazonwebservices.com.cn"}


def check_registry_url(settings: EcrSettings) -> None:
    """Errors: `ConfigError` for a plain address that is no stand-in's: it would be sent the login."""
    url = settings.registry_url or ""
    if url.startswith("http://") and not (settings.endpoint_url or "").startswith("http://"):
        raise ConfigError(
            "registry_url is plain http: the login would be readable on its way", hint="write it as https://..."
        )


def endpoint_of(settings: EcrSettings, ref: RegistryRef) -> Endpoint:
    """Where a registry's content is."""
    url = settings.registry_url or f"https://{ref.host}"
    suffix = _suffix(ref)
    bucket = f"prod-{ref.region}-starport-layer-bucket"
    return Endpoint(
        url,
        ca_file=os.environ.get("AWS_CA_BUNDLE") or None,
        blob_hosts=tuple(f"{bucket}.{s3}.{ref.region}.{suffix}" for s3 in ("s3", "s3.dualstack")),
        limits=Limits(
            connect_s=settings.connect_timeout_s,
            read_s=settings.read_timeout_s,
            registry_s=settings.region_timeout_s,
            attempts=settings.attempts,
        ),
    )


def names_of(ref: RegistryRef, endpoint: Endpoint) -> list[str]:
    """Every host name of a registry, its own first: FIPS and dual-stack ones, and the one that it is asked by."""
    account, region, suffix = ref.account, ref.region, _suffix(ref)
    both = _DUAL_STACK.get(suffix)
    dual = [f"{account}.dkr-{service}.{region}.{both}" for service in ("ecr", "ecr-fips")] if both else []
    return list(dict.fromkeys([ref.host, f"{account}.dkr.ecr-fips.{region}.{suffix}", *dual, endpoint.host]))


def _suffix(ref: RegistryRef) -> str:
    return ref.host.partition(f".{ref.region}.")[2]


def log_in(ecr: Caller) -> Login:
    """The login to the data plane. Errors: `CallFailedError`, which never holds what was answered."""
    answer = ecr.call("GetAuthorizationToken")
    try:
        text = str(answer["authorizationData"][0]["authorizationToken"])
        user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except (KeyError, IndexError, TypeError, binascii.Error, UnicodeDecodeError):
        colon = ""
    if not colon:
        raise CallFailedError(Unknown(Reason.PARSE_ERROR, TOKEN, "no token"), "the answer holds no token of use")
    return Login(user, Secret(password))
