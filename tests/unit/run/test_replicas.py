"""Copies beside their sources: every destination is compared, missing, or unread with a reason."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RepositoryRecord
from auditor.inventory.parts import Encryption, Immutability, NameFilter, PolicyDocument
from auditor.inventory.replication import Replica, ReplicaDifference
from auditor.inventory.scanning import ScanSettings
from auditor.inventory.store import SnapshotReader
from auditor.run.joins.complete import Joins
from tests.support.replicated import (
    AP,
    DENIED,
    EU,
    US,
    A,
    B,
    Scope,
    allow,
    context,
    digest,
    image,
    index,
    policy,
    record,
    retention,
    rule,
    write,
)  # fmt: skip

APP = "team/app"


def pair(source: list[Image] | Any, copy: list[Image] | Any, **more: Any) -> tuple[Scope, Scope]:
    """A source in Europe and its copy in America, with the same settings unless `mine` or `theirs` say otherwise."""
    images = [Known(i) if isinstance(i, list) else i for i in (source, copy)]
    mine = Scope(A, EU, [rule((A, US))], {APP: images[0]}, {APP: more.get("mine", {})})
    return mine, Scope(more.get("account", A), US, [], {APP: images[1]}, {APP: more.get("theirs", {})})


def replicas(folder: Path, *scopes: Scope) -> list[Replica]:
    write(folder / "s", *scopes)
    fact = record(folder / "s", scopes[0], APP).derived.replicas
    assert isinstance(fact, Known)
    return fact.value


def only(folder: Path, *scopes: Scope) -> Replica:
    (found,) = replicas(folder, *scopes)
    return found


def test_a_complete_copy_differs_in_nothing(tmp_path: Path) -> None:
    images = [image(1, "v1"), image(2), index(3, "v2", 2)]

    assert only(tmp_path, *pair(images, images)) == Replica(A, US, f"urn:cr:ecr:{A}:{US}:{APP}", "found")


def test_only_what_a_filter_takes_is_copied(tmp_path: Path) -> None:
    source = Scope(A, EU, [rule((A, US), prefixes=["other/"]), rule((A, AP), prefixes=["team/"])], {APP: Known([])})

    assert [(r.account, r.region) for r in replicas(tmp_path, source)] == [(A, AP)]


def test_two_rules_and_the_own_place_give_each_destination_once(tmp_path: Path) -> None:
    source = Scope(A, EU, [rule((A, US), (A, EU)), rule((B, US), (A, US))], {APP: Known([])})

    assert [(r.account, r.region) for r in replicas(tmp_path, source)] == [(A, US), (B, US)]


def test_repositories_without_a_rule_have_no_replica(tmp_path: Path) -> None:
    source = Scope(A, EU, [rule((A, US), prefixes=["other/"])], {APP: Known([])})

    assert replicas(tmp_path, source) == []


def test_a_registry_without_rules_is_left_alone(tmp_path: Path) -> None:
    scope = Scope(A, EU, [], {APP: Known([])})
    write(tmp_path / "s", scope)

    fact = record(tmp_path / "s", scope, APP).derived.replicas
    assert isinstance(fact, Unknown)
    assert fact.reason is Reason.NOT_REQUESTED


# -------------------------------------------------------------------- what was not read
def test_a_destination_outside_the_snapshot_is_unread(tmp_path: Path) -> None:
    replica = only(tmp_path, pair([image(1, "v1")], [])[0])

    assert replica.state == "unread"
    assert replica.reason == f"ecr/{A}/{US} is not in the snapshot: add its account and region to a target"
    assert replica.missing_count == 0


def test_a_destination_that_failed_says_what_failed(tmp_path: Path) -> None:
    replica = only(tmp_path, pair([], [])[0], Scope(A, US, failed=True))

    assert (replica.state, replica.reason) == (
        "unread",
        f"ecr/{A}/{US} could not be read: ecr:DescribeRepositories (access_denied)",
    )


@pytest.mark.parametrize(
    ("registry", "said"),
    [
        ({"selection": "filtered"}, "without a filter on names"),
        ({"repository_names": Unknown(Reason.TRUNCATED, "ecr:DescribeRepositories")}, "without max_repositories"),
    ],
)
def test_a_missing_repository_is_unread_where_not_all_were_read(
    tmp_path: Path, registry: dict[str, Any], said: str
) -> None:
    source, _ = pair([image(1, "v1")], [])
    replica = only(tmp_path, source, Scope(A, US, registry=registry))

    assert replica.state == "unread"
    assert said in replica.reason


def test_a_selected_repository_is_compared_all_the_same(tmp_path: Path) -> None:
    source, copy = pair([image(1, "v1")], [])
    copy.registry = {"selection": "filtered"}

    assert only(tmp_path, source, copy).missing_digests == [digest(1)]


def test_a_repository_that_is_not_there_is_missing_with_all_its_images(tmp_path: Path) -> None:
    source, _ = pair([image(1, "v1"), image(2)], [])
    replica = only(tmp_path, source, Scope(A, US))

    assert (replica.state, replica.missing_digests, replica.missing_count) == ("missing", [digest(1)], 1)


def test_missing_with_unread_images_of_the_source(tmp_path: Path) -> None:
    source, _ = pair(DENIED, [])
    replica = only(tmp_path, source, Scope(A, US))

    assert (replica.state, replica.missing_count) == ("missing", 0)
    assert replica.images_unread == "the images of the source were not read (access_denied): ecr:SomeCall"


@pytest.mark.parametrize(("source", "copy", "whose"), [(DENIED, [], "of the source"), ([], DENIED, "of the copy")])
def test_images_that_were_not_read_leave_the_settings_compared(
    tmp_path: Path, source: Any, copy: Any, whose: str
) -> None:
    replica = only(tmp_path, *pair(source, copy, theirs={"immutability": Known(Immutability("none"))}))

    assert whose in replica.images_unread
    assert [d.setting for d in replica.differences] == ["immutability"]


def test_replication_that_was_not_read_gives_no_replicas(tmp_path: Path) -> None:
    scope = Scope(A, EU, DENIED, {APP: Known([])})
    write(tmp_path / "s", scope, Scope(A, US))

    assert isinstance(record(tmp_path / "s", scope, APP).derived.replicas, Unknown)
    links = context(tmp_path / "s", Scope(A, US)).derived.replication
    assert isinstance(links, Known)
    assert links.value.unread == [scope.id]


# -------------------------------------------------------------------- images and tags
def test_what_must_be_there_is_tagged_or_a_child_and_not_archived(tmp_path: Path) -> None:
    source = [
        image(1, "v1"),
        image(2),
        image(3, "old", status="archived"),
        index(4, "v2", 5, 6, 7),
        image(5),
        image(6, status="archived"),
        image(8, "sha256-1.sig", kind="signature"),
    ]

    assert only(tmp_path, *pair(source, [])).missing_digests == [digest(1), digest(4), digest(5)]


def test_children_that_were_not_read_do_not_hide_the_index(tmp_path: Path) -> None:
    source = [index(1, "v1", children=DENIED), image(2)]

    assert only(tmp_path, *pair(source, [])).missing_digests == [digest(1)]


def test_tags_that_mean_another_digest_and_tags_that_are_missing(tmp_path: Path) -> None:
    source = [image(1, "v1", "stable"), image(2, "v2")]
    copy = [image(1, "v1"), image(2), image(3, "v2", "stable")]
    replica = only(tmp_path, *pair(source, copy))

    assert replica.missing_count == 0
    assert (replica.moved_tags, replica.moved_count) == (["stable", "v2"], 2)
    assert (replica.missing_tags, replica.missing_tags_count) == ([], 0)

    replica = only(tmp_path, *pair(source, [image(1, "v1", "stable"), image(2)]))
    assert (replica.missing_tags, replica.missing_tags_count) == (["v2"], 1)


def test_lists_are_cut_to_the_newest_images(tmp_path: Path) -> None:
    source = [image(n, f"t{n}", pushed_at=Known(f"2026-11-{1 + n // 100:02d}T00:00:00Z")) for n in range(1200)]
    replica = only(tmp_path, *pair(source, []))

    assert replica.missing_count == 1200
    assert replica.missing_digests == [digest(n) for n in range(200, 1200)]
    assert replica.listed_after == "2026-11-02T00:00:00Z"


def test_lists_without_push_times_are_cut_with_nothing_surely_listed(tmp_path: Path) -> None:
    source = [image(n, f"t{n}", pushed_at=Absent("x")) for n in range(1001)]

    assert only(tmp_path, *pair(source, [])).listed_after == "0000"
    assert only(tmp_path, *pair(source[:1000], [])).listed_after == ""


def test_copies_of_an_earlier_snapshot_are_not_taken_over(tmp_path: Path) -> None:
    joins = Joins(since=None, expects_workloads=False)
    write(tmp_path / "s", *pair([image(1, "v1")], []))
    before = record(tmp_path / "s", pair([], [])[0], APP)
    assert isinstance(before.derived.replicas, Known)

    completed = joins.complete(before)
    assert isinstance(completed, RepositoryRecord)
    assert completed.derived.replicas == Unknown(Reason.NOT_REQUESTED, "auditor:join")


# -------------------------------------------------------------------- settings
SETTINGS: list[tuple[str, dict[str, Any], dict[str, Any], tuple[str, str]]] = [
    (
        "immutability",
        {"immutability": Known(Immutability("all"))},
        {"immutability": Known(Immutability("none"))},
        ("immutable", "mutable"),
    ),
    (
        "immutability",
        {"immutability": Known(Immutability("all_except", [NameFilter("glob", "dev-*")]))},
        {"immutability": Known(Immutability("all_except", [NameFilter("glob", "*")]))},
        ("immutable except dev-*", "immutable except *"),
    ),
    (
        "encryption",
        {"encryption": Known(Encryption("kms", Known("k"), Known("customer")))},
        {},
        ("KMS", "the platform's own"),
    ),
    (
        "encryption",
        {"encryption": Known(Encryption("kms", Known("k"), Known("customer")))},
        {"encryption": Known(Encryption("kms", Known("k"), Known("provider")))},
        ("KMS with a customer's key", "KMS with a provider's key"),
    ),
    (
        "policy",
        {"access_policy": policy(allow(f"arn:aws:iam::{B}:root"))},
        {"access_policy": policy(allow("*"), allow(B, Condition={"Bool": {"aws:SecureTransport": "true"}}))},
        (f"Allow {B}", f"Allow *, Allow {B} under conditions"),
    ),
    ("policy", {"access_policy": policy(allow(B))}, {}, (f"Allow {B}", "nobody more")),
    (
        "scanning",
        {"scanning": Known(ScanSettings("enhanced", "continuous", "registry"))},
        {},
        ("enhanced, continuous", "basic, on push"),
    ),
]


@pytest.mark.parametrize(("setting", "mine", "theirs", "words"), SETTINGS)
def test_settings_that_differ(
    tmp_path: Path, setting: str, mine: dict[str, Any], theirs: dict[str, Any], words: tuple[str, str]
) -> None:
    (difference,) = only(tmp_path, *pair([], [], mine=mine, theirs=theirs)).differences

    assert difference == ReplicaDifference(setting, *words)  # type: ignore[arg-type]


def expire(priority: int, **selection: Any) -> dict[str, Any]:
    return {"rulePriority": priority, "selection": selection, "action": {"type": "expire"}}


def test_retention_is_compared_by_what_it_says(tmp_path: Path) -> None:
    one = [expire(1, tagPrefixList=["a", "b"]), expire(2, countNumber=3)]
    same = [{**one[1], "description": "x"}, {**expire(1, tagPrefixList=["b", "a"])}]
    other = [expire(1, countNumber=3)]

    def differences(mine: Any, theirs: Any) -> list[ReplicaDifference]:
        return only(
            tmp_path, *pair([], [], mine={"retention_policy": mine}, theirs={"retention_policy": theirs})
        ).differences

    assert differences(retention(*one), retention(*same)) == []
    (found,) = differences(retention(*one), retention(*other))
    assert found.source.startswith("2 rules (")
    assert found.copy.startswith("1 rule (")
    assert differences(retention(*one), Absent("x"))[0].copy == "none"
    broken = Known(PolicyDocument("ecr_lifecycle", "{", "sha256:0"))
    assert differences(retention(*one), broken)[0].copy.startswith("a text that does not parse (")
    assert differences(broken, broken) == []


def test_accounts_of_source_and_copy_stand_for_each_other(tmp_path: Path) -> None:
    source = Scope(
        A, EU, [rule((B, US))], {APP: Known([])},
        {APP: {"access_policy": policy(allow(f"arn:aws:iam::{A}:root", f"arn:aws:iam::{A}:role/ci"))}},
    )  # fmt: skip
    copy = Scope(B, US, [], {APP: Known([])}, {APP: {"access_policy": policy(allow(B, f"arn:aws:iam::{B}:role/ci"))}})

    assert only(tmp_path, source, copy).differences == []


@pytest.mark.parametrize("side", ["mine", "theirs"])
@pytest.mark.parametrize(
    ("field", "setting"),
    [
        ("immutability", "immutability"),
        ("encryption", "encryption"),
        ("retention_policy", "retention"),
        ("access_policy", "policy"),
        ("scanning", "scanning"),
    ],
)
def test_a_setting_that_was_not_read_is_an_uncertain_difference(
    tmp_path: Path, side: str, field: str, setting: str
) -> None:
    (difference,) = only(tmp_path, *pair([], [], **{side: {field: DENIED}})).differences

    assert (difference.setting, difference.certain) == (setting, False)
    assert "not read (access_denied): ecr:SomeCall" in (difference.source, difference.copy)


def test_a_key_that_was_not_read_is_uncertain_only_within_one_class(tmp_path: Path) -> None:
    unread = {"encryption": Known(Encryption("kms", Known("k"), DENIED))}
    customer = {"encryption": Known(Encryption("kms", Known("k"), Known("customer")))}

    (difference,) = only(tmp_path, *pair([], [], mine=customer, theirs=unread)).differences
    assert not difference.certain
    (difference,) = only(tmp_path, *pair([], [], theirs=unread)).differences
    assert difference == ReplicaDifference("encryption", "the platform's own", "KMS")


def test_a_policy_that_does_not_parse_is_uncertain(tmp_path: Path) -> None:
    broken = Known(PolicyDocument("aws_iam", "{", "sha256:0"))
    (difference,) = only(tmp_path, *pair([], [], theirs={"access_policy": broken})).differences

    assert (difference.setting, difference.certain) == ("policy", False)


def test_hostile_names_are_cut(tmp_path: Path) -> None:
    many = {
        "immutability": Known(Immutability("all_except", [NameFilter("glob", "x" * 999 + str(n)) for n in range(99)]))
    }
    (difference,) = only(tmp_path, *pair([], [], theirs=many)).differences

    assert len(difference.copy) < 1500
    assert difference.copy.endswith(" and 89 more")


# -------------------------------------------------------------------- registries
def links(folder: Path, scope: Scope, *others: Scope) -> Any:
    write(folder / "s", scope, *others)
    fact = context(folder / "s", scope).derived.replication
    assert isinstance(fact, Known)
    return fact.value


REPLICATE = ("ecr:ReplicateImage", "ecr:CreateRepository")


@pytest.mark.parametrize(
    ("registry", "accepts"),
    [
        ({"access_policy": policy(allow(f"arn:aws:iam::{A}:root", actions=REPLICATE))}, "yes"),
        ({"access_policy": policy(allow("*", actions=REPLICATE))}, "yes"),
        ({"access_policy": policy(allow("arn:aws:iam::333333333333:root", actions=REPLICATE))}, "no"),
        ({"access_policy": policy(allow(f"arn:aws:iam::{A}:root"))}, "no"),
        ({}, "no"),
        ({"access_policy": policy(allow(f"arn:aws:iam::{A}:role/x", actions=REPLICATE))}, "unknown"),
        ({"access_policy": DENIED}, "unknown"),
    ],
)
def test_whether_another_account_accepts_copies(tmp_path: Path, registry: dict[str, Any], accepts: str) -> None:
    found = links(tmp_path, Scope(A, EU, [rule((B, US))]), Scope(B, US, registry=registry)).targets[0]

    assert found.accepts == accepts
    assert bool(found.reason) == (accepts == "unknown")


def test_own_account_needs_no_policy_and_unread_accounts_are_unknown(tmp_path: Path) -> None:
    found = links(tmp_path, Scope(A, EU, [rule((A, US), (B, US))]), Scope(A, US)).targets

    assert [(t.account, t.state, t.accepts) for t in found] == [(A, "found", "yes"), (B, "unread", "unknown")]


def test_chains_are_seen_from_both_ends_and_copies_do_not_go_on(tmp_path: Path) -> None:
    first = Scope(A, EU, [rule((A, US), prefixes=["team/"])], {APP: Known([image(1, "v1")])})
    middle = Scope(A, US, [rule((A, AP)), rule((A, EU))], {APP: Known([image(1, "v1")])})
    last = Scope(A, AP, [], {APP: Known([])})

    (target,) = links(tmp_path, first, middle, last).targets
    assert [(d.account, d.region) for d in target.onward] == [(A, AP)]
    snapshot = tmp_path / "s"
    here = record(snapshot, middle, APP).derived.replicas
    assert isinstance(here, Known)
    assert [(r.region, r.missing_count, r.relayed_from) for r in here.value] == [
        (AP, 1, [f"urn:cr:ecr:{A}:{EU}"]),
        (EU, 0, [f"urn:cr:ecr:{A}:{EU}"]),
    ]
    end = context(snapshot, last).derived.replication
    assert isinstance(end, Known)
    assert [(s.region, s.filters) for s in end.value.sources] == [(US, [])]


def test_a_direct_rule_or_other_names_are_no_chain(tmp_path: Path) -> None:
    middle = Scope(A, US, [rule((A, AP), prefixes=["team/"])])
    direct = links(tmp_path, Scope(A, EU, [rule((A, US), (A, AP))]), middle)
    apart = links(tmp_path, Scope(A, EU, [rule((A, US), prefixes=["web/"])]), middle)

    assert direct.targets[1].onward == []
    assert apart.targets[0].onward == []


# -------------------------------------------------------------------- many scopes
def test_registries_that_copy_to_each_other_are_compared_while_both_are_rewritten(tmp_path: Path) -> None:
    names = [f"r{n}" for n in range(20)]
    places = [(account, region) for account in (A, B) for region in (EU, US, AP)]
    scopes = [
        Scope(a, r, [rule(*[p for p in places if p != (a, r)])], {n: Known([image(i + 1, "v1")]) for n in names})
        for i, (a, r) in enumerate(places)
    ]
    folder = write(tmp_path / "s", *scopes)

    for scope in scopes:
        for name in names:
            fact = record(folder, scope, name).derived.replicas
            assert isinstance(fact, Known)
            assert [(r.state, r.missing_count, r.moved_tags) for r in fact.value] == [("found", 1, ["v1"])] * 5
    reader = SnapshotReader(folder)
    assert sum(1 for entry in reader.manifest.scopes for _ in reader.records(entry)) == 120


def test_rewriting_changes_nothing_else_and_is_repeatable(tmp_path: Path) -> None:
    scopes = pair([image(1, "v1", "<b>\u202e")], [], mine={"access_policy": policy(allow(B))})
    plain = write(tmp_path / "plain", Scope(A, EU, [], scopes[0].repositories, scopes[0].settings))
    first, second = write(tmp_path / "a", *scopes), write(tmp_path / "b", *scopes)

    joined = record(first, scopes[0], APP)
    without = msgspec.structs.replace(
        joined, derived=msgspec.structs.replace(joined.derived, replicas=record(plain, scopes[0], APP).derived.replicas)
    )
    assert without == record(plain, scopes[0], APP)
    assert (first / "manifest.json").read_bytes() == (second / "manifest.json").read_bytes()
