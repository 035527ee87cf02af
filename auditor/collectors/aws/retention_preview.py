"""Asks ECR itself what a lifecycle policy would take at its next run.

`StartLifecyclePolicyPreview` changes no image and no policy, but it does start a job in the repository, one at a
time: so this is not part of collecting, and is called only when somebody asks for it.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

import msgspec

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.entrances import enter_accounts
from auditor.collectors.aws.pace import Pace
from auditor.collectors.aws.session import Account, make_client
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.failed import CallFailedError
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.recorder import Recorder

CALLS: Final = frozenset({"ecr:StartLifecyclePolicyPreview", "ecr:GetLifecyclePolicyPreview"})
"""What it may call beside getting in; no collector does."""
START, GET = "ecr:StartLifecyclePolicyPreview", "ecr:GetLifecyclePolicyPreview"
MIN_TEXT = 100
"""ECR takes no shorter policy texts; blanks fill one up."""
_ACTIONS: dict[str, Literal["expire", "archive"]] = {"EXPIRE": "expire", "TRANSITION": "archive"}
_IN_PROGRESS = "LifecyclePolicyPreviewInProgressException"
_PAUSE_S = 5.0
_TRIES = 24


@dataclass(frozen=True)
class Previewed:
    """An image that the preview lists."""

    digest: str
    action: Literal["expire", "archive"]
    priority: int


class RetentionPreview:
    """Previews in the accounts of targets of kind `ecr`. Errors: as `entrances.enter_accounts`."""

    def __init__(self, targets: Sequence[Mapping[str, Any]], sleep: Callable[[float], None] = time.sleep) -> None:
        self._accounts: dict[str, tuple[Account, EcrSettings]] = {}
        self._sleep = sleep
        for target in targets:
            if target.get("kind") == "ecr":
                settings = msgspec.convert(target, EcrSettings)
                for account in enter_accounts(settings):
                    self._accounts.setdefault(account.id, (account, settings))

    def ask(self, account: str, region: str, repository: str, policy: str | None) -> Fact[list[Previewed]]:
        """What the next run would take, under `policy` or (None) the present one; absent without a policy."""
        found = self._accounts.get(account)
        if found is None:
            return Unknown(Reason.NOT_REQUESTED, START, f"no target of auditor.yaml is in account {account}")
        entered, settings = found
        if entered.failure is not None:
            return entered.failure.fact
        pace = Pace(threading.Semaphore(1), settings.rate, settings.region_timeout_s)
        ecr = Caller(make_client(entered.session, "ecr", region, settings), "ecr", pace, Recorder())
        try:
            return self._preview(ecr, repository, policy)
        except CallFailedError as failure:
            return failure.fact

    def _preview(self, ecr: Caller, repository: str, policy: str | None) -> Known[list[Previewed]] | Absent | Unknown:
        text = self._start(ecr, repository, policy)
        if text is None:
            return Unknown(Reason.PENDING, START, "another preview of the repository did not end")
        first = self._wait(ecr, repository)
        if first is None:
            return Unknown(Reason.PENDING, GET, "the preview did not end in time")
        if first["status"] != "COMPLETE":
            return Unknown(Reason.SERVER_ERROR, GET, f"the preview ended as {first['status']}")
        if not _same(first.get("lifecyclePolicyText", text), text):
            return Unknown(Reason.PENDING, GET, "a preview of another policy took the place of this one")
        entries = ecr.pages("GetLifecyclePolicyPreview", "previewResults", repositoryName=repository, maxResults=100)
        return Known(sorted((_previewed(entry) for entry in entries), key=lambda p: p.digest), GET)

    def _start(self, ecr: Caller, repository: str, policy: str | None) -> str | None:
        """The text of the policy that is previewed; None where an earlier preview does not end."""
        given = {} if policy is None else {"lifecyclePolicyText": policy.ljust(MIN_TEXT)}
        for _ in range(_TRIES):
            try:
                answer = ecr.call("StartLifecyclePolicyPreview", repositoryName=repository, **given)
            except CallFailedError as failure:
                if not (isinstance(failure.fact, Unknown) and failure.fact.detail == _IN_PROGRESS):
                    raise
                self._sleep(_PAUSE_S)
                continue
            return str(answer.get("lifecyclePolicyText", policy or ""))
        return None

    def _wait(self, ecr: Caller, repository: str) -> dict[str, Any] | None:
        """The answer once the preview has ended; None where it does not."""
        for _ in range(_TRIES):
            answer = ecr.call("GetLifecyclePolicyPreview", repositoryName=repository, maxResults=1)
            if answer.get("status") != "IN_PROGRESS":
                return answer
            self._sleep(_PAUSE_S)
        return None


def _previewed(entry: dict[str, Any]) -> Previewed:
    action = _ACTIONS.get(str((entry.get("action") or {}).get("type")), "expire")
    return Previewed(str(entry.get("imageDigest", "")), action, int(entry.get("appliedRulePriority") or 0))


def _same(one: str, other: str) -> bool:
    try:
        return bool(json.loads(one) == json.loads(other))
    except (ValueError, RecursionError):
        return one == other
