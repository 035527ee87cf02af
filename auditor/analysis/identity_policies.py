"""Identity policies as they are kept: which statements can touch a registry, and what a trust policy says.

Source: "IAM JSON policy elements reference" of the IAM user guide.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from auditor.analysis.iam_actions import action_table, pattern_regex
from auditor.analysis.iam_document import PolicyText, Statement, parse_policy
from auditor.errors import InputError
from auditor.inventory.identity import IdentityPolicy, PolicyStatement

MAX_CHARACTERS = 64 * 1024
"""Six times what IAM takes at most: a document beyond it did not come from there."""
SERVICES = ("ecr", "ecr-public")
_TAKES_ON = ("sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity")
_TAG_SESSION = "sts:TagSession"


def keep_touching(text: str) -> tuple[str, list[PolicyStatement], int]:
    """(language version, statements that can touch a registry, number of all statements) of a policy document.

    Errors: `InputError` for text that cannot be read as a whole: then nothing may be concluded from the policy.
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"the policy is larger than {MAX_CHARACTERS // 1024} KiB")
    document = parse_policy(text)
    if document.doubts:
        raise InputError(document.doubts[0])
    kept = [
        PolicyStatement(statement.index, _written(statement))
        for statement in document.statements
        if touches_registry(statement)
    ]
    return document.version or "", kept, len(document.statements)


def _written(statement: Statement) -> str:
    """JSON text; lone surrogates, which JSON can write and UTF-8 cannot, become question marks."""
    text = json.dumps(statement.raw, separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def read_kept(policy: IdentityPolicy) -> PolicyText:
    """The document of the statements that were kept, each with its place in the whole. Errors: `InputError`."""
    try:
        statements = [json.loads(statement.text) for statement in policy.statements]
    except (ValueError, RecursionError) as error:
        raise InputError(f"a statement of {policy.id} is not JSON: {error}") from error
    document = parse_policy(json.dumps({"Version": policy.version or None, "Statement": statements}))
    places = [statement.index for statement in policy.statements]
    return replace(document, statements=tuple(replace(s, index=places[s.index]) for s in document.statements))


def touches_registry(statement: Statement) -> bool:
    """Whether a statement can be about a registry; one whose actions cannot be read may be."""
    if any("Action" in doubt for doubt in statement.doubts) or not (statement.actions or statement.not_actions):
        return True
    if statement.not_actions:
        excluded = [pattern_regex(pattern) for pattern in statement.not_actions]
        return any(not any(regex.fullmatch(action) for regex in excluded) for action in _every_action())
    return any(names_registry(pattern) for pattern in statement.actions)


def names_registry(pattern: str) -> bool:
    """Whether an Action element may mean an action of a registry; so may one without a service."""
    prefix, separator, _ = pattern.partition(":")
    return not separator or any(pattern_regex(prefix).fullmatch(service) for service in SERVICES)


@cache
def _every_action() -> tuple[str, ...]:
    table = action_table()
    return (*table.actions, *table.api_only)


# ---------------------------------------------------------------- trust policies
def read_trust(text: str) -> tuple[list[str], bool]:
    """Who may take a role on, as `PrincipalRecord.trusts`, sorted; and whether they may set session tags.

    An upper bound: Deny statements are not counted. Errors: `InputError` for text that is no policy document.
    """
    trusted: set[str] = set()
    session_tags = False
    for statement in parse_policy(text).statements:
        if statement.effect != "Allow":
            continue
        if _allows(statement, _TAKES_ON):
            suffix = " if" if statement.conditions or statement.doubts else ""
            trusted.update(name + suffix for name in _trusted(statement))
        session_tags = session_tags or _allows(statement, (_TAG_SESSION,))
    return sorted(trusted), session_tags


def _allows(statement: Statement, actions: tuple[str, ...]) -> bool:
    if statement.not_actions:
        excluded = [pattern_regex(pattern) for pattern in statement.not_actions]
        return any(not any(regex.fullmatch(action) for regex in excluded) for action in actions)
    return any(pattern_regex(pattern).fullmatch(action) for pattern in statement.actions for action in actions)


def _trusted(statement: Statement) -> Iterator[str]:
    if statement.not_principals:
        yield "anyone"
    for kind, value in statement.principals:
        if kind == "Service":
            yield f"service:{value}"
        elif kind == "Federated":
            yield f"federated:{value}"
        elif kind == "AWS" and value == "*":
            yield "anyone"
        elif value.endswith(":root"):
            yield f"account:{value.split(':')[4]}" if value.count(":") == 5 else f"principal:{value}"  # noqa: PLR2004
        else:
            yield f"account:{value}" if value.isdigit() else f"principal:{value}"
