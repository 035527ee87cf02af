"""The KMS keys that encrypt the repositories of a scope: one set of calls a key.

Source: botocore's kms model (API version 2014-11-01).
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from typing import Any, Literal

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.words import document
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.keys import EncryptionKey
from auditor.inventory.parts import PolicyDocument
from auditor.inventory.recorder import Recorder

MOST_NAMES = 1000
_DESCRIBE, _ROTATION, _POLICY = "kms:DescribeKey", "kms:GetKeyRotationStatus", "kms:GetKeyPolicy"
_NO_ROTATION = "UnsupportedOperationException"
_State = Literal["enabled", "disabled", "pending_deletion", "unavailable", "missing"]
_STATES: dict[str, _State] = {
    "Enabled": "enabled",
    "Updating": "enabled",
    "Disabled": "disabled",
    "PendingDeletion": "pending_deletion",
    "PendingReplicaDeletion": "pending_deletion",
    "Creating": "unavailable",
    "PendingImport": "unavailable",
    "Unavailable": "unavailable",
}
_ORIGINS: dict[str, Literal["provider", "external", "key_store"]] = {
    "AWS_KMS": "provider",
    "EXTERNAL": "external",
    "AWS_CLOUDHSM": "key_store",
    "EXTERNAL_KEY_STORE": "key_store",
}


def uses_of(entries: list[dict[str, Any]], gone: set[str]) -> dict[str, list[str]]:
    """Key -> names of the repositories that it encrypts, from DescribeRepositories; without those that are gone."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        key = (entry.get("encryptionConfiguration") or {}).get("kmsKey")
        if key and entry["repositoryName"] not in gone:
            found.setdefault(str(key), []).append(str(entry["repositoryName"]))
    return found


class KeyReader:
    """Keys of one account and region; keys from elsewhere cannot be asked for here."""

    def __init__(self, kms: Callable[[], Caller], recorder: Recorder, region: str, account: str) -> None:
        self._kms = kms
        self._recorder = recorder
        self._region = region
        self._account = account
        self._lock = threading.Lock()
        self._described: dict[str, Fact[dict[str, Any]]] = {}

    def manager(self, key: str) -> Fact[Any]:
        """`customer` or `provider`; absent for a key that does not exist."""
        return _field(self._describe(key), _manager)

    def read(self, uses: Mapping[str, list[str]]) -> Fact[list[EncryptionKey]]:
        """Every key of `uses` (key -> repositories), sorted by id."""
        return Known([self._key(key, sorted(uses[key])) for key in sorted(uses)], _DESCRIBE)

    def _describe(self, key: str) -> Fact[dict[str, Any]]:
        """DescribeKey, asked under a lock: a scope has few keys, and each costs one call."""
        with self._lock:
            fact = self._described.get(key)
            if fact is None:

                def ask() -> Known[dict[str, Any]]:
                    return Known(dict(self._kms().call("DescribeKey", KeyId=key)["KeyMetadata"]), _DESCRIBE)

                fact = self._described[key] = fact_of(ask, recorder=self._recorder, affects=key)
        return fact

    def _key(self, key: str, names: list[str]) -> EncryptionKey:
        parts = key.split(":")
        region, account = (parts[3], parts[4]) if len(parts) > 4 else (self._region, self._account)  # noqa: PLR2004
        if (region, account) != (self._region, self._account):
            return self._elsewhere(key, region, account, names)
        described = self._describe(key)
        state: Fact[Any] = _field(described, _state)
        if isinstance(described, Absent):
            state = Known("missing", _DESCRIBE)
        manager = _field(described, _manager)
        origin, symmetric = _field(described, _origin), _field(described, _symmetric)
        customers = not isinstance(described, Absent) and manager != Known("provider", _DESCRIBE)
        # Only key material that the service makes itself rotates by itself; what is not known is asked for.
        rotates = (
            customers
            and (isinstance(origin, Unknown) or origin == Known("provider", _DESCRIBE))
            and symmetric != Known(value=False, source=_DESCRIBE)
        )
        return EncryptionKey(
            id=key,
            manager=manager,
            state=state,
            origin=origin,
            symmetric=symmetric,
            rotation=self._rotation(key) if rotates else Absent(_ROTATION),
            region=region,
            policy=self._policy(key) if customers else Absent(_POLICY),
            repositories=names[:MOST_NAMES],
        )

    def _elsewhere(self, key: str, region: str, account: str, names: list[str]) -> EncryptionKey:
        """A key of another account or region: these credentials are not for it."""
        gap = Unknown(Reason.ACCESS_DENIED, _DESCRIBE, f"the key is in {region} of account {account}")
        self._recorder.settle(gap, key)
        return EncryptionKey(key, gap, gap, gap, gap, gap, region, gap, names[:MOST_NAMES])

    def _rotation(self, key: str) -> Fact[bool]:
        def ask() -> Known[bool] | Absent:
            try:
                return Known(bool(self._kms().call("GetKeyRotationStatus", KeyId=key)["KeyRotationEnabled"]), _ROTATION)
            except CallFailedError as failure:
                if isinstance(failure.fact, Unknown) and failure.fact.detail == _NO_ROTATION:
                    return Absent(_ROTATION, _NO_ROTATION)
                raise

        return fact_of(ask, recorder=self._recorder, affects=key)

    def _policy(self, key: str) -> Fact[PolicyDocument]:
        def ask() -> Known[PolicyDocument]:
            text = str(self._kms().call("GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"])
            return Known(document(text, "aws_iam"), _POLICY)

        return fact_of(ask, recorder=self._recorder, affects=key)


def _field(described: Fact[dict[str, Any]], read: Any) -> Fact[Any]:
    """One field of DescribeKey; what it says in a word that is not known is unknown."""
    if not isinstance(described, Known):
        return described
    value, word = read(described.value)
    if value is None:
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, _DESCRIBE, f"the word {word}")
    return Known(value, _DESCRIBE)


def _manager(metadata: dict[str, Any]) -> tuple[Any, Any]:
    word = metadata.get("KeyManager")
    return {"AWS": "provider", "CUSTOMER": "customer"}.get(str(word)), word


def _state(metadata: dict[str, Any]) -> tuple[Any, Any]:
    word = metadata.get("KeyState")
    return _STATES.get(str(word)), word


def _origin(metadata: dict[str, Any]) -> tuple[Any, Any]:
    word = metadata.get("Origin")
    return _ORIGINS.get(str(word)), word


def _symmetric(metadata: dict[str, Any]) -> tuple[Any, Any]:
    word = metadata.get("KeySpec") or metadata.get("CustomerMasterKeySpec")
    return None if word is None else word == "SYMMETRIC_DEFAULT", word
