"""Evaluates IAM policies by asking every concrete request of a small world. For tests only; shares no code.

A world is a caller, a repository, and for each context key that a caller chooses the values worth trying. The
policies of the tests only compare with values that these tell apart.
"""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Iterator
from itertools import product
from typing import Any

OWN, OTHER = "111111111111", "222222222222"
REGION = "eu-west-1"
REPOSITORY = f"arn:aws:ecr:{REGION}:{OWN}:repository/team/app"
NOW = "2026-11-25T00:00:00Z"
TOKEN = "ecr:GetAuthorizationToken"

CHOICES: dict[str, list[str | None]] = {
    "aws:useragent": [None, "docker/1", "curl/2"],
    "aws:multifactorauthpresent": [None, "true", "false"],
    "aws:multifactorauthage": [None, "60", "1800000000", "2000000000"],
}
CALLED_VIA: list[tuple[str, ...]] = [
    (),
    ("a.amazonaws.com",),
    ("b.amazonaws.com",),
    ("c.amazonaws.com",),
    ("a.amazonaws.com", "b.amazonaws.com"),
    ("a.amazonaws.com", "c.amazonaws.com"),
    ("b.amazonaws.com", "c.amazonaws.com"),
    ("a.amazonaws.com", "b.amazonaws.com", "c.amazonaws.com"),
]
PUBLIC = ["203.0.113.5", "203.0.113.200", "198.51.100.9"]
ENDPOINTS = ["vpce-1", "vpce-2", "vpce-9"]
SESSION = "build"
Request = dict[str, tuple[str, ...]]


class Caller:
    """A user or role of an account."""

    def __init__(
        self, account: str, kind: str, name: str, tags: dict[str, str], organisation: str | None, path: str = "/"
    ) -> None:
        self.account, self.kind, self.name, self.tags, self.organisation = account, kind, name, tags, organisation
        self.arn = f"arn:aws:iam::{account}:{kind}{path}{name}"
        self.service_linked = path.startswith("/aws-service-role/")


def requests(caller: Caller, repository_tags: dict[str, str], action: str, mentioned: str) -> Iterator[Request]:
    """Every request that the caller may make. `mentioned`: the text of all policies, in lower case."""
    fixed = {
        "aws:principalarn": caller.arn,
        "aws:principalaccount": caller.account,
        "aws:principaltype": "User" if caller.kind == "user" else "AssumedRole",
        "aws:principalisawsservice": "false",
        "aws:currenttime": NOW,
        "aws:epochtime": "1795564800",
        "aws:requestedregion": REGION,
        "aws:securetransport": "true",
        **{f"aws:principaltag/{key.lower()}": value for key, value in caller.tags.items()},
    }
    if action != TOKEN:
        fixed |= {f"aws:resourcetag/{key.lower()}": value for key, value in repository_tags.items()}
    if caller.kind == "user":
        fixed["aws:username"] = caller.name
    if caller.organisation:
        fixed["aws:principalorgid"] = caller.organisation
        fixed["aws:principalorgpaths"] = f"{caller.organisation}/r-1/ou-1/"
    networks = [{"aws:sourceip": ip} for ip in PUBLIC] + [{"aws:sourcevpce": vpce} for vpce in ENDPOINTS]
    # What no policy mentions need not be tried.
    vias = CALLED_VIA if "aws:calledvia" in mentioned else [()]
    sessions = [SESSION, "other"] if caller.kind == "role" and "assumed-role" in mentioned else [SESSION]
    choices = [values if key in mentioned else [None] for key, values in CHOICES.items()]
    for network, via, session, *values in product(networks, vias, sessions, *choices):
        chosen = {key: value for key, value in zip(CHOICES, values, strict=True) if value is not None}
        single = {key: (value,) for key, value in {**fixed, **network, **chosen}.items()}
        yield {**single, "session": (session,), **({"aws:calledvia": via} if via else {})}


def glob(pattern: str, text: str, *, fold: bool = False) -> bool:
    expression = "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in pattern)
    return re.fullmatch(expression, text, re.I if fold else 0) is not None


def as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def filled(text: str, request: Request) -> str | None:
    """The text with variables replaced; None where one has no value."""
    missing = []

    def replace(found: re.Match[str]) -> str:
        name, comma, default = found.group(1).partition(",")
        value = request.get(name.strip().lower())
        if value is None:
            if not comma:
                missing.append(name)
            return default.strip().strip("'")
        return value[0]

    result = re.sub(r"\$\{([^}]*)\}", replace, text)
    return None if missing else result


# ---------------------------------------------------------------- conditions
def same_arn(actual: str, wanted: str) -> bool:
    mine, theirs = actual.split(":", 5), wanted.split(":", 5)
    return len(mine) == len(theirs) and all(glob(t, m) for m, t in zip(mine, theirs, strict=True))


COMPARISONS: dict[str, Any] = {
    "StringEquals": lambda actual, wanted: actual == wanted,
    "StringEqualsIgnoreCase": lambda actual, wanted: actual.lower() == wanted.lower(),
    "StringLike": lambda actual, wanted: glob(wanted, actual),
    "Bool": lambda actual, wanted: actual == wanted,
    "ArnLike": same_arn,
    "ArnEquals": same_arn,
    "IpAddress": lambda actual, wanted: ipaddress.ip_address(actual) in ipaddress.ip_network(wanted),
    "DateGreaterThan": lambda actual, wanted: actual > wanted,
    "DateLessThan": lambda actual, wanted: actual < wanted,
    "NumericLessThan": lambda actual, wanted: float(actual) < float(wanted),
    "NumericGreaterThanEquals": lambda actual, wanted: float(actual) >= float(wanted),
}


