"""auditor.yaml as typed settings. Source of the shape: settings.schema.json beside this file."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any, Literal

import msgspec

from auditor.config.document import Document, load_document
from auditor.config.validation import check_document, packaged_schema
from auditor.errors import ConfigError

FailOn = Literal["critical", "high", "medium", "low", "info", "none"]
EngineName = Literal["embedded", "opa"]


class RuleSettings(msgspec.Struct, frozen=True):
    """What the user changed about one rule."""

    enabled: bool = True
    severity: str | None = None
    params: dict[str, Any] = {}


class TrustedKeySettings(msgspec.Struct, frozen=True, kw_only=True):
    """A public key, PEM, and globs of the repositories (`host/path`) that it may sign for."""

    file: str
    name: str = ""
    repositories: list[str] = msgspec.field(default_factory=lambda: ["*"])


class TrustedIdentitySettings(msgspec.Struct, frozen=True, kw_only=True):
    """Who may sign with a certificate: `identity` exactly or `identity_regexp` in whole, as the issuer knows them."""

    issuer: str
    identity: str | None = None
    identity_regexp: str | None = None
    repositories: list[str] = msgspec.field(default_factory=lambda: ["*"])


class NotationTrustSettings(msgspec.Struct, frozen=True, kw_only=True):
    """notation's own files: trustpolicy.json, the truststore directory, revocation lists."""

    policy: str
    store: str
    revocation_lists: list[str] = []


class TrustSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Whose signatures count."""

    keys: list[TrustedKeySettings] = []
    identities: list[TrustedIdentitySettings] = []
    trusted_root: str | None = None
    notation: NotationTrustSettings | None = None


class CacheSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where content is kept between runs; `path` empty: in the user's cache directory."""

    path: str = ""
    max_mib: int = 512
    configs: bool = False
    """Keep configs of images too: their environment may hold secrets."""


class ScanResultSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Files of scanners outside the registry, or of VEX statements; see settings.schema.json."""

    path: str
    scanner: str = ""
    max_age_days: int = 30
    accept_undated: bool = False
    image: str = ""
    owner: str = ""
    expires: str = ""


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The file's content. Relative paths are taken from the file's own folder."""

    version: Literal[1] = 1
    targets: list[dict[str, Any]] = []
    policies: list[str] = []
    rules: dict[str, RuleSettings] = {}
    waivers: str | None = None
    baseline: str | None = None
    kev: str | None = None
    epss: str | None = None
    scan_results: list[ScanResultSettings] = []
    trust: TrustSettings | None = None
    cache: CacheSettings | None = None
    engine: EngineName = "embedded"
    opa_url: str | None = None
    fail_on: FailOn = "high"
    min_coverage: float = 100.0
    team_tag: str = "team"


class Config(msgspec.Struct, frozen=True):
    """Settings with the document they came from, for errors that name a line."""

    settings: Settings
    document: Document | None = None

    def resolve(self, name: str) -> Path:
        """A path of the file, taken from the file's folder."""
        base = self.document.path.parent if self.document else Path()
        return base / name

    def error(self, at: str, message: str, hint: str = "") -> ConfigError:
        """What is wrong with the value that the JSON pointer `at` leads to, with file, line and field."""
        document = self.document
        return ConfigError(
            message,
            path=document.path if document else None,
            line=document.line(at) if document else None,
            field=at.lstrip("/").replace("/", "."),
            hint=hint,
        )


def load_config(path: Path) -> Config:
    """Read and check auditor.yaml. Errors: `ConfigError` with file, line and field."""
    document = load_document(path)
    if document.data is None:
        raise ConfigError("is empty", path=path, hint="auditor init writes a commented one")
    check_document(document, packaged_schema("auditor.config", "settings.schema.json"))
    return Config(msgspec.convert(document.data, Settings), document)


def judgement_digest(document: Any) -> str:
    """`sha256:…` over whatever decides verdicts: parameters, overrides, selection, waivers."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
