"""Which repositories the Resource patterns of an identity policy mean.

Source: the resource types of ecr and ecr-public in the service authorization reference:
`arn:<partition>:ecr:<region>:<account>:repository/<name>`; a public registry's ARNs have no region.
"""

from __future__ import annotations

import re

from auditor.analysis.iam_actions import pattern_regex
from auditor.analysis.iam_conditions import take_apart
from auditor.analysis.iam_document import Statement

_SERVICES = ("ecr", "ecr-public")
_REPOSITORY = "repository/"
_VARIABLE = re.compile(r"\$\{[^}]*\}")
_PARTS = 6
_NARROWS = {"stringequals", "stringequalsignorecase", "stringlike"}
_WILD = re.compile(r"[*?]")


def may_match_repository(pattern: str) -> bool:
    """Whether a Resource pattern may match some repository; a policy variable may be anything."""
    parts = _VARIABLE.sub("*", pattern).split(":", _PARTS - 1)
    for place, part in enumerate(parts):
        # A star in the last part of a short pattern takes the parts that are not written as well.
        head = _WILD.split(part, maxsplit=1)[0]
        cut = head != part
        if place == len(parts) - 1 and len(parts) < _PARTS:
            return cut and _fits(place, part, head)
        if not _fits(place, part, head):
            return False
    return True


def _fits(place: int, part: str, head: str) -> bool:
    """Whether the part at `place` of a pattern fits an ARN of a repository; `head` is its text up to a wildcard."""
    cut = head != part
    match place:
        case 0:
            return "arn".startswith(head) if cut else part == "arn"
        case 2:
            return any(service.startswith(head) if cut else service == part for service in _SERVICES)
        case 3 | 4:
            # The region is empty in a public registry.
            return part != "" or place == 3  # noqa: PLR2004  places in an ARN
        case 5:
            if cut:
                return head.startswith(_REPOSITORY) or _REPOSITORY.startswith(head)
            return part.startswith(_REPOSITORY) and part != _REPOSITORY
    return part != ""


def matches_every_repository(pattern: str) -> bool:
    """Whether a Resource pattern leaves no repository of an account and region out."""
    if "${" in pattern:
        return False
    written = [*pattern.split(":", _PARTS - 1), *[""] * _PARTS]
    partition, region, account = (
        part if part and not _WILD.search(part) else usual
        for part, usual in ((written[1], "aws"), (written[3], "us-east-1"), (written[4], "111111111111"))
    )
    # A name that nobody writes into a policy stands for all of them.
    probes = [f"arn:{partition}:ecr:{region}:{account}:repository/~/~", f"arn:aws:ecr-public::{account}:repository/~/~"]
    regex = pattern_regex(pattern, False)
    return any(regex.fullmatch(probe) for probe in probes)


def is_star(pattern: str) -> bool:
    """Whether a pattern matches requests for no resource: for those only `*` stands."""
    return pattern != "" and not pattern.strip("*")


def reaches_repositories(statement: Statement) -> bool:
    """Whether a statement's Resource may match some repository."""
    if statement.not_resources is not None:
        return not any(matches_every_repository(pattern) for pattern in statement.not_resources)
    if statement.resources is None:
        return True
    return any(may_match_repository(pattern) for pattern in statement.resources)


def reaches_every_repository(statement: Statement) -> bool:
    """Whether neither Resource nor a condition on resource tags leaves a repository out."""
    if _held_by_tags(statement):
        return False
    if statement.not_resources is not None:
        return reaches_repositories(statement)
    if statement.resources is None:
        return True
    return any(matches_every_repository(pattern) for pattern in statement.resources)


def reaches_requests_without_resource(statement: Statement) -> bool:
    """Whether a statement is about actions that have no resource, as ecr:GetAuthorizationToken."""
    if statement.resources is None:
        return not any(is_star(pattern) for pattern in statement.not_resources or ())
    return any(is_star(pattern) for pattern in statement.resources)


def _held_by_tags(statement: Statement) -> bool:
    for entry in statement.conditions:
        operator = take_apart(entry.operator)
        if (
            entry.key.startswith(("aws:resourcetag/", "ecr:resourcetag/"))
            and operator.base in _NARROWS
            and not operator.if_exists
            and operator.quantifier != "forallvalues"
            and all(value.strip("*") for value in entry.values)
        ):
            return True
    return False
