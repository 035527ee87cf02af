"""What a connection, or the refusal of one, tells of a server's TLS."""

from __future__ import annotations

import ipaddress
import ssl
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

import httpx

from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.transport import Transport

ENDPOINT = "registry endpoint"
_EXPIRED = 10  # X509_V_ERR_CERT_HAS_EXPIRED
_TOO_OLD = frozenset({"UNSUPPORTED_PROTOCOL", "TLSV1_ALERT_PROTOCOL_VERSION"})
_UNSEEN = Unknown(Reason.NETWORK, ENDPOINT, "no TLS connection")


@dataclass
class TlsSeen:
    """TLS of one server so far; it is filled by the first connection, or by its refusal."""

    version: Fact[str] = _UNSEEN
    certificate: Fact[Any] = _UNSEEN
    expires_at: Fact[str] = _UNSEEN
    told: bool = field(default=False)
    """Whether the server was there, and said at least what it speaks."""

    def take(self, response: httpx.Response) -> None:
        """See the connection that an answer came over."""
        if self.told:
            return
        self.told = True
        stream = response.extensions.get("network_stream")
        connection = stream.get_extra_info("ssl_object") if stream is not None else None
        if connection is None:
            return
        self.version = Known(str(connection.version()), ENDPOINT)
        self.certificate = Known("valid", ENDPOINT)
        end = (connection.getpeercert() or {}).get("notAfter")
        if end:
            moment = datetime.fromtimestamp(ssl.cert_time_to_seconds(end), UTC)
            self.expires_at = Known(moment.strftime("%Y-%m-%dT%H:%M:%SZ"), ENDPOINT)

    def refuse(self, error: BaseException) -> str:
        """See why there is no connection; gives it in words, nothing where it is not for TLS."""
        cause = _tls_error(error)
        if cause is None:
            return ""
        if isinstance(cause, ssl.SSLCertVerificationError):
            if cause.verify_code != _EXPIRED:
                return "the certificate was not accepted"
            self.told, self.certificate = True, Known("expired", ENDPOINT)
            return "the certificate has expired"
        if cause.reason in _TOO_OLD:
            self.told, self.version = True, Known("TLSv1.1", ENDPOINT)
            return "the server speaks no TLS newer than 1.1"
        return "no TLS connection could be made"


def _tls_error(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error


def is_loopback(url: str) -> bool:
    """Whether a URL is at this machine: `localhost`, 127.0.0.0/8 or ::1."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def transport_of(url: str, seen: TlsSeen) -> Transport:
    """How the registry at `url` was reached."""
    if urlsplit(url).scheme != "https":
        return Transport(encrypted=False, loopback=is_loopback(url))
    return Transport(
        encrypted=True,
        loopback=is_loopback(url),
        tls_version=seen.version,
        certificate=seen.certificate,
        certificate_expires_at=seen.expires_at,
    )
