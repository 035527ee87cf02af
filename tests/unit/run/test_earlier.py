"""What an earlier snapshot tells: moved tags and growth."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest

from auditor.errors import InputError
from auditor.inventory.derived import Growth, MovedTag
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.images import Signature
from tests.support.replicated import (  # fmt: skip
    DENIED,
    EU,
    NOW,
    US,
    A,
    Scope,
    context,
    digest,
    image,
    index,
    record,
    write,
)  # isort: skip

APP = "team/app"


def grown(folder: Path, before: Scope, now: Scope) -> Any:
    earlier = write(folder / "before", before)
    return context(write(folder / "now", now, since=earlier), now).derived.growth


def scope(*images: Any, **more: Any) -> Scope:
    size = len([i for i in images if i.kind != "index"]) * 1000
    return Scope(A, EU, [], {APP: Known(list(images))}, {APP: {"size_bytes": Known(size)}}, **more)


def test_moved_deleted_and_new_tags(tmp_path: Path) -> None:
    earlier = write(tmp_path / "before", scope(image(1, "v1", "latest"), image(2, "v2"), index(4, "all", 1)))
    now = scope(image(1, "v1"), image(3, "latest", "v3"), index(4, "all", 1))
    history = record(write(tmp_path / "now", now, since=earlier), now, APP).derived.history

    assert isinstance(history, Known)
    assert history.value.moved == [MovedTag("latest", digest(1), digest(3)), MovedTag("v2", digest(2), "")]
    assert (history.value.since, history.value.images_before, history.value.size_bytes_before) == (NOW, 3, 2000)


def test_tags_of_signatures_are_no_tags_that_move(tmp_path: Path) -> None:
    tags = [f"sha256-{digest(1)[7:]}{suffix}" for suffix in (".sig", ".att", ".sbom", "")]
    earlier = write(tmp_path / "before", scope(image(1, "v1"), image(2, *tags)))
    now = scope(image(1, "v1"), image(3, *tags))
    history = record(write(tmp_path / "now", now, since=earlier), now, APP).derived.history

    assert isinstance(history, Known)
    assert history.value.moved == []


VERIFIED, UNTRUSTED = Known("verified"), Known("untrusted")
UNASKED = Unknown(Reason.NOT_REQUESTED, "trust in auditor.yaml")


def signed(number: int, *verifications: Any) -> Any:
    """An image tagged v1 with a signature for each; None: its signatures were not read."""
    found: Any = Known([Signature("cosign", "tag_scheme", digest(90 + n), "", one) for n, one in enumerate(verifications)])  # fmt: skip
    if verifications == (None,):
        found = Unknown(Reason.ACCESS_DENIED, "oci:ListReferrers")
    return msgspec.structs.replace(image(number, "v1"), signatures=found)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((VERIFIED,), (), "lost"),
        ((UNASKED,), (), "lost"),
        ((UNTRUSTED, UNASKED), (), "lost"),
        ((UNTRUSTED,), (), ""),
        ((), (), ""),
        ((VERIFIED,), (VERIFIED,), ""),
        ((VERIFIED,), (UNTRUSTED,), "untrusted"),
        ((VERIFIED, UNASKED), (UNTRUSTED, Known("invalid")), "untrusted"),
        ((VERIFIED,), (UNTRUSTED, UNASKED), ""),
        ((UNASKED,), (UNTRUSTED,), ""),
        ((VERIFIED,), (None,), ""),
        ((None,), (), ""),
    ],
)
def test_what_became_of_the_signature_of_a_moved_tag(tmp_path: Path, before: Any, after: Any, expected: str) -> None:
    earlier = write(tmp_path / "before", scope(signed(1, *before)))
    now = scope(signed(2, *after))
    history = record(write(tmp_path / "now", now, since=earlier), now, APP).derived.history

    assert isinstance(history, Known)
    assert history.value.moved == [MovedTag("v1", digest(1), digest(2), expected)]


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (Scope(A, US), scope(image(1, "v1")), Absent),
        (Scope(A, EU), scope(image(1, "v1")), Absent),
        (Scope(A, EU, [], {APP: DENIED}), scope(image(1, "v1")), Unknown),
        (scope(image(1, "v1")), Scope(A, EU, [], {APP: DENIED}), Unknown),
        (Scope(A, EU, failed=True), scope(image(1, "v1")), Absent),
    ],
)
def test_without_both_lists_nothing_is_said(tmp_path: Path, before: Scope, now: Scope, expected: type) -> None:
    earlier = write(tmp_path / "before", before)

    assert isinstance(record(write(tmp_path / "now", now, since=earlier), now, APP).derived.history, expected)


def test_growth_counts_repositories_images_and_bytes(tmp_path: Path) -> None:
    now = scope(image(1, "v1"), image(2), index(3, "v2", 2))
    now.repositories["web"] = Known([])

    assert grown(tmp_path, scope(image(1, "v1")), now) == Known(Growth(NOW, 1, 2, 1, 3, 1000, 3000), "auditor:since")


def test_growth_counts_what_is_gone(tmp_path: Path) -> None:
    fact = grown(tmp_path, scope(image(1, "v1")), Scope(A, EU))

    assert (fact.value.repositories_before, fact.value.repositories, fact.value.images) == (1, 0, 0)


@pytest.mark.parametrize(
    ("before", "now", "why"),
    [
        (scope(registry={"selection": "filtered"}), scope(), "the earlier snapshot does not hold every repository"),
        (
            scope(),
            scope(registry={"repository_names": Unknown(Reason.TRUNCATED, "x")}),
            "this snapshot does not hold every repository",
        ),
        (scope(), Scope(A, EU, [], {APP: DENIED}), f"this snapshot did not read the images of {APP}"),
        (
            Scope(A, EU, [], {APP: Known([])}, {APP: {"size_bytes": DENIED}}),
            scope(),
            f"the earlier snapshot did not read the images of {APP}",
        ),
        (Scope(A, EU, failed=True), scope(), "the earlier snapshot could not read this registry"),
    ],
)
def test_growth_is_unknown_where_one_side_is_not_complete(tmp_path: Path, before: Scope, now: Scope, why: str) -> None:
    fact = grown(tmp_path, before, now)

    assert isinstance(fact, Unknown)
    assert fact.detail == why


def test_growth_of_a_new_registry_is_absent(tmp_path: Path) -> None:
    assert isinstance(grown(tmp_path, Scope(A, US), scope()), Absent)


def test_what_is_no_snapshot_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no manifest\.json"):
        write(tmp_path / "now", scope(), since=tmp_path / "nothing")
    assert not (tmp_path / "now").exists()
