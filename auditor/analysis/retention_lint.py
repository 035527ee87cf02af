"""Valid retention policies that do other than they say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.inventory.derived import PolicyProblem, RetentionRule

_NUMBER = re.compile(r"(?<![\w.])(\d{1,6})(?![\w.])")


def lint_rules(rules: list[RetentionRule]) -> Iterator[PolicyProblem]:
    """Warnings on the rules of a policy without errors, in the order they are written."""
    for index, rule in enumerate(rules):
        yield from _several(index, rule)
        yield from _shadowed(index, rule, [other for other in rules if other.priority < rule.priority])
        yield from _description(index, rule)
        yield from _overmatch(index, rule)


def _warning(code: str, index: int, pointer: str, value: str, message: str) -> PolicyProblem:
    return PolicyProblem(code, index, f"/rules/{index}{pointer}", value, f"rule {index + 1}: {message}")


def _several(index: int, rule: RetentionRule) -> Iterator[PolicyProblem]:
    if len(rule.patterns) > 1:
        shown = ", ".join(rule.patterns)
        message = f"an image must match all of {shown}, not any of them"
        yield _warning("several_prefixes", index, "/selection", shown, message)


def _shadowed(index: int, rule: RetentionRule, earlier: list[RetentionRule]) -> Iterator[PolicyProblem]:
    for other in earlier:
        if other.storage_class == rule.storage_class and _takes_all(other, rule):
            message = f"never acts: every image it selects belongs to the rule with priority {other.priority}"
            yield _warning("shadowed", index, "/selection", "", message)
            return


def _takes_all(other: RetentionRule, rule: RetentionRule) -> bool:
    """Whether every image that `rule` selects is selected by `other`, whatever its tags are."""
    if other.tag_status == "any":
        return True
    if "any" in (rule.tag_status,) or other.tag_status != rule.tag_status:
        return False
    if rule.tag_status == "untagged":
        return True
    return all(any(_covers(other, wide, rule, narrow) for narrow in rule.patterns) for wide in other.patterns)


def _covers(other: RetentionRule, wide: str, rule: RetentionRule, narrow: str) -> bool:
    """Whether every tag that `narrow` matches is matched by `wide`."""
    start = wide if other.pattern_kind == "prefix" else wide.partition("*")[0]
    if other.pattern_kind == "glob" and wide != start + "*":
        return rule.pattern_kind == "glob" and wide == narrow
    head = narrow if rule.pattern_kind == "prefix" else narrow.partition("*")[0]
    return head.startswith(start)


def _description(index: int, rule: RetentionRule) -> Iterator[PolicyProblem]:
    numbers = {int(number) for number in _NUMBER.findall(rule.description)}
    if numbers and rule.count not in numbers:
        message = f"the description says {', '.join(map(str, sorted(numbers)))}, the rule {rule.count}"
        yield _warning("description_number", index, "/description", rule.description[:200], message)


def _overmatch(index: int, rule: RetentionRule) -> Iterator[PolicyProblem]:
    if rule.pattern_kind != "prefix":
        return
    for prefix in rule.patterns:
        if prefix and prefix[-1].isalpha():
            message = f"the prefix {prefix} also takes tags like {prefix}x-1"
            yield _warning("prefix_overmatch", index, "/selection/tagPrefixList", prefix, message)
