"""The stand-in answers in the shapes of botocore's own models, and the collector calls nothing that is not there."""

from __future__ import annotations

import json
from pathlib import Path

import botocore.session
import pytest
from botocore.validate import ParamValidator

from auditor.collectors.aws.ecr import EcrCollector
from tests.support.ecr_operations import REST
from tests.support.ecr_server import Api, Registry, World, make_image, make_repository

SESSION = botocore.session.get_session()
REPOSITORY = make_repository(
    "a/b",
    images=[make_image(1, "v1")],
    retention="{}" + " " * 100,
    policy="{}",
    manifests={make_image(1)["imageDigest"]: "{}"},
)
REGISTRY = Registry(
    repositories={"a/b": REPOSITORY},
    policy="{}",
    signing=[{"signingProfileArn": "arn", "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD_MATCH"}]}],
)
BODIES = {
    "DescribeImages": {"repositoryName": "a/b"},
    "GetLifecyclePolicy": {"repositoryName": "a/b"},
    "GetRepositoryPolicy": {"repositoryName": "a/b"},
    "ListTagsForResource": {"resourceArn": REPOSITORY["settings"]["repositoryArn"]},
    "BatchGetRepositoryScanningConfiguration": {"repositoryNames": ["a/b", "gone"]},
    "BatchGetImage": {"repositoryName": "a/b", "imageIds": [{"imageDigest": make_image(1)["imageDigest"]}]},
    "ListImageReferrers": {"repositoryName": "a/b", "subjectId": {"imageDigest": "sha256:1"}},
    "DescribeImageSigningStatus": {"repositoryName": "a/b", "imageId": {"imageDigest": "sha256:1"}},
    "GetAccountSetting": {"name": "BLOB_MOUNTING"},
    "GetEventSelectors": {"TrailName": "arn"},
    "BatchGetAccountStatus": {"accountIds": ["123456789012"]},
}
AROUND = {
    "cloudtrail": {"DescribeTrails", "GetTrailStatus", "GetEventSelectors"},
    "events": {"ListRules", "ListTargetsByRule"},
    "service-quotas": {"ListServiceQuotas"},
    "inspector2": set(REST.values()),
}
# The prefix of an operation where it is not botocore's name of the service.
PREFIXES = {"tagging": "resourcegroupstaggingapi", "servicequotas": "service-quotas"}
OPERATIONS = sorted(
    name.removeprefix("op_")
    for name in dir(Api)
    if name.startswith("op_")
    and name not in ("op_GetResources", "op_DescribeKey", "op_GetKeyPolicy", "op_GetKeyRotationStatus")
)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o != "DescribeImageScanFindings"])
def test_answers_fit_the_output_shape(operation: str) -> None:
    service = next((name for name, operations in AROUND.items() if operation in operations), "ecr")
    model = SESSION.get_service_model(service).operation_model(operation)
    answer = Api(World(regions={"r": REGISTRY})).answer("r", operation, dict(BODIES.get(operation, {})))

    report = ParamValidator().validate(answer, model.output_shape)

    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("call", sorted(EcrCollector.calls))
def test_every_declared_call_exists(call: str) -> None:
    service, _, operation = call.partition(":")
    model = SESSION.get_service_model(PREFIXES.get(service, service))

    assert operation in model.operation_names


def test_read_only_policy_allows_what_the_collector_calls_and_nothing_that_writes() -> None:
    policy = json.loads((Path(__file__).parents[3] / "deploy" / "aws" / "read-only.json").read_text())
    allowed = {action for statement in policy["Statement"] for action in statement["Action"]}
    # ListImageReferrers is allowed by BatchGetImage; roles are assumed from outside.
    wanted = {call.replace("tagging:", "tag:") for call in EcrCollector.calls} - {
        "ecr:ListImageReferrers",
        "sts:AssumeRole",
    }

    assert allowed == wanted
    verbs = {action.partition(":")[2] for action in allowed}
    assert all(verb.startswith(("Get", "List", "Describe", "BatchGet")) for verb in verbs)
