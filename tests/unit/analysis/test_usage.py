"""What runs, joined with what is held: by every form of a reference, and complete only when all was asked."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.references import parse_reference
from auditor.analysis.usage import UsageBook, reference_key, repository_keys
from auditor.inventory.derived import RepositoryUsage, Users
from auditor.inventory.facts import Known, Unknown
from auditor.inventory.replication import CacheRule
from auditor.inventory.workloads import Cluster, Resolution, WorkloadRecord, WorkloadsContext
from tests.support.usage_builders import (
    ACCOUNT,
    HOST,
    NONE,
    NOW,
    REGION,
    UNREAD,
    digest,
    image,
    index,
    registry,
    repository,
    workload,
)

APP = f"{HOST}/team/app"
SCOPE = f"workloads/{ACCOUNT}/{REGION}"


def book(*workloads: WorkloadRecord, asked: bool = True) -> UsageBook:
    made = UsageBook()
    for one in workloads:
        made.add(one)
    if asked:
        made.saw_scope(SCOPE, None)
    return made


def usage(record: Any, *workloads: WorkloadRecord) -> RepositoryUsage:
    fact = book(*workloads).usage_of(record)
    assert isinstance(fact, Known)
    return fact.value


def in_use(found: RepositoryUsage) -> dict[str, bool]:
    return {use.digest: use.running for use in found.uses}


def resolution(record: Any, one: WorkloadRecord) -> Any:
    made = book(one)
    made.usage_of(record)
    return made.resolve(one).derived.resolution


@pytest.mark.parametrize(
    "host",
    [
        f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com",
        f"{ACCOUNT}.dkr.ecr-fips.{REGION}.amazonaws.com",
        f"{ACCOUNT}.dkr-ecr.{REGION}.on.aws",
        f"{ACCOUNT}.dkr-ecr-fips.{REGION}.on.aws",
        f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com:443",
        f"{ACCOUNT}.DKR.ECR.{REGION}.amazonaws.com",
    ],
)
def test_every_host_name_of_a_registry_is_the_same_registry(host: str) -> None:
    reference = parse_reference(f"{host}/team/app:v1")

    assert reference.kind == "parsed"
    assert reference_key(reference) in repository_keys(repository([]).repository)


@pytest.mark.parametrize(
    ("host", "region"),
    [
        (f"{ACCOUNT}.dkr.ecr.cn-north-1.amazonaws.com.cn", "cn-north-1"),
        (f"{ACCOUNT}.dkr-ecr.cn-north-1.on.amazonwebservices.com.cn", "cn-north-1"),
        (f"{ACCOUNT}.dkr.ecr.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"),
    ],
)
def test_other_partitions_have_other_endings(host: str, region: str) -> None:
    reference = parse_reference(f"{host}/team/app:v1")

    assert reference.kind == "parsed"
    assert reference_key(reference) == f"{ACCOUNT}/{region}/team/app"


def test_docker_hub_has_several_names() -> None:
    hub = repository([], "library/nginx", "dockerhub", "docker.io")
    for text in ("nginx", "docker.io/library/nginx", "index.docker.io/nginx", "registry-1.docker.io/library/nginx"):
        reference = parse_reference(text)
        assert reference.kind == "parsed"
        assert reference_key(reference) in repository_keys(hub.repository), text


def test_a_tag_means_the_image_it_points_to() -> None:
    found = usage(repository([image(1, ["v1"]), image(2, ["v2"])]), workload(f"{APP}:v1"))

    assert in_use(found) == {digest(1): True}
    assert found.users == {digest(1): Users("service prod/app", 0, running=True)}


def test_a_digest_means_itself_whatever_the_tag_says() -> None:
    found = usage(repository([image(1, ["v1"]), image(2)]), workload(f"{APP}:v1@{digest(2)}"))

    assert in_use(found) == {digest(2): True}


def test_what_runs_and_what_the_tag_points_to_now_are_both_in_use() -> None:
    record = repository([image(1), image(2, ["v1"])])
    one = workload(f"{APP}:v1", 1)

    assert in_use(usage(record, one)) == {digest(1): True, digest(2): False}
    assert resolution(record, one) == Known(
        Resolution("found", "team/app", digest(1), digest(2), "yes"), "auditor:workloads"
    )


def test_a_running_platform_keeps_its_index_and_an_index_keeps_its_platforms() -> None:
    record = repository([index(9, ["v1"], [1, 2]), image(1), image(2)])

    found = usage(record, workload(f"{APP}:v1", 1))
    assert in_use(found) == {digest(1): True, digest(9): True}
    assert {use.digest: use.through for use in found.uses} == {digest(1): "", digest(9): digest(1)}
    assert in_use(usage(record, workload(f"{APP}:v1"))) == {digest(9): True, digest(1): True, digest(2): True}


def test_a_platform_of_the_tagged_index_is_no_drift() -> None:
    record = repository([index(9, ["v1"], [1]), image(1)])

    assert resolution(record, workload(f"{APP}:v1", 1)).value.drift == "no"


def test_drift_from_an_index_that_was_not_read_is_unknown() -> None:
    record = repository([image(9, ["v1"], kind="index", children=UNREAD), image(1)])

    assert resolution(record, workload(f"{APP}:v1", 1)).value.drift == "unknown"


def test_a_platform_that_is_listed_only_in_its_index_is_held_with_it() -> None:
    found = resolution(repository([index(9, [], [1])]), workload(f"{APP}@{digest(1)}"))

    assert found.value.state == "found"


@pytest.mark.parametrize(
    ("images", "reference", "running", "state"),
    [
        ([image(1, ["v1"])], ":v1", NONE, "found"),
        ([image(1, ["v1"], status="archived")], ":v1", NONE, "archived"),
        ([image(1, ["v1"], status="activating")], ":v1", NONE, "activating"),
        ([image(1, ["v1"])], ":v2", NONE, "tag_missing"),
        ([image(1)], ":v2", 1, "tag_missing"),
        ([image(1)], f"@{digest(2)}", NONE, "digest_missing"),
        ([image(1, ["v1"])], ":v1", 2, "digest_missing"),
        ([image(1, ["v1"], status="archived"), image(2)], ":v1", 2, "archived"),
        ([image(1, ["latest"])], "", NONE, "found"),
    ],
)
def test_states(images: Any, reference: str, running: Any, state: str) -> None:
    assert resolution(repository(images), workload(APP + reference, running)).value.state == state


def test_a_running_image_that_is_gone_leaves_the_tag_in_use() -> None:
    assert in_use(usage(repository([image(1, ["v1"])]), workload(f"{APP}:v1", 2))) == {"": True, digest(1): False}


@pytest.mark.parametrize(("hosting", "reason"), [(Known("proxy"), "not_requested"), (UNREAD, "access_denied")])
def test_what_a_cache_does_not_hold_may_come_at_the_next_pull(hosting: Any, reason: str) -> None:
    fact = resolution(repository([image(1, ["v1"])], hosting=hosting), workload(f"{APP}:v2"))

    assert isinstance(fact, Unknown)
    assert fact.reason == reason


def missing_repository(reference: str, **over: Any) -> Any:
    made = book(workload(reference))
    made.saw_registry(registry(["team/app"], **over).registry)
    return made.resolve(workload(reference)).derived.resolution


def test_a_repository_that_is_not_there_is_missing() -> None:
    assert missing_repository(f"{HOST}/gone:v1").value.state == "repository_missing"


@pytest.mark.parametrize(
    ("over", "reference"),
    [
        ({}, f"{HOST}/team/app:v1"),
        ({}, "docker.io/library/nginx"),
        ({"selection": "filtered"}, f"{HOST}/gone:v1"),
        ({"repository_names": UNREAD}, f"{HOST}/gone:v1"),
        ({"cache_rules": UNREAD}, f"{HOST}/gone:v1"),
        ({"cache_rules": Known([CacheRule("hub", "docker.io", "docker-hub", NONE)])}, f"{HOST}/hub/nginx:1"),
        ({"cache_rules": Known([CacheRule("ROOT", "docker.io", "docker-hub", NONE)])}, f"{HOST}/nginx:1"),
        ({"kind": "ecr_public", "host": "public.ecr.aws"}, "public.ecr.aws/nginx/nginx:1"),
        ({}, f"{HOST}/${{NAME}}:v1"),
    ],
)
def test_what_was_not_read_is_unknown_and_not_missing(over: Any, reference: str) -> None:
    assert isinstance(missing_repository(reference, **over), Unknown)


def test_a_prefix_ends_at_a_slash() -> None:
    rules = Known([CacheRule("hub", "docker.io", "docker-hub", NONE)])

    assert missing_repository(f"{HOST}/hubcap/nginx:1", cache_rules=rules).value.state == "repository_missing"


def test_images_of_a_used_repository_that_were_not_read_leave_usage_unknown() -> None:
    record = repository(UNREAD)

    assert isinstance(book(workload(f"{APP}:v1")).usage_of(record), Unknown)
    assert isinstance(book().usage_of(record), Known)


def context(**over: Any) -> WorkloadsContext:
    fields: dict[str, Any] = {"id": "urn", "scope": SCOPE, "now": NOW, "account": ACCOUNT, "region": REGION}
    return WorkloadsContext(**{**fields, "sources": Known([]), **over})


def complete(made: UsageBook, record: Any = None) -> tuple[bool, list[str]]:
    fact = made.usage_of(record or repository([]))
    assert isinstance(fact, Known)
    return fact.value.complete, fact.value.missing


def test_usage_is_complete_when_everything_was_read() -> None:
    assert complete(book()) == (True, [])


def test_an_account_that_nobody_asked_leaves_it_incomplete() -> None:
    done, missing = complete(book(asked=False))

    assert not done
    assert missing == [f"what runs in account {ACCOUNT}, {REGION}, was not asked for (add a target of kind workloads)"]


def test_a_call_that_failed_leaves_it_incomplete() -> None:
    made = book()
    made.missed(f"{SCOPE}: ecs:ListClusters (access_denied, 1×)")

    assert complete(made) == (False, [f"{SCOPE}: ecs:ListClusters (access_denied, 1×)"])


def test_an_image_that_is_no_plain_reference_leaves_it_incomplete() -> None:
    done, missing = complete(book(workload("${REGISTRY}/app:v1")))

    assert not done
    assert "no plain reference" in missing[0]


def test_what_was_left_out_leaves_it_incomplete() -> None:
    made = book()
    made.saw_scope(SCOPE, context(unread=["12 revisions of task definitions"]))

    assert complete(made) == (False, [f"{SCOPE}: 12 revisions of task definitions"])


def test_a_public_repository_may_be_used_by_anybody() -> None:
    assert complete(book(), repository([], visibility=Known("public"))) == (
        False,
        ["anybody may run what a public registry serves"],
    )


@pytest.mark.parametrize(
    ("clusters", "covers", "open_clusters"),
    [
        ([("prod", "arn:1")], [], 1),
        ([("prod", "arn:1")], ["prod"], 0),
        ([("prod", "arn:1")], ["arn:1"], 0),
        ([("prod", "arn:1"), ("prod", "arn:2")], ["prod"], 2),
        ([("prod", "arn:1"), ("prod", "arn:2")], ["arn:1"], 1),
        ([("prod", "arn:1"), ("test", "arn:2")], ["prod", "test"], 0),
    ],
)
def test_a_cluster_is_covered_by_its_id_or_by_a_name_that_only_it_has(
    clusters: list[tuple[str, str]], covers: list[str], open_clusters: int
) -> None:
    made = book()
    made.saw_scope(SCOPE, context(clusters=[Cluster(*one) for one in clusters]))
    for name in covers:
        made.saw_scope("kubernetes/prod/all", context(covers=name))

    assert len(complete(made)[1]) == open_clusters


def test_running_users_are_named_before_what_is_kept_ready() -> None:
    found = usage(
        repository([image(1, ["v1"])]),
        workload(f"{APP}:v1", 1, name="a"),
        workload(f"{APP}:v1", 1, name="b"),
        workload(f"{APP}:v1", 1, name="c"),
        workload(f"{APP}:v1", NONE, name="z", kind="task_definition", running=False),
    )

    assert found.users == {digest(1): Users("service prod/a", 2, running=True)}
