"""Which rules select an image by its tags, and which one owns it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from auditor.inventory.derived import RetentionRule

Matcher = Callable[[Sequence[str]], bool]


def matcher(rule: RetentionRule) -> Matcher:
    """Whether tags satisfy a rule. Every prefix or pattern must be met, each by any of the tags."""
    if rule.tag_status == "any":
        return lambda _tags: True
    if rule.tag_status == "untagged":
        return lambda tags: not tags
    if rule.pattern_kind == "prefix":
        prefixes = rule.patterns
        return lambda tags: bool(tags) and all(any(tag.startswith(p) for tag in tags) for p in prefixes)
    globs = [_glob(pattern) for pattern in rule.patterns]
    return lambda tags: bool(tags) and all(any(match(tag) for tag in tags) for match in globs)


def _glob(pattern: str) -> Callable[[str], bool]:
    """A pattern in which `*` stands for any run of characters, matched in one pass whatever it is."""
    head, *rest = pattern.split("*")
    if not rest:
        return lambda tag: tag == pattern
    *middle, tail = rest
    shortest = len(head) + len(tail)

    def match(tag: str) -> bool:
        if len(tag) < shortest or not tag.startswith(head) or not tag.endswith(tail):
            return False
        at, end = len(head), len(tag) - len(tail)
        for part in middle:
            found = tag.find(part, at, end)
            if found < 0:
                return False
            at = found + len(part)
        return True

    return match


class Selection:
    """What each rule selects among the images, given by their tags. Rules in the order of their priority."""

    def __init__(self, rules: Sequence[RetentionRule], tags: Sequence[Sequence[str]]) -> None:
        matchers = [matcher(rule) for rule in rules]
        standard = [i for i, rule in enumerate(rules) if rule.storage_class == "standard"]
        archive = [i for i, rule in enumerate(rules) if rule.storage_class == "archive"]
        untagged = [i for i, match in enumerate(matchers) if match(())]
        self.matches: list[list[int]] = [
            [i for i, match in enumerate(matchers) if match(own)] if own else untagged for own in tags
        ]
        """Image -> the rules whose tags it satisfies, whatever its storage class."""
        self.owner = {
            "standard": [_first(found, standard) for found in self.matches],
            "archive": [_first(found, archive) for found in self.matches],
        }
        """Storage class -> image -> the one rule that may take it there, or None."""


def _first(found: list[int], among: list[int]) -> int | None:
    return next((i for i in found if i in among), None)
