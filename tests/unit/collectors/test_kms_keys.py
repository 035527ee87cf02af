"""Encryption keys and credentials of cache rules, through the ECR collector."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import Config, Settings
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect
from tests.support.fake_aws import FakeAws, fake_aws

ACCOUNT, REGION = "111111111111", "eu-west-1"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/a"
METADATA = {
    "KeyId": "a", "KeyManager": "CUSTOMER", "KeyState": "Enabled", "Origin": "AWS_KMS", "KeySpec": "SYMMETRIC_DEFAULT",
}  # fmt: skip
SECRET = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:ecr-pullthroughcache/hub-AbCdEf"
WHEN = datetime(2026, 1, 2, tzinfo=UTC)


def world_of(*keys: str) -> FakeAws:
    """Repositories r0, r1, ..., each with one of `keys`."""
    world = FakeAws(page_size=1)
    world["ecr:DescribeRepositories"] = {
        "repositories": [
            {
                "repositoryName": f"r{n}",
                "repositoryArn": f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/r{n}",
                "encryptionConfiguration": {"encryptionType": "KMS", "kmsKey": key}
                if key
                else {"encryptionType": "AES256"},
            }
            for n, key in enumerate(keys)
        ]
    }
    world["ecr:DescribeImages"] = {"imageDetails": []}
    world["kms:DescribeKey"] = {"KeyMetadata": METADATA}
    world["kms:GetKeyRotationStatus"] = {"KeyRotationEnabled": True}
    world["kms:GetKeyPolicy"] = {"Policy": '{"Statement": []}', "PolicyName": "default"}
    return world


def read(world: FakeAws, folder: Path) -> tuple[Manifest, dict[str, Any]]:
    target = {"kind": "ecr", "regions": [REGION], "attempts": 1}
    with fake_aws(world):
        manifest = collect(Config(Settings(targets=[target])), folder / "snapshot", lambda _what, _count: None).manifest
    [path] = (folder / "snapshot" / "parts").glob("*.context.json")
    return manifest, json.loads(path.read_bytes())


def keys_of(world: FakeAws, folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read(world, folder)[1]["registry"]["keys"]["value"]
    return found


def test_each_key_is_asked_once_for_all_its_repositories(tmp_path: Path) -> None:
    world = world_of(KEY, KEY, "", KEY)
    [key] = keys_of(world, tmp_path)

    assert key["id"] == KEY
    assert key["repositories"] == ["r0", "r1", "r3"]
    assert [key[name]["value"] for name in ("manager", "state", "origin", "symmetric", "rotation")] == [
        "customer", "enabled", "provider", True, True,
    ]  # fmt: skip
    assert key["region"] == REGION
    assert key["policy"]["value"]["text"] == '{"Statement": []}'
    for call in ("DescribeKey", "GetKeyRotationStatus", "GetKeyPolicy"):
        assert world.calls[f"kms:{call}"] == 1


def test_no_keys_are_known_to_be_none(tmp_path: Path) -> None:
    assert keys_of(world_of(""), tmp_path) == []


@pytest.mark.parametrize(
    ("word", "state"),
    [
        ("Disabled", "disabled"),
        ("PendingDeletion", "pending_deletion"),
        ("Unavailable", "unavailable"),
        ("Updating", "enabled"),
    ],
)
def test_states(word: str, state: str, tmp_path: Path) -> None:
    world = world_of(KEY)
    world["kms:DescribeKey"] = {"KeyMetadata": {**METADATA, "KeyState": word}}

    assert keys_of(world, tmp_path)[0]["state"]["value"] == state


def test_word_that_is_not_known_is_unknown(tmp_path: Path) -> None:
    world = world_of(KEY)
    world["kms:DescribeKey"] = {"KeyMetadata": {**METADATA, "KeyState": "Frozen", "Origin": "MOON"}}
    [key] = keys_of(world, tmp_path)

    assert key["state"]["detail"] == "the word Frozen"
    assert key["origin"]["state"] == "unknown"
    # It may rotate, so it is asked.
    assert key["rotation"]["value"] is True


def test_platforms_key_and_keys_that_cannot_rotate_are_not_asked_in_vain(tmp_path: Path) -> None:
    world = world_of(KEY)
    world["kms:DescribeKey"] = {"KeyMetadata": {**METADATA, "KeyManager": "AWS"}}
    [key] = keys_of(world, tmp_path / "aws")
    assert (key["rotation"]["state"], key["policy"]["state"]) == ("absent", "absent")
    assert world.calls["kms:GetKeyPolicy"] == 0

    for changed in ({"Origin": "EXTERNAL"}, {"KeySpec": "RSA_2048"}):
        world["kms:DescribeKey"] = {"KeyMetadata": {**METADATA, **changed}}
        [key] = keys_of(world, tmp_path / next(iter(changed)))
        assert (key["rotation"]["state"], key["policy"]["state"]) == ("absent", "known")
    assert world.calls["kms:GetKeyRotationStatus"] == 0


def test_key_that_does_not_exist_is_missing(tmp_path: Path) -> None:
    world = world_of(KEY)
    world.refuse("kms:DescribeKey", "NotFoundException")
    [key] = keys_of(world, tmp_path)

    assert key["state"]["value"] == "missing"
    assert {key[name]["state"] for name in ("manager", "origin", "symmetric", "rotation", "policy")} == {"absent"}
    assert world.calls["kms:GetKeyRotationStatus"] == world.calls["kms:GetKeyPolicy"] == 0


FIELDS = {
    "DescribeKey": {"manager", "state", "origin", "symmetric"},
    "GetKeyRotationStatus": {"rotation"},
    "GetKeyPolicy": {"policy"},
}


@pytest.mark.parametrize("call", FIELDS)
def test_each_denied_call_leaves_its_own_fields_unknown(call: str, tmp_path: Path) -> None:
    world = world_of(KEY)
    world.refuse(f"kms:{call}")
    manifest, record = read(world, tmp_path)
    [key] = record["registry"]["keys"]["value"]

    unknown = {name for name, fact in key.items() if isinstance(fact, dict) and fact["state"] == "unknown"}
    assert unknown == FIELDS[call]
    assert {key[name]["source"] for name in unknown} == {f"kms:{call}"}
    assert f"kms:{call}" in {error.operation for error in manifest.scopes[0].errors}


def test_rotation_that_the_platform_does_not_offer_is_absent(tmp_path: Path) -> None:
    world = world_of(KEY)
    world.refuse("kms:GetKeyRotationStatus", "UnsupportedOperationException")

    assert keys_of(world, tmp_path)[0]["rotation"]["state"] == "absent"


def test_key_from_elsewhere_is_unknown_and_not_asked(tmp_path: Path) -> None:
    world = world_of("arn:aws:kms:us-east-1:999999999999:key/x")
    [key] = keys_of(world, tmp_path)

    assert key["region"] == "us-east-1"
    assert {fact["state"] for fact in key.values() if isinstance(fact, dict)} == {"unknown"}
    assert "account 999999999999" in key["policy"]["detail"]
    assert world.calls["kms:DescribeKey"] == 0


def test_open_key_policy_is_derived(tmp_path: Path) -> None:
    world = world_of(KEY)
    statement = {"Sid": "Open", "Effect": "Allow", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
    world["kms:GetKeyPolicy"] = {"Policy": json.dumps({"Statement": [statement]}), "PolicyName": "default"}

    [grant] = read(world, tmp_path)[1]["derived"]["key_access"]["value"]
    assert grant == {"key": KEY, "statement": 0, "sid": "Open", "certainty": "exact", "reason": ""}


# ---------------------------------------------------------------- credentials of cache rules
def with_rules(*prefixes: str) -> FakeAws:
    world = world_of()
    world["ecr:DescribePullThroughCacheRules"] = {
        "pullThroughCacheRules": [
            {"ecrRepositoryPrefix": prefix, "upstreamRegistryUrl": "registry-1.docker.io", "credentialArn": SECRET}
            for prefix in prefixes
        ]
        + [{"ecrRepositoryPrefix": "open", "upstreamRegistryUrl": "public.ecr.aws"}]
    }
    versions = [("AWSPREVIOUS", datetime(2020, 1, 1, tzinfo=UTC)), ("AWSCURRENT", WHEN)]

    def page(params: dict[str, Any]) -> dict[str, Any]:
        number = int(params.get("NextToken", "0"))
        stage, created = versions[number]
        entry = {"VersionId": str(number) * 32, "VersionStages": [stage], "CreatedDate": created}
        return {"Versions": [entry], **({"NextToken": "1"} if number == 0 else {})}

    world["secretsmanager:ListSecretVersionIds"] = page
    return world


def rules_of(world: FakeAws, folder: Path) -> dict[str, dict[str, Any]]:
    rules = read(world, folder)[1]["registry"]["cache_rules"]["value"]
    return {rule["prefix"]: rule["credential_since"] for rule in rules}


def test_age_of_a_secret_is_that_of_its_present_value_and_asked_once(tmp_path: Path) -> None:
    world = with_rules("hub", "quay")
    found = rules_of(world, tmp_path)

    assert found["hub"]["value"] == found["quay"]["value"] == "2026-01-02T00:00:00Z"
    assert found["open"]["state"] == "absent"
    # Two pages of one secret.
    assert world.calls["secretsmanager:ListSecretVersionIds"] == 2


def test_denied_secret_is_unknown_and_a_missing_one_absent(tmp_path: Path) -> None:
    world = with_rules("hub")
    world.refuse("secretsmanager:ListSecretVersionIds")
    assert rules_of(world, tmp_path / "denied")["hub"]["source"] == "secretsmanager:ListSecretVersionIds"

    world.refuse("secretsmanager:ListSecretVersionIds", "ResourceNotFoundException")
    assert rules_of(world, tmp_path / "missing")["hub"]["code"] == "ResourceNotFoundException"


def test_no_value_of_a_secret_is_ever_asked_for(tmp_path: Path) -> None:
    world = with_rules("hub")
    read(world, tmp_path)

    asked = {call for call in world.calls if call.startswith("secretsmanager:")}
    assert asked == {"secretsmanager:ListSecretVersionIds"}
