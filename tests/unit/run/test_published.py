"""Which images of a public repository are in a private registry of the same snapshot."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.fake_aws import FakeAws
from tests.support.public_world import (
    ACCOUNT,
    PRIVATE,
    PUBLIC,
    detail,
    digest,
    lines,
    private_world,
    public_world,
    read,
    statuses,
)

APP = f"urn:cr:ecr_public:{ACCOUNT}:us-east-1:app"
TEAM = f"urn:cr:ecr:{ACCOUNT}:eu-west-1:team/app"


def both(public: list[dict[str, Any]], private: list[dict[str, Any]]) -> FakeAws:
    return private_world({"team/app": private, "team/other": []}, public_world({"app": public}))


def published(folder: Path) -> dict[str, Any]:
    fact: dict[str, Any] = lines(folder)["app"]["derived"]["published"]
    return fact


def test_an_image_in_both_is_named_with_its_places(tmp_path: Path) -> None:
    world = both([detail(1, "v1"), detail(2, "v2")], [detail(2, "v2"), detail(3, "v3")])
    read(world, tmp_path, PUBLIC, PRIVATE)

    assert published(tmp_path)["value"] == {
        "images": [{"digest": digest(2), "tags": ["v2"], "private": [TEAM]}],
        "missing": [],
    }
    assert statuses(tmp_path, APP, check=("REG-USE-004",)) == {"REG-USE-004": "fail"}


def test_the_order_of_targets_does_not_matter(tmp_path: Path) -> None:
    for name, targets in {"a": (PUBLIC, PRIVATE), "b": (PRIVATE, PUBLIC)}.items():
        read(both([detail(1, "v1")], [detail(1, "v1")]), tmp_path / name, *targets)

    assert published(tmp_path / "a") == published(tmp_path / "b")
    assert len(published(tmp_path / "a")["value"]["images"]) == 1


def test_untagged_images_and_signatures_are_not_what_was_published(tmp_path: Path) -> None:
    signature = detail(2, digest(1).replace(":", "-") + ".sig")
    read(both([detail(1), signature], [detail(1), signature]), tmp_path, PUBLIC, PRIVATE)

    assert published(tmp_path)["value"] == {"images": [], "missing": []}


def test_private_images_that_were_not_read_are_missing(tmp_path: Path) -> None:
    world = both([detail(1, "v1")], [])
    world.refuse("ecr:DescribeImages")
    read(world, tmp_path, PUBLIC, PRIVATE)

    assert published(tmp_path)["value"] == {
        "images": [],
        "missing": [
            f"{TEAM}: ecr:DescribeImages: access_denied",
            f"{TEAM[:-3]}other: ecr:DescribeImages: access_denied",
        ],
    }


def test_a_private_registry_that_was_not_read_is_missing(tmp_path: Path) -> None:
    world = both([detail(1, "v1")], [])
    world.refuse("ecr:DescribeRepositories")
    read(world, tmp_path, PUBLIC, PRIVATE)

    assert published(tmp_path)["value"]["missing"] == [
        f"ecr/{ACCOUNT}/eu-west-1: ecr:DescribeRepositories: access_denied"
    ]


def test_a_selection_of_private_repositories_is_not_all_of_them(tmp_path: Path) -> None:
    target = {**PRIVATE, "repositories": {"include": ["team/other"]}}
    read(both([detail(1, "v1")], [detail(1, "v1")]), tmp_path, PUBLIC, target)

    assert published(tmp_path)["value"]["missing"] == [f"ecr/{ACCOUNT}/eu-west-1: only selected repositories were read"]


def test_public_images_that_were_not_read_leave_it_unknown(tmp_path: Path) -> None:
    world = both([detail(1, "v1")], [detail(1, "v1")])
    world.refuse("ecr-public:DescribeImages")
    read(world, tmp_path, PUBLIC, PRIVATE)

    assert published(tmp_path)["reason"] == "pending"


def test_without_a_private_registry_it_was_not_asked(tmp_path: Path) -> None:
    read(both([detail(1, "v1")], []), tmp_path, PUBLIC)

    assert published(tmp_path)["reason"] == "not_requested"


def test_private_repositories_stay_as_they_were(tmp_path: Path) -> None:
    read(both([detail(1, "v1")], [detail(1, "v1")]), tmp_path, PUBLIC, PRIVATE)

    assert lines(tmp_path, "ecr")["team/app"]["derived"]["published"]["reason"] == "not_requested"
