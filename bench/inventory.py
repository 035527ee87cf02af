"""Makes snapshots of any size, with a realistic mix of good and bad, the same bytes every time."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

from auditor.analysis.derive import derive_registry, derive_repository, with_outlook
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Image, Signature
from auditor.inventory.model import Registry, RegistryRecord, Repository, RepositoryRecord
from auditor.inventory.parts import Encryption, Immutability, PolicyDocument, RegistryRef
from auditor.inventory.scanning import Package, RegistryScanning, ScanResult, ScanSettings, Vulnerability
from auditor.inventory.writing import SnapshotWriter

IMAGES_PER_REPOSITORY = 100
NOW = "2026-11-24T12:00:00Z"
ACCOUNT, REGION = "123456789012", "us-east-1"
URN = f"urn:cr:ecr:{ACCOUNT}:{REGION}"
SCOPE = f"ecr/{ACCOUNT}/{REGION}"
HOST = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com"
_POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:role/pull"},
            "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        }
    ],
}
_RETENTION = {
    "rules": [
        {
            "rulePriority": 1,
            "selection": {
                "tagStatus": "untagged",
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": 7,
            },
            "action": {"type": "expire"},
        }
    ]
}
_UNVERIFIED = Unknown(Reason.NOT_REQUESTED, "signature verification")
_NO_FIX = Unknown(Reason.UNSUPPORTED_BY_PLATFORM, "ecr:DescribeImageScanFindings")


def write_snapshot(path: Path, images: int) -> None:
    """A snapshot with `images` images, 100 a repository: 70 % clean, 20 % with findings, 10 % never scanned."""
    names = [f"team-{i % 7}/service-{i:05d}" for i in range(images // IMAGES_PER_REPOSITORY)]
    with SnapshotWriter(path, now=NOW, auditor_version="bench") as writer:
        scope = writer.open_scope(SCOPE)
        for record in _records(names):
            scope.write(record)
            scope.recorder.settle(Known(True), record.id)
        writer.close_scope(scope.finish(_registry(names)))


def _records(names: list[str]) -> Iterator[RepositoryRecord]:
    ref = RegistryRef(URN, "ecr", HOST, ACCOUNT, REGION)
    for number, name in enumerate(names):
        rng = random.Random(number)
        images = Known([_image(rng, number, i) for i in range(IMAGES_PER_REPOSITORY)])
        repository = _repository(rng, ref, name)
        yield with_outlook(
            RepositoryRecord(
                id=f"{URN}:{name}",
                scope=SCOPE,
                now=NOW,
                repository=repository,
                derived=derive_repository(repository, images),
                images=images,
            )
        )


def _document(content: object, form: str) -> Known[PolicyDocument]:
    return Known(PolicyDocument(form, json.dumps(content), "sha256:" + "0" * 64))  # type: ignore[arg-type]  # both are


def _repository(rng: random.Random, ref: RegistryRef, name: str) -> Repository:
    absent = Absent("ecr:DescribeRepositories")
    return Repository(
        name=name,
        uri=f"{ref.host}/{name}",
        registry=ref,
        hosting=Known("hosted"),
        created_at=Known("2026-01-01T00:00:00Z"),
        immutability=Known(Immutability("all" if rng.random() < 0.8 else "none")),
        encryption=Known(Encryption("kms", Known("arn:aws:kms:x:y:key/z"), Known("customer")))
        if rng.random() < 0.5
        else Known(Encryption("platform", absent, Known("provider"))),
        scan_on_push=Known(True),
        scanning=Known(ScanSettings("enhanced", "continuous", "registry")),
        resource_tags=Known({"Name": name}) if rng.random() < 0.9 else absent,
        access_policy=_document(_POLICY, "aws_iam") if rng.random() < 0.7 else absent,
        retention_policy=_document(_RETENTION, "ecr_lifecycle") if rng.random() < 0.9 else absent,
        size_bytes=Known(IMAGES_PER_REPOSITORY * 90_000_000),
    )


def _image(rng: random.Random, repository: int, i: int) -> Image:
    source = "ecr:DescribeImages"
    digest = f"sha256:{repository * IMAGES_PER_REPOSITORY + i:064x}"
    signature = Signature("cosign", "tag_scheme", digest, "", _UNVERIFIED)
    return Image(
        digest=digest,
        kind="image",
        tags=[] if i % 10 == 9 else [f"v1.{i // 10}.{i % 10}"],
        status="active",
        media_type=Known("application/vnd.oci.image.manifest.v1+json"),
        artifact_type=Known("application/vnd.oci.image.config.v1+json"),
        subject=Absent(source),
        size_bytes=Known(90_000_000),
        pushed_at=Known("2026-11-20T00:00:00Z"),
        last_pulled_at=Absent(source),
        children=Absent(source),
        scan=_scan(rng),
        signatures=Known([signature] if rng.random() < 0.6 else []),
        signing_status=Absent("ecr:GetSigningConfiguration"),
    )


def _scan(rng: random.Random) -> Known[ScanResult] | Absent:
    chance = rng.random()
    if chance > 0.9:
        return Absent("ecr:DescribeImageScanFindings", "ScanNotFoundException")
    found = [
        Vulnerability(
            f"CVE-2026-{rng.randrange(10_000, 99_999)}",
            rng.choice(["CRITICAL", "HIGH", "MEDIUM"]),
            "a flaw",
            [Package("openssl", "3.0.1")],
            _NO_FIX,
        )
        for _ in range(0 if chance < 0.7 else rng.randrange(1, 6))
    ]
    counts: dict[str, int] = {}
    for vulnerability in found:
        counts[vulnerability.severity] = counts.get(vulnerability.severity, 0) + 1
    return Known(
        ScanResult(
            state="active",
            detail="ACTIVE",
            completed_at=Known("2026-11-23T00:00:00Z"),
            database_at=Known("2026-11-22T00:00:00Z"),
            counts=Known(dict(sorted(counts.items()))),
            vulnerabilities=Known(sorted(found, key=lambda v: v.id)),
        )
    )


def _registry(names: list[str]) -> RegistryRecord:
    absent = Absent("ecr:GetRegistryPolicy", "RegistryPolicyNotFoundException")
    registry = Registry(
        id=URN,
        kind="ecr",
        host=HOST,
        account=ACCOUNT,
        region=REGION,
        organization=Unknown(Reason.NOT_REQUESTED, "organizations:DescribeOrganization"),
        repository_names=Known(names),
        access_policy=absent,
        policy_scope=Known("all_actions"),
        scanning=Known(RegistryScanning("enhanced", [])),
        replication=Known([]),
        cache_rules=Known([]),
        creation_templates=Known([]),
        signing=absent,
        settings=Known({}),
    )
    return RegistryRecord(id=URN, scope=SCOPE, now=NOW, registry=registry, derived=derive_registry(registry))
