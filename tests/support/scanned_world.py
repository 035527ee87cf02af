"""A registry with enhanced scanning, and the services around it, on the in-process fake of AWS."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.config.settings import Config, Settings
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect
from tests.support.fake_aws import FakeAws, RefusedError, fake_aws

ACCOUNT, REGION = "111111111111", "eu-west-1"
THEN = datetime(2026, 11, 20, tzinfo=UTC)
NOT_CONFIGURED = {
    "ecr:GetRegistryPolicy": "RegistryPolicyNotFoundException",
    "ecr:GetSigningConfiguration": "SigningConfigurationNotFoundException",
    "ecr:GetLifecyclePolicy": "LifecyclePolicyNotFoundException",
    "ecr:GetRepositoryPolicy": "RepositoryPolicyNotFoundException",
    "ecr:DescribeImageScanFindings": "ScanNotFoundException",
}


def digest(number: int) -> str:
    return f"sha256:{number:064x}"


def image_arn(repository: str, number: int, account: str = ACCOUNT) -> str:
    return f"arn:aws:ecr:{REGION}:{account}:repository/{repository}/{digest(number)}"


def covered(
    repository: str, number: int, reason: str = "SUCCESSFUL", code: str = "ACTIVE", **more: Any
) -> dict[str, Any]:
    """An entry of ListCoverage."""
    return {
        "resourceType": "AWS_ECR_CONTAINER_IMAGE",
        "resourceId": image_arn(repository, number),
        "accountId": ACCOUNT,
        "scanType": "PACKAGE",
        "scanStatus": {"statusCode": code, "reason": reason},
        "lastScannedAt": THEN,
        **more,
    }


def finding(repository: str, number: int, cve: str, **more: Any) -> dict[str, Any]:
    """An entry of ListFindings."""
    package = more.pop("package", "openssl")
    return {
        "findingArn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:finding/{cve}-{number}-{package}",
        "awsAccountId": ACCOUNT,
        "type": "PACKAGE_VULNERABILITY",
        "description": "x" * 1000,
        "title": f"{cve} - {package}",
        "remediation": {"recommendation": {"text": "None Provided"}},
        "severity": "HIGH",
        "firstObservedAt": THEN,
        "lastObservedAt": THEN,
        "status": "ACTIVE",
        "fixAvailable": "YES",
        "exploitAvailable": "NO",
        "epss": {"score": 0.25},
        "resources": [
            {
                "type": "AWS_ECR_CONTAINER_IMAGE",
                "id": image_arn(repository, number),
                "details": {"awsEcrContainerImage": {
                    "repositoryName": repository, "imageHash": digest(number), "registry": ACCOUNT, "imageTags": ["v1"],
                }},
            }
        ],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": cve,
            "source": "NVD",
            "vulnerablePackages": [{"name": package, "version": "3.0", "fixedInVersion": "3.1"}],
        },
        **more,
    }  # fmt: skip


def suppression(name: str, criteria: dict[str, Any], **more: Any) -> dict[str, Any]:
    """An entry of ListFilters."""
    return {
        "arn": f"arn:aws:inspector2:{REGION}:{ACCOUNT}:owner/{ACCOUNT}/filter/{name}",
        "ownerId": ACCOUNT,
        "name": name,
        "criteria": criteria,
        "action": "SUPPRESS",
        "createdAt": THEN,
        "updatedAt": THEN,
        **more,
    }


def equals(*values: str) -> list[dict[str, str]]:
    return [{"comparison": "EQUALS", "value": value} for value in values]


def listed(number: int, *tags: str, **more: Any) -> dict[str, Any]:
    """An entry of DescribeImages, as it is with enhanced scanning: without a scan."""
    return {
        "registryId": ACCOUNT,
        "imageDigest": digest(number),
        "imageTags": list(tags or ("v1",)),
        "imageSizeInBytes": 1000,
        "imagePushedAt": THEN,
        "imageManifestMediaType": "application/vnd.oci.image.manifest.v1+json",
        "artifactMediaType": "application/vnd.oci.image.config.v1+json",
        "imageStatus": "ACTIVE",
        **more,
    }


def scanned_world(
    repositories: dict[str, list[dict[str, Any]]], *, tier: str = "ENHANCED", page_size: int = 2
) -> FakeAws:
    """Repository -> images of DescribeImages. Inspector is on and has nothing; one trail; both quotas; no rule."""
    world = FakeAws(page_size=page_size, account=ACCOUNT)
    rule = {"scanFrequency": "CONTINUOUS_SCAN", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}
    world["ecr:DescribeRepositories"] = {"repositories": [_repository(name) for name in repositories]}
    world["ecr:DescribeImages"] = lambda params: {"imageDetails": repositories[params["repositoryName"]]}
    world["ecr:GetRegistryScanningConfiguration"] = {
        "registryId": ACCOUNT,
        "scanningConfiguration": {"scanType": tier, "rules": [rule] if tier == "ENHANCED" else []},
    }
    world["ecr:BatchGetRepositoryScanningConfiguration"] = _effective
    world["ecr:DescribeRegistry"] = {"registryId": ACCOUNT, "replicationConfiguration": {"rules": []}}
    world["ecr:DescribePullThroughCacheRules"] = {"pullThroughCacheRules": []}
    world["ecr:DescribeRepositoryCreationTemplates"] = {"repositoryCreationTemplates": []}
    world["ecr:GetAccountSetting"] = lambda params: {"name": params["name"], "value": "V2"}
    world["ecr:ListPullTimeUpdateExclusions"] = {"pullTimeUpdateExclusions": []}
    world["ecr:ListTagsForResource"] = {"tags": []}
    world["resourcegroupstaggingapi:GetResources"] = {"ResourceTagMappingList": [], "PaginationToken": ""}
    for operation, code in NOT_CONFIGURED.items():
        world.refuse(operation, code)
    well = {"errorCode": "ALREADY_ENABLED", "errorMessage": "none"}
    on, off = {"status": "ENABLED", **well}, {"status": "DISABLED", **well}
    state = {"accountId": ACCOUNT, "state": on, "resourceState": {"ec2": off, "ecr": on}}
    world["inspector2:BatchGetAccountStatus"] = {"accounts": [state]}
    world["inspector2:ListFilters"] = {"filters": []}
    world["inspector2:ListCoverage"] = {"coveredResources": []}
    world["inspector2:ListFindings"] = {"findings": []}
    aggregated(world, 0)
    world["cloudtrail:DescribeTrails"] = {"trailList": [trail("organisation")]}
    world["cloudtrail:GetTrailStatus"] = {"IsLogging": True}
    world["events:ListRules"] = {"Rules": []}
    world["service-quotas:ListServiceQuotas"] = {"Quotas": [quota("L-CFEB8E8D", 10000), quota("L-03A36CE1", 20000)]}
    return world


def aggregated(world: FakeAws, findings: int) -> None:
    """Have Inspector count this many findings."""
    counts = {"severityCounts": {"all": findings}}
    world["inspector2:ListFindingAggregations"] = {
        "aggregationType": "ACCOUNT",
        "responses": [{"accountAggregation": counts}],
    }


def trail(name: str, **more: Any) -> dict[str, Any]:
    """An entry of DescribeTrails: of all regions, in good order, with the default selectors."""
    return {
        "Name": name,
        "TrailARN": f"arn:aws:cloudtrail:us-east-1:222222222222:trail/{name}",
        "S3BucketName": "logs",
        "IsMultiRegionTrail": True,
        "IsOrganizationTrail": True,
        "HomeRegion": "us-east-1",
        "LogFileValidationEnabled": True,
        "HasCustomEventSelectors": False,
        **more,
    }


def quota(code: str, value: float, **more: Any) -> dict[str, Any]:
    """An entry of ListServiceQuotas."""
    names = {"L-CFEB8E8D": "Registered repositories", "L-03A36CE1": "Images per repository"}
    return {"ServiceCode": "ecr", "QuotaCode": code, "QuotaName": names.get(code, code), "Value": value, **more}


def read(world: FakeAws, folder: Path, **target: Any) -> tuple[Manifest, dict[str, Any], dict[str, dict[str, Any]]]:
    """Collect: (manifest, registry record of the first region, repository records of it by name)."""
    settings = {"kind": "ecr", "regions": [REGION], "attempts": 1, **target}
    with fake_aws(world):
        manifest = collect(Config(Settings(targets=[settings])), folder / "snapshot", lambda *_: None).manifest
    parts = sorted((folder / "snapshot" / "parts").iterdir())
    context = json.loads(next(path for path in parts if path.suffix == ".json").read_bytes())
    lines = next(path for path in parts if path.suffix == ".jsonl").read_bytes().splitlines()
    return manifest, context, {r["repository"]["name"]: r for r in map(json.loads, lines)}


def _repository(name: str) -> dict[str, Any]:
    return {
        "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
        "registryId": ACCOUNT,
        "repositoryName": name,
        "repositoryUri": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/{name}",
        "createdAt": THEN,
        "imageTagMutability": "IMMUTABLE",
        "imageScanningConfiguration": {"scanOnPush": False},
        "encryptionConfiguration": {"encryptionType": "AES256"},
    }


def _effective(params: dict[str, Any]) -> dict[str, Any]:
    applied = [{"filter": "*", "filterType": "WILDCARD"}]
    return {
        "scanningConfigurations": [
            {
                "repositoryName": name,
                "scanFrequency": "CONTINUOUS_SCAN",
                "scanOnPush": False,
                "appliedScanFilters": applied,
            }
            for name in params["repositoryNames"]
        ],
        "failures": [],
    }


__all__ = ["RefusedError"]
