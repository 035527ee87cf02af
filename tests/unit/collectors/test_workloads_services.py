"""Lambda, App Runner, Batch, SageMaker, CodeBuild and EKS: what each says it runs, and what a refusal leaves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError

from auditor.collectors.aws.workloads import WorkloadsCollector
from auditor.inventory.facts import Absent, Known, Unknown
from auditor.inventory.workloads import Cluster
from tests.support.fake_aws import FakeAws, RefusedError
from tests.support.usage_world import ACCOUNT, DIGEST, HOST, IMAGE, OTHER, REGION, collect, empty

RESOLVED = f"{HOST}/team/app@{DIGEST}"
ARN = f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:thing/name"
RUNNER = f"arn:aws:apprunner:{REGION}:{ACCOUNT}:service/00000000000000000000000000000000/"


def functions(world: FakeAws, *entries: tuple[str, str, str]) -> FakeAws:
    """(name, version, package type)"""
    arn = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function"
    world["lambda:ListFunctions"] = lambda params: _marked(
        [
            {"FunctionName": name, "FunctionArn": f"{arn}:{name}", "Version": version, "PackageType": package}
            for name, version, package in entries
        ],
        params,
    )
    world["lambda:GetFunction"] = {
        "Code": {"RepositoryType": "ECR", "ImageUri": IMAGE, "ResolvedImageUri": RESOLVED},
        "Tags": {"team": "a"},
    }
    return world


def _marked(entries: list[dict[str, Any]], params: dict[str, Any]) -> dict[str, Any]:
    """Two a page, the way Lambda pages: NextMarker goes into Marker."""
    start = int(params.get("Marker") or 0)
    page: dict[str, Any] = {"Functions": entries[start : start + 2]}
    return {**page, "NextMarker": str(start + 2)} if start + 2 < len(entries) else page


def test_lambda_functions_run_the_digest_that_was_resolved(tmp_path: Path) -> None:
    entries = [
        ("zip", "$LATEST", "Zip"),
        ("app", "$LATEST", "Image"),
        ("app", "3", "Image"),
        ("web", "$LATEST", "Image"),
    ]
    world = functions(empty(FakeAws()), *entries, ("old", "$LATEST", "Zip"))
    found = collect(tmp_path, world, services=["lambda"])

    assert {path: w.running for path, w in found.records.items()} == {
        "function/app": True, "function/app:3": False, "function/web": True,
    }  # fmt: skip
    workload = found.records["function/app"]
    assert (workload.image, workload.tags) == (IMAGE, {"team": "a"})
    assert workload.digest == Known(DIGEST, "lambda:GetFunction")
    assert (world.calls["lambda:ListFunctions"], world.calls["lambda:GetFunction"]) == (3, 3)


def test_a_function_that_was_deleted_meanwhile_is_no_gap(tmp_path: Path) -> None:
    world = functions(empty(FakeAws()), ("app", "$LATEST", "Image"))
    world.refuse("lambda:GetFunction", "ResourceNotFoundException", 404)
    found = collect(tmp_path, world, services=["lambda"])

    assert (found.records, found.errors) == ({}, set())


def test_a_page_mark_that_repeats_ends_the_list_as_truncated(tmp_path: Path) -> None:
    world = empty(FakeAws())
    world["lambda:ListFunctions"] = {"Functions": [], "NextMarker": "again"}

    assert collect(tmp_path, world, services=["lambda"]).errors == {("lambda:ListFunctions", "truncated")}


def test_app_runner_services_are_images_or_not_ours(tmp_path: Path) -> None:
    world = empty(FakeAws())
    states = {"front": "RUNNING", "rest": "PAUSED", "code": "RUNNING", "gone": "DELETED", "last": "RUNNING"}
    world["apprunner:ListServices"] = {
        "ServiceSummaryList": [{"ServiceName": n, "ServiceArn": f"{RUNNER}{n}", "Status": s} for n, s in states.items()]
    }

    def describe(params: dict[str, Any]) -> dict[str, Any]:
        name = params["ServiceArn"].removeprefix(RUNNER)
        image = {"ImageRepository": {"ImageIdentifier": IMAGE, "ImageRepositoryType": "ECR"}}
        code = {"CodeRepository": {"RepositoryUrl": "x", "SourceCodeVersion": {"Type": "BRANCH", "Value": "main"}}}
        network = {"EgressConfiguration": {}}
        return {
            "Service": {
                **{"ServiceName": name, "ServiceId": "0" * 32, "ServiceArn": params["ServiceArn"], "ServiceUrl": "u"},
                **{"CreatedAt": 0, "UpdatedAt": 0, "Status": states[name], "InstanceConfiguration": {}},
                **{"SourceConfiguration": code if name == "code" else image, "NetworkConfiguration": network},
                "AutoScalingConfigurationSummary": {},
            },
        }

    world["apprunner:DescribeService"] = describe
    found = collect(tmp_path, world, services=["app_runner"])

    assert {path: w.running for path, w in found.records.items()} == {
        "service/front": True, "service/last": True, "service/rest": False,
    }  # fmt: skip
    digest = found.records["service/front"].digest
    assert isinstance(digest, Unknown)
    assert digest.reason == "unsupported_by_platform"


def test_batch_definitions_of_every_shape(tmp_path: Path) -> None:
    world = empty(FakeAws())
    shapes: list[dict[str, Any]] = [
        {"containerProperties": {"image": f"{IMAGE}-a"}},
        {"nodeProperties": {"numNodes": 2, "mainNode": 0, "nodeRangeProperties": [
            {"targetNodes": "0:", "container": {"image": f"{IMAGE}-b"}}]}},
        {"ecsProperties": {"taskProperties": [{"containers": [{"name": "c", "image": f"{IMAGE}-c"}]}]}},
        {"eksProperties": {"podProperties": {
            "containers": [{"name": "d", "image": f"{IMAGE}-d"}],
            "initContainers": [{"name": "e", "image": f"{IMAGE}-e"}]}}},
    ]  # fmt: skip
    world["batch:DescribeJobDefinitions"] = {
        "jobDefinitions": [
            {"jobDefinitionName": "job", "jobDefinitionArn": ARN, "revision": n, "type": "container", **shape}
            for n, shape in enumerate(shapes, 1)
        ]
    }
    found = collect(tmp_path, world, services=["batch"])

    assert {path: workload.image[-1] for path, workload in found.records.items()} == {
        "job-definition/job:1/default": "a",
        "job-definition/job:2/node-0-default": "b",
        "job-definition/job:3/c": "c",
        "job-definition/job:4/d": "d",
        "job-definition/job:4/e": "e",
    }
    assert {(w.running, w.digest) for w in found.records.values()} == {
        (False, Absent("batch:DescribeJobDefinitions", "kept_ready"))
    }
    assert world.calls["batch:DescribeJobDefinitions"] == 2


def sagemaker(world: FakeAws) -> FakeAws:
    stamps = {"CreationTime": 0, "LastModifiedTime": 0}
    world["sagemaker:ListEndpoints"] = {
        "Endpoints": [{"EndpointName": n, "EndpointArn": ARN, "EndpointStatus": "InService", **stamps} for n in "abc"]
    }
    images = [{"SpecifiedImage": IMAGE, "ResolvedImage": RESOLVED}]
    world["sagemaker:DescribeEndpoint"] = lambda params: {
        **{"EndpointName": params["EndpointName"], "EndpointArn": ARN, "EndpointStatus": "InService", **stamps},
        "ProductionVariants": [{"VariantName": "main", "DeployedImages": images}],
        "ShadowProductionVariants": [{"VariantName": "shadow", "DeployedImages": images}],
    }
    world["sagemaker:ListInferenceComponents"] = {
        "InferenceComponents": [
            {"InferenceComponentName": "part", "InferenceComponentArn": ARN, "EndpointArn": ARN, "EndpointName": "a",
             "VariantName": "main", **stamps}
        ]
    }  # fmt: skip
    world["sagemaker:DescribeInferenceComponent"] = {
        **{"InferenceComponentName": "part", "InferenceComponentArn": ARN, "EndpointArn": ARN, "EndpointName": "a"},
        **{"Specification": {"Container": {"DeployedImage": images[0]}}, **stamps},
    }
    world["sagemaker:ListModels"] = {"Models": [{"ModelName": "m", "ModelArn": ARN, "CreationTime": 0}]}
    world["sagemaker:DescribeModel"] = {
        **{"ModelName": "m", "CreationTime": 0, "ModelArn": ARN},
        "Containers": [{"ContainerHostname": "first", "Image": IMAGE}, {"Image": IMAGE}, {"ModelPackageName": "p"}],
    }
    return world


def test_sagemaker_endpoints_run_and_models_are_kept_ready(tmp_path: Path) -> None:
    found = collect(tmp_path, sagemaker(empty(FakeAws())), services=["sagemaker"])

    running = {path for path, workload in found.records.items() if workload.running}
    assert running == {f"endpoint/{n}/{v}" for n in "abc" for v in ("main", "shadow")} | {"inference-component/part"}
    assert {path for path in found.records if path not in running} == {"model/m/first", "model/m/1"}
    assert found.records["endpoint/a/main"].digest == Known(DIGEST, "sagemaker:DescribeEndpoint")
    assert found.sources == ["sagemaker"]


def test_a_deleted_endpoint_is_told_by_sagemakers_words(tmp_path: Path) -> None:
    world = sagemaker(empty(FakeAws()))

    def gone(_params: dict[str, Any]) -> dict[str, Any]:
        raise RefusedError("ValidationException", 400, 'Could not find endpoint "a".')

    world["sagemaker:DescribeEndpoint"] = gone
    assert collect(tmp_path, world, services=["sagemaker"]).errors == set()


def test_a_refusal_that_speaks_of_existence_is_still_a_refusal(tmp_path: Path) -> None:
    world = sagemaker(empty(FakeAws()))

    def refuse(_params: dict[str, Any]) -> dict[str, Any]:
        raise RefusedError("AccessDeniedException", 400, "it does not exist or you may not see it")

    world["sagemaker:DescribeEndpoint"] = refuse
    found = collect(tmp_path, world, services=["sagemaker"])
    assert found.errors == {("sagemaker:DescribeEndpoint", "access_denied")}


def test_codebuild_projects_build_in_images_of_ours_and_of_the_service(tmp_path: Path) -> None:
    world = empty(FakeAws(page_size=60))
    world["codebuild:ListProjects"] = {"projects": [f"p{number:03}" for number in range(130)]}

    def projects(params: dict[str, Any]) -> dict[str, Any]:
        image = {"p000": IMAGE, "p001": f"{HOST}/team/app@{OTHER}"}
        return {
            "projects": [
                {"name": name, "environment": {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL",
                 "image": image.get(name, "aws/codebuild/standard:7.0")}}
                for name in params["names"] if name != "p129"
            ],
            **({"projectsNotFound": ["p129"]} if "p129" in params["names"] else {}),
        }  # fmt: skip

    world["codebuild:BatchGetProjects"] = projects
    found = collect(tmp_path, world, services=["codebuild"])

    assert {path: workload.image for path, workload in found.records.items()} == {
        "project/p000": IMAGE, "project/p001": f"{HOST}/team/app@{OTHER}",
    }  # fmt: skip
    assert (world.calls["codebuild:ListProjects"], world.calls["codebuild:BatchGetProjects"]) == (3, 2)
    assert "p129 was deleted while it was read" in found.scope.notes


def test_eks_clusters_are_seen_from_outside(tmp_path: Path) -> None:
    world = empty(FakeAws())
    world["eks:ListClusters"] = {"clusters": ["prod", "dev", "test"]}
    found = collect(tmp_path, world, services=["eks"])

    assert found.records == {}
    assert found.context.clusters[0] == Cluster("dev", f"arn:aws:eks:{REGION}:{ACCOUNT}:cluster/dev")
    assert [cluster.name for cluster in found.context.clusters] == ["dev", "prod", "test"]


LISTS = {
    "lambda": "lambda:ListFunctions",
    "app_runner": "apprunner:ListServices",
    "batch": "batch:DescribeJobDefinitions",
    "sagemaker": "sagemaker:ListModels",
    "codebuild": "codebuild:ListProjects",
    "eks": "eks:ListClusters",
}


@pytest.mark.parametrize(("service", "operation"), sorted(LISTS.items()))
def test_a_denied_service_is_named_and_the_others_go_on(tmp_path: Path, service: str, operation: str) -> None:
    world = empty(FakeAws())
    world.refuse(operation)
    found = collect(tmp_path, world)

    assert found.errors == {(operation, "access_denied")}
    assert set(found.sources) == {"ecs", *LISTS} - {service}


def unreachable(world: FakeAws, operation: str) -> FakeAws:
    def fail(_params: dict[str, Any]) -> dict[str, Any]:
        raise EndpointConnectionError(endpoint_url="https://nowhere")

    world[operation] = fail
    return world


def test_a_service_that_the_region_does_not_have_runs_nothing_there(tmp_path: Path) -> None:
    world = unreachable(empty(FakeAws()), "apprunner:ListServices")
    found = collect(tmp_path, world, regions=["eu-north-1"])

    assert found.errors == set()
    assert "app_runner" in found.sources
    assert "apprunner is not offered in eu-north-1" in found.scope.notes
    assert found.scope.answered == found.scope.wanted


def test_a_service_that_the_region_has_and_that_cannot_be_reached_is_a_gap(tmp_path: Path) -> None:
    world = unreachable(empty(FakeAws()), "apprunner:ListServices")
    found = collect(tmp_path, world)

    assert found.errors == {("apprunner:ListServices", "network")}
    assert "app_runner" not in found.sources


def test_a_region_that_the_sdk_does_not_know_is_not_taken_for_one_without_the_service(tmp_path: Path) -> None:
    world = unreachable(empty(FakeAws()), "apprunner:ListServices")

    assert collect(tmp_path, world, regions=["eu-west-99"]).errors == {("apprunner:ListServices", "network")}


def test_a_service_may_be_there_before_the_sdk_knows(tmp_path: Path) -> None:
    world = empty(FakeAws())
    world["eks:ListClusters"] = {"clusters": ["prod"]}
    found = collect(tmp_path, world, regions=["eu-north-1"])

    assert found.errors == set()
    assert "app_runner" in found.sources


def test_only_what_is_asked_for_is_called(tmp_path: Path) -> None:
    world = empty(FakeAws())
    collect(tmp_path, world, services=["eks", "batch"])

    assert set(world.calls) == {"sts:GetCallerIdentity", "eks:ListClusters", "batch:DescribeJobDefinitions"}


def test_every_call_is_declared(tmp_path: Path) -> None:
    world = sagemaker(functions(empty(FakeAws()), ("app", "$LATEST", "Image")))
    collect(tmp_path, world)

    assert set(world.calls) <= WorkloadsCollector.calls
