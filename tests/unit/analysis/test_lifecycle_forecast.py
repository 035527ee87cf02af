"""What an outlook means to people."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.lifecycle.forecast import GIB, Forecast, Prices, forecast
from auditor.analysis.lifecycle.outlook import outlook_of
from auditor.inventory.derived import RepositoryUsage, Use
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from tests.support.lifecycle_worlds import NOW, ago, analysis, digest, image, policy, rule, unknown

NO_USE: Fact[RepositoryUsage] = Known(RepositoryUsage(True, [], []))


def use(number: int, workload: str = "w", *, running: bool = True) -> Use:
    return Use(digest(number), "app:v1", workload, running)


def used(*uses: Use, missing: tuple[str, ...] = ()) -> Fact[RepositoryUsage]:
    return Known(RepositoryUsage(not missing, list(missing), list(uses)))


def read(
    document: dict[str, Any],
    images: list[Image],
    usage: Fact[RepositoryUsage] = NO_USE,
    days: tuple[int, ...] = (0, 30, 90),
    prices: Prices | None = None,
) -> Forecast:
    outlook = outlook_of(Known(analysis(document)), Known(images), now=NOW, horizon_days=max(days))
    assert isinstance(outlook, Known)
    return forecast(outlook.value, images, usage, days=days, prices=prices or Prices())


OLD = policy(rule("untagged", "sinceImagePushed", 7), rule("tagged", "sinceImagePushed", 60, prefixes=["v"]))
ARCHIVING = policy(
    rule("any", "sinceImagePushed", 30, action="transition"), rule("any", "sinceImageTransitioned", 90, archive=True)
)


def sized(number: int, tags: list[str], pushed: float, gib: int, **changes: Any) -> Image:
    return image(number, tags, pushed, size_bytes=Known(gib * GIB), **changes)


def test_images_bytes_and_cost_grow_with_the_days() -> None:
    found = read(OLD, [sized(1, [], 10, 2), sized(2, ["v1"], 40, 3), sized(3, ["w"], 400, 5)])

    assert [(p.days, p.expired, p.expired_bytes // GIB, p.usd_per_month) for p in found.points] == [
        (0, 1, 2, 0.2), (30, 2, 5, 0.5), (90, 2, 5, 0.5),
    ]  # fmt: skip


def test_an_index_has_no_size_of_its_own_and_an_unknown_size_is_said() -> None:
    images = [
        sized(1, ["v1"], 100, 4, children=[2]), sized(2, [], 100, 4), image(3, [], 100, size_bytes=unknown()),
    ]  # fmt: skip

    point = read(OLD, images).points[-1]

    assert (point.expired, point.expired_bytes // GIB, point.sizes_unknown) == (3, 4, 1)


def test_archiving_saves_the_difference_and_expiring_later_the_rest() -> None:
    found = read(ARCHIVING, [sized(1, ["v1"], 31, 10)], days=(0, 91), prices=Prices(0.10, 0.07))
    archived = sized(2, ["v2"], 900, 10, status="archived", archived_at=ago(91))

    assert [(p.expired, p.archived, p.archived_bytes // GIB, p.usd_per_month) for p in found.points] == [
        (0, 1, 10, 0.3), (1, 0, 0, 1.0),
    ]  # fmt: skip
    assert read(ARCHIVING, [archived], prices=Prices(0.10, 0.07)).points[0].usd_per_month == 0.7
    # As it is priced by default, archiving saves nothing.
    assert read(ARCHIVING, [sized(1, ["v1"], 31, 10)]).points[0].usd_per_month == 0.0


def test_in_use_by_its_own_digest_its_index_or_its_child() -> None:
    images = [
        image(1, ["v1"], 100, children=[2, 3]), image(2, [], 100), image(3, [], 100), image(4, ["v4"], 100),
        image(5, ["w"], 100),
    ]  # fmt: skip

    by_index = read(OLD, images, used(use(1, "a")))
    by_child = read(OLD, images, used(use(2, "b", running=False), use(5, "c"), use(4, "d"), use(4, "e")))

    assert {n.digest: (n.after_days, n.workloads) for n in by_index.in_use} == {
        digest(1): (0, ["a"]), digest(2): (1, ["a"]), digest(3): (1, ["a"]),
    }  # fmt: skip
    assert {n.digest: (n.workloads, n.running) for n in by_child.in_use} == {
        digest(1): (["b"], False), digest(2): (["b"], False), digest(4): (["d", "e"], True),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("usage", "known"),
    [
        (Unknown(Reason.NOT_REQUESTED, "auditor:workloads"), "unknown"),
        (used(use(1), missing=("kubernetes: denied",)), "partly"),
        (used(use(1)), "known"),
    ],
)
def test_how_far_use_is_known_is_said(usage: Fact[RepositoryUsage], known: str) -> None:
    found = read(OLD, [image(1, ["v1"], 100)], usage)

    assert found.in_use_known == known
    assert [n.digest for n in found.in_use] == ([] if known == "unknown" else [digest(1)])
    assert bool(found.in_use_missing) == (known != "known")


def test_the_newest_five_releases_and_what_becomes_of_them() -> None:
    images = [image(n, [f"v{n}"], 50 + n) for n in range(1, 8)]
    images += [image(8, ["other"], 1), image(9, ["release-x"], unknown()), image(10, ["v10"], 1, status="archived")]

    found = read(OLD, images, days=(0, 7))

    assert [(r.tags, r.after_days) for r in found.releases] == [
        (["v1"], None), (["v2"], None), (["v3"], None), (["v4"], 7), (["v5"], 6),
    ]  # fmt: skip
