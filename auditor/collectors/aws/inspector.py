"""Amazon Inspector, which does ECR's enhanced scanning: read for a whole registry instead of image by image.

Source of the operations and their shapes: botocore's inspector2 model (API version 2020-06-08).

Calls a registry with enhanced scanning: one BatchGetAccountStatus, one ListFilters for 100 filters, one ListCoverage
for 200 images, one ListFindingAggregations, one ListFindings for 100 findings; none an image. Where findings are so
many that DescribeImageScanFindings (one call an image, 1,000 findings a page) takes fewer calls, that is used for
the images that Inspector covers. Whatever Inspector refuses is read that way as well.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from auditor.analysis.vulnerabilities import count
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.findings import Gathering
from auditor.collectors.aws.inspector_filters import SuppressionBook, suppression_of
from auditor.collectors.aws.scopes import Visit
from auditor.collectors.aws.words import time_fact
from auditor.collectors.failed import CallFailedError, fact_of
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.recorder import Recorder
from auditor.inventory.scanning import RegistryScanning, ScanResult, Suppression

COVERAGE = "inspector2:ListCoverage"
FINDINGS = "inspector2:ListFindings"
STATUS = "inspector2:BatchGetAccountStatus"
FILTERS = "inspector2:ListFilters"
COVERAGE_PAGE = 200
FINDINGS_PAGE = 100
IMAGE = "AWS_ECR_CONTAINER_IMAGE"

State = Literal["complete", "active", "pending", "failed", "unsupported", "expired", "archived"]
_SCANNED: frozenset[State] = frozenset({"complete", "active"})
_PENDING = frozenset({"PENDING_INITIAL_SCAN", "PENDING_REVIVAL_SCAN", "SCAN_IN_PROGRESS"})
# Frequencies under which an image is scanned once and then left alone: what was found then stands.
_ONCE = frozenset({"SCAN_FREQUENCY_SCAN_ON_PUSH", "SCAN_FREQUENCY_MANUAL"})
_STATES: dict[str, State] = {"SCAN_ELIGIBILITY_EXPIRED": "expired", "IMAGE_ARCHIVED": "archived"}


@dataclass(slots=True)
class _Covered:
    """What Inspector says of one image, while it is read. Kept small: a registry may have a million."""

    state: State
    reason: str
    scanned_at: Fact[str]
    found: Gathering | None = None
    """None: nothing was found."""


@dataclass(frozen=True)
class BulkScan:
    """An image's scan as Inspector tells it; `ask`: its findings have to be asked for image by image."""

    result: ScanResult
    ask: bool


def start_inspection(
    visit: Visit, tier: Fact[RegistryScanning], names: Collection[str], *, wanted: bool, scans: bool
) -> Callable[[], Inspection]:
    """Ask Inspector where the registry's scanning is its work; the result waits for the answers.

    `names`: the repositories whose scans are wanted. Where it is not known who scans, nothing is asked.
    """
    if not isinstance(tier, Known) or (tier.value.tier == "enhanced" and not wanted):
        found = Inspection.unread(tier if isinstance(tier, Unknown) else None)
        return lambda: found
    if tier.value.tier != "enhanced":
        found = Inspection()
        return lambda: found

    def read() -> Inspection:
        inspection = Inspection()
        inspection.read(visit.caller("inspector2"), visit.recorder, visit.account.id, names, scans=scans)
        return inspection

    return visit.pool.submit(read).result


