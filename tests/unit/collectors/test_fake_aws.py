"""The fake itself: it pages, refuses, counts, and accepts only what the SDK's models know."""

from __future__ import annotations

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.support.fake_aws import FakeAws, fake_aws


def test_items_come_in_pages_and_calls_are_counted() -> None:
    world = FakeAws(page_size=2)
    world["ecs:ListClusters"] = {"clusterArns": ["a", "b", "c", "d", "e"]}
    with fake_aws(world):
        pages = list(boto3.Session(region_name="eu-west-1").client("ecs").get_paginator("list_clusters").paginate())

    assert [page["clusterArns"] for page in pages] == [["a", "b"], ["c", "d"], ["e"]]
    assert world.calls["ecs:ListClusters"] == 3


def test_what_has_no_answer_is_denied() -> None:
    with fake_aws(FakeAws()), pytest.raises(ClientError, match="AccessDenied"):
        boto3.Session(region_name="eu-west-1").client("ecs").list_clusters()


def test_an_answer_of_another_shape_is_noticed() -> None:
    world = FakeAws()
    world["ecs:ListClusters"] = {"clusters": []}
    with fake_aws(world), pytest.raises(AssertionError, match="Unknown parameter"):
        boto3.Session(region_name="eu-west-1").client("ecs").list_clusters()
