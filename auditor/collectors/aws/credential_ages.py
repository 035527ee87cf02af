"""How old the credentials of pull-through cache rules are. Their values are never asked for.

secretsmanager:ListSecretVersionIds says when the present value was stored. DescribeSecret does not: its date of
last change also moves with tags, and its date of last rotation knows nothing of values that people store.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.words import time_fact
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.inventory.facts import Absent, Fact, Known, Unknown
from auditor.inventory.recorder import Recorder

_CALL = "secretsmanager:ListSecretVersionIds"
_MISSING = "ResourceNotFoundException"
_CURRENT = "AWSCURRENT"


class CredentialAges:
    """When the present value of a secret was stored; each secret is asked for once."""

    def __init__(self, secrets: Callable[[], Caller], recorder: Recorder) -> None:
        self._secrets = secrets
        self._recorder = recorder
        self._lock = threading.Lock()
        self._facts: dict[str, Fact[str]] = {}

    def of(self, secret: str) -> Fact[str]:
        """The time; absent for a secret that does not exist, or has no value."""
        with self._lock:
            fact = self._facts.get(secret)
            if fact is None:
                fact = fact_of(lambda: self._ask(secret), recorder=self._recorder, affects=secret)
                self._facts[secret] = fact
        return fact

    def _ask(self, secret: str) -> Known[str] | Absent:
        try:
            for entry in self._secrets().pages("ListSecretVersionIds", "Versions", "NextToken", SecretId=secret):
                if _CURRENT in (entry.get("VersionStages") or []):
                    found = time_fact(entry, "CreatedDate", _CALL)
                    return Known(found.value, _CALL) if isinstance(found, Known) else Absent(_CALL)
        except CallFailedError as failure:
            if isinstance(failure.fact, Unknown) and failure.fact.detail == _MISSING:
                return Absent(_CALL, _MISSING)
            raise
        return Absent(_CALL, "no current version")
