"""The collector of ECR Public against the SDK's own shapes: paging, refusals, no registry, what it has no notion of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.aws.ecr_public import EcrPublicCollector
from auditor.config.settings import load_config
from auditor.config.validation import check_document, packaged_schema
from auditor.errors import ConfigError
from tests.support.fake_aws import FakeAws, RefusedError
from tests.support.public_world import (
    ACCOUNT,
    INDEX,
    SCOPE,
    alias,
    context,
    detail,
    digest,
    lines,
    public_world,
    read,
)

NAMES = ["app", "team/api", "team/web"]
UNSUPPORTED = {"immutability", "encryption", "scan_on_push", "scanning", "retention_policy"}


def test_a_registry_is_read_page_by_page(tmp_path: Path) -> None:
    world = public_world({name: [detail(n, f"v{n}") for n in range(1, 6)] for name in NAMES})
    manifest = read(world, tmp_path)

    assert [(scope.id, scope.repositories, scope.images) for scope in manifest.scopes] == [(SCOPE, 3, 15)]
    assert manifest.complete
    assert manifest.scopes[0].wanted == manifest.scopes[0].answered > 0
    assert world.calls["ecr-public:DescribeRepositories"] == 2
    assert world.calls["ecr-public:DescribeImages"] == 9
    assert list(lines(tmp_path)) == NAMES


def test_it_makes_only_the_calls_that_it_declares(tmp_path: Path) -> None:
    world = public_world({"app": [detail(1, "v1")]})
    read(world, tmp_path)

    assert set(world.calls) <= EcrPublicCollector.calls


def test_a_registry_has_its_aliases_as_names(tmp_path: Path) -> None:
    read(public_world({"app": [detail(1, "v1")]}), tmp_path)

    registry = context(tmp_path)["registry"]
    assert registry["id"] == f"urn:cr:ecr_public:{ACCOUNT}:us-east-1"
    assert registry["host"] == "public.ecr.aws/acme"
    # An alias that is asked for and not granted is nobody's name.
    assert registry["other_hosts"] == ["public.ecr.aws/a1b2c3d4"]
    assert registry["visibility"] == {"state": "known", "value": "public"}
    assert registry["settings"]["value"] == {"verified": "true"}
    assert lines(tmp_path)["app"]["repository"]["registry"]["other_hosts"] == ["public.ecr.aws/a1b2c3d4"]


def test_what_the_platform_has_no_notion_of_is_unsupported(tmp_path: Path) -> None:
    read(public_world({"app": [detail(1, "v1"), detail(2, "v2", media=INDEX)]}), tmp_path)

    record = lines(tmp_path)["app"]
    found = {key for key, fact in record["repository"].items() if isinstance(fact, dict) and fact.get("reason")}
    assert found == UNSUPPORTED
    assert {record["repository"][key]["reason"] for key in UNSUPPORTED} == {"unsupported_by_platform"}
    image, index = record["images"]["value"]
    for key in ("scan", "subject", "last_pulled_at", "signing_status", "replicas"):
        assert image[key]["reason"] == "unsupported_by_platform", key
    assert index["children"]["reason"] == "not_requested"
    assert record["repository"]["size_bytes"]["value"] == 1000
    registry = context(tmp_path)["registry"]
    for key in ("access_policy", "scanning", "replication", "cache_rules", "signing", "keys"):
        assert registry[key]["reason"] == "unsupported_by_platform", key


@pytest.mark.parametrize(
    ("operation", "field"),
    [
        ("ecr-public:DescribeImages", "images"),
        ("ecr-public:GetRepositoryPolicy", "access_policy"),
        ("ecr-public:ListTagsForResource", "resource_tags"),
    ],
)
def test_a_denied_call_leaves_its_fact_unknown(tmp_path: Path, operation: str, field: str) -> None:
    world = public_world({"app": [detail(1, "v1")]})
    world.refuse(operation)
    manifest = read(world, tmp_path)

    record = lines(tmp_path)["app"]
    fact = record.get(field) or record["repository"][field]
    assert (fact["state"], fact["reason"], fact["source"]) == ("unknown", "access_denied", operation)
    assert [error.operation for error in manifest.scopes[0].errors] == [operation]


def test_denied_registries_are_unknown_and_the_name_is_taken_from_the_repositories(tmp_path: Path) -> None:
    world = public_world({"app": [detail(1, "v1")]})
    world.refuse("ecr-public:DescribeRegistries")
    manifest = read(world, tmp_path)

    registry = context(tmp_path)["registry"]
    assert registry["host"] == "public.ecr.aws/a1b2c3d4"
    assert registry["settings"]["reason"] == "access_denied"
    assert registry["repository_names"]["value"] == ["app"]
    assert not manifest.complete


def test_denied_repositories_leave_the_scope_unread(tmp_path: Path) -> None:
    world = public_world({"app": []})
    world.refuse("ecr-public:DescribeRepositories")
    manifest = read(world, tmp_path)

    assert manifest.scopes[0].context is None
    assert manifest.scopes[0].errors[0].operation == "ecr-public:DescribeRepositories"


@pytest.mark.parametrize("operation", ["ecr-public:DescribeRegistries", "ecr-public:DescribeRepositories"])
def test_an_account_without_a_registry_has_an_empty_one(tmp_path: Path, operation: str) -> None:
    world = public_world({})
    world.refuse(operation, "RegistryNotFoundException")
    manifest = read(world, tmp_path)

    assert context(tmp_path)["registry"]["repository_names"] == {
        "state": "known", "value": [], "source": "ecr-public:DescribeRepositories",
    }  # fmt: skip
    assert manifest.complete


def test_no_registry_in_the_answer_is_no_registry(tmp_path: Path) -> None:
    world = FakeAws(account=ACCOUNT)
    world["ecr-public:DescribeRegistries"] = {"registries": []}
    manifest = read(world, tmp_path)

    assert manifest.scopes[0].notes == [f"account {ACCOUNT} has no public registry"]
    assert manifest.complete
    assert lines(tmp_path) == {}


def test_a_repository_that_is_gone_is_a_note(tmp_path: Path) -> None:
    world = public_world({"app": [], "team/api": [detail(1, "v1")]})
    real = world._answers["ecr-public:DescribeImages"]

    def answer(params: dict[str, Any]) -> dict[str, Any]:
        if params["repositoryName"] == "app":
            raise RefusedError("RepositoryNotFoundException")
        assert callable(real)
        return real(params)

    world["ecr-public:DescribeImages"] = answer
    manifest = read(world, tmp_path)

    assert list(lines(tmp_path)) == ["team/api"]
    assert context(tmp_path)["registry"]["repository_names"]["value"] == ["team/api"]
    assert manifest.scopes[0].notes == ["app was deleted while it was read"]


def test_signatures_are_told_by_their_tags(tmp_path: Path) -> None:
    scheme = digest(1).replace(":", "-")
    images = [detail(1, "v1"), detail(2, "v2"), detail(3, f"{scheme}.sig")]
    read(public_world({"app": images}), tmp_path)

    signed, unsigned, signature = lines(tmp_path)["app"]["images"]["value"]
    assert signed["signatures"]["value"][0]["digest"] == signature["digest"]
    assert unsigned["signatures"] == {"state": "known", "value": []}
    assert signature["kind"] == "signature"


def test_signatures_whose_subject_is_not_told_leave_the_others_unknown(tmp_path: Path) -> None:
    notation = detail(3, artifact="application/vnd.cncf.notary.signature")
    read(public_world({"app": [detail(1, "v1"), notation]}), tmp_path / "notation")
    referrers = detail(3, digest(1).replace(":", "-"), media=INDEX)
    read(public_world({"app": [detail(1, "v1"), detail(2, "v2"), referrers]}), tmp_path / "tag")

    image = lines(tmp_path / "notation")["app"]["images"]["value"][0]
    assert image["signatures"]["reason"] == "not_requested"
    referred, other, _ = lines(tmp_path / "tag")["app"]["images"]["value"]
    assert referred["signatures"]["reason"] == "not_requested"
    assert other["signatures"]["value"] == []


def test_only_selected_repositories_are_read_and_a_limit_truncates(tmp_path: Path) -> None:
    world = public_world({name: [] for name in NAMES})
    read(world, tmp_path / "some", {"kind": "ecr_public", "repositories": {"include": ["team/*"]}})
    read(world, tmp_path / "one", {"kind": "ecr_public", "max_repositories": 1})

    assert list(lines(tmp_path / "some")) == ["team/api", "team/web"]
    assert context(tmp_path / "some")["registry"]["selection"] == "filtered"
    assert context(tmp_path / "one")["registry"]["repository_names"]["reason"] == "truncated"


def test_credentials_that_are_refused_leave_the_scope_unread(tmp_path: Path) -> None:
    world = public_world({"app": []})
    world.refuse("sts:GetCallerIdentity", "InvalidClientTokenId", 403)
    manifest = read(world, tmp_path, {"kind": "ecr_public", "accounts": [{"account_id": ACCOUNT}]})

    assert [(scope.id, scope.context) for scope in manifest.scopes] == [(SCOPE, None)]


def test_regions_of_the_target_do_not_matter(tmp_path: Path) -> None:
    manifest = read(public_world({"app": []}), tmp_path, {"kind": "ecr_public", "regions": ["eu-west-1", "eu-west-3"]})

    assert [scope.id for scope in manifest.scopes] == [SCOPE]


def test_settings_that_it_does_not_know_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "auditor.yaml"
    path.write_text("version: 1\ntargets:\n  - {kind: ecr_public, scan_details: never}\n")
    config = load_config(path)
    assert config.document is not None
    schema = packaged_schema(*EcrPublicCollector.schema)

    with pytest.raises(ConfigError) as caught:
        check_document(config.document, schema, at="/targets/0", data=config.settings.targets[0])
    assert str(caught.value.field).startswith("targets.0")


def test_policies_of_public_repositories_are_read_with_their_own_actions(tmp_path: Path) -> None:
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "222222222222"}, "Action": ["ecr-public:PutImage", "ecr:PutImage"]}
        ],
    }
    world = public_world({"app": []})
    world["ecr-public:GetRepositoryPolicy"] = {"policyText": json.dumps(policy)}
    read(world, tmp_path)

    access = lines(tmp_path)["app"]["derived"]["access"]["value"]
    (grant,) = access["grants"]
    assert (grant["audience"], grant["principals"], grant["capabilities"]) == ("account", ["222222222222"], ["push"])
    assert grant["partial"] is True
    (problem,) = access["problems"]
    assert (problem["code"], problem["suggestions"]) == ("action_wrong_service", ["ecr-public:PutImage"])


def test_aliases_without_a_primary_one_are_sorted(tmp_path: Path) -> None:
    world = public_world({})
    world["ecr-public:DescribeRegistries"] = {
        "registries": [
            {
                "registryId": ACCOUNT, "registryArn": "a", "registryUri": "", "verified": False,
                "aliases": [alias("bb"), alias("aa")],
            }
        ]
    }  # fmt: skip
    read(world, tmp_path)

    assert context(tmp_path)["registry"]["host"] == "public.ecr.aws/aa"