class Inspection:
    """Inspector's facts on one registry. Read once, by one thread; `take` is safe from many."""

    def __init__(self) -> None:
        self.active: Fact[bool] = Absent(STATUS, "basic_scanning")
        self.suppressions: Fact[list[Suppression]] = Absent(FILTERS, "basic_scanning")
        self.book = SuppressionBook([])
        self.in_bulk = False
        self._covered: dict[str, dict[str, _Covered]] = {}

    @classmethod
    def unread(cls, why: Unknown | None) -> Inspection:
        """Nothing was asked: reading is switched off, or (`why`) it is not known whether Inspector scans."""
        found = cls()
        found.active = why or Unknown(Reason.NOT_REQUESTED, STATUS, "read_inspector is off")
        found.suppressions = why or Unknown(Reason.NOT_REQUESTED, FILTERS, "read_inspector is off")
        return found

    def take(self, repository: str) -> dict[str, BulkScan]:
        """Digest -> scan of the images of one repository that Inspector covers, given out once to bound memory.

        An image that is not in it is not covered, or Inspector was not readable: ECR has to be asked.
        """
        found = self._covered.pop(repository, {})
        return {digest: self._scan(covered) for digest, covered in found.items()}

    def _scan(self, covered: _Covered) -> BulkScan:
        counts: Fact[dict[str, int]] = Absent(COVERAGE)
        vulnerabilities: Fact[Any] = Absent(COVERAGE)
        if covered.state in _SCANNED and self.in_bulk:
            found = covered.found.vulnerabilities() if covered.found else []
            counts, vulnerabilities = Known(count(found), FINDINGS), Known(found, FINDINGS)
        result = ScanResult(
            state=covered.state,
            detail=covered.reason,
            completed_at=covered.scanned_at,
            database_at=Unknown(Reason.UNSUPPORTED_BY_PLATFORM, COVERAGE),
            counts=counts,
            vulnerabilities=vulnerabilities,
        )
        return BulkScan(result, ask=covered.state in _SCANNED and not self.in_bulk)

    # ---------------------------------------------------------------- reading
    def read(
        self, inspector: Caller, recorder: Recorder, account: str, wanted: Collection[str], *, scans: bool
    ) -> None:
        """Ask Inspector about the repositories `wanted` of `account`; what it refuses stays unknown or unread.

        `scans` off: only whether it is on, and its suppressions.
        """
        self.active = fact_of(lambda: _active(inspector, account), recorder=recorder, affects=account)
        self.suppressions = fact_of(lambda: self._filters(inspector), recorder=recorder, affects=account)
        if not scans:
            return
        try:
            self._coverage(inspector, account, wanted)
        except CallFailedError as failure:
            self._covered.clear()
            recorder.note(f"{COVERAGE}: {failure.message}; scans were read one image at a time instead")
            return
        try:
            if not _bulk_is_cheaper(inspector, account, self._covered.values()):
                recorder.note("findings are many: they were read one image at a time, which takes fewer calls")
                return
            self._findings(inspector, account)
            self.in_bulk = True
        except CallFailedError as failure:
            recorder.note(f"{FINDINGS}: {failure.message}; findings were read one image at a time instead")

    def _filters(self, inspector: Caller) -> Known[list[Suppression]]:
        entries = list(inspector.pages("ListFilters", "filters", action="SUPPRESS", maxResults=100))
        self.book = SuppressionBook(entries)
        found = [suppression_of(entry) for entry in self.book.filters]
        return Known(sorted(found, key=lambda suppression: suppression.id), FILTERS)

    def _coverage(self, inspector: Caller, account: str, wanted: Collection[str]) -> None:
        criteria = {"accountId": _equals(account), "resourceType": _equals(IMAGE)}
        pages = inspector.pages("ListCoverage", "coveredResources", filterCriteria=criteria, maxResults=COVERAGE_PAGE)
        names = frozenset(wanted)
        for entry in pages:
            place = image_of(str(entry.get("resourceId", "")))
            if place is None or place[0] not in names:
                continue
            images = self._covered.setdefault(place[0], {})
            new = _covered(entry)
            if place[1] not in images or new.state in _SCANNED:
                images[place[1]] = new

    def _findings(self, inspector: Caller, account: str) -> None:
        criteria = {
            "awsAccountId": _equals(account),
            "resourceType": _equals(IMAGE),
            # Closed ones are over; without a filter they would come too.
            "findingStatus": [*_equals("ACTIVE"), *_equals("SUPPRESSED")],
        }
        for entry in inspector.pages("ListFindings", "findings", filterCriteria=criteria, maxResults=FINDINGS_PAGE):
            if "packageVulnerabilityDetails" not in entry:
                continue
            for resource in entry.get("resources") or []:
                place = image_of(str(resource.get("id", "")))
                found = self._covered.get(place[0], {}).get(place[1]) if place else None
                if found is not None:
                    found.found = found.found or Gathering(FINDINGS, self.book.hidden_by)
                    found.found.add(entry)


def image_of(arn: str) -> tuple[str, str] | None:
    """(repository, digest) of `arn:aws:ecr:REGION:ACCOUNT:repository/NAME/sha256:DIGEST`; None for another resource."""
    _, marker, rest = arn.partition(":repository/")
    name, slash, digest = rest.rpartition("/")
    return (name, digest) if marker and slash and digest.startswith("sha256:") else None


def _equals(value: str) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value}]


def _active(inspector: Caller, account: str) -> Known[bool]:
    answer = inspector.call("BatchGetAccountStatus", accountIds=[account])
    for entry in answer.get("accounts") or []:
        status = str(((entry.get("resourceState") or {}).get("ecr") or {}).get("status", ""))
        if status == "ENABLING":
            raise CallFailedError(Unknown(Reason.PENDING, STATUS, status), "Inspector is being switched on")
        if status:
            return Known(status == "ENABLED", STATUS)
    code = next((str(entry.get("errorCode", "")) for entry in answer.get("failedAccounts") or []), "no answer")
    reason = Reason.ACCESS_DENIED if code == "ACCESS_DENIED" else Reason.SERVER_ERROR
    raise CallFailedError(Unknown(reason, STATUS, code), f"Inspector does not tell its status: {code}")


def _covered(entry: dict[str, Any]) -> _Covered:
    status = entry.get("scanStatus") or {}
    reason = sys.intern(str(status.get("reason", "")))
    scanned_at = time_fact(entry, "lastScannedAt", COVERAGE)
    return _Covered(
        _state(str(status.get("statusCode", "")), reason, isinstance(scanned_at, Known)), reason, scanned_at
    )


def _state(code: str, reason: str, scanned: bool) -> State:
    """Ours for Inspector's status code and reason.

    While an image that was scanned before is scanned again, its old results stand.
    """
    if reason in _STATES:
        return _STATES[reason]
    if reason in _PENDING:
        return "active" if scanned and code == "ACTIVE" else "pending"
    if code == "ACTIVE":
        return "active" if scanned or reason == "SUCCESSFUL" else "pending"
    if reason in _ONCE:
        return "complete" if scanned else "pending"
    return "unsupported" if reason.startswith("UNSUPPORTED_") else "failed"


def _bulk_is_cheaper(inspector: Caller, account: str, covered: Iterable[dict[str, _Covered]]) -> bool:
    """Whether paging through all findings of the registry takes fewer calls than asking image by image.

    Inspector counts active findings only, so that with many suppressed ones the guess may be low. Where it does
    not tell, bulk is taken: most images have fewer than the hundred findings at which it stops being worth it.
    """
    images = sum(1 for found in covered for image in found.values() if image.state in _SCANNED)
    pages = inspector.pages(
        "ListFindingAggregations",
        "responses",
        aggregationType="ACCOUNT",
        accountIds=_equals(account),
        aggregationRequest={"accountAggregation": {"resourceType": IMAGE}},
    )
    try:
        findings = sum(
            int(((entry.get("accountAggregation") or {}).get("severityCounts") or {}).get("all") or 0)
            for entry in pages
        )
    except CallFailedError:
        return True
    return findings / FINDINGS_PAGE <= images
