"""The clock of a vulnerability: by repository, vulnerability and package, kept over a re-push."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from hypothesis import given, settings

from auditor.analysis.first_seen import EarlierScan, clock_of, with_first_seen
from auditor.config.settings import Config, Settings
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import Repository, RepositoryDerived, RepositoryRecord
from auditor.inventory.parts import RegistryRef
from auditor.inventory.scanning import Package, ScanResult, Vulnerability
from auditor.run.collecting import collect
from tests.support.audits import FAST, records
from tests.support.ecr_server import Registry, World, ecr_server, make_image, make_repository
from tests.support.strategies import repository_records

NOT_TOLD = Unknown(Reason.NOT_REQUESTED, "auditor:since")
EARLIER = "2026-11-01T00:00:00Z"


def scan(*vulnerabilities: Vulnerability) -> ScanResult:
    none: Any = Absent("x")
    return ScanResult("complete", "", none, none, Known({}), Known(list(vulnerabilities)))


def vulnerability(identity: str, package: str = "openssl", since: Any = NOT_TOLD) -> Vulnerability:
    return Vulnerability(identity, "HIGH", "", [Package(package, "1")], Absent("x"), first_seen_at=since)


def earlier(*facts: Any) -> list[EarlierScan]:
    return [msgspec.json.decode(msgspec.json.encode(fact), type=EarlierScan) for fact in facts]


def record_with(*scans: ScanResult) -> RepositoryRecord:
    return _record([Known(one) for one in scans])


def _record(scans: list[Any]) -> RepositoryRecord:
    none: Any = Absent("x")
    ref = RegistryRef("urn:cr:ecr:1:r", "ecr", "h", "1", "r")
    repository = Repository(
        "app", "h/app", ref, Known("hosted"), none, none, none, none, none, none, none, none, Known(0)
    )
    images = [
        Image(
            f"sha256:{n:064x}", "image", [], "active", none, none, none, none, none, none, none, fact, Known([]), none
        )
        for n, fact in enumerate(scans)
    ]
    return RepositoryRecord(
        id="urn:cr:ecr:1:r:app",
        scope="ecr/1/r",
        now="2026-11-24T00:00:00Z",
        repository=repository,
        derived=RepositoryDerived(none, none, none),
        images=Known(images),
    )


def times(record: RepositoryRecord) -> list[Any]:
    assert isinstance(record.images, Known)
    return [v.first_seen_at for image in record.images.value for v in image.scan.value.vulnerabilities.value]


def test_seen_before_is_dated_by_the_earlier_snapshot() -> None:
    clock, whole = clock_of(EARLIER, earlier(Known(scan(vulnerability("CVE-1")))))
    [time] = times(with_first_seen(record_with(scan(vulnerability("CVE-1"))), clock, whole=whole))

    assert time == Known(EARLIER, "auditor:since")


def test_a_new_digest_keeps_the_clock_and_another_package_does_not() -> None:
    told = Known("2026-10-01T00:00:00Z")
    clock, whole = clock_of(EARLIER, earlier(Known(scan(vulnerability("CVE-1", since=told)))))
    rebuilt = record_with(
        scan(vulnerability("CVE-1", since=Known("2026-11-20T00:00:00Z", "scanner"))),
        scan(vulnerability("CVE-1", "zlib", since=Known("2026-11-20T00:00:00Z", "scanner"))),
    )

    assert times(with_first_seen(rebuilt, clock, whole=whole)) == [
        Known("2026-10-01T00:00:00Z", "auditor:since"),
        Known("2026-11-20T00:00:00Z", "scanner"),
    ]


def test_new_since_the_earlier_snapshot_is_first_seen_now() -> None:
    clock, whole = clock_of(EARLIER, earlier(Known(scan())))
    record = record_with(scan(vulnerability("CVE-1")))

    assert times(with_first_seen(record, clock, whole=whole)) == [Known(record.now, "auditor:since")]


def test_where_the_earlier_snapshot_may_have_missed_it_it_stays_unknown() -> None:
    denied = Unknown(Reason.ACCESS_DENIED, "ecr:DescribeImageScanFindings")
    half: Any = msgspec.structs.replace(scan(), vulnerabilities=denied)
    for fact in (denied, Known(half)):
        clock, whole = clock_of(EARLIER, earlier(fact))
        [time] = times(with_first_seen(record_with(scan(vulnerability("CVE-1"))), clock, whole=whole))
        assert isinstance(time, Unknown)


def test_the_earlier_of_two_images_counts() -> None:
    facts = [
        Known(scan(vulnerability("CVE-1", since=Known(day))))
        for day in ("2026-10-02T00:00:00Z", "2026-10-01T00:00:00Z")
    ]
    clock, _ = clock_of(EARLIER, earlier(*facts))

    assert clock == {("CVE-1", "openssl"): "2026-10-01T00:00:00Z"}


@settings(max_examples=100, deadline=None)
@given(before=repository_records(), after=repository_records())
def test_the_clock_only_ever_goes_back_and_changes_nothing_else(
    before: RepositoryRecord, after: RepositoryRecord
) -> None:
    scans = [image.scan for image in before.images.value] if isinstance(before.images, Known) else []
    clock, whole = clock_of(EARLIER, earlier(*scans))
    dated = with_first_seen(after, clock, whole=whole)

    if not isinstance(after.images, Known):
        assert dated is after
        return
    assert isinstance(dated.images, Known)
    for old, new in zip(after.images.value, dated.images.value, strict=True):
        if not isinstance(old.scan, Known) or not isinstance(old.scan.value.vulnerabilities, Known):
            assert new is old
            continue
        found = zip(old.scan.value.vulnerabilities.value, new.scan.value.vulnerabilities.value, strict=True)
        for one, two in found:
            assert msgspec.structs.replace(two, first_seen_at=one.first_seen_at) == one
            if isinstance(one.first_seen_at, Known):
                assert isinstance(two.first_seen_at, Known)
                assert two.first_seen_at.value <= one.first_seen_at.value


def test_over_two_snapshots_of_a_re_push(tmp_path: Path) -> None:
    finding = {"name": "CVE-1", "severity": "HIGH", "attributes": [{"key": "package_name", "value": "zlib"}]}
    found = {"imageScanStatus": {"status": "COMPLETE"}, "imageScanFindings": {"findings": [finding]}}

    def world(number: int) -> World:
        image = make_image(number, "v1")
        image["imageScanFindingsSummary"]["findingSeverityCounts"] = {"HIGH": 1}
        repository = make_repository("team/app", images=[image], scans={image["imageDigest"]: found})
        return World(regions={"us-east-1": Registry(repositories={"team/app": repository})})

    taken = []
    for number, since in ((1, None), (2, tmp_path / "1" / "snapshot"), (3, tmp_path / "2" / "snapshot")):
        with ecr_server(world(number)) as url:
            target = {"kind": "ecr", "regions": ["us-east-1"], "endpoint_url": url, **FAST}
            outcome = collect(
                Config(Settings(targets=[target])), tmp_path / str(number) / "snapshot", lambda *_: None, since=since
            )
        taken.append(outcome.manifest.taken_at)
    times = []
    for number in (1, 2, 3):
        [image] = records(tmp_path / str(number))["team/app"]["images"]["value"]
        times.append(image["scan"]["value"]["vulnerabilities"]["value"][0]["first_seen_at"].get("value"))

    assert times == [None, taken[0], taken[0]]
