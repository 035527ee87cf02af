"""notation's own trust policy: which signers count for which repositories, and what is enforced.

Source: Notary Project trust store and trust policy specification 1.1;
files `trustpolicy.json` and `trustpolicy.oci.json` of version 1.0.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

from auditor.errors import ConfigError
from auditor.signatures.strict_json import NotStrictError, strict_object
from auditor.signatures.x509_names import BadNameError, matches, parse_name

Check = Literal["integrity", "authenticity", "authenticTimestamp", "expiry", "revocation"]
Action = Literal["enforce", "log", "skip"]
CHECKS: tuple[Check, ...] = ("integrity", "authenticity", "authenticTimestamp", "expiry", "revocation")
STORE_KINDS = ("ca", "signingAuthority", "tsa")
MAX_POLICY_BYTES = 1024 * 1024
_LEVELS: dict[str, tuple[Action, ...]] = {
    "strict": ("enforce", "enforce", "enforce", "enforce", "enforce"),
    "permissive": ("enforce", "enforce", "log", "log", "log"),
    "audit": ("enforce", "log", "log", "log", "log"),
    "skip": ("skip", "skip", "skip", "skip", "skip"),
}
_FIELDS = {"name", "registryScopes", "signatureVerification", "trustStores", "trustedIdentities"}
_VERIFICATION_FIELDS = {"level", "override", "verifyTimestamp"}
_STORE_NAME = re.compile(r"[a-zA-Z0-9_.-]+")
_PART = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_NAME = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_SCOPE = re.compile(rf"{_PART}(?:\.{_PART})*(?::[0-9]+)?(?:/{_NAME})+")
_HINT = "see https://notaryproject.dev/docs/user-guides/how-to/manage-trust-policy/"


@dataclass(frozen=True)
class Statement:
    """One statement. `stores`: `ca:name`; `names`: the trusted subjects; `identities`: all of them as written."""

    name: str
    scopes: tuple[str, ...]
    level: str
    actions: Mapping[Check, Action]
    stores: tuple[str, ...] = ()
    identities: tuple[str, ...] = ()
    names: tuple[Mapping[str, str], ...] = field(default=())
    timestamp_only_after_expiry: bool = False

    def stores_of(self, kind: str) -> list[str]:
        """The names of its stores of one kind."""
        return [name for found, _, name in (store.partition(":") for store in self.stores) if found == kind]

    def trusts(self, subject: dict[str, str]) -> bool:
        """Whether a signer's name is one of its identities."""
        return any(matches(dict(name), subject) for name in self.names)


@dataclass(frozen=True)
class TrustPolicy:
    """The statements of a policy document."""

    statements: tuple[Statement, ...]

    def statement_for(self, repository: str) -> Statement | None:
        """The statement whose scope is the repository itself, or else the one for everything."""
        exact = next((one for one in self.statements if repository in one.scopes), None)
        return exact or next((one for one in self.statements if "*" in one.scopes), None)


