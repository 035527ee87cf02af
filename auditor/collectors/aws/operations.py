"""How a registry is operated: CloudTrail trails, EventBridge rules, service quotas.

Source of the operations and their shapes: botocore's cloudtrail (API version 2013-11-01), events (2015-10-07) and
service-quotas (2019-06-24) models.

Calls a region: one DescribeTrails, one ListRules for 100 rules, one ListTargetsByRule for each rule about ECR or
Inspector, one ListServiceQuotas (and one ListAWSDefaultServiceQuotas where quotas are missing in it). Calls an
account: one GetTrailStatus a trail, and one GetEventSelectors for each trail whose selectors are not the default.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.trails import records_registries
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.operations import AuditTrail, EventRule, Quota

TRAILS = "cloudtrail:DescribeTrails"
STATUS = "cloudtrail:GetTrailStatus"
SELECTORS = "cloudtrail:GetEventSelectors"
RULES = "events:ListRules"
QUOTAS = "servicequotas:ListServiceQuotas"
_SOURCES = ("aws.ecr", "aws.inspector2")
_DETAIL_TYPES = ("ECR ", "Inspector2 ")
# Registered repositories, and images for a repository: what ListServiceQuotas leaves out where it has no applied value.
_NEEDED = frozenset({"L-CFEB8E8D", "L-03A36CE1"})
MAX_ERROR = 200


@dataclass
class _Entry:
    """One trail of one account; held by whoever asks first."""

    lock: threading.Lock = field(default_factory=threading.Lock)
    facts: tuple[Fact[bool], Fact[bool], str] | None = None


class TrailBook:
    """What was read of each trail: a trail shows in every region of its account and is asked once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._entries: dict[tuple[str, str], _Entry] = {}

    def of(
        self, account: str, arn: str, ask: Callable[[], tuple[Fact[bool], Fact[bool], str]]
    ) -> tuple[Fact[bool], Fact[bool], str]:
        """(is it logging, does it record registries, why its last delivery failed).

        What could not be read is asked again from the next region, since that one may answer.
        """
        with self._lock:
            entry = self._entries.setdefault((account, arn), _Entry())
        with entry.lock:
            if entry.facts is not None:
                return entry.facts
            found = ask()
            if isinstance(found[0], Known) and isinstance(found[1], Known):
                entry.facts = found
            return found


