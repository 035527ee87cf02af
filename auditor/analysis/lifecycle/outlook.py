"""The outlook of a repository: its lifecycle policy played forward, and what each rule does or cannot do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from auditor.analysis.lifecycle import moments
from auditor.analysis.lifecycle.simulation import Course, simulate
from auditor.inventory.derived import RetentionAnalysis, RetentionOutlook, RetentionRule, RuleOutlook, RuleStanding
from auditor.inventory.facts import Absent, Fact, Known, Reason, Unknown
from auditor.inventory.images import Image

HORIZON_DAYS = 90
QUIET_DAYS = 90
"""A rule that selects nothing is said to match nothing only where something was pushed within these days."""
SOURCE = "ecr:GetLifecyclePolicy"


def outlook_of(
    retention: Fact[RetentionAnalysis], images: Fact[list[Image]], *, now: str, horizon_days: int = HORIZON_DAYS
) -> Fact[RetentionOutlook]:
    """The outlook under a policy; absent without one, unknown where it, or the images, were not read.

    A policy with errors is one that the registry refuses, so that there is nothing to play.
    """
    if isinstance(retention, (Absent, Unknown)):
        return retention
    if isinstance(images, Absent):
        return Unknown(Reason.UNSUPPORTED_BY_COLLECTOR, images.source, "no list of images")
    if isinstance(images, Unknown):
        return images
    if retention.value.errors:
        return Unknown(Reason.PARSE_ERROR, SOURCE, f"the policy has errors: {retention.value.errors[0].message}"[:300])
    if moments.parse(now) is None:
        return Unknown(Reason.PARSE_ERROR, "auditor:outlook", "the snapshot's time is no RFC 3339 time")
    rules = sorted(retention.value.rules, key=lambda rule: rule.priority)
    course = simulate(rules, images.value, now=now, horizon_days=horizon_days)
    return Known(
        RetentionOutlook(
            horizon_days=horizon_days,
            removals=course.removals,
            rules=_rules(rules, images.value, course, now),
            uncovered=sorted(_uncovered(images.value, course)),
            doubts=course.doubts,
        ),
        "auditor:outlook",
    )


def _uncovered(images: Sequence[Image], course: Course) -> set[str]:
    """Tagged images that no rule selects in either storage class. Signatures and the like are not asked for."""
    return {
        image.digest
        for image, found in zip(images, course.selection.matches, strict=True)
        if image.tags and not found and image.kind in ("image", "index")
    }


def _rules(rules: Sequence[RetentionRule], images: Sequence[Image], course: Course, now: str) -> list[RuleOutlook]:
    taken = Counter(removal.priority for removal in course.removals)
    since = (moments.parse(now) or 0) - QUIET_DAYS * moments.DAY
    active = any((moments.of(image.pushed_at) or 0) >= since for image in images)
    return [
        RuleOutlook(
            priority=rule.priority,
            matched=course.matched[i],
            taken=taken[rule.priority],
            owned=course.owned[i],
            standing=_standing(rule, course.matched[i], course.owned[i], taken=taken[rule.priority], active=active),
        )
        for i, rule in enumerate(rules)
    ]


def _standing(rule: RetentionRule, matched: int, owned: int, *, taken: int, active: bool) -> RuleStanding:
    if taken:
        return "acts"
    if matched and not owned:
        return "shadowed"
    # No untagged image, or none in the archive, is what a rule on these is there for.
    if not matched and active and rule.tag_status == "tagged" and rule.storage_class == "standard":
        return "never_matches"
    return "waits"
