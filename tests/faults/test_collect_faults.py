"""What goes wrong while collecting: denied, throttled, gone, hanging. Nothing of it becomes a pass, or a fail."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from auditor.errors import CredentialsError, ExitCode
from tests.support.audits import collect_world, judge, records
from tests.support.ecr_server import Refusal, Registry, World, make_image, make_repository

REGION = "us-east-1"


def world(**refusals: Refusal) -> World:
    images = [make_image(1, "v1.0.0")]
    repositories = {
        name: make_repository(name, images=images, retention='{"rules": []}') for name in ("team/app", "team/web")
    }
    return World(regions={REGION: Registry(repositories=repositories)}, refusals=dict(refusals))


def denied(match: str = "") -> Refusal:
    return Refusal("AccessDeniedException", message="not authorized to perform this", match=match)


def findings(results: dict[str, Any], rule: str) -> list[dict[str, Any]]:
    return [finding for finding in results["findings"] if finding["rule"] == rule]


def test_denied_lifecycle_policy_is_unknown_names_the_call_and_exits_3(tmp_path: Path) -> None:
    collect_world(world(GetLifecyclePolicy=denied("team/app")), tmp_path)

    outcome, results = judge(tmp_path, check=("REG-RET-001",), fail_on="critical")

    unknown, failed = findings(results, "REG-RET-001")
    by_name = {finding["resource"]["repository"]: finding for finding in (unknown, failed)}
    assert by_name["team/app"]["status"] == "unknown"
    assert by_name["team/app"]["settle"] == ["ecr:GetLifecyclePolicy"]
    assert by_name["team/web"]["status"] == "fail"
    assert outcome.exit_code is ExitCode.INCOMPLETE


def test_denied_repository_policy_is_unknown(tmp_path: Path) -> None:
    collect_world(world(GetRepositoryPolicy=denied()), tmp_path)

    _, results = judge(tmp_path, check=("REG-ACC-001",))

    assert {finding["status"] for finding in findings(results, "REG-ACC-001")} == {"unknown"}
    assert results["coverage"]["ratio"] < 1
    [error] = results["coverage"]["scopes"][0]["errors"]
    assert (error["operation"], error["reason"], error["count"]) == ("ecr:GetRepositoryPolicy", "access_denied", 2)


@pytest.mark.slow
def test_throttling_that_clears_leaves_no_trace_in_the_verdicts(tmp_path: Path) -> None:
    throttled = {
        name: Refusal("ThrottlingException", message="Rate exceeded", times=1)
        for name in ("DescribeImages", "GetLifecyclePolicy", "DescribeRegistry")
    }
    collect_world(world(), tmp_path / "calm")
    collect_world(world(**throttled), tmp_path / "stormy")

    calm, stormy = judge(tmp_path / "calm")[1], judge(tmp_path / "stormy")[1]

    def verdicts(results: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [(f["id"], f["status"], f["severity"], f["message"]) for f in results["findings"]]

    assert verdicts(calm) == verdicts(stormy)
    assert stormy["coverage"]["ratio"] == 1.0


@pytest.mark.slow
def test_throttling_that_lasts_is_unknown(tmp_path: Path) -> None:
    manifest = collect_world(world(GetLifecyclePolicy=Refusal("ThrottlingException")), tmp_path, attempts=2)

    [error] = manifest.scopes[0].errors
    assert (error.operation, error.reason) == ("ecr:GetLifecyclePolicy", "throttled")


def test_repository_deleted_while_collecting_is_noted_not_failed(tmp_path: Path) -> None:
    gone = Refusal("RepositoryNotFoundException", match="team/app")
    manifest = collect_world(world(DescribeImages=gone), tmp_path)

    [scope] = manifest.scopes
    assert scope.notes == ["team/app was deleted while it was read"]
    assert scope.errors == []
    assert set(records(tmp_path)) == {"team/web"}
    outcome, _ = judge(tmp_path, fail_on="none")
    assert outcome.coverage.ratio == 1.0


@pytest.mark.slow
def test_region_that_hangs_times_out_and_the_others_complete(tmp_path: Path) -> None:
    both = world()
    both.regions["eu-west-1"] = Registry(repositories={"team/app": make_repository("team/app", "eu-west-1")})
    both.hang = {REGION}
    started = time.monotonic()

    manifest = collect_world(both, tmp_path, attempts=1, read_timeout_s=1, region_timeout_s=5)

    eu, us = manifest.scopes
    assert time.monotonic() - started < 30
    assert (eu.id, eu.repositories, eu.errors) == ("ecr/123456789012/eu-west-1", 1, [])
    assert us.context is None
    assert {error.reason for error in us.errors} == {"timeout"}
    _, results = judge(tmp_path)
    unread = [f for f in results["findings"] if f["resource"]["region"] == REGION]
    assert unread
    assert {finding["status"] for finding in unread} == {"unknown"}


def test_denied_list_of_repositories_makes_every_rule_unknown(tmp_path: Path) -> None:
    collect_world(world(DescribeRepositories=denied()), tmp_path)

    outcome, results = judge(tmp_path, fail_on="none")

    assert results["summary"]["pass"] == 0
    assert results["summary"]["fail"] == 0
    assert results["summary"]["unknown"] >= 26
    assert outcome.exit_code is ExitCode.INCOMPLETE


def test_denied_bulk_tags_are_read_one_by_one(tmp_path: Path) -> None:
    manifest = collect_world(world(GetResources=denied()), tmp_path)

    assert manifest.scopes[0].calls_by_operation["ecr:ListTagsForResource"] == 2
    assert records(tmp_path)["team/app"]["repository"]["resource_tags"]["value"] == {"Name": "team/app"}
    assert manifest.scopes[0].errors == []


def test_tags_denied_both_ways_are_unknown(tmp_path: Path) -> None:
    collect_world(world(GetResources=denied(), ListTagsForResource=denied()), tmp_path)

    _, results = judge(tmp_path, check=("REG-TAG-004",))

    assert {f["status"] for f in findings(results, "REG-TAG-004")} == {"unknown"}


def test_server_errors_and_unknown_operations_are_unknown_with_their_reason(tmp_path: Path) -> None:
    broken = world(
        GetSigningConfiguration=Refusal("UnknownOperationException"),
        DescribeRegistry=Refusal("ServerException", status=500, message="sorry"),
    )
    manifest = collect_world(broken, tmp_path, attempts=1)

    assert {error.operation: error.reason for error in manifest.scopes[0].errors} == {
        "ecr:GetSigningConfiguration": "unsupported_by_collector",
        "ecr:DescribeRegistry": "server_error",
    }


def test_repeated_page_token_ends_with_truncated(tmp_path: Path) -> None:
    endless = world()
    endless.page_size = 1
    endless.regions[REGION].cache_rules = [{"ecrRepositoryPrefix": "a"}, {"ecrRepositoryPrefix": "b"}]

    def rewind(operation: str, body: dict[str, Any]) -> None:
        if operation == "DescribePullThroughCacheRules":
            body["nextToken"] = 0

    endless.on_call = rewind
    manifest = collect_world(endless, tmp_path)

    [error] = manifest.scopes[0].errors
    assert (error.operation, error.reason) == ("ecr:DescribePullThroughCacheRules", "truncated")


def test_no_credentials_is_one_error_and_no_snapshot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")

    with pytest.raises(CredentialsError, match="no credentials"):
        collect_world(world(), tmp_path)

    assert list(tmp_path.iterdir()) == []
