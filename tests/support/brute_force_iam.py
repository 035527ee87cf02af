"""Evaluates IAM policies by asking every concrete request of a small world. For tests only; shares no code.

A world is a caller, a repository, and for each context key that a caller chooses the values worth trying. The
policies of the tests only compare with values that these tell apart.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

OWN, OTHER = "111111111111", "222222222222"
REGION = "eu-west-1"
REPOSITORY = f"arn:aws:ecr:{REGION}:{OWN}:repository/team/app"
NOW = "2026-11-25T00:00:00Z"

CHOICES: dict[str, list[str | None]] = {
    "aws:useragent": [None, "docker/1", "curl/2"],
    "aws:multifactorauthpresent": [None, "true", "false"],
}
PUBLIC = ["203.0.113.5", "203.0.113.200", "198.51.100.9"]
ENDPOINTS = ["vpce-1", "vpce-2", "vpce-9"]


class Caller:
    """A user or role of an account."""

    def __init__(self, account: str, kind: str, name: str, tags: dict[str, str], organisation: str | None) -> None:
        self.account, self.kind, self.name, self.tags, self.organisation = account, kind, name, tags, organisation
        self.arn = f"arn:aws:iam::{account}:{kind}/{name}"


def requests(caller: Caller, repository_tags: dict[str, str]) -> Iterator[dict[str, str]]:
    """Every request that the caller may make."""
    fixed = {
        "aws:principalarn": caller.arn,
        "aws:principalaccount": caller.account,
        "aws:currenttime": NOW,
        "aws:requestedregion": REGION,
        "aws:securetransport": "true",
        **{f"aws:principaltag/{key.lower()}": value for key, value in caller.tags.items()},
        **{f"aws:resourcetag/{key.lower()}": value for key, value in repository_tags.items()},
    }
    if caller.kind == "user":
        fixed["aws:username"] = caller.name
    if caller.organisation:
        fixed["aws:principalorgid"] = caller.organisation
    networks = [{"aws:sourceip": ip} for ip in PUBLIC] + [{"aws:sourcevpce": vpce} for vpce in ENDPOINTS]
    for network, *values in product(networks, *CHOICES.values()):
        chosen = {key: value for key, value in zip(CHOICES, values, strict=True) if value is not None}
        yield {**fixed, **network, **chosen}


def glob(pattern: str, text: str, *, fold: bool = False) -> bool:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, text, re.I if fold else 0) is not None


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def filled(text: str, request: dict[str, str]) -> str | None:
    """The text with variables replaced; None where one has no value."""
    missing = []

    def replace(found: re.Match[str]) -> str:
        value = request.get(found.group(1).lower())
        if value is None:
            missing.append(found.group(1))
        return value or ""

    result = re.sub(r"\$\{([^}]*)\}", replace, text)
    return None if missing else result


def condition_holds(operator: str, key: str, wanted: list[str], request: dict[str, str]) -> bool:
    actual = request.get(key.lower())
    quantifier = operator.split(":", maxsplit=1)[0] if ":" in operator else ""
    base = operator.rsplit(":", maxsplit=1)[-1]
    lenient = base.endswith("IfExists")
    base = base.removesuffix("IfExists")
    if base == "Null":
        return str(actual is None).lower() in wanted
    negated = "Not" in base
    if actual is None:
        if quantifier == "ForAnyValue":
            return lenient
        return lenient or negated or quantifier == "ForAllValues"

    def same(value: str) -> bool:
        if base in ("StringEquals", "StringNotEquals", "Bool"):
            return actual == value
        if base in ("StringLike", "StringNotLike"):
            return glob(value, actual)
        if base in ("ArnLike", "ArnNotLike", "ArnEquals"):
            mine, theirs = actual.split(":", 5), value.split(":", 5)
            return len(mine) == len(theirs) and all(glob(t, m) for m, t in zip(mine, theirs, strict=True))
        if base in ("IpAddress", "NotIpAddress"):
            return ipaddress.ip_address(actual) in ipaddress.ip_network(value)
        if base == "DateGreaterThan":
            return actual > value
        if base == "DateLessThan":
            return actual < value
        raise AssertionError(base)

    return any(same(value) for value in wanted) != negated


def names(principal: Any, caller: Caller) -> str:
    """How a Principal element names the caller: no, account, everyone, direct."""
    values = ["*"] if principal == "*" else as_list(principal["AWS"])
    if caller.arn in values:
        return "direct"
    if "*" in values:
        return "everyone"
    return "account" if {caller.account, f"arn:aws:iam::{caller.account}:root"} & set(values) else "no"


def applies(statement: dict[str, Any], action: str, caller: Caller, request: dict[str, str]) -> str:
    """`no`, or how the statement names the caller (`direct` where it names nobody, as an identity policy)."""
    if "Action" in statement:
        if not any(glob(pattern, action, fold=True) for pattern in as_list(statement["Action"])):
            return "no"
    elif any(glob(pattern, action, fold=True) for pattern in as_list(statement["NotAction"])):
        return "no"

    def on(patterns: Any) -> bool:
        texts = [filled(pattern, request) for pattern in as_list(patterns)]
        return any(text is not None and glob(text, REPOSITORY) for text in texts)

    if "Resource" in statement and not on(statement["Resource"]):
        return "no"
    if "NotResource" in statement and on(statement["NotResource"]):
        return "no"
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            wanted = [text for value in as_list(values) if (text := filled(value, request)) is not None]
            if not condition_holds(operator, key, wanted, request):
                return "no"
    if "NotPrincipal" in statement:
        return "no" if names(statement["NotPrincipal"], caller) != "no" else "everyone"
    return names(statement["Principal"], caller) if "Principal" in statement else "direct"


def effects(policies: list[list[dict[str, Any]]], action: str, caller: Caller, request: dict[str, str]) -> set[str]:
    """`deny`, and for each Allow how it names the caller."""
    found = set()
    for statement in (statement for policy in policies for statement in policy):
        how = applies(statement, action, caller, request)
        if how != "no":
            found.add("deny" if statement["Effect"] == "Deny" else how)
    return found


def allowed(world: dict[str, Any], action: str, caller: Caller, request: dict[str, str]) -> bool:
    """The evaluation logic for one request. `world`: identity, boundary (or None), levels, resource."""
    identity = effects(world["identity"], action, caller, request)
    boundary = effects(world["boundary"], action, caller, request) if world["boundary"] is not None else {"direct"}
    levels = [effects(level, action, caller, request) for level in world["levels"]]
    resource = effects(world["resource"], action, caller, request)
    if "deny" in identity | boundary | resource or any("deny" in level for level in levels):
        return False
    if not all(levels):
        return False
    if caller.account != OWN:
        return bool(identity) and bool(boundary) and bool(resource)
    if identity and boundary:
        return True
    if "direct" in resource:
        return caller.kind == "user" or bool(boundary)
    return "everyone" in resource and bool(boundary)


def possible(world: dict[str, Any], action: str, caller: Caller, repository_tags: dict[str, str]) -> bool:
    """Whether any request of the caller is allowed."""
    return any(allowed(world, action, caller, request) for request in requests(caller, repository_tags))
