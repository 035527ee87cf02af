"""Which repositories need not be read again, with an earlier snapshot at hand.

ECR gives no mark of change, so CloudTrail's event history (management events, 90 days, no trail needed) is the feed:
a repository that no event names since the earlier snapshot has the images and policies that it had. Settings, tags and
scan settings come in bulk and are read anyway. What the feed cannot tell stands in `UNCHECKED`.
Sources: CloudTrail's LookupEvents; ECR's user guide on its events (lifecycle actions are events of the service itself).
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import msgspec

from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.aws.words import moment
from auditor.collectors.failed import CallFailedError
from auditor.inventory.earlier import EarlierScope
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import Registry, RepositoryRecord, Reused

FEED = "cloudtrail:LookupEvents"
SOURCE = "ecr.amazonaws.com"
FEED_DAYS = 89
MARGIN = timedelta(hours=1)
"""Events are listed some minutes after they happen: the window begins this much before the earlier snapshot."""
PAGE = 50
SAVED_CALLS = 3
"""Calls that a repository costs at least: DescribeImages and its two policies."""
UNCHECKED = ["last pull times", "images that arrive by replication"]
"""Pull times become unknown; the other is bounded by `reuse_up_to_days`."""
REGISTRY_EVENTS = frozenset(
    {
        "CreatePullThroughCacheRule", "CreateRepositoryCreationTemplate", "DeletePullThroughCacheRule",
        "DeleteRegistryPolicy", "DeleteRepositoryCreationTemplate", "DeleteSigningConfiguration",
        "DeregisterPullTimeUpdateExclusion", "PutAccountSetting", "PutRegistryPolicy",
        "PutRegistryScanningConfiguration", "PutReplicationConfiguration", "PutSigningConfiguration",
        "RegisterPullTimeUpdateExclusion", "UpdatePullThroughCacheRule", "UpdateRepositoryCreationTemplate",
    }
)  # fmt: skip
REPOSITORY_EVENTS = frozenset(
    {
        "BatchDeleteImage", "BatchImportUpstreamImage", "CreateRepository", "DeleteLifecyclePolicy",
        "DeleteRepository", "DeleteRepositoryPolicy", "PolicyExecutionEvent", "PutImage",
        "PutImageScanningConfiguration", "PutImageTagMutability", "PutLifecyclePolicy", "ReplicateImage",
        "SetRepositoryPolicy", "StartImageScan", "StartReplicationBackfill", "TagResource", "UntagResource",
        "UpdateImageStorageClass",
    }
)  # fmt: skip
_HARMLESS = frozenset({"ValidatePullThroughCacheRule", "StopReplicationBackfill"})
_ARN = re.compile(r"^arn:[a-z0-9-]+:ecr:[^:]*:[^:]*:repository/(.+)$")
_OPEN = re.compile(
    rb'"state":"unknown","reason":"(?!not_requested|unsupported_by_platform)|"state":"pending"|"status":"in_progress"'
)


@dataclass
class Touched:
    """What events since the earlier snapshot name."""

    repositories: set[str] = field(default_factory=set)
    registry: bool = False
    everything: bool = False
    """An event that cannot be placed: no repository counts as unchanged."""

    def take(self, event: dict[str, Any]) -> None:
        """Look at one event of LookupEvents."""
        try:
            detail = json.loads(str(event.get("CloudTrailEvent") or "{}"))
        except ValueError:
            detail = {}
        if detail.get("eventSource", event.get("EventSource")) != SOURCE:
            return
        # Actions of a lifecycle policy are events of the service, and count as reading.
        service_event = detail.get("eventType") == "AwsServiceEvent"
        read_only = str(detail.get("readOnly", event.get("ReadOnly"))).lower() == "true"
        name = str(event.get("EventName", ""))
        if (read_only and not service_event) or name in _HARMLESS:
            return
        if name in REGISTRY_EVENTS:
            self.registry = True
            return
        named = _repositories(detail, event)
        self.repositories |= named
        self.everything = self.everything or not named


@dataclass(frozen=True)
class Kept:
    """What is taken from the earlier record of one repository."""

    record: RepositoryRecord
    images: bool
    """Whether its images are taken as well: not where they change without any event."""
    reused: Reused

    def images_now(self) -> Known[list[Image]] | Absent | Unknown:
        """The images as they were, but for when they were pulled: that is not known any more."""
        found = self.record.images
        if not isinstance(found, Known):
            return found
        pulled = Unknown(Reason.NOT_REQUESTED, "ecr:DescribeImages", f"not read again since {self.reused.read_at}")
        return Known([msgspec.structs.replace(image, last_pulled_at=pulled) for image in found.value], found.source)


class Reuse:
    """What of one scope is taken from the earlier snapshot."""

    def __init__(self, settings: EcrSettings, now: str, earlier: EarlierScope | None, touched: Touched) -> None:
        self._settings = settings
        self._now = datetime.fromisoformat(now)
        self._earlier = earlier
        self._touched = touched
        # Settings of the registry decide on scans and signatures of images.
        self._rereads = touched.registry or _may_change_alone(earlier)
        self._lock = threading.Lock()
        self.count = 0

    @property
    def registry(self) -> Registry | None:
        """The registry's own settings, where no event changed them."""
        if self._earlier is None or self._touched.registry or self._touched.everything:
            return None
        return self._earlier.registry.registry

    def of(self, entry: dict[str, Any]) -> Kept | None:
        """What can be taken for an entry of DescribeRepositories."""
        name = str(entry["repositoryName"])
        if self._earlier is None or self._touched.everything or name in self._touched.repositories:
            return None
        record = self._earlier.find(f"{self._earlier.registry.id}:{name}")
        if record is None or record.repository.created_at != _created(entry):
            return None
        read_at = record.reused.value.read_at if isinstance(record.reused, Known) else record.now
        if self._now - datetime.fromisoformat(read_at) > timedelta(days=self._settings.reuse_up_to_days):
            return None
        facts = (record.images, record.repository.access_policy, record.repository.retention_policy)
        if any(isinstance(fact, Unknown) for fact in facts) or _OPEN.search(msgspec.json.encode(record.images)):
            return None
        scanning, hosting = record.repository.scanning, record.repository.hosting
        continuous = isinstance(scanning, Known) and scanning.value.frequency == "continuous"
        hosted = isinstance(hosting, Known) and hosting.value == "hosted"
        images = hosted and not continuous and not self._rereads
        with self._lock:
            self.count += 1
        return Kept(record, images, Reused(read_at, FEED, UNCHECKED if images else []))


