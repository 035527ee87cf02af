"""The stand-in answers in the shapes of botocore's own models, and the collector calls nothing that is not there."""

from __future__ import annotations

import botocore.session
import pytest
from botocore.validate import ParamValidator

from auditor.collectors.aws.ecr import EcrCollector
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
}
OPERATIONS = sorted(
    name.removeprefix("op_")
    for name in dir(Api)
    if name.startswith("op_") and name not in ("op_GetResources", "op_DescribeKey")
)


@pytest.mark.parametrize("operation", [o for o in OPERATIONS if o != "DescribeImageScanFindings"])
def test_answers_fit_the_output_shape(operation: str) -> None:
    model = SESSION.get_service_model("ecr").operation_model(operation)
    answer = Api(World(regions={"r": REGISTRY})).answer("r", operation, dict(BODIES.get(operation, {})))

    report = ParamValidator().validate(answer, model.output_shape)

    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("call", sorted(EcrCollector.calls))
def test_every_declared_call_exists(call: str) -> None:
    service, _, operation = call.partition(":")
    model = SESSION.get_service_model("resourcegroupstaggingapi" if service == "tagging" else service)

    assert operation in model.operation_names
