"""Where requests may go, and how much they may cost."""

from __future__ import annotations

import fnmatch
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

from auditor.errors import ConfigError


@dataclass(frozen=True)
class Limits:
    """Bounds of one registry's requests. Sizes in bytes, times in seconds."""

    connect_s: float = 5.0
    read_s: float = 30.0
    request_s: float = 120.0
    """A whole answer, however slowly its bytes come."""
    registry_s: float = 1800.0
    """All requests together: later ones are not sent."""
    body_bytes: int = 16 * 1024 * 1024
    header_bytes: int = 64 * 1024
    pages: int = 10_000
    attempts: int = 5
    wait_s: float = 60.0
    """The longest pause that a Retry-After may ask for; a longer one fails the request as throttled."""


@dataclass(frozen=True)
class Endpoint:
    """One registry as the user configured it. No other host is ever asked.

    `token_hosts`: where tokens may be fetched besides the registry itself, as `auth.docker.io`;
    `blob_hosts`: globs of hosts that blobs may be redirected to, without credentials.
    """

    url: str
    ca_file: str | None = None
    proxy: str | None = field(default=None, repr=False)
    token_hosts: tuple[str, ...] = ()
    blob_hosts: tuple[str, ...] = ()
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise ConfigError(
                f"{redacted_url(self.url)} is no URL of a registry", hint="write it as https://registry.example.com"
            )

    @property
    def host(self) -> str:
        """Host, with the port where it is not the scheme's own."""
        return urlsplit(self.url).netloc

    @property
    def encrypted(self) -> bool:
        """Whether it is reached over TLS."""
        return urlsplit(self.url).scheme == "https"

    def is_own(self, url: str) -> bool:
        """Whether a URL is at this registry: same scheme, host and port."""
        return _origin(urlsplit(url)) == _origin(urlsplit(self.url))

    def may_ask_for_token(self, url: str) -> bool:
        """Whether credentials may be sent to this realm."""
        parts = urlsplit(url)
        return self.is_own(url) or (parts.scheme == "https" and parts.netloc in self.token_hosts)

    def may_fetch_blob(self, url: str) -> bool:
        """Whether a blob may be fetched from where the registry redirects to."""
        parts = urlsplit(url)
        host = (parts.hostname or "").lower()
        return self.is_own(url) or (
            parts.scheme == "https" and any(fnmatch.fnmatchcase(host, glob.lower()) for glob in self.blob_hosts)
        )


_DEFAULT_PORTS = {"http": 80, "https": 443}


def _origin(parts: SplitResult) -> tuple[str, str, int | None]:
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme, (parts.hostname or "").lower(), port or _DEFAULT_PORTS.get(parts.scheme)


def redacted_url(url: str) -> str:
    """A URL for people: without user, password, query (which may be a signature) and fragment."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}" if parts.scheme else parts.path
