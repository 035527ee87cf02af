"""The stand-in answers in the shapes of botocore's own models, and the collector calls nothing that is not there."""

from __future__ import annotations

import boto3
import botocore.session
import pytest
from botocore.validate import ParamValidator

from auditor.collectors.aws.ecr import EcrCollector
from tests.support.ecr_operations import REST
from tests.support.ecr_server import Api, Registry, World, ecr_server, make_image, make_repository

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


EVENT = {
    "EventId": "e",
    "EventName": "PutImage",
    "EventTime": 5,
    "EventSource": "ecr.amazonaws.com",
    "ReadOnly": "false",
}
OTHERS = {
    "organizations_DescribeOrganization": {},
    "organizations_ListAccounts": {},
    "organizations_ListAccountsForParent": {"ParentId": "r-1"},
    "organizations_ListChildren": {"ParentId": "r-1", "ChildType": "ORGANIZATIONAL_UNIT"},
    "organizations_ListTagsForResource": {"ResourceId": "1"},
    "account_ListRegions": {},
    "cloudtrail_LookupEvents": {"StartTime": 1},
}


def test_other_services_answer_in_their_output_shapes() -> None:
    member = {"Id": "1", "Name": "one", "Status": "ACTIVE"}
    world = World(
        regions={"r": REGISTRY},
        members=[member],
        children={"r-1": ["1", "ou-1"]},
        account_tags={"1": {"a": "b"}},
        events={("1", "r"): [EVENT]},
    )
    assert {name for name in dir(Api) if name.startswith(("organizations_", "account_", "cloudtrail_"))} == set(OTHERS)
    for name, body in OTHERS.items():
        service, _, operation = name.partition("_")
        model = SESSION.get_service_model(service).operation_model(operation)
        answer = Api(world).answer("r", operation, body, "1", service)
        report = ParamValidator().validate(answer, model.output_shape)
        assert not report.has_errors(), report.generate_report()
        assert answer[next(iter(answer))]
        assert set(body) <= set(model.input_shape.members if model.input_shape else ())


def test_query_services_are_understood_by_the_sdk_and_accounts_told_by_their_keys() -> None:
    with ecr_server(World()) as url:
        sts = boto3.client("sts", region_name="us-east-1", endpoint_url=url)
        found = sts.assume_role(RoleArn="arn:aws:iam::222222222222:role/x", RoleSessionName="test")["Credentials"]
        session = boto3.Session(found["AccessKeyId"], found["SecretAccessKey"], found["SessionToken"])
        other = session.client("sts", region_name="us-east-1", endpoint_url=url).get_caller_identity()
        iam = session.client("iam", region_name="us-east-1", endpoint_url=url).get_account_authorization_details()
        ecr = session.client("ecr", region_name="us-east-1", endpoint_url=url).describe_registry()

    assert other["Account"] == ecr["registryId"] == "222222222222"
    assert (iam["RoleDetailList"], iam["IsTruncated"]) == ([], False)


@pytest.mark.parametrize("call", sorted(call for call in EcrCollector.calls if not call.startswith("oci:")))
def test_every_declared_call_exists(call: str) -> None:
    service, _, operation = call.partition(":")
    model = SESSION.get_service_model(PREFIXES.get(service, service))

    assert operation in model.operation_names
