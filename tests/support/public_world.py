"""A public registry and a private one in FakeAws, and audits of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from auditor.config.settings import Config, Settings
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect
from auditor.run.judging import EvaluateOptions, evaluate
from tests.support.fake_aws import FakeAws, fake_aws

ACCOUNT = "111111111111"
SCOPE = f"ecr_public/{ACCOUNT}/us-east-1"
WHEN = datetime(2026, 11, 1, tzinfo=UTC)
IMAGE = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
PUBLIC = {"kind": "ecr_public"}
PRIVATE = {"kind": "ecr", "regions": ["eu-west-1"]}


def digest(number: int) -> str:
    """A digest that tells images apart."""
    return f"sha256:{number:064x}"


def detail(number: int, *tags: str, media: str = IMAGE, artifact: str = "") -> dict[str, Any]:
    """An entry of DescribeImages, of either registry."""
    entry: dict[str, Any] = {
        "imageDigest": digest(number),
        "imageSizeInBytes": 1000 * number,
        "imagePushedAt": WHEN,
        "imageManifestMediaType": media,
    }
    if tags:
        entry["imageTags"] = list(tags)
    return {**entry, "artifactMediaType": artifact} if artifact else entry


def public_entry(name: str) -> dict[str, Any]:
    """An entry of ecr-public:DescribeRepositories."""
    return {
        "repositoryName": name,
        "repositoryArn": f"arn:aws:ecr-public::{ACCOUNT}:repository/{name}",
        "repositoryUri": f"public.ecr.aws/a1b2c3d4/{name}",
        "registryId": ACCOUNT,
        "createdAt": WHEN,
    }


def alias(name: str, *, primary: bool = False, default: bool = False, status: str = "ACTIVE") -> dict[str, Any]:
    """An entry of aliases[]."""
    return {"name": name, "status": status, "primaryRegistryAlias": primary, "defaultRegistryAlias": default}


def public_world(images: dict[str, list[dict[str, Any]]], world: FakeAws | None = None) -> FakeAws:
    """A public registry with the aliases acme and a1b2c3d4, without policies."""
    world = world or FakeAws(page_size=2, account=ACCOUNT)
    world["ecr-public:DescribeRegistries"] = {
        "registries": [
            {
                "registryId": ACCOUNT,
                "registryArn": f"arn:aws:ecr-public::{ACCOUNT}:registry/{ACCOUNT}",
                "registryUri": "public.ecr.aws/acme",
                "verified": True,
                "aliases": [
                    alias("a1b2c3d4", default=True),
                    alias("acme", primary=True),
                    alias("wanted", status="PENDING"),
                ],
            }
        ]
    }
    world["ecr-public:DescribeRepositories"] = {"repositories": [public_entry(name) for name in images]}
    world["ecr-public:DescribeImages"] = lambda params: {"imageDetails": images[params["repositoryName"]]}
    world["ecr-public:ListTagsForResource"] = {"tags": [{"Key": "Name", "Value": "app"}]}
    world.refuse("ecr-public:GetRepositoryPolicy", "RepositoryPolicyNotFoundException")
    return world


def private_world(images: dict[str, list[dict[str, Any]]], world: FakeAws | None = None, **settings: Any) -> FakeAws:
    """A private registry in which every repository is in good order; `settings` go over those of DescribeRepositories."""
    world = world or FakeAws(page_size=2, account=ACCOUNT)
    entries = [
        {
            "repositoryName": name,
            "repositoryArn": f"arn:aws:ecr:eu-west-1:{ACCOUNT}:repository/{name}",
            "repositoryUri": f"{ACCOUNT}.dkr.ecr.eu-west-1.amazonaws.com/{name}",
            "registryId": ACCOUNT,
            "createdAt": WHEN,
            "imageTagMutability": "IMMUTABLE",
            "imageScanningConfiguration": {"scanOnPush": True},
            "encryptionConfiguration": {"encryptionType": "AES256"},
            **settings,
        }
        for name in images
    ]
    world["ecr:DescribeRepositories"] = {"repositories": entries}
    world["ecr:DescribeImages"] = lambda params: {"imageDetails": images[params["repositoryName"]]}
    world["ecr:BatchGetRepositoryScanningConfiguration"] = lambda params: {
        "scanningConfigurations": [
            {"repositoryName": name, "scanOnPush": True, "scanFrequency": "SCAN_ON_PUSH", "appliedScanFilters": []}
            for name in params["repositoryNames"]
        ]
    }
    world["ecr:GetRegistryScanningConfiguration"] = {"scanningConfiguration": {"scanType": "BASIC", "rules": []}}
    world["ecr:DescribeRegistry"] = {"registryId": ACCOUNT, "replicationConfiguration": {"rules": []}}
    world["ecr:DescribePullThroughCacheRules"] = {"pullThroughCacheRules": []}
    world["ecr:DescribeRepositoryCreationTemplates"] = {"repositoryCreationTemplates": []}
    world["ecr:ListPullTimeUpdateExclusions"] = {"pullTimeUpdateExclusions": []}
    world["ecr:GetAccountSetting"] = lambda params: {"name": params["name"], "value": "V2"}
    world["ecr:ListTagsForResource"] = {"tags": [{"Key": "Name", "Value": "app"}]}
    world["resourcegroupstaggingapi:GetResources"] = {"ResourceTagMappingList": []}
    world["kms:DescribeKey"] = {"KeyMetadata": {"KeyId": "own", "KeyManager": "CUSTOMER"}}
    world.refuse("ecr:DescribeImageScanFindings", "ScanNotFoundException")
    world.refuse("ecr:GetLifecyclePolicy", "LifecyclePolicyNotFoundException")
    world.refuse("ecr:GetRegistryPolicy", "RegistryPolicyNotFoundException")
    world.refuse("ecr:GetRepositoryPolicy", "RepositoryPolicyNotFoundException")
    world.refuse("ecr:GetSigningConfiguration", "SigningConfigurationNotFoundException")
    return world


def read(world: FakeAws, folder: Path, *targets: dict[str, Any]) -> Manifest:
    """A snapshot of the targets in `folder/snapshot`."""
    quick = {"attempts": 1}
    config = Config(Settings(targets=[{**target, **quick} for target in targets or (PUBLIC,)]))
    with fake_aws(world):
        return collect(config, folder / "snapshot", lambda _what, _count: None).manifest


def context(folder: Path, kind: str = "ecr_public") -> dict[str, Any]:
    """The registry record of the scope of a kind."""
    path = next((folder / "snapshot" / "parts").glob(f"{kind}-{ACCOUNT}*.context.json"))
    found: dict[str, Any] = json.loads(path.read_bytes())
    return found


def lines(folder: Path, kind: str = "ecr_public") -> dict[str, dict[str, Any]]:
    """The repository records of the scope of a kind, by name."""
    path = next((folder / "snapshot" / "parts").glob(f"{kind}-{ACCOUNT}*.jsonl"))
    return {record["repository"]["name"]: record for record in map(json.loads, path.read_bytes().splitlines())}


def statuses(folder: Path, resource: str, **options: Any) -> dict[str, str]:
    """Rule -> status on one resource; rules that do not apply, or are about images, are left out."""
    evaluate(folder / "snapshot", folder / "results.json", EvaluateOptions(include_passed=True, **options))
    found = json.loads((folder / "results.json").read_bytes())
    return {f["rule"]: f["status"] for f in found["findings"] if f["resource"]["id"] == resource}
