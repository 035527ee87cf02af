"""The simulation of lifecycle policies against a plain one that runs every day over every image."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.analysis.lifecycle.simulation import Course, simulate
from auditor.inventory.derived import Removal
from auditor.inventory.images import Image
from tests.support.lifecycle_worlds import (
    MOMENT,
    NOW,
    World,
    analysis,
    as_image,
    gapped,
    policies,
    repositories,
    rule,
)
from tests.support.naive_lifecycle import Thing, play

HORIZON = 130
THOROUGH = settings(max_examples=6000, deadline=None, suppress_health_check=list(HealthCheck))
QUICK = settings(THOROUGH, max_examples=3000)

Happened = list[tuple[int, str, str, int, str]]


def ours(document: dict[str, Any], images: list[Image], horizon: int = HORIZON) -> Course:
    return simulate(analysis(document).rules, images, now=NOW, horizon_days=horizon)


def happened(course: Course) -> Happened:
    return sorted((r.after_days, r.digest, r.action, r.priority, r.because_of) for r in course.removals)


def naive(document: dict[str, Any], things: list[Thing]) -> Happened:
    return play(document, copy.deepcopy(things), MOMENT, HORIZON)


@pytest.mark.slow
@THOROUGH
@given(policies(), repositories())
def test_the_same_as_a_run_every_day(document: dict[str, Any], things: list[Thing]) -> None:
    course = ours(document, [as_image(thing) for thing in things])

    assert course.doubts == []
    assert happened(course) == naive(document, things)


@pytest.mark.slow
@THOROUGH
@given(policies(), gapped())
def test_what_is_said_to_go_goes_whatever_the_gaps_hide(document: dict[str, Any], world: World) -> None:
    course = ours(document, world.images)
    truth = naive(document, world.truth)

    assert set(happened(course)) <= set(truth)
    if not course.doubts:
        assert happened(course) == truth


@QUICK
@given(policies(), repositories(), st.randoms(use_true_random=False))
def test_order_has_no_influence(document: dict[str, Any], things: list[Thing], random: Any) -> None:
    images = [as_image(thing) for thing in things]
    shuffled = random.sample(images, len(images))

    assert happened(ours(document, shuffled)) == happened(ours(document, images))


@QUICK
@given(policies(), repositories(), st.integers(0, HORIZON))
def test_a_shorter_horizon_is_the_beginning_of_a_longer_one(
    document: dict[str, Any], things: list[Thing], days: int
) -> None:
    images = [as_image(thing) for thing in things]

    assert happened(ours(document, images, days)) == [h for h in happened(ours(document, images)) if h[0] <= days]


@QUICK
@given(policies(), repositories(), st.sampled_from([["v"], ["release"], ["dev"], ["l"]]))
def test_a_rule_before_all_others_keeps_what_it_selects_from_them(
    document: dict[str, Any], things: list[Thing], prefixes: list[str]
) -> None:
    guard = {**rule("tagged", "imageCountMoreThan", 1000, prefixes=prefixes), "rulePriority": 1}
    later = [
        {**entry, "rulePriority": entry["rulePriority"] + 1}
        for entry in document["rules"]
        if entry["selection"].get("tagPrefixList") != prefixes
    ]
    images = [as_image(thing) for thing in things]
    guarded = {t.digest for t in things if t.archived is None and any(tag.startswith(prefixes[0]) for tag in t.tags)}

    taken = {r.digest for r in ours({"rules": [guard, *later]}, images).removals if r.priority}

    assert not taken & guarded


@QUICK
@given(policies(), repositories())
def test_nothing_goes_twice_and_children_stay_with_their_index(document: dict[str, Any], things: list[Thing]) -> None:
    course = ours(document, [as_image(thing) for thing in things])
    gone: set[str] = set()
    left_standard: dict[str, Removal] = {}
    for removal in course.removals:
        assert removal.digest not in gone
        left_standard.setdefault(removal.digest, removal)
        if removal.action == "expire":
            gone.add(removal.digest)
    for index in things:
        if index.archived is None:
            for child in set(index.children) & set(left_standard):
                # A referrer goes on the day of its subject; by a rule it goes a day after its index at the earliest.
                wait = 1 if left_standard[child].priority else 0
                assert left_standard[index.digest].after_days + wait <= left_standard[child].after_days
