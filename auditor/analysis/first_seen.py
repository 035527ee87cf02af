"""Since when a vulnerability is in a repository: the earlier of what the scanner says and what an earlier snapshot saw.

A scanner's clock starts anew with every digest, so that a rebuild that fixes nothing would buy time. The clock here
goes by repository, vulnerability and package; an earlier snapshot that was itself compared with one before carries
its times on.
"""

from __future__ import annotations

import msgspec

from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.scanning import Vulnerability

SOURCE = "auditor:since"
Clock = dict[tuple[str, str], str]
"""(vulnerability, package) -> since when it was in the repository."""


class EarlierPackage(msgspec.Struct):
    """The part of a package that the clock goes by."""

    name: str


class EarlierTime(msgspec.Struct):
    """A time as a fact."""

    state: str
    value: str = ""


class EarlierVulnerability(msgspec.Struct):
    """The part of a vulnerability that the clock takes."""

    id: str
    packages: list[EarlierPackage]
    first_seen_at: EarlierTime = msgspec.field(default_factory=lambda: EarlierTime("unknown"))


class EarlierVulnerabilities(msgspec.Struct):
    """A fact with vulnerabilities."""

    state: str
    value: list[EarlierVulnerability] = []


class EarlierResult(msgspec.Struct):
    """The part of a scan that the clock takes."""

    vulnerabilities: EarlierVulnerabilities


class EarlierScan(msgspec.Struct):
    """A scan as a fact."""

    state: str
    value: EarlierResult | None = None


def clock_of(now: str, scans: list[EarlierScan]) -> tuple[Clock, bool]:
    """The clock of a repository in an earlier snapshot taken at `now`, and whether all its details were read.

    What the scanner did not date is dated by the snapshot that saw it.
    """
    clock: Clock = {}
    whole = True
    for scan in scans:
        details = scan.value.vulnerabilities if scan.value else None
        whole = whole and scan.state != "unknown" and (details is None or details.state != "unknown")
        for vulnerability in details.value if details and details.state == "known" else []:
            told = vulnerability.first_seen_at
            since = told.value if told.state == "known" else now
            for key in keys(vulnerability.id, [package.name for package in vulnerability.packages]):
                clock[key] = min(clock.get(key, since), since)
    return clock, whole


def keys(identity: str, packages: list[str]) -> list[tuple[str, str]]:
    """What the clock goes by; a vulnerability without packages has one key as well."""
    return [(identity, name) for name in sorted(set(packages)) or [""]]


def with_first_seen(record: RepositoryRecord, clock: Clock, *, whole: bool) -> RepositoryRecord:
    """The record with every time moved back to the earlier snapshot's, where that is earlier.

    What neither the scanner dates nor the earlier snapshot has (all of whose details were read: `whole`) was first
    seen now. It stays unknown where the earlier snapshot could have missed it.
    """
    if not isinstance(record.images, Known):
        return record
    images = [_image(image, clock, record.now if whole else "") for image in record.images.value]
    if all(new is old for new, old in zip(images, record.images.value, strict=True)):
        return record
    return msgspec.structs.replace(record, images=Known(images, record.images.source))


def _image(image: Image, clock: Clock, now: str) -> Image:
    if not isinstance(image.scan, Known) or not isinstance(image.scan.value.vulnerabilities, Known):
        return image
    details = image.scan.value.vulnerabilities
    dated = [_dated(vulnerability, clock, now) for vulnerability in details.value]
    if all(new is old for new, old in zip(dated, details.value, strict=True)):
        return image
    result = msgspec.structs.replace(image.scan.value, vulnerabilities=Known(dated, details.source))
    return msgspec.structs.replace(image, scan=Known(result, image.scan.source))


def _dated(vulnerability: Vulnerability, clock: Clock, now: str) -> Vulnerability:
    told = vulnerability.first_seen_at
    names = [package.name for package in vulnerability.packages]
    times = [clock[key] for key in keys(vulnerability.id, names) if key in clock]
    if isinstance(told, Known):
        times.append(told.value)
    elif not times and now:
        times.append(now)
    fact: Fact[str]
    if times:
        fact = Known(min(times), told.source if isinstance(told, Known) and told.value == min(times) else SOURCE)
    else:
        fact = Unknown(Reason.NOT_REQUESTED, SOURCE, "the earlier snapshot does not hold every scan")
    return vulnerability if fact == told else msgspec.structs.replace(vulnerability, first_seen_at=fact)
