"""What is wrong in a policy document, whoever asks.

Codes: action_unknown, action_unlisted (newer than our table), action_malformed, action_wrong_service,
action_not_for_repository, action_suspicious; resource_element, resource_empty, resource_arn_invalid,
version_missing_with_variables, pull_incomplete, principal_invalid, principal_deleted,
network_private_useless; allow_not_principal, allow_not_action, allow_not_resource, weak_condition_if_exists,
weak_condition_for_all_values, weak_condition_negated, weak_condition_null, weak_condition_any_network,
weak_condition_wildcard, weak_condition_caller_controlled, deny_may_not_apply; element_unknown.
Of identity policies besides (see `identity_problems`): action_needs_every_resource, token_missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditor.analysis.iam_actions import Service, classify_action, match_actions, needs_registry, suggest_actions
from auditor.analysis.iam_conditions import (
    CALLER_CONTROLLED,
    covers_everything,
    is_private_only,
    narrow,
    required_keys,
    take_apart,
)
from auditor.analysis.iam_document import ConditionEntry, PolicyText, Statement
from auditor.inventory.derived import PolicyProblem

_ARN = re.compile(
    r"arn:(aws|aws-cn|aws-us-gov|aws-iso|aws-iso-b|aws-eusc):ecr:([^:]+):([^:]+):repository/.+", re.DOTALL
)
_PRINCIPAL = re.compile(r"\*|\d{12}|arn:[a-z0-9-]+:(iam|sts)::\d{12}:[^*]+", re.DOTALL)
_UNIQUE_ID = re.compile(r"A[A-Z]{3}[A-Z0-9]{8,}")
_PULL = {"ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"}


def find_problems(document: PolicyText, scope: str, service: Service = "ecr") -> list[PolicyProblem]:
    """Every problem, in the order of statements. `scope`: `repository` or `registry`; `service`: whose.

    For the policies of identities: `identity_problems.find_identity_problems`.
    """
    found = [problem("element_unknown", 0, "", "", doubt) for doubt in document.doubts]
    for statement in document.statements:
        found.extend(statement_doubts(statement))
        found.extend(_actions(statement, scope, service))
        found.extend(_principals(statement))
        found.extend(_resources(statement, scope))
        found.extend(wide_constructs(statement))
        found.extend(_conditions(statement))
        found.extend(plain_variables(document, statement))
    return found


def plain_variables(document: PolicyText, statement: Statement) -> Iterator[PolicyProblem]:
    """Policy variables in a document whose version does not know them."""
    if document.version != "2012-10-17" and "${" in str(statement.raw):
        yield problem(
            "version_missing_with_variables", statement.index, "", document.version or "",
            "policy variables are plain text without Version 2012-10-17",
        )  # fmt: skip


def problem(
    code: str, statement: int, pointer: str, value: str, message: str, suggestions: list[str] | None = None
) -> PolicyProblem:
    """A problem of one statement; `pointer` from the statement on."""
    return PolicyProblem(
        code=code,
        statement=statement,
        pointer=f"/Statement/{statement}{pointer}",
        value=value,
        message=message,
        suggestions=suggestions or [],
    )


def statement_doubts(statement: Statement) -> Iterator[PolicyProblem]:
    """What could not be read of a statement."""
    for doubt in statement.doubts:
        yield problem("element_unknown", statement.index, "", "", doubt)


def _actions(statement: Statement, scope: str, service: Service) -> Iterator[PolicyProblem]:
    name = "NotAction" if statement.not_actions else "Action"
    matched: set[str] = set()
    for i, action in enumerate(statement.not_actions or statement.actions):
        pointer = f"/{name}/{i}"
        verdict = classify_action(action, service)
        near = suggest_actions(action, service=service)
        hint = f" (did you mean {' and '.join(near)}?)" if near else ""
        ours = [a for a in match_actions(action) if a.startswith(f"{service}:")]
        matched.update(ours)
        if verdict == "invalid":
            yield problem("action_unknown", statement.index, pointer, action, f"{action} does not exist{hint}", near)
        elif verdict == "malformed":
            yield problem("action_malformed", statement.index, pointer, action, f"{action} has no service{hint}", near)
        elif verdict == "other_service":
            named = [a for a in near if a.partition(":")[2].lower() == action.partition(":")[2].lower()]
            meant = f" (did you mean {named[0]}?)" if named else ""
            message = f"{action} does nothing here{meant}"
            yield problem("action_wrong_service", statement.index, pointer, action, message, named)
        elif verdict == "unknown":
            yield problem(
                "action_unlisted", statement.index, pointer, action, f"{action} is not in the table of actions"
            )
        elif verdict == "suspicious":
            yield problem(
                "action_suspicious", statement.index, pointer, action,
                f"{action} matches only {ours[0]}, which is hardly meant", near,
            )  # fmt: skip
        elif scope == "repository" and "*" not in action and ours and all(needs_registry(a) for a in ours):
            yield problem(
                "action_not_for_repository", statement.index, pointer, action,
                f"{action} cannot be granted by a repository policy",
            )  # fmt: skip
    if statement.effect == "Allow" and not statement.not_actions and len(matched & _PULL) == 1:
        missing = min(_PULL - matched)
        yield problem(
            "pull_incomplete", statement.index, f"/{name}", min(matched & _PULL), f"pulling also takes {missing}"
        )


def _principals(statement: Statement) -> Iterator[PolicyProblem]:
    for kind, value in (*statement.principals, *statement.not_principals):
        if kind in ("Federated", "CanonicalUser"):
            message = f"a {kind} principal cannot be used here"
            yield problem("principal_invalid", statement.index, "/Principal", value, message)
        elif kind == "AWS" and _UNIQUE_ID.fullmatch(value):
            message = f"{value} is the id of a principal that no longer exists"
            yield problem("principal_deleted", statement.index, "/Principal", value, message)
        elif kind == "AWS" and not _PRINCIPAL.fullmatch(value) and "${" not in value:
            message = f"{value} names no principal; wildcards inside an ARN are not expanded"
            yield problem("principal_invalid", statement.index, "/Principal", value, message)


def _resources(statement: Statement, scope: str) -> Iterator[PolicyProblem]:
    resources = statement.resources
    if resources is None:
        return
    if scope == "repository":
        message = "a repository policy must not have a Resource element"
        yield problem("resource_element", statement.index, "/Resource", ", ".join(resources), message)
        return
    for i, resource in enumerate(resources):
        pointer = f"/Resource/{i}"
        if resource == "":
            yield problem("resource_empty", statement.index, pointer, resource, "an empty Resource matches nothing")
        elif resource != "*" and "${" not in resource and not _ARN.fullmatch(resource):
            message = f"{resource} is no repository ARN with region and account"
            yield problem("resource_arn_invalid", statement.index, pointer, resource, message)


def wide_constructs(statement: Statement) -> Iterator[PolicyProblem]:
    """An Allow that is written as all but something."""
    if statement.effect != "Allow":
        return
    if statement.not_principals:
        message = "Allow with NotPrincipal lets in everybody else"
        yield problem("allow_not_principal", statement.index, "/NotPrincipal", "", message)
    if statement.not_actions:
        message = "Allow with NotAction allows every other action"
        yield problem("allow_not_action", statement.index, "/NotAction", ", ".join(statement.not_actions), message)
    if statement.not_resources is not None:
        message = "Allow with NotResource allows every other resource"
        yield problem("allow_not_resource", statement.index, "/NotResource", "", message)


def _conditions(statement: Statement) -> Iterator[PolicyProblem]:
    required = required_keys(statement.conditions)
    yield from idle_conditions(statement)
    if statement.effect == "Deny":
        return
    # Only an Allow for everybody leans on its conditions, and only when every one of them is weak.
    everybody = statement.not_principals or ("AWS", "*") in statement.principals
    if not everybody or any(narrow(entry, required).kind != "open" for entry in statement.conditions):
        return
    for entry in statement.conditions:
        code, message = weakness(entry)
        if code:
            yield condition_problem(code, statement, entry, message)


def idle_conditions(statement: Statement) -> Iterator[PolicyProblem]:
    """Conditions that keep a Deny from applying, or an Allow from ever allowing."""
    for entry in statement.conditions:
        operator = take_apart(entry.operator)
        positive = operator.base in ("stringequals", "stringlike") and not operator.if_exists
        if statement.effect == "Deny":
            if positive and _may_miss(entry):
                message = f"a Deny on {entry.key} does not apply where the key is missing"
                yield condition_problem("deny_may_not_apply", statement, entry, message)
        elif entry.key == "aws:sourceip" and is_private_only(entry.values):
            message = f"{', '.join(entry.values)} is private: no request comes from there"
            yield condition_problem("network_private_useless", statement, entry, message)


def _may_miss(entry: ConditionEntry) -> bool:
    return entry.key in ("aws:principalorgid", "aws:principalorgpaths", "aws:sourcevpce", "aws:sourcevpc")


def weakness(entry: ConditionEntry) -> tuple[str, str]:
    """(code, message) of a condition that holds nobody back; empty texts for one that does."""
    operator = take_apart(entry.operator)
    if entry.key in CALLER_CONTROLLED:
        return "weak_condition_caller_controlled", f"the caller chooses {entry.key}"
    if operator.base == "null":
        return "weak_condition_null", f"Null on {entry.key} alone names nobody"
    if operator.if_exists:
        return "weak_condition_if_exists", f"{entry.operator} is true where {entry.key} is missing"
    if operator.quantifier == "forallvalues":
        return "weak_condition_for_all_values", f"{entry.operator} is true where {entry.key} is missing"
    if operator.negative:
        return "weak_condition_negated", f"{entry.operator} lets in everybody else"
    if operator.base == "ipaddress" and covers_everything(entry.values):
        return "weak_condition_any_network", f"{', '.join(entry.values)} is every address"
    if any("*" in value for value in entry.values):
        return "weak_condition_wildcard", f"{entry.key} {', '.join(entry.values)} matches strangers"
    return "", ""


def condition_problem(code: str, statement: Statement, entry: ConditionEntry, message: str) -> PolicyProblem:
    """A problem that points at one condition."""
    pointer = f"/Condition/{entry.operator}/{entry.key}"
    return problem(code, statement.index, pointer, ", ".join(entry.values), message)
