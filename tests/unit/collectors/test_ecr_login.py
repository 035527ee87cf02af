"""Where ECR's content may be read from, by which names its registry goes, and that the login stays hidden."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.aws.ecr import EcrCollector
from auditor.collectors.aws.ecr_login import endpoint_of, log_in, names_of
from auditor.collectors.aws.settings import EcrSettings
from auditor.collectors.failed import CallFailedError
from auditor.errors import ConfigError
from auditor.inventory.facts import Reason, Unknown
from auditor.inventory.parts import RegistryRef
from auditor.inventory.writing import SnapshotWriter

EU = RegistryRef("urn", "ecr", "111111111111.dkr.ecr.eu-west-1.amazonaws.com", "111111111111", "eu-west-1")
CN = RegistryRef("urn", "ecr", "111111111111.dkr.ecr.cn-north-1.amazonaws.com.cn", "111111111111", "cn-north-1")


@pytest.mark.parametrize(
    ("ref", "url", "allowed"),
    [
        (EU, "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x?X-Amz-Signature=1", True),
        (EU, "https://prod-eu-west-1-starport-layer-bucket.s3.dualstack.eu-west-1.amazonaws.com/x", True),
        (CN, "https://prod-cn-north-1-starport-layer-bucket.s3.cn-north-1.amazonaws.com.cn/x", True),
        (EU, "http://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com/x", False),
        (EU, "https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/x", False),
        (EU, "https://other-bucket.s3.eu-west-1.amazonaws.com/x", False),
        (EU, "https://prod-eu-west-1-starport-layer-bucket.s3.eu-west-1.amazonaws.com.evil.example/x", False),
        (EU, "https://169.254.169.254/latest/meta-data", False),
    ],
)
def test_blobs_come_from_awss_own_bucket_of_the_region_alone(ref: RegistryRef, url: str, allowed: bool) -> None:
    endpoint = endpoint_of(EcrSettings(), ref)

    assert endpoint.url == f"https://{ref.host}"
    assert endpoint.may_fetch_blob(url) is allowed
    assert not endpoint.is_own(url)
    assert not endpoint.may_ask_for_token(url)


def test_the_names_of_a_registry() -> None:
    names = names_of(EU, endpoint_of(EcrSettings(), EU))
    assert names == [
        "111111111111.dkr.ecr.eu-west-1.amazonaws.com",
        "111111111111.dkr.ecr-fips.eu-west-1.amazonaws.com",
        "111111111111.dkr-ecr.eu-west-1.on.aws",
        "111111111111.dkr-ecr-fips.eu-west-1.on.aws",
    ]
    proxied = EcrSettings(registry_url="https://registry.acme.example")
    assert names_of(EU, endpoint_of(proxied, EU)) == [*names, "registry.acme.example"]
    assert "111111111111.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn" in names_of(CN, endpoint_of(EcrSettings(), CN))


@pytest.mark.parametrize("endpoint", [None, "https://ecr.example.com"])
def test_the_login_goes_to_no_plain_address_but_a_stand_ins(tmp_path: Path, endpoint: str | None) -> None:
    target = {"kind": "ecr", "regions": ["eu-west-1"], "endpoint_url": endpoint, "registry_url": "http://a.example"}
    writer = SnapshotWriter(tmp_path / "snapshot", now="2026-11-25T00:00:00Z", auditor_version="test")

    with pytest.raises(ConfigError, match="registry_url is plain http"):
        EcrCollector().collect(target, writer, lambda _what, _count: None)


class Answers:
    """A caller with one answer."""

    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def call(self, operation: str) -> Any:
        assert operation == "GetAuthorizationToken"
        return self.answer


def token(text: str) -> Any:
    return Answers({"authorizationData": [{"authorizationToken": text}]})


def test_the_login_shows_itself_to_nobody() -> None:
    login = log_in(token(base64.b64encode(b"AWS:hunter2:with:colons").decode()))

    assert (login.user, login.password.reveal()) == ("AWS", "hunter2:with:colons")
    assert "hunter2" not in repr(login)


@pytest.mark.parametrize(
    "answers",
    [
        Answers({}),
        Answers({"authorizationData": []}),
        Answers({"authorizationData": None}),
        token("hunter2 is no base64"),
        token(base64.b64encode(b"hunter2").decode()),
        token(base64.b64encode(b"\xff\xfe:hunter2").decode()),
    ],
)
def test_an_answer_without_a_login_is_one_failure_that_quotes_nothing(answers: Any) -> None:
    with pytest.raises(CallFailedError) as failed:
        log_in(answers)

    assert failed.value.fact == Unknown(Reason.PARSE_ERROR, "ecr:GetAuthorizationToken", "no token")
    assert "hunter2" not in failed.value.message