def read_trust_policy(path: Path) -> TrustPolicy:
    """A policy from its file. Errors: `ConfigError`."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_POLICY_BYTES + 1)
    except OSError as error:
        hint = "name notation's trustpolicy.json or trustpolicy.oci.json"
        raise ConfigError(f"the trust policy cannot be read: {error.strerror}", path=path, hint=hint) from None
    try:
        return parse_trust_policy(strict_object(content, MAX_POLICY_BYTES))
    except NotStrictError as error:
        raise ConfigError(f"the trust policy cannot be read: {error}", path=path, hint=_HINT) from None
    except ConfigError as error:
        raise ConfigError(error.message, path=path, field=error.field, hint=error.hint) from None


def parse_trust_policy(document: dict[str, Any]) -> TrustPolicy:
    """A policy from its JSON object. Errors: `ConfigError` with the field."""
    _known(document, {"version", "trustPolicies"}, "")
    if document.get("version") != "1.0":
        raise _wrong(f"{str(document.get('version'))[:40]!r} is no version that is supported, 1.0 is", "version")
    entries = document.get("trustPolicies")
    if not isinstance(entries, list) or not entries:
        raise _wrong("at least one statement is needed", "trustPolicies")
    statements = tuple(_statement(entry, f"trustPolicies[{number}]") for number, entry in enumerate(entries))
    _check_unique([one.name for one in statements], "name")
    _check_unique([scope for one in statements for scope in one.scopes], "registryScopes")
    return TrustPolicy(statements)


def _statement(entry: Any, where: str) -> Statement:
    if not isinstance(entry, dict):
        raise _wrong("a statement is an object", where)
    _known(entry, _FIELDS, where)
    name = entry.get("name")
    if not isinstance(name, str) or not name:
        raise _wrong("every statement has a name", f"{where}.name")
    scopes = _texts(entry, "registryScopes", where)
    _check_scopes(scopes, f"{where}.registryScopes")
    level, actions, late = _verification(entry.get("signatureVerification"), f"{where}.signatureVerification")
    stores, identities = _texts(entry, "trustStores", where), _texts(entry, "trustedIdentities", where)
    if level == "skip":
        if stores or identities:
            raise _wrong("the level skip goes with no trust stores and no trusted identities", where)
        return Statement(name, scopes, level, actions)
    if not stores or not identities:
        raise _wrong("trust stores and trusted identities are both needed", where)
    for store in stores:
        kind, _, store_name = store.partition(":")
        if kind not in STORE_KINDS or not _STORE_NAME.fullmatch(store_name) or store_name in (".", ".."):
            text = f"{store[:80]!r} is no store: write ca:NAME, signingAuthority:NAME or tsa:NAME"
            raise _wrong(text, f"{where}.trustStores")
    names = _names(identities, f"{where}.trustedIdentities")
    return Statement(name, scopes, level, actions, stores, identities, names, late)


def _verification(value: Any, where: str) -> tuple[str, dict[Check, Action], bool]:
    if not isinstance(value, dict):
        raise _wrong("it is missing", where)
    _known(value, _VERIFICATION_FIELDS, where)
    level, override, when = value.get("level"), value.get("override") or {}, value.get("verifyTimestamp") or "always"
    if not isinstance(level, str) or level not in _LEVELS:
        raise _wrong(f"{str(level)[:40]!r} is no level: strict, permissive, audit or skip", f"{where}.level")
    if when not in ("always", "afterCertExpiry"):
        raise _wrong("it is always or afterCertExpiry", f"{where}.verifyTimestamp")
    if not isinstance(override, dict) or (override and level == "skip"):
        raise _wrong("the level cannot be changed like that", f"{where}.override")
    actions: dict[Check, Action] = dict(zip(CHECKS, _LEVELS[level], strict=True))
    for check, action in override.items():
        if check not in CHECKS or check == "integrity":
            raise _wrong(f"{check[:40]!r} cannot be overridden", f"{where}.override")
        if action not in ("enforce", "log", "skip") or (action == "skip" and check != "revocation"):
            raise _wrong(f"{str(action)[:40]!r} is not possible for {check}", f"{where}.override")
        actions[cast("Check", check)] = action
    return level, actions, when == "afterCertExpiry"


def _check_scopes(scopes: tuple[str, ...], where: str) -> None:
    if not scopes:
        raise _wrong("at least one registry scope is needed", where)
    if "*" in scopes and len(scopes) > 1:
        raise _wrong("* stands alone", where)
    for scope in scopes:
        if scope != "*" and not _SCOPE.fullmatch(scope):
            raise _wrong(f"{scope[:80]!r} is no repository: write host/path, without scheme, tag or wildcard", where)


def _names(identities: tuple[str, ...], where: str) -> tuple[Mapping[str, str], ...]:
    if "*" in identities:
        if len(identities) > 1:
            raise _wrong("* stands alone", where)
        return ({},)
    found: list[dict[str, str]] = []
    for identity in identities:
        kind, separator, value = identity.partition(":")
        if not separator or not value.strip():
            raise _wrong(f"{identity[:80]!r} is no identity: write x509.subject: C=…, ST=…, O=…", where)
        if kind != "x509.subject":
            continue  # a plugin's own
        try:
            found.append(parse_name(value))
        except BadNameError as error:
            raise _wrong(f"{identity[:80]!r} is no name: {error}", where) from None
    for number, name in enumerate(found):
        if any(matches(name, other) for position, other in enumerate(found) if position != number):
            raise _wrong("one trusted identity is part of another", where)
    return tuple(found)


def _texts(entry: dict[str, Any], key: str, where: str) -> tuple[str, ...]:
    values = entry.get(key) or []
    if not isinstance(values, list) or not all(isinstance(value, str) and value for value in values):
        raise _wrong("it is a list of texts", f"{where}.{key}")
    return tuple(values)


def _check_unique(values: list[str], what: str) -> None:
    twice = next((value for value in values if values.count(value) > 1), None)
    if twice is not None:
        raise _wrong(f"{twice[:80]!r} is there twice", what)


def _known(value: dict[str, Any], names: set[str], where: str) -> None:
    unknown = sorted(value.keys() - names)
    if unknown:
        raise _wrong(f"the field {unknown[0][:40]!r} is not known", where or "trustPolicies")


def _wrong(message: str, where: str) -> ConfigError:
    return ConfigError(message, field=where, hint=_HINT)
