"""One ECR registry in `FakeAws`: every operation that the collector may call has an answer of the right shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from tests.support.fake_aws import FakeAws, RefusedError

ACCOUNT, REGION = "111111111111", "eu-west-1"
PUSHED = datetime(2026, 11, 20, tzinfo=UTC)
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
RETENTION = json.dumps(
    {
        "rules": [
            {
                "rulePriority": 1,
                "selection": {"tagStatus": "untagged", "countType": "imageCountMoreThan", "countNumber": 3},
                "action": {"type": "expire"},
            }
        ]
    }
)
Answer = Callable[[dict[str, Any]], dict[str, Any]]


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def arn(name: str) -> str:
    return f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}"


def repository(name: str) -> dict[str, Any]:
    """An entry of DescribeRepositories."""
    return {
        "repositoryArn": arn(name),
        "registryId": ACCOUNT,
        "repositoryName": name,
        "repositoryUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}",
        "createdAt": PUSHED,
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": True},
        "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/k"},
    }


def image(number: int, *tags: str, **more: Any) -> dict[str, Any]:
    """An entry of DescribeImages."""
    return {
        "registryId": ACCOUNT,
        "imageDigest": digest(number),
        "imageTags": list(tags),
        "imageSizeInBytes": 1000,
        "imagePushedAt": PUSHED,
        "imageManifestMediaType": MANIFEST,
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "imageStatus": "ACTIVE",
        **more,
    }


def manifest(wanted: dict[str, str]) -> str:
    """The manifest of an image; the third is an index."""
    config = {"mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest(90), "size": 2}
    return json.dumps({"manifests": []} if wanted["imageDigest"] == digest(3) else {"config": config})


def paged(key: str, items: list[Any], size: int, *, inside: str = "", **more: Any) -> Answer:
    """Pages of an operation that the SDK has no paginator for, or whose items lie in a structure."""

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        start = int(params.get("nextToken") or 0)
        page: dict[str, Any] = {key: items[start : start + size]}
        content: dict[str, Any] = {**more, **({inside: page} if inside else page)}
        if start + size < len(items):
            content["nextToken"] = str(start + size)
        return content

    return answer


def ecr_world(page_size: int = 2) -> FakeAws:
    """Five repositories of the same five images, and settings of every kind, handed out in small pages."""
    world = FakeAws(page_size, ACCOUNT)
    names = [f"team/app{n}" for n in range(5)]
    images = [
        image(1, "v1"),
        image(2, "v2"),
        image(3, "all", imageManifestMediaType=INDEX),
        image(4, f"sha256-{1:064x}.sig"),
        image(
            5,
            imageManifestMediaType=MANIFEST,
            artifactMediaType="application/vnd.dev.sigstore.bundle.v0.3+json",
            subjectManifestDigest=digest(2),
        ),
    ]
    _lists(world, names, images, page_size)
    _settings(world)
    _of_images(world, page_size)
    return world


def _lists(world: FakeAws, names: list[str], images: list[dict[str, Any]], page_size: int) -> None:
    world["account:ListRegions"] = {
        "Regions": [{"RegionName": name, "RegionOptStatus": "ENABLED"} for name in ("ap-south-1", "eu-north-1", REGION)]
    }
    world["ecr:DescribeRepositories"] = {"repositories": [repository(name) for name in names]}
    world["ecr:DescribeImages"] = {"imageDetails": images}
    world["ecr:DescribePullThroughCacheRules"] = {
        "pullThroughCacheRules": [{"ecrRepositoryPrefix": f"hub{n}", "upstreamRegistryUrl": "x"} for n in range(3)]
    }
    world["ecr:DescribeRepositoryCreationTemplates"] = {
        "registryId": ACCOUNT,
        "repositoryCreationTemplates": [{"prefix": f"t{n}", "appliedFor": ["REPLICATION"]} for n in range(3)],
    }
    principals = [f"arn:aws:iam::{ACCOUNT}:role/r{n}" for n in range(3)]
    world["ecr:ListPullTimeUpdateExclusions"] = paged("pullTimeUpdateExclusions", principals, page_size)
    world["resourcegroupstaggingapi:GetResources"] = {
        "ResourceTagMappingList": [
            {"ResourceARN": arn(name), "Tags": [{"Key": "Name", "Value": name}]} for name in names[:3]
        ]
    }


def _settings(world: FakeAws) -> None:
    world["ecr:BatchGetRepositoryScanningConfiguration"] = lambda params: {
        "scanningConfigurations": [
            {"repositoryName": name, "scanFrequency": "SCAN_ON_PUSH", "scanOnPush": True, "appliedScanFilters": []}
            for name in params["repositoryNames"]
        ],
        "failures": [],
    }
    rules = [{"destinations": [{"region": "us-east-1", "registryId": ACCOUNT}]}]
    world["ecr:DescribeRegistry"] = {"registryId": ACCOUNT, "replicationConfiguration": {"rules": rules}}
    world["ecr:GetAccountSetting"] = lambda params: {"name": params["name"], "value": "V2"}
    world["ecr:GetRegistryPolicy"] = {"registryId": ACCOUNT, "policyText": '{"Statement": []}'}
    world["ecr:GetRepositoryPolicy"] = {"registryId": ACCOUNT, "policyText": '{"Statement": []}'}
    world["ecr:GetLifecyclePolicy"] = {"registryId": ACCOUNT, "lifecyclePolicyText": RETENTION}
    world["ecr:GetRegistryScanningConfiguration"] = {
        "registryId": ACCOUNT,
        "scanningConfiguration": {"scanType": "BASIC", "rules": []},
    }
    profile = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/p"
    world["ecr:GetSigningConfiguration"] = {
        "registryId": ACCOUNT,
        "signingConfiguration": {"rules": [{"signingProfileArn": profile}]},
    }
    world["ecr:ListTagsForResource"] = {"tags": [{"Key": "Name", "Value": "asked"}]}
    world["kms:DescribeKey"] = {"KeyMetadata": {"KeyId": "k", "KeyManager": "CUSTOMER"}}


def _of_images(world: FakeAws, page_size: int) -> None:
    findings = [{"name": f"CVE-2026-{n}", "severity": "LOW"} for n in range(5)]
    world["ecr:DescribeImageScanFindings"] = paged(
        "findings", findings, page_size, inside="imageScanFindings", imageScanStatus={"status": "COMPLETE"}
    )
    world["ecr:ListImageReferrers"] = paged(
        "referrers",
        [
            {
                "digest": digest(50 + n),
                "mediaType": MANIFEST,
                "size": 10,
                "artifactType": "application/vnd.dev.sigstore.bundle.v0.3+json",
                "annotations": {"dev.sigstore.bundle.content": "message-signature"},
            }
            for n in range(3)
        ],
        page_size,
    )
    world["ecr:BatchGetImage"] = lambda params: {
        "images": [{"imageId": wanted, "imageManifest": manifest(wanted)} for wanted in params["imageIds"]],
        "failures": [],
    }
    world["ecr:DescribeImageSigningStatus"] = lambda params: {
        "imageId": params["imageId"],
        "signingStatuses": [{"signingProfileArn": "p", "status": "COMPLETE"}],
    }
    world["ecr:DescribeImageReplicationStatus"] = lambda params: {
        "imageId": params["imageId"],
        "replicationStatuses": [{"region": "us-east-1", "registryId": ACCOUNT, "status": "COMPLETE"}],
    }
    world["ecr:GetDownloadUrlForLayer"] = refuse


def refuse(_params: dict[str, Any]) -> dict[str, Any]:
    """No blobs here: tests that read them give their own answer."""
    raise RefusedError("LayersNotFoundException")
