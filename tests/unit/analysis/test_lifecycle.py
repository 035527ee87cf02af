"""The vectors of lifecycle policies, each by its id, and what is not known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.lifecycle.outlook import outlook_of
from auditor.analysis.lifecycle.selection import matcher
from auditor.analysis.lifecycle.simulation import Course, simulate
from auditor.analysis.retention import analyse_retention
from auditor.errors import InputError
from auditor.inventory.derived import RetentionOutlook
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Image
from tests.support.lifecycle_worlds import ABSENT, NOW, ago, analysis, digest, image, policy, rule, unknown

SECOND = 1 / 86400
SEED = policy(
    rule("tagged", "imageCountMoreThan", 20, prefixes=["release"]),
    rule("untagged", "sinceImagePushed", 7),
    rule("tagged", "sinceImagePushed", 30, prefixes=["dev"]),
)


def play(document: dict[str, Any], images: list[Image], days: int = 0) -> Course:
    return simulate(analysis(document).rules, images, now=NOW, horizon_days=days)


def gone(document: dict[str, Any], images: list[Image], days: int = 0) -> list[tuple[int, int]]:
    """(number of the image, day), in the order of days."""
    course = play(document, images, days)
    assert course.doubts == []
    return [(int(removal.digest[7:], 16), removal.after_days) for removal in course.removals]


def now_gone(document: dict[str, Any], images: list[Image]) -> set[int]:
    return {number for number, _ in gone(document, images)}


def codes(document: dict[str, Any]) -> set[str]:
    return {error.code for error in analyse_retention(json.dumps(document)).errors}


def outlook(document: dict[str, Any], images: list[Image]) -> RetentionOutlook:
    found = outlook_of(Known(analysis(document)), Known(images), now=NOW)
    assert isinstance(found, Known)
    return found.value


A, B, C, D, E, F = 1, 2, 3, 4, 5, 6
PROD_AND_BETA = [image(A, ["beta-1", "prod-1"], 10), image(B, ["beta-2", "prod-2"], 9), image(C, ["beta-3"], 8)]


def test_l1_an_image_is_claimed_by_the_higher_rule() -> None:
    rules = policy(
        rule("tagged", "imageCountMoreThan", 1, prefixes=["prod"]),
        rule("tagged", "imageCountMoreThan", 1, prefixes=["beta"]),
    )

    assert now_gone(rules, PROD_AND_BETA) == {A}


def test_l2_order_swapped() -> None:
    rules = policy(
        rule("tagged", "imageCountMoreThan", 1, prefixes=["beta"]),
        rule("tagged", "imageCountMoreThan", 1, prefixes=["prod"]),
    )

    assert now_gone(rules, PROD_AND_BETA) == {A, B}


def test_l3_prefixes_are_all_needed() -> None:
    images = [
        image(A, ["alpha-1"], 12), image(B, ["beta-1"], 11), image(C, ["alpha-2", "beta-2"], 10),
        image(D, ["alpha-3"], 4), image(E, ["beta-3"], 3), image(F, ["alpha-4", "beta-4"], 2),
    ]  # fmt: skip

    assert now_gone(policy(rule("tagged", "sinceImagePushed", 5, prefixes=["alpha", "beta"])), images) == {C}


def test_l4_other_tags_do_not_matter() -> None:
    images = [
        image(A, ["alpha-1", "beta-1", "gamma-1"], 10), image(B, ["alpha-2", "beta-2"], 9),
        image(C, ["alpha-3", "beta-3", "gamma-2"], 8),
    ]  # fmt: skip

    assert now_gone(policy(rule("tagged", "imageCountMoreThan", 1, prefixes=["alpha", "beta"])), images) == {A, B}


def test_l5_claimed_by_one_tag_and_old_by_another() -> None:
    rules = policy(
        rule("tagged", "imageCountMoreThan", 20, prefixes=["release"]),
        rule("tagged", "sinceImagePushed", 30, prefixes=["dev"]),
    )
    x = image(1, ["release-1", "dev-9"], 40)

    assert gone(rules, [x], 90) == []
    # Two tags of one image satisfy a rule with two prefixes.
    both = policy(rule("tagged", "sinceImagePushed", 30, prefixes=["release", "dev"]))
    assert now_gone(both, [x]) == {1}


def test_l6_the_seed_does_not_see_the_tags_of_its_convention() -> None:
    images = [image(1, ["v1.0.0"], 900), image(2, ["release-1"], 900)]

    found = outlook(SEED, images)

    assert found.removals == []
    assert found.uncovered == [digest(1)]


def test_l7_the_seed_keeps_twenty_releases() -> None:
    assert now_gone(SEED, [image(n, [f"release-{n}"], 100 - n) for n in range(1, 22)]) == {1}


def test_l8_older_than_is_meant_strictly() -> None:
    images = [image(1, [], 7), image(2, [], 7 + SECOND)]

    assert gone(SEED, images, 3) == [(2, 0), (1, 1)]


def test_l9_any_takes_the_rest() -> None:
    rules = policy(
        rule("tagged", "imageCountMoreThan", 10, patterns=["v*"]),
        {**rule("any", "sinceImagePushed", 365), "rulePriority": 9},
    )

    assert now_gone(rules, [image(1, ["v1"], 400), image(2, [], 400)]) == {2}


def test_l10_any_has_to_be_last() -> None:
    rules = policy(rule("any", "imageCountMoreThan", 1), rule("tagged", "imageCountMoreThan", 1, prefixes=["v"]))

    assert "any_not_last" in codes(rules)


def test_l11_one_untagged_rule_a_storage_class() -> None:
    archived = rule("untagged", "sinceImageTransitioned", 90, archive=True)

    assert "untagged_twice" in codes(
        policy(rule("untagged", "sinceImagePushed", 7), rule("untagged", "sinceImagePushed", 9))
    )
    assert codes(policy(rule("untagged", "sinceImagePushed", 7), archived)) == set()


def test_l12_priorities_and_prefixes_are_there_once() -> None:
    one = rule("tagged", "imageCountMoreThan", 1, prefixes=["a"])

    assert "selector_twice" in codes(policy(one, one))
    assert "priority_twice" in codes(
        {"rules": [{**one, "rulePriority": 1}, {**rule("untagged", "sinceImagePushed", 1), "rulePriority": 1}]}
    )


def test_l13_the_unit_goes_with_ages_only() -> None:
    counted = rule("untagged", "imageCountMoreThan", 1)
    counted["selection"]["countUnit"] = "days"
    aged = rule("untagged", "sinceImagePushed", 1)
    del aged["selection"]["countUnit"]

    assert codes(policy(counted)) == codes(policy(aged)) == {"unit_mismatch"}


@pytest.mark.parametrize("number", [0, -1, "20", 1.5, True, None])
def test_l14_the_number_is_a_positive_whole_one(number: Any) -> None:
    assert codes(policy(rule("untagged", "sinceImagePushed", number)))


def test_l15_four_wildcards_at_most() -> None:
    four = policy(rule("tagged", "sinceImagePushed", 7, patterns=["*test*1*2*3"]))

    assert codes(policy(rule("tagged", "sinceImagePushed", 7, patterns=["*a*b*c*d*"]))) == {"too_many_wildcards"}
    assert now_gone(four, [image(1, ["my-test-1-2-3"], 8), image(2, ["my-test-1-3-2"], 8)]) == {1}


def test_l16_patterns_are_all_needed() -> None:
    rules = policy(rule("tagged", "sinceImagePushed", 1, patterns=["v*", "prod*"]))

    assert now_gone(rules, [image(1, ["v1", "prod"], 2), image(2, ["v2"], 2)]) == {1}


def test_l17_prefixes_or_patterns() -> None:
    assert "prefix_and_pattern" in codes(policy(rule("tagged", "sinceImagePushed", 1, prefixes=["a"], patterns=["a*"])))


def test_l18_tagged_with_a_list_and_untagged_without() -> None:
    assert "tagged_without_list" in codes(policy(rule("tagged", "sinceImagePushed", 1)))
    assert "list_without_tagged" in codes(policy(rule("untagged", "sinceImagePushed", 1, prefixes=["a"])))


def test_l19_a_prefix_is_a_plain_one() -> None:
    rules = policy(rule("tagged", "sinceImagePushed", 30, prefixes=["dev"]))

    assert now_gone(rules, [image(1, ["device-1"], 31), image(2, ["develop"], 31)]) == {1, 2}


def test_l20_case_matters() -> None:
    assert now_gone(policy(rule("tagged", "sinceImagePushed", 1, patterns=["v*"])), [image(1, ["V1"], 9)]) == set()


def test_l21_children_stay_while_their_index_does() -> None:
    rules = policy(rule("untagged", "sinceImagePushed", 7), rule("tagged", "sinceImagePushed", 60, prefixes=["v"]))
    images = [image(1, ["v1"], 40, children=[2, 3]), image(2, [], 40), image(3, [], 40)]

    assert gone(rules, images, 19) == []
    # The index is 60 days old at the run of day 20, and older only at that of day 21; then the children, a run later.
    assert gone(rules, images, 90) == [(1, 21), (2, 22), (3, 22)]


def test_l22_a_child_with_a_tag_of_its_own_stays_as_well() -> None:
    rules = policy(rule("tagged", "sinceImagePushed", 7, prefixes=["v1-amd64"]))

    assert gone(rules, [image(1, ["v1"], 40, children=[2]), image(2, ["v1-amd64"], 40)], 90) == []


def test_l23_a_referrer_goes_with_its_subject_and_not_before() -> None:
    rules = policy(rule("untagged", "sinceImagePushed", 7), rule("tagged", "sinceImagePushed", 60, prefixes=["v"]))
    images = [image(1, ["v1"], 40), image(2, [], 40, subject=1, kind="signature"), image(3, [], 40, subject=2)]

    course = play(rules, images, 90)

    assert [(r.digest, r.after_days, r.priority, r.because_of) for r in course.removals] == [
        (digest(1), 21, 2, ""), (digest(2), 21, 0, digest(1)), (digest(3), 21, 0, digest(2)),
    ]  # fmt: skip
    # Once the subject is not there it is an image as any other.
    assert now_gone(rules, images[1:2]) == {2}


SIG = "sha256-" + "a" * 64 + ".sig"


def test_l24_a_signature_by_tag_counts_as_an_image() -> None:
    images = [image(1, ["v1"], 3), image(2, ["v2"], 2), image(3, [SIG], 1, kind="signature")]

    assert now_gone(policy(rule("any", "imageCountMoreThan", 2)), images) == {1}
    assert now_gone(policy(rule("any", "imageCountMoreThan", 2)), images[:2]) == set()


def test_l25_an_attestation_of_buildkit_is_a_child() -> None:
    rules = policy(rule("untagged", "sinceImagePushed", 7))

    assert (
        gone(rules, [image(1, ["v1"], 40, children=[2, 3]), image(2, [], 40), image(3, [], 40, kind="attestation")], 90)
        == []
    )


def test_l26_by_pull_it_is_only_archived() -> None:
    assert "pulled_needs_transition" in codes(policy(rule("any", "sinceImagePulled", 90)))


UNPULLED = policy(rule("any", "sinceImagePulled", 90, action="transition"))


def test_l27_never_pulled_counts_from_the_push_and_restored_from_the_return() -> None:
    never = image(1, ["v1"], 100)
    pulled = image(2, ["v2"], 100, last_pulled_at=ago(1))
    restored = image(3, ["v3"], 400, last_pulled_at=ago(300), activated_at=ago(50))
    pulled_since = image(4, ["v4"], 400, last_pulled_at=ago(20), activated_at=ago(50))

    course = play(UNPULLED, [never, pulled, restored, pulled_since], 90)

    assert [(r.digest, r.action, r.after_days) for r in course.removals] == [
        (digest(1), "archive", 0), (digest(3), "archive", 41), (digest(4), "archive", 71), (digest(2), "archive", 90),
    ]  # fmt: skip


def test_l28_ninety_days_in_the_archive_at_least() -> None:
    assert codes(policy(rule("any", "sinceImageTransitioned", 60, archive=True))) == {"count_too_small"}


ARCHIVING = policy(
    rule("any", "sinceImagePulled", 90, action="transition"), rule("any", "sinceImageTransitioned", 365, archive=True)
)


def test_l29_archived_then_expired() -> None:
    archived = image(1, ["v1"], 900, status="archived", archived_at=ago(400))

    assert gone(ARCHIVING, [archived]) == [(1, 0)]
    course = play(ARCHIVING, [image(2, ["v2"], 91)], 400)
    assert [(r.action, r.priority, r.after_days) for r in course.removals] == [("archive", 1, 0), ("expire", 2, 366)]


def test_l30_what_comes_back_from_the_archive_is_as_if_pushed_then() -> None:
    rules = policy(rule("any", "sinceImagePushed", 90))
    coming = image(1, ["v1"], 400, status="activating", archived_at=ago(200))

    assert gone(rules, [coming, image(2, ["v2"], 400, activated_at=ago(10))], 100) == [(2, 81), (1, 91)]


def test_l31_a_new_tag_on_an_old_digest_does_not_make_it_young() -> None:
    rules = policy(rule("tagged", "sinceImagePushed", 30, prefixes=["v"]))

    assert now_gone(rules, [image(1, ["v1", "v1-promoted-yesterday"], 400)]) == {1}


def test_l32_an_image_that_lost_its_tag_may_go_at_once() -> None:
    assert now_gone(SEED, [image(1, [], 40), image(2, ["latest"], 0)]) == {1}


def test_l33_a_rule_that_matches_nothing_is_dead_only_in_a_repository_in_use() -> None:
    rules = policy(
        rule("tagged", "imageCountMoreThan", 20, prefixes=["release"]), rule("untagged", "sinceImagePushed", 7)
    )

    assert [r.standing for r in outlook(rules, [image(1, ["v1"], 5)]).rules] == ["never_matches", "waits"]
    assert [r.standing for r in outlook(rules, [image(1, ["v1"], 95)]).rules] == ["waits", "waits"]
    assert [r.standing for r in outlook(rules, []).rules] == ["waits", "waits"]


def test_l34_a_shadowed_rule_never_takes_anything() -> None:
    rules = policy(
        rule("tagged", "imageCountMoreThan", 5, patterns=["v*"]),
        rule("tagged", "sinceImagePushed", 30, patterns=["v1*"]),
    )

    found = outlook(rules, [image(n, [f"v1.{n}"], 100 + n) for n in range(8)])

    assert [(r.matched, r.owned, r.taken, r.standing) for r in found.rules] == [
        (8, 8, 3, "acts"),
        (8, 0, 0, "shadowed"),
    ]
    assert "shadowed" in {w.code for w in analysis(rules).warnings}


# -------------------------------------------------------------------- the storage class and other rules of documents
def test_only_time_in_the_archive_selects_archived_images() -> None:
    wrong = rule("untagged", "sinceImagePushed", 7, archive=True)

    assert codes(policy(wrong)) == {"class_mismatch"}
    assert codes(policy(rule("any", "sinceImageTransitioned", 90))) == {"transitioned_needs_archive"}


def test_a_transition_names_where_to() -> None:
    without = rule("any", "sinceImagePushed", 7, action="transition")
    del without["action"]["targetStorageClass"]

    assert codes(policy(without)) == {"target_mismatch"}


def test_priorities_begin_at_1() -> None:
    assert codes({"rules": [{**rule("untagged", "sinceImagePushed", 7), "rulePriority": 0}]}) == {"value_not_allowed"}


def test_fifty_rules_at_most() -> None:
    many = [rule("tagged", "sinceImagePushed", 7, prefixes=[f"p{n}-"]) for n in range(51)]

    assert codes(policy(*many[:50])) == set()
    assert codes(policy(*many)) == {"too_many_rules"}


# -------------------------------------------------------------------- what is not known
def doubts(document: dict[str, Any], images: list[Image], days: int = 90) -> tuple[list[str], set[int]]:
    course = play(document, images, days)
    return course.doubts, {int(r.digest[7:], 16) for r in course.removals}


def test_an_index_that_was_not_read_may_hold_any_image_older_than_it() -> None:
    index = image(1, ["v1"], 20, children=unknown("ecr:BatchGetImage"))

    assert doubts(SEED, [index, image(2, [], 30), image(3, [], 10)]) == (
        ["1 image may belong to an index whose children were not read"],
        {3},
    )
    archived = image(1, ["v1"], 20, children=unknown("ecr:BatchGetImage"), status="archived")
    assert doubts(SEED, [archived, image(2, [], 30)]) == ([], {2})


def test_an_unknown_push_time_is_a_doubt_where_it_decides() -> None:
    unread = image(1, [], unknown())

    assert doubts(SEED, [unread, image(2, [], 30)]) == (["1 image has no known push time"], {2})
    assert doubts(SEED, [image(1, ["v1"], unknown())]) == ([], set())
    # A count within its limit needs no times.
    releases = [image(n, [f"release-{n}"], n) for n in range(1, 20)]
    assert doubts(SEED, [*releases, image(20, ["release-x"], unknown())]) == ([], set())
    over = [*releases, image(20, ["release-20"], 20), image(21, ["release-x"], unknown())]
    # The oldest goes if the unread one is newer; otherwise the unread one does.
    assert doubts(SEED, over) == (
        [
            "1 image has no known push time",
            "1 image stands at the limit of a count beside others whose order cannot be told",
        ],
        set(),
    )
    # With two more, the oldest is over whatever the unread one is.
    assert doubts(SEED, [*over, image(22, ["release-22"], 22)])[1] == {22}


def test_the_order_of_one_moment_is_not_known() -> None:
    rules = policy(rule("any", "imageCountMoreThan", 1))

    found, taken = doubts(rules, [image(1, ["a"], 5), image(2, ["b"], 5), image(3, ["c"], 6)])

    assert taken == {3}
    assert found == ["2 images stand at the limit of a count beside others whose order cannot be told"]


def test_an_unknown_pull_is_a_doubt_unless_the_push_is_too_young() -> None:
    assert doubts(UNPULLED, [image(1, ["v1"], 100, last_pulled_at=unknown())]) == (
        ["1 image has no known time of its last pull"],
        set(),
    )
    assert doubts(UNPULLED, [image(1, ["v1"], 5, last_pulled_at=unknown())], days=80) == ([], set())


def test_an_unknown_time_of_archiving_is_a_doubt() -> None:
    assert doubts(ARCHIVING, [image(1, ["v1"], 900, status="archived")])[0] == [
        "1 image has no known time of archiving"
    ]


def test_an_unknown_subject_is_a_doubt() -> None:
    found, taken = doubts(SEED, [image(1, [], 30, subject=unknown()), image(2, [], 30)])

    assert (found, taken) == (["whether 1 image refers to another was not read"], {2})


def test_a_platform_without_an_archive_restored_nothing() -> None:
    unsupported = Unknown(Reason.UNSUPPORTED_BY_PLATFORM, "")

    assert doubts(SEED, [image(1, [], 30, activated_at=unsupported)]) == ([], {1})
    assert doubts(SEED, [image(1, [], 30, activated_at=unknown())]) == (["1 image has no known push time"], set())


def test_no_policy_unread_images_and_broken_policies_have_no_outlook() -> None:
    good, broken = Known(analysis(SEED)), Known(analyse_retention('{"rules": [{}]}'))

    assert outlook_of(ABSENT, Known([]), now=NOW) == ABSENT
    assert outlook_of(unknown(), Known([]), now=NOW) == unknown()
    assert outlook_of(good, unknown(), now=NOW) == unknown()
    assert isinstance(outlook_of(good, Absent("x"), now=NOW), Unknown)
    assert isinstance(outlook_of(good, Known([]), now="yesterday"), Unknown)
    found = outlook_of(broken, Known([]), now=NOW)
    assert isinstance(found, Unknown)
    assert "rule 1" in found.detail


def test_hostile_documents_do_no_harm() -> None:
    itself = image(1, [], 30, children=[1], subject=1)
    twice = [image(2, [], 30), image(2, ["release-1"], 30)]

    assert now_gone(SEED, [itself, *twice, image(3, ["x"], Known("1 B.C."), kind="artefact")]) == {1, 2}
    with pytest.raises(InputError):
        simulate([], [], now="never", horizon_days=1)


@pytest.mark.parametrize(
    ("pattern", "tag", "meets"),
    [
        ("*", "x", True), ("v*", "v", True), ("*v", "v", True), ("a*a", "a", False), ("a*a", "aa", True),
        ("*ab*ab*", "xabab", True), ("*ab*ab*", "xabxb", False), ("v1.0", "v1x0", False), ("v?", "v1", False),
        ("[v]*", "v1", False), ("*a*a*a*b", "a" * 300, False),
    ],
)  # fmt: skip
def test_patterns(pattern: str, tag: str, meets: bool) -> None:
    [parsed] = analysis(policy(rule("tagged", "sinceImagePushed", 1, patterns=[pattern]))).rules

    assert matcher(parsed)([tag]) is meets
