"""The lifecycle simulation on one large repository, against the plain one that runs every day over every image."""

from __future__ import annotations

import random
import time
from datetime import timedelta

from auditor.analysis.lifecycle.simulation import simulate
from auditor.inventory.images import Image
from tests.support.lifecycle_worlds import MOMENT, NOW, analysis, as_image, digest, policy, rule
from tests.support.naive_lifecycle import Thing, play

POLICY = policy(
    rule("tagged", "imageCountMoreThan", 20, prefixes=["release"]),
    rule("untagged", "sinceImagePushed", 7),
    rule("tagged", "sinceImagePushed", 30, prefixes=["dev"]),
    rule("any", "sinceImagePushed", 365),
)
HORIZON = 90
NAIVE = 5_000


def repository(count: int) -> list[Thing]:
    """Images of two years: releases, development builds, and every tenth an index with two untagged children."""
    rng = random.Random(1)
    things: list[Thing] = []
    for n in range(count):
        pushed = MOMENT - timedelta(seconds=(count - n) * 63_000_000 // count)
        if n % 10 in (1, 2):
            things.append(Thing(digest(n), [], pushed))
        elif n % 10 == 3:
            things.append(Thing(digest(n), [f"release-{n}"], pushed, children=[digest(n - 2), digest(n - 1)]))
        else:
            things.append(Thing(digest(n), [f"{rng.choice(['dev', 'v', 'release'])}-{n}"], pushed))
    return things


def ours(things: list[Thing]) -> tuple[float, int]:
    """(seconds, removals)."""
    images: list[Image] = [as_image(thing) for thing in things]
    rules = analysis(POLICY).rules
    started = time.perf_counter()
    course = simulate(rules, images, now=NOW, horizon_days=HORIZON)
    return time.perf_counter() - started, len(course.removals)


def main() -> None:
    """Print the figures and the ratios."""
    figures = {}
    for count in (NAIVE, 10_000, 100_000):
        things = repository(count)
        figures[count], removals = min(ours(things) for _ in range(3))
        print(f"retention of {count:,} images over {HORIZON} days: {figures[count]:.2f} s, {removals:,} removals")
        if count == NAIVE:
            started = time.perf_counter()
            happened = play(POLICY, things, MOMENT, HORIZON)
            naive = time.perf_counter() - started
            assert len(happened) == removals
            print(
                f"  every day over every image: {naive:.1f} s; ratio naive / auditor: {naive / figures[count]:.0f} (at least 20)"
            )
    growth = figures[100_000] / figures[10_000]
    print(f"10 times the images: time x {growth:.1f} (at most 15)")


if __name__ == "__main__":
    main()