def condition_holds(operator: str, key: str, wanted: list[str], request: Request) -> bool:
    actual = request.get(key.lower())
    quantifier, _, rest = operator.rpartition(":")
    lenient = rest.endswith("IfExists")
    base = rest.removesuffix("IfExists")
    if base == "Null":
        return str(actual is None).lower() in wanted
    negated = "Not" in base
    if actual is None:
        if quantifier == "ForAnyValue":
            return lenient
        return lenient or negated or quantifier == "ForAllValues"
    compare = COMPARISONS[base.replace("Not", "")]
    outcomes = [any(compare(value, one) for one in wanted) != negated for value in actual]
    return all(outcomes) if quantifier == "ForAllValues" else any(outcomes)


def conditions_hold(statement: dict[str, Any], request: Request) -> bool:
    for operator, keys in statement.get("Condition", {}).items():
        for key, values in keys.items():
            wanted = [text for value in as_list(values) if (text := filled(value, request)) is not None]
            if not condition_holds(operator, key, wanted, request):
                return False
    return True


# ---------------------------------------------------------------- statements
def names(principal: Any, caller: Caller, request: Request) -> set[str]:
    """How a Principal element names the caller: account, everyone, direct, session."""
    values = ["*"] if principal == "*" else as_list(principal["AWS"])
    session = f"arn:aws:sts::{caller.account}:assumed-role/{caller.name}/{request['session'][0]}"
    account = {caller.account, f"arn:aws:iam::{caller.account}:root"}
    found = {
        "direct": caller.arn in values,
        "session": caller.kind == "role" and session in values,
        "everyone": "*" in values,
        "account": bool(account & set(values)),
    }
    return {how for how, named in found.items() if named}


def spared(principal: Any, caller: Caller, request: Request) -> bool:
    """Whether a Deny with NotPrincipal spares the caller: all that it is must be named."""
    needed = {"account", "direct", "session"} if caller.kind == "role" else {"account", "direct"}
    return names(principal, caller, request) >= needed


def acts(statement: dict[str, Any], action: str) -> bool:
    if "Action" in statement:
        return any(glob(pattern, action, fold=True) for pattern in as_list(statement["Action"]))
    return not any(glob(pattern, action, fold=True) for pattern in as_list(statement["NotAction"]))


def covers(statement: dict[str, Any], action: str, request: Request) -> bool:
    resource = "*" if action == TOKEN else REPOSITORY

    def on(patterns: Any) -> bool:
        texts = [filled(pattern, request) for pattern in as_list(patterns)]
        return any(text is not None and glob(text, resource) for text in texts)

    if "Resource" in statement:
        return on(statement["Resource"])
    return not on(statement["NotResource"]) if "NotResource" in statement else True


def applies(statement: dict[str, Any], action: str, caller: Caller, request: Request) -> set[str]:
    """How the statement names the caller (`direct` where it names nobody, as an identity policy); empty: it is not
    about the request."""
    if not (acts(statement, action) and covers(statement, action, request) and conditions_hold(statement, request)):
        return set()
    if "NotPrincipal" in statement:
        if statement["Effect"] == "Deny":
            return set() if spared(statement["NotPrincipal"], caller, request) else {"everyone"}
        return set() if names(statement["NotPrincipal"], caller, request) else {"everyone"}
    if "Principal" not in statement:
        return {"direct"}
    found = names(statement["Principal"], caller, request)
    if any(key.lower() == "aws:principalarn" for keys in statement.get("Condition", {}).values() for key in keys):
        found |= {"picked"} if "everyone" in found else set()
    return found


def effects(policies: list[list[dict[str, Any]]], action: str, caller: Caller, request: Request) -> set[str]:
    """`deny`, and for each Allow how it names the caller."""
    found: set[str] = set()
    for statement in (statement for policy in policies for statement in policy):
        hows = applies(statement, action, caller, request)
        if hows:
            found |= {"deny"} if statement["Effect"] == "Deny" else hows
    return found


# ---------------------------------------------------------------- a request
def allowed(world: dict[str, Any], action: str, caller: Caller, request: Request) -> bool:
    """The evaluation logic for one request. `world`: identity, boundary (or None), levels, rcp levels, resource."""
    own = caller.account == OWN
    bound = world["boundary"]
    identity = effects(world["identity"], action, caller, request)
    boundary = effects(bound, action, caller, request) if bound is not None else {"direct"}
    over_caller = [] if caller.service_linked else world["levels"]
    over_resource = [] if caller.service_linked or (action == TOKEN and not own) else world.get("rcps", [])
    levels = [effects(level, action, caller, request) for level in (*over_caller, *over_resource)]
    # A token is got from the caller's own registry, and a repository's policy says nothing of it.
    resource = set() if action == TOKEN else effects(world["resource"], action, caller, request)
    if any("deny" in found for found in (identity, boundary, resource, *levels)) or not all(levels):
        return False
    if not own and action != TOKEN:
        return bool(identity) and bool(boundary) and bool(resource)
    return bool(identity and boundary) or granted_by_resource(resource, caller, bool(boundary))


def granted_by_resource(resource: set[str], caller: Caller, bounded_in: bool) -> bool:
    """Whether a resource policy alone lets a caller of the own account in; `account` leaves it to the identity's."""
    if {"session", "picked"} & resource or ("direct" in resource and caller.kind == "user"):
        return True
    return bounded_in and bool({"direct", "everyone"} & resource)


def possible(world: dict[str, Any], action: str, caller: Caller, repository_tags: dict[str, str]) -> bool:
    """Whether any request of the caller is allowed."""
    mentioned = json.dumps(world).lower()
    return any(
        allowed(world, action, caller, request) for request in requests(caller, repository_tags, action, mentioned)
    )
