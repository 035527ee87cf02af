"""ECR Public in the analyses: actions, names, references."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest
from hypothesis import find

from auditor.analysis.access import analyse_access
from auditor.analysis.iam_actions import capability_of, classify_action, suggest_actions
from auditor.analysis.references import analyse_repository_name, parse_reference
from auditor.analysis.usage import UsageBook, repository_keys
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.model import Registry, RepositoryRecord
from auditor.inventory.parts import RegistryRef
from auditor.inventory.workloads import Workload, WorkloadRecord
from tests.support.strategies import repository_records

OWNER = "111111111111"


@pytest.mark.parametrize(
    ("pattern", "verdict"),
    [
        ("ecr-public:*", "valid"),
        ("ecr-public:PutImage", "valid"),
        ("ECR-PUBLIC:putimage", "valid"),
        ("ecr-public:BatchGetImage", "invalid"),
        ("ecr-public:GetDownloadUrlForLayer", "invalid"),
        ("ecr:PutImage", "other_service"),
        ("ecr:BatchGetImage", "other_service"),
        ("ecr:Nonsense", "invalid"),
        ("ecr*:PutImage", "valid"),
        ("*", "valid"),
        ("PutImage", "malformed"),
    ],
)
def test_actions_in_a_policy_of_a_public_repository(pattern: str, verdict: str) -> None:
    assert classify_action(pattern, "ecr-public") == verdict


def test_what_actions_let_one_do() -> None:
    found = {name: capability_of(f"ecr-public:{name}") for name in ("PutImage", "BatchDeleteImage", "DescribeImages")}
    assert found == {"PutImage": "push", "BatchDeleteImage": "delete", "DescribeImages": "metadata"}
    assert capability_of("ecr-public:SetRepositoryPolicy") == "administer"
    assert capability_of("ecr-public:GetAuthorizationToken") is None


def test_suggestions_are_of_the_same_service() -> None:
    assert suggest_actions("ecr-public:PutImages", service="ecr-public")[0] == "ecr-public:PutImage"
    assert all(name.startswith("ecr-public:") for name in suggest_actions("ecr:GetImage", service="ecr-public"))


def statement(action: Any, principal: Any = "*") -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Principal": principal, "Action": action}]})  # fmt: skip


def test_everybody_may_push_and_not_only_in_part() -> None:
    whole = ["PutImage", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload"]
    text = statement([f"ecr-public:{name}" for name in whole])
    (grant,) = analyse_access(text, owner_account=OWNER, scope="repository", service="ecr-public").grants

    assert (grant.audience, grant.capabilities, grant.partial) == ("any_account", ["push"], False)


def test_actions_of_the_other_registry_grant_nothing() -> None:
    public = analyse_access(statement("ecr:*"), owner_account=OWNER, scope="repository", service="ecr-public")
    private = analyse_access(statement("ecr-public:*"), owner_account=OWNER, scope="repository")

    assert public.grants == private.grants == []
    assert [p.code for p in (*public.problems, *private.problems)] == ["action_wrong_service", "action_wrong_service"]


def test_wildcards_of_a_public_policy_match_its_own_actions_only() -> None:
    (grant,) = analyse_access(statement("*"), owner_account=OWNER, scope="repository", service="ecr-public").grants

    assert grant.capabilities == ["push", "delete", "administer", "metadata", "create"]


def test_names_are_read_with_the_alias() -> None:
    assert analyse_repository_name("team/app", "public.ecr.aws/acme", ["v1"]).repository_error == ""
    assert "not allowed" in analyse_repository_name("team/App", "public.ecr.aws/acme", []).repository_error
    assert "longer" in analyse_repository_name("a" * 240, "public.ecr.aws/acme", []).repository_error


# ---------------------------------------------------------------- what runs
def registry(**changes: Any) -> Registry:
    none = Unknown(Reason.UNSUPPORTED_BY_PLATFORM, "")
    values: dict[str, Any] = {
        "id": "urn:cr:ecr_public:1:us-east-1", "kind": "ecr_public", "host": "public.ecr.aws/acme", "account": "1",
        "region": "us-east-1", "other_hosts": ["public.ecr.aws/a1b2c3d4"], "organization": none,
        "repository_names": Known(["app"]), "selection": "all", "access_policy": none, "policy_scope": none,
        "scanning": none, "replication": none, "cache_rules": none, "creation_templates": none, "signing": none,
        "settings": none,
    }  # fmt: skip
    return Registry(**{**values, **changes})


def workload(image: str) -> WorkloadRecord:
    running = Workload("kubernetes", "deployment", "prod", "web", "app", "app", image, Absent(""), True, "", [], "", {})
    return WorkloadRecord(id=f"w:{image}", scope="workloads/1/r", now="", workload=running)


@pytest.mark.parametrize("name", ["public.ecr.aws/acme/app", "public.ecr.aws/a1b2c3d4/app"])
def test_a_reference_by_any_alias_is_a_use_of_the_repository(name: str) -> None:
    record: RepositoryRecord = _repository()
    book = UsageBook()
    book.add(workload(f"{name}:v1"))

    usage = book.usage_of(record)
    assert isinstance(usage, Known)
    assert [use.reference for use in usage.value.uses] == [f"{name}:v1"]


def test_a_repository_of_another_alias_is_another_one() -> None:
    book = UsageBook()
    book.add(workload("public.ecr.aws/other/app:v1"))

    usage = book.usage_of(_repository())
    assert isinstance(usage, Known)
    assert usage.value.uses == []


@pytest.mark.parametrize(
    ("reference", "state"),
    [
        ("public.ecr.aws/acme/gone:v1", "repository_missing"),
        ("public.ecr.aws/a1b2c3d4/gone:v1", "repository_missing"),
        ("public.ecr.aws/other/app:v1", ""),
    ],
)
def test_a_reference_is_missing_only_in_a_registry_that_was_read(reference: str, state: str) -> None:
    book = UsageBook()
    book.saw_registry(registry())
    resolution = book.resolve(workload(reference)).derived.resolution

    assert (resolution.value.state if isinstance(resolution, Known) else "") == state


def test_a_registry_without_an_alias_is_not_the_whole_host() -> None:
    book = UsageBook()
    book.saw_registry(registry(host="public.ecr.aws", other_hosts=[], repository_names=Known([])))

    assert not isinstance(book.resolve(workload("public.ecr.aws/nginx/nginx:1")).derived.resolution, Known)


def test_the_reference_parses_as_the_table_says() -> None:
    parsed = parse_reference("public.ecr.aws/nginx/nginx:1")

    assert (parsed.kind, getattr(parsed, "registry", ""), getattr(parsed, "repository", "")) == (
        "parsed", "public.ecr.aws", "nginx/nginx",
    )  # fmt: skip


def test_keys_of_a_private_repository_do_not_depend_on_its_host_name() -> None:
    record = _repository(RegistryRef("urn", "ecr", "x", "1", "r"))

    assert repository_keys(record.repository) == ["1/r/app"]


def _repository(ref: RegistryRef | None = None) -> RepositoryRecord:
    ref = ref or RegistryRef("urn", "ecr_public", "public.ecr.aws/acme", "1", "us-east-1", ["public.ecr.aws/a1b2c3d4"])
    record = find(repository_records(), lambda _record: True)
    named = msgspec.structs.replace(record.repository, name="app", uri="public.ecr.aws/a1b2c3d4/app", registry=ref)
    return msgspec.structs.replace(record, repository=named, images=Known([]))
