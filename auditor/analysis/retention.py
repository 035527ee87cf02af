"""Reads ECR lifecycle policies: normalised rules, errors that make ECR refuse them, warnings.

Source: "Lifecycle policy properties" and the service quotas of the ECR user guide, and botocore's enums. What a policy
would delete is another question, which `lifecycle` answers.

Error codes: not_an_object, rules_missing, field_missing, field_type, value_not_allowed, priority_twice,
any_not_last, untagged_twice, selector_twice, unit_mismatch, count_too_small, prefix_and_pattern,
tagged_without_list, list_without_tagged, too_many_wildcards, pulled_needs_transition, transitioned_needs_archive,
class_mismatch, target_mismatch, too_many_rules.
Warning codes: several_prefixes, shadowed, description_number, prefix_overmatch.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Literal, cast

from auditor.analysis.retention_lint import lint_rules
from auditor.errors import InputError
from auditor.inventory.derived import PolicyProblem, RetentionAnalysis, RetentionRule

MAX_BYTES = 256 * 1024
MAX_WILDCARDS = 4
MIN_ARCHIVE_DAYS = 90
MAX_RULES = 50

_COUNT_TYPES = {
    "imageCountMoreThan": "count",
    "sinceImagePushed": "since_pushed",
    "sinceImagePulled": "since_pulled",
    "sinceImageTransitioned": "since_transitioned",
}
_ACTIONS = {"expire": "expire", "transition": "archive"}


def analyse_retention(text: str) -> RetentionAnalysis:
    """Parse a policy. Errors: `InputError` for text that is no JSON object."""
    if len(text) > MAX_BYTES:
        raise InputError(f"the retention policy is larger than {MAX_BYTES // 1024} KiB")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError(f"the retention policy is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise InputError("the retention policy is no JSON object")
    raw = document.get("rules")
    if not isinstance(raw, list):
        return RetentionAnalysis([], [problem("rules_missing", 0, "", "", "there is no list of rules")], [])
    rules: list[RetentionRule] = []
    errors: list[PolicyProblem] = []
    for index, entry in enumerate(raw):
        rule, found = _rule(index, entry)
        errors.extend(found)
        if rule is not None:
            rules.append(rule)
    if len(raw) > MAX_RULES:
        errors.append(PolicyProblem("too_many_rules", 0, "/rules", str(len(raw)), f"more than {MAX_RULES} rules"))
    errors.extend(_across(rules))
    return RetentionAnalysis(
        rules=sorted(rules, key=lambda rule: rule.priority),
        errors=errors,
        warnings=[] if errors else list(lint_rules(rules)),
    )


def problem(code: str, index: int, pointer: str, value: Any, message: str) -> PolicyProblem:
    """A problem of rule `index`, with the rule named in the message by its position."""
    shown = value if isinstance(value, str) else json.dumps(value)
    return PolicyProblem(code, index, f"/rules/{index}{pointer}", shown[:200], f"rule {index + 1}: {message}")


def _rule(index: int, entry: Any) -> tuple[RetentionRule | None, list[PolicyProblem]]:
    if not isinstance(entry, dict) or not isinstance(entry.get("selection"), dict):
        return None, [problem("not_an_object", index, "", "", "needs rulePriority, selection and action")]
    selection = entry["selection"]
    errors = [
        *_fields(index, entry, selection),
        *_selector(index, selection),
        *_count(index, entry, selection),
    ]
    if any(error.code in ("field_missing", "field_type", "value_not_allowed") for error in errors):
        return None, errors
    patterns, kind = _patterns(selection)
    rule = RetentionRule(
        priority=entry["rulePriority"],
        description=str(entry.get("description", "")),
        tag_status=selection["tagStatus"],
        patterns=patterns,
        pattern_kind=kind,
        count_type=cast("Any", _COUNT_TYPES[selection["countType"]]),
        count=selection["countNumber"],
        action=cast("Any", _ACTIONS[entry["action"]["type"]]),
        storage_class=selection.get("storageClass", "standard"),
    )
    return rule, errors


def _fields(index: int, entry: dict[str, Any], selection: dict[str, Any]) -> Iterator[PolicyProblem]:
    priority = entry.get("rulePriority")
    yield from _integer(index, "/rulePriority", priority)
    if isinstance(priority, int) and priority < 1:
        yield problem("value_not_allowed", index, "/rulePriority", priority, "rulePriority must be at least 1")
    yield from _integer(index, "/selection/countNumber", selection.get("countNumber"))
    action = entry.get("action")
    kind = action.get("type") if isinstance(action, dict) else None
    yield from _one_of(index, "/action/type", kind, tuple(_ACTIONS))
    yield from _one_of(index, "/selection/tagStatus", selection.get("tagStatus"), ("tagged", "untagged", "any"))
    yield from _one_of(index, "/selection/countType", selection.get("countType"), tuple(_COUNT_TYPES))
    yield from _one_of(
        index, "/selection/storageClass", selection.get("storageClass", "standard"), ("standard", "archive")
    )
    for name in ("tagPrefixList", "tagPatternList"):
        value = selection.get(name, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            yield problem("field_type", index, f"/selection/{name}", value, f"{name} must be a list of texts")


def _integer(index: int, pointer: str, value: Any) -> Iterator[PolicyProblem]:
    name = pointer.rpartition("/")[2]
    if value is None:
        yield problem("field_missing", index, pointer, "", f"{name} is missing")
    elif isinstance(value, bool) or not isinstance(value, int):
        yield problem("field_type", index, pointer, value, f"{name} must be a whole number")


def _one_of(index: int, pointer: str, value: Any, allowed: tuple[str, ...]) -> Iterator[PolicyProblem]:
    name = pointer.rpartition("/")[2]
    if value is None:
        yield problem("field_missing", index, pointer, "", f"{name} is missing")
    elif value not in allowed:
        yield problem("value_not_allowed", index, pointer, value, f"{name} must be one of {', '.join(allowed)}")


def _patterns(selection: dict[str, Any]) -> tuple[list[str], Literal["none", "prefix", "glob"]]:
    if selection.get("tagPrefixList"):
        return list(selection["tagPrefixList"]), "prefix"
    if selection.get("tagPatternList"):
        return list(selection["tagPatternList"]), "glob"
    return [], "none"


def _selector(index: int, selection: dict[str, Any]) -> Iterator[PolicyProblem]:
    prefixes, patterns = selection.get("tagPrefixList"), selection.get("tagPatternList")
    status = selection.get("tagStatus")
    if prefixes and patterns:
        yield problem("prefix_and_pattern", index, "/selection", "", "has both tagPrefixList and tagPatternList")
    if status == "tagged" and not prefixes and not patterns:
        yield problem("tagged_without_list", index, "/selection", "", "tagged needs tagPrefixList or tagPatternList")
    if status in ("untagged", "any") and (prefixes or patterns):
        yield problem("list_without_tagged", index, "/selection", "", f"{status} must not have a list of tags")
    for pattern in patterns if isinstance(patterns, list) else []:
        if isinstance(pattern, str) and pattern.count("*") > MAX_WILDCARDS:
            message = f"the pattern {pattern} has more than {MAX_WILDCARDS} wildcards"
            yield problem("too_many_wildcards", index, "/selection/tagPatternList", pattern, message)


def _count(index: int, entry: dict[str, Any], selection: dict[str, Any]) -> Iterator[PolicyProblem]:
    kind, number = selection.get("countType"), selection.get("countNumber")
    unit = selection.get("countUnit")
    action = entry.get("action")
    archive = isinstance(action, dict) and action.get("type") == "transition"
    if kind == "imageCountMoreThan" and unit is not None:
        yield problem("unit_mismatch", index, "/selection/countUnit", unit, "countUnit goes only with since...")
    if isinstance(kind, str) and kind.startswith("since") and unit != "days":
        yield problem("unit_mismatch", index, "/selection/countUnit", unit or "", f"{kind} needs countUnit days")
    if isinstance(number, int) and number < 1:
        yield problem("count_too_small", index, "/selection/countNumber", number, "countNumber must be at least 1")
    if (
        kind in ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled")
        and selection.get("storageClass", "standard") != "standard"
    ):
        message = f"{kind} can only select images of the standard class"
        yield problem("class_mismatch", index, "/selection/storageClass", selection["storageClass"], message)
    target = action.get("targetStorageClass") if isinstance(action, dict) else None
    if archive and target != "archive":
        message = "transition needs targetStorageClass archive"
        yield problem("target_mismatch", index, "/action/targetStorageClass", target or "", message)
    if kind == "sinceImagePulled" and not archive:
        yield problem("pulled_needs_transition", index, "/action/type", "", "sinceImagePulled can only transition")
    if kind == "sinceImageTransitioned":
        if archive or selection.get("storageClass") != "archive":
            message = "sinceImageTransitioned can only expire images of the archive class"
            yield problem("transitioned_needs_archive", index, "/selection", "", message)
        if isinstance(number, int) and number < MIN_ARCHIVE_DAYS:
            message = f"archived images stay at least {MIN_ARCHIVE_DAYS} days"
            yield problem("count_too_small", index, "/selection/countNumber", number, message)


def _across(rules: list[RetentionRule]) -> Iterator[PolicyProblem]:
    priorities: set[int] = set()
    selectors: set[tuple[Any, ...]] = set()
    last: dict[str, int] = {}
    for rule in rules:
        last[rule.storage_class] = max(rule.priority, last.get(rule.storage_class, rule.priority))
    for index, rule in enumerate(rules):
        if rule.priority in priorities:
            message = f"the priority {rule.priority} is used twice"
            yield problem("priority_twice", index, "/rulePriority", rule.priority, message)
        priorities.add(rule.priority)
        if rule.tag_status == "any" and rule.priority != last[rule.storage_class]:
            message = "any must have the last priority of its storage class"
            yield problem("any_not_last", index, "/rulePriority", rule.priority, message)
        selector = (rule.tag_status, rule.pattern_kind, tuple(sorted(rule.patterns)), rule.storage_class)
        if selector in selectors and rule.tag_status != "any":
            code = "untagged_twice" if rule.tag_status == "untagged" else "selector_twice"
            yield problem(code, index, "/selection", "", "selects the same images as an earlier rule")
        selectors.add(selector)
