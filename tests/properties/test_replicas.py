"""A comparison of copies against what sets say, whatever the images are."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from auditor.analysis.replicas import Side, compare
from auditor.analysis.replication import destinations_of, selects
from auditor.inventory.facts import Absent, Known
from auditor.inventory.images import Child, Image
from auditor.inventory.parts import NameFilter
from auditor.inventory.replication import Destination, Replica, ReplicationRule
from tests.support.replicated import digest, image

NUMBERS = st.integers(0, 9)
TAGS = ["v1", "v2", "latest", "dev"]
UNCOMPARED = Replica("1", "r", "urn:x", "found")


@st.composite
def repositories(draw: st.DrawFn) -> list[Image]:
    """Images in which every tag stands once, as in a registry."""
    owners = {tag: draw(NUMBERS) for tag in draw(st.sets(st.sampled_from(TAGS)))}
    found = []
    for number in sorted(draw(st.sets(NUMBERS)) | set(owners.values())):
        kind: Any = draw(st.sampled_from(["image", "image", "index", "signature"]))
        children = [Child(digest(n), "image", "") for n in sorted(draw(st.sets(NUMBERS, max_size=3)))]
        found.append(
            image(
                number,
                *[tag for tag, owner in owners.items() if owner == number],
                kind=kind,
                status=draw(st.sampled_from(["active", "active", "archived"])),
                children=Known(children) if kind == "index" else Absent("x"),
            )
        )
    return found


def side(images: list[Image]) -> Side:
    """As it is decoded from a record."""
    absent = {"state": "absent", "source": "x", "code": ""}
    names = ("immutability", "encryption", "scanning", "access_policy", "retention_policy")
    setting: dict[str, Any] = {name: absent for name in names}  # noqa: C420  it is only read
    document = {
        "id": "urn:x",
        "repository": {"name": "app", "registry": {"account": "1", "region": "r"}, **setting},
        "images": {"state": "known", "value": images},
    }
    return msgspec.json.decode(msgspec.json.encode(document), type=Side)


@settings(max_examples=300, deadline=None)
@given(source=repositories(), copy=repositories())
def test_missing_and_moved_are_what_sets_say(source: list[Image], copy: list[Image]) -> None:
    replica = compare(side(source), side(copy), UNCOMPARED)

    active = {i.digest: i for i in source if i.status == "active"}
    wanted = {d for d, i in active.items() if i.tags and i.kind != "signature"}
    for parent in sorted(wanted):
        children = active[parent].children
        if active[parent].kind == "index" and isinstance(children, Known):
            wanted |= {child.digest for child in children.value if child.digest in active}
    there = {i.digest for i in copy}
    meaning = {tag: i.digest for i in copy for tag in i.tags}
    tags = {tag: d for d in wanted for tag in active[d].tags}

    assert replica.missing_digests == sorted(wanted - there)
    assert replica.moved_tags == sorted(t for t, d in tags.items() if meaning.get(t, d) != d)
    assert replica.missing_tags == sorted(t for t, d in tags.items() if t not in meaning and d in there)
    assert (replica.missing_count, replica.moved_count, replica.missing_tags_count) == (
        len(replica.missing_digests),
        len(replica.moved_tags),
        len(replica.missing_tags),
    )


@given(images=repositories())
def test_a_repository_is_a_complete_copy_of_itself(images: list[Image]) -> None:
    assert compare(side(images), side(images), UNCOMPARED) == UNCOMPARED


@given(images=repositories())
def test_a_missing_repository_lacks_what_an_empty_one_lacks(images: list[Image]) -> None:
    missing, empty = compare(side(images), None, UNCOMPARED), compare(side(images), side([]), UNCOMPARED)

    assert missing == empty


FILTERS = st.lists(st.builds(NameFilter, st.sampled_from(["prefix", "glob"]), st.text("ab/*", max_size=4)), max_size=2)
PLACES = st.lists(st.builds(Destination, st.sampled_from("12"), st.sampled_from("xy")), max_size=3)


@given(rules=st.lists(st.builds(ReplicationRule, FILTERS, PLACES, st.booleans()), max_size=3), name=st.text("ab/"))
def test_destinations_are_those_of_matching_rules_once_and_never_the_own(
    rules: list[ReplicationRule], name: str
) -> None:
    own = Destination("1", "x")
    found = destinations_of(rules, name, own)

    assert own not in found
    assert len(set(found)) == len(found)
    assert set(found) == {d for r in rules if selects(r.filters, name) for d in r.destinations} - {own}


def test_filters_are_literal_prefixes_or_globs() -> None:
    assert selects([], "anything")
    assert selects([NameFilter("prefix", "team/")], "team/app")
    assert not selects([NameFilter("prefix", "team/")], "teams")
    assert not selects([NameFilter("prefix", "*")], "team")
    assert selects([NameFilter("glob", "team/*")], "team/a/b")
    assert not selects([NameFilter("glob", "team")], "team/a")
    assert not selects([NameFilter("regex", ".*")], "team")