def find_reuse(visit: Visit, settings: EcrSettings, repositories: int) -> Reuse:
    """Compare with the earlier snapshot, where there is one. What prevents reuse becomes a note of the scope."""
    scope = visit.scope
    nothing = Reuse(settings, scope.now, None, Touched())
    if scope.earlier is None or repositories == 0:
        return nothing
    since = datetime.fromisoformat(scope.earlier.taken_at)
    earlier = scope.earlier.scope(scope.id)
    why = ""
    if earlier is None:
        why = "the earlier snapshot does not hold this scope"
    elif earlier.entry.fingerprint != scope.fingerprint:
        why = "the earlier snapshot was made by another version or with other settings"
    elif datetime.fromisoformat(scope.now) - since > timedelta(days=FEED_DAYS):
        why = f"the earlier snapshot is older than the {FEED_DAYS} days that CloudTrail's history is relied on"
    else:
        try:
            touched = _feed(visit.caller("cloudtrail"), since - MARGIN, repositories * SAVED_CALLS)
        except CallFailedError as failure:
            why = f"{FEED}: {failure.message}"
        else:
            if touched is not None:
                return Reuse(settings, scope.now, earlier, touched)
            why = f"{FEED} has so many events that reading them costs more than it saves"
    scope.recorder.note(f"everything was read again: {why}")
    return nothing


def _feed(cloudtrail: Caller, start: datetime, saved: int) -> Touched | None:
    """What changed; None when asking for it would take more than a tenth of the `saved` calls.

    First everything that concerns ECR, pulls included; where these are too many, each event that writes by its name.
    """
    budget = max(1, saved // 10)
    touched = Touched()
    if _take(cloudtrail, "EventSource", SOURCE, start, budget, touched) is not None:
        return touched
    names = sorted(REGISTRY_EVENTS | REPOSITORY_EVENTS)
    left: int | None = budget
    touched = Touched()
    for name in names:
        if left is None or left < len(names) / 2:
            return None
        left = _take(cloudtrail, "EventName", name, start, left, touched)
    return touched if left is not None else None


def _take(cloudtrail: Caller, attribute: str, value: str, start: datetime, budget: int, touched: Touched) -> int | None:
    """Take the events of one lookup; the pages that are left of `budget`, None when it was not enough."""
    events = cloudtrail.pages(
        "LookupEvents", "Events", "NextToken",
        LookupAttributes=[{"AttributeKey": attribute, "AttributeValue": value}], StartTime=start, MaxResults=PAGE,
    )  # fmt: skip
    count = 0
    for event in islice(events, budget * PAGE + 1):
        touched.take(event)
        count += 1
    return None if count > budget * PAGE else budget - count // PAGE


def _repositories(detail: dict[str, Any], event: dict[str, Any]) -> set[str]:
    """The repositories that an event names: in its parameters, its answer, or its resources."""
    found = set()
    for key in ("requestParameters", "responseElements", "serviceEventDetails"):
        part = detail.get(key)
        if isinstance(part, dict):
            inner = part.get("repository")
            for name in (part.get("repositoryName"), inner.get("repositoryName") if isinstance(inner, dict) else None):
                if isinstance(name, str):
                    found.add(name)
            match = _ARN.match(str(part.get("resourceArn", "")))
            if match:
                found.add(match.group(1))
    resources = [r.get("ARN") for r in detail.get("resources") or [] if isinstance(r, dict)]
    resources += [r.get("ResourceName") for r in event.get("Resources") or [] if isinstance(r, dict)]
    for resource in resources:
        match = _ARN.match(str(resource))
        if match:
            found.add(match.group(1))
    return found


def _created(entry: dict[str, Any]) -> Known[str] | Absent:
    value = entry.get("createdAt")
    return Known(moment(value)) if value is not None else Absent("ecr:DescribeRepositories")


def _may_change_alone(earlier: EarlierScope | None) -> bool:
    """Whether images may arrive by replication: another account may send some, or a known rule names this registry."""
    if earlier is None:
        return False
    registry = earlier.registry.registry
    policy = registry.access_policy
    if isinstance(policy, Unknown):
        return True
    if isinstance(policy, Known) and re.search(r'ReplicateImage|"ecr:\*"|"\*"|NotAction', policy.value.text):
        return True
    return (registry.account, registry.region) in earlier.destinations
