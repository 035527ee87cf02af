"""What a failed call means: not configured, unknown for a reason, or gone meanwhile.

Source: the error shapes of botocore's ecr model and the common errors of AWS APIs.
"""

from __future__ import annotations

from typing import Any

from botocore import exceptions
from botocore.parsers import ResponseParserError

from auditor.collectors.failed import CallFailedError
from auditor.inventory.facts import Absent, Reason, Unknown

NOT_CONFIGURED = frozenset(
    {
        "LifecyclePolicyNotFoundException",
        "RepositoryPolicyNotFoundException",
        "RegistryPolicyNotFoundException",
        "SigningConfigurationNotFoundException",
        "ScanNotFoundException",
        "TemplateNotFoundException",
        "PullThroughCacheRuleNotFoundException",
        # Of the public registry: the account has none.
        "RegistryNotFoundException",
        # Of the services asked here only KMS says this: the key does not exist.
        "NotFoundException",
    }
)
GONE = frozenset({"RepositoryNotFoundException", "ImageNotFoundException", "ImagesNotFoundException"})
_DENIED = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "NotAuthorized", "AuthorizationError"}
)
_UNAUTHENTICATED = frozenset(
    {
        "UnrecognizedClientException", "InvalidClientTokenId", "ExpiredToken", "ExpiredTokenException",
        "InvalidSignatureException", "SignatureDoesNotMatch", "MissingAuthenticationToken", "OptInRequired",
    }
)  # fmt: skip
_THROTTLED = frozenset(
    {
        "Throttling", "ThrottlingException", "ThrottledException", "RequestThrottled", "RequestLimitExceeded",
        "TooManyRequestsException", "RequestThrottledException", "SlowDown", "429",
    }
)  # fmt: skip
_UNSUPPORTED = frozenset(
    {"UnknownOperationException", "UnsupportedCommandException", "InvalidAction", "NotImplemented", "404", "501", "405"}
)


def explain(error: Exception, operation: str) -> CallFailedError | None:
    """What `error` of `operation` (as `ecr:DescribeImages`) means; None for an error that is a defect of ours."""
    if isinstance(error, exceptions.ClientError):
        return _client_error(error, operation)
    reason = _transport(error)
    if reason is None:
        return None
    text = " ".join(str(error).split())[:300]
    return CallFailedError(Unknown(reason, operation, type(error).__name__), text)


def is_throttling(parsed: Any) -> bool:
    """Whether a parsed answer says that the request came too fast."""
    return isinstance(parsed, dict) and str((parsed.get("Error") or {}).get("Code", "")) in _THROTTLED


def _client_error(error: exceptions.ClientError, operation: str) -> CallFailedError:
    detail: Any = error.response.get("Error", {})
    code = str(detail.get("Code", ""))
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
    message = " ".join(str(detail.get("Message", "")).split())[:300]
    if code in NOT_CONFIGURED:
        return CallFailedError(Absent(operation, code), message)
    if code in GONE:
        return CallFailedError(Unknown(Reason.RACE_DELETED, operation, code), message, gone=True)
    return CallFailedError(Unknown(_reason(code, status), operation, code), message or code)


def _reason(code: str, status: int) -> Reason:
    if code in _DENIED:
        return Reason.ACCESS_DENIED
    if code in _UNAUTHENTICATED or status == 401:  # noqa: PLR2004  HTTP
        return Reason.UNAUTHENTICATED
    if code in _THROTTLED or status == 429:  # noqa: PLR2004  HTTP
        return Reason.THROTTLED
    if code in _UNSUPPORTED or status in (404, 405, 501):
        return Reason.UNSUPPORTED_BY_COLLECTOR
    if status == 403:  # noqa: PLR2004  HTTP
        return Reason.ACCESS_DENIED
    return Reason.SERVER_ERROR


def _transport(error: Exception) -> Reason | None:
    match error:
        case exceptions.ReadTimeoutError() | exceptions.ConnectTimeoutError():
            return Reason.TIMEOUT
        case exceptions.NoCredentialsError() | exceptions.PartialCredentialsError():
            return Reason.UNAUTHENTICATED
        case exceptions.CredentialRetrievalError() | exceptions.TokenRetrievalError():
            return Reason.UNAUTHENTICATED
        case ResponseParserError() | exceptions.IncompleteReadError():
            return Reason.PARSE_ERROR
        case exceptions.OperationNotPageableError() | NotImplementedError():
            return Reason.UNSUPPORTED_BY_COLLECTOR
        case exceptions.HTTPClientError() | exceptions.ConnectionError() | OSError():
            return Reason.NETWORK
        case exceptions.BotoCoreError():
            return Reason.PARSE_ERROR
    return None
