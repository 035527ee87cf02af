"""Access keys of the users who hold rights on registries.

iam:ListAccessKeys and iam:GetAccessKeyLastUsed, not the credential report: that tells neither which key it means
nor when it was made (its "last rotated" also moves when a key is switched on or off), it is up to four hours old,
and it has to be generated first. Users with such rights are few, so the calls are too: one a user and one a key.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.words import moment, time_fact
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.inventory.facts import Absent, Fact, Known, Unknown
from auditor.inventory.identity import AccessKey
from auditor.inventory.recorder import Recorder

_LIST, _USED = "iam:ListAccessKeys", "iam:GetAccessKeyLastUsed"
_GONE = "NoSuchEntity"
_SHOWN = 4


def read_access_keys(
    iam: Caller, recorder: Recorder, pool: Executor, users: list[str], account_id: str
) -> Fact[list[AccessKey]]:
    """The keys of `users` (ARNs), sorted; unknown when those of any one of them could not be listed."""
    keys: list[AccessKey] = []

    def reader(arn: str) -> Callable[[], list[AccessKey]]:
        return lambda: _of_user(iam, recorder, arn)

    # The first one alone: where it is denied, so are the others, and they need not ask.
    try:
        if users:
            keys += _of_user(iam, recorder, users[0])
        waiting: list[Future[list[AccessKey]]] = [pool.submit(reader(arn)) for arn in users[1:]]
        try:
            for future in waiting:
                keys += future.result()
        finally:
            for future in waiting:
                future.cancel()
    except CallFailedError as failure:
        recorder.settle(failure.fact, account_id, message=failure.message)
        return failure.fact
    fact = Known(sorted(keys, key=lambda key: (key.principal, key.ending)), _LIST)
    recorder.settle(fact, account_id)
    return fact


def _of_user(iam: Caller, recorder: Recorder, arn: str) -> list[AccessKey]:
    name = arn.rpartition("/")[2]
    try:
        entries = list(iam.pages("ListAccessKeys", "AccessKeyMetadata", "Marker", UserName=name))
    except CallFailedError as failure:
        if isinstance(failure.fact, Unknown) and failure.fact.detail == _GONE:
            recorder.note(f"{arn} was deleted while it was read")
            return []
        raise
    return [_key(iam, recorder, arn, entry) for entry in entries]


def _key(iam: Caller, recorder: Recorder, arn: str, entry: dict[str, Any]) -> AccessKey:
    identity = str(entry["AccessKeyId"])

    def used() -> Known[str] | Absent:
        found = iam.call("GetAccessKeyLastUsed", AccessKeyId=identity).get("AccessKeyLastUsed") or {}
        when = found.get("LastUsedDate")
        return Known(moment(when), _USED) if when is not None else Absent(_USED)

    return AccessKey(
        principal=arn,
        ending=identity[-_SHOWN:],
        active=entry.get("Status") == "Active",
        created_at=time_fact(entry, "CreateDate", _LIST),
        last_used_at=fact_of(used, recorder=recorder, affects=f"a key of {arn}"),
    )