class OperationFacts:
    """The facts of one region, asked for at once and waited for when they are used."""

    def __init__(self, visit: Visit, registry_id: str, book: TrailBook, *, wanted: bool) -> None:
        self._visit = visit
        self._id = registry_id
        self._book = book

        def submit(work: Callable[[], Known[Any]], source: str) -> Callable[[], Any]:
            if not wanted:
                return lambda: Unknown(Reason.NOT_REQUESTED, source, "read_operations is off")
            future = visit.pool.submit(lambda: fact_of(work, recorder=visit.recorder, affects=registry_id))
            return future.result

        self.trails: Callable[[], Fact[list[AuditTrail]]] = submit(self._trails, TRAILS)
        self.event_rules: Callable[[], Fact[list[EventRule]]] = submit(self._event_rules, RULES)
        self.quotas: Callable[[], Fact[list[Quota]]] = submit(self._quotas, QUOTAS)

    # ---------------------------------------------------------------- CloudTrail
    def _trails(self) -> Known[list[AuditTrail]]:
        cloudtrail = self._visit.caller("cloudtrail")
        answer = cloudtrail.call("DescribeTrails", includeShadowTrails=True)
        trails = [self._trail(cloudtrail, entry) for entry in answer.get("trailList") or []]
        return Known(sorted(trails, key=_by_id), TRAILS)

    def _trail(self, cloudtrail: Caller, entry: dict[str, Any]) -> AuditTrail:
        arn = str(entry.get("TrailARN", ""))
        home = str(entry.get("HomeRegion") or self._visit.region)
        logging, recording, problem = self._book.of(
            self._visit.account.id,
            arn,
            lambda: self._details(cloudtrail, arn, home, custom=entry.get("HasCustomEventSelectors")),
        )
        for fact in (logging, recording):
            self._visit.recorder.settle(fact, arn)
        bucket, group = entry.get("S3BucketName"), entry.get("CloudWatchLogsLogGroupArn")
        parts = arn.split(":")
        owner = parts[4] if len(parts) > 5 else self._visit.account.id  # noqa: PLR2004  an ARN has six parts
        return AuditTrail(
            id=f"urn:cr:cloudtrail:{owner}:{home}:trail/{entry.get('Name', '')}",
            logging=logging,
            multi_region=bool(entry.get("IsMultiRegionTrail")),
            organization=bool(entry.get("IsOrganizationTrail")),
            home_region=home,
            management_events=recording,
            validation=bool(entry.get("LogFileValidationEnabled")),
            destinations=[*([f"s3://{bucket}"] if bucket else []), *([str(group)] if group else [])],
            delivery_error=problem,
        )

    def _details(self, here: Caller, arn: str, home: str, *, custom: bool | None) -> tuple[Fact[bool], Fact[bool], str]:
        """The status is asked here, which is allowed by ARN; selectors are told in the trail's home region."""
        logging: Fact[bool]
        recording: Fact[bool]
        problem = ""
        try:
            status = here.call("GetTrailStatus", Name=arn)
            logging = Known(bool(status.get("IsLogging")), STATUS)
            problem = " ".join(str(status.get("LatestDeliveryError") or "").split())[:MAX_ERROR]
        except CallFailedError as failure:
            logging = failure.fact
        if custom is False:
            # The default selectors: every management event, read and write.
            return logging, Known(True, TRAILS), problem
        try:
            there = here if home == self._visit.region else self._visit.caller("cloudtrail", region=home)
            recording = records_registries(there.call("GetEventSelectors", TrailName=arn))
        except CallFailedError as failure:
            recording = failure.fact
        return logging, recording, problem

    # ---------------------------------------------------------------- EventBridge
    def _event_rules(self) -> Known[list[EventRule]]:
        events = self._visit.caller("events")
        rules = events.pages("ListRules", "Rules", "NextToken", Limit=100)
        found = [entry for entry in rules if about_registries(str(entry.get("EventPattern") or ""))]
        return Known(sorted((self._event_rule(events, entry) for entry in found), key=_by_id), RULES)

    def _event_rule(self, events: Caller, entry: dict[str, Any]) -> EventRule:
        name = str(entry.get("Name", ""))

        def count() -> Known[int]:
            pages = events.pages("ListTargetsByRule", "Targets", "NextToken", Rule=name, Limit=100)
            return Known(sum(1 for _ in pages), "events:ListTargetsByRule")

        return EventRule(
            id=f"urn:cr:events:{self._visit.account.id}:{self._visit.region}:rule/{name}",
            enabled=str(entry.get("State", "")).startswith("ENABLED"),
            pattern=str(entry.get("EventPattern", "")),
            targets=fact_of(count, recorder=self._visit.recorder, affects=name),
        )

    # ---------------------------------------------------------------- quotas
    def _quotas(self) -> Known[list[Quota]]:
        caller = self._visit.caller("service-quotas", "servicequotas")

        def pages(operation: str) -> list[dict[str, Any]]:
            return list(caller.pages(operation, "Quotas", "NextToken", ServiceCode="ecr", MaxResults=100))

        found = {quota.code: quota for quota in map(_quota, pages("ListServiceQuotas")) if quota is not None}
        if not found.keys() >= _NEEDED:
            try:
                for entry in pages("ListAWSDefaultServiceQuotas"):
                    default = _quota(entry, applied=False)
                    if default is not None:
                        found.setdefault(default.code, default)
            except CallFailedError as failure:
                self._visit.recorder.settle(failure.fact, self._id, message=failure.message)
        return Known([found[code] for code in sorted(found)], QUOTAS)


def about_registries(pattern: str) -> bool:
    """Whether an EventBridge pattern selects events of ECR or Inspector; of one that is no JSON: no."""
    try:
        found = json.loads(pattern)
    except ValueError:
        return False
    if not isinstance(found, dict):
        return False
    sources, types = found.get("source"), found.get("detail-type")
    if isinstance(sources, list):
        return any(_selects(matcher, source) for matcher in sources for source in _SOURCES)
    return isinstance(types, list) and any(isinstance(t, str) and t.startswith(_DETAIL_TYPES) for t in types)


def _selects(matcher: Any, source: str) -> bool:
    if isinstance(matcher, dict):
        prefix = matcher.get("prefix")
        return isinstance(prefix, str) and source.startswith(prefix)
    return bool(matcher == source)


def _quota(entry: dict[str, Any], *, applied: bool = True) -> Quota | None:
    """None for one whose value Service Quotas could not find out."""
    if entry.get("Value") is None or entry.get("ErrorReason"):
        return None
    return Quota(
        code=str(entry.get("QuotaCode", "")),
        name=str(entry.get("QuotaName", "")),
        value=float(entry["Value"]),
        unit=str(entry.get("Unit", "")),
        applied=applied,
    )


def _by_id(record: AuditTrail | EventRule) -> str:
    return record.id
