"""What is wrong in a policy document, whoever asks.

Codes: action_unknown, action_unlisted (newer than our table), action_malformed, action_wrong_service,
action_not_for_repository, action_suspicious; resource_element, resource_empty, resource_arn_invalid,
version_missing_with_variables, pull_incomplete, principal_invalid, principal_deleted,
network_private_useless; allow_not_principal, allow_not_action, allow_not_resource, weak_condition_if_exists,
weak_condition_for_all_values, weak_condition_negated, weak_condition_null, weak_condition_any_network,
weak_condition_wildcard, weak_condition_caller_controlled, deny_may_not_apply; element_unknown.
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
    """Every problem, in the order of statements. `scope`: `repository` or `registry`; `service`: whose."""
    found = [_problem("element_unknown", 0, "", "", doubt) for doubt in document.doubts]
    for statement in document.statements:
        found.extend(_elements(statement))
        found.extend(_actions(statement, scope, service))
        found.extend(_principals(statement))
        found.extend(_resources(statement, scope))
        found.extend(_wide(statement))
        found.extend(_conditions(statement))
        if document.version != "2012-10-17" and "${" in str(statement.raw):
            found.append(
                _problem(
                    "version_missing_with_variables", statement.index, "", document.version or "",
                    "policy variables are plain text without Version 2012-10-17",
                )
            )  # fmt: skip
    return found


def _problem(
    code: str, statement: int, pointer: str, value: str, message: str, suggestions: list[str] | None = None
) -> PolicyProblem:
    return PolicyProblem(
        code=code,
        statement=statement,
        pointer=f"/Statement/{statement}{pointer}",
        value=value,
        message=message,
        suggestions=suggestions or [],
    )


def _elements(statement: Statement) -> Iterator[PolicyProblem]:
    for doubt in statement.doubts:
        yield _problem("element_unknown", statement.index, "", "", doubt)


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
            yield _problem("action_unknown", statement.index, pointer, action, f"{action} does not exist{hint}", near)
        elif verdict == "malformed":
            yield _problem("action_malformed", statement.index, pointer, action, f"{action} has no service{hint}", near)
        elif verdict == "other_service":
            named = [a for a in near if a.partition(":")[2].lower() == action.partition(":")[2].lower()]
            meant = f" (did you mean {named[0]}?)" if named else ""
            message = f"{action} does nothing here{meant}"
            yield _problem("action_wrong_service", statement.index, pointer, action, message, named)
        elif verdict == "unknown":
            yield _problem(
                "action_unlisted", statement.index, pointer, action, f"{action} is not in the table of actions"
            )
        elif verdict == "suspicious":
            yield _problem(
                "action_suspicious", statement.index, pointer, action,
                f"{action} matches only {ours[0]}, which is hardly meant", near,
            )  # fmt: skip
        elif scope == "repository" and "*" not in action and ours and all(needs_registry(a) for a in ours):
            yield _problem(
                "action_not_for_repository", statement.index, pointer, action,
                f"{action} cannot be granted by a repository policy",
            )  # fmt: skip
    if statement.effect == "Allow" and not statement.not_actions and len(matched & _PULL) == 1:
        missing = min(_PULL - matched)
        yield _problem(
            "pull_incomplete", statement.index, f"/{name}", min(matched & _PULL), f"pulling also takes {missing}"
        )


def _principals(statement: Statement) -> Iterator[PolicyProblem]:
    for kind, value in (*statement.principals, *statement.not_principals):
        if kind in ("Federated", "CanonicalUser"):
            message = f"a {kind} principal cannot be used here"
            yield _problem("principal_invalid", statement.index, "/Principal", value, message)
        elif kind == "AWS" and _UNIQUE_ID.fullmatch(value):
            message = f"{value} is the id of a principal that no longer exists"
            yield _problem("principal_deleted", statement.index, "/Principal", value, message)
        elif kind == "AWS" and not _PRINCIPAL.fullmatch(value) and "${" not in value:
            message = f"{value} names no principal; wildcards inside an ARN are not expanded"
            yield _problem("principal_invalid", statement.index, "/Principal", value, message)


def _resources(statement: Statement, scope: str) -> Iterator[PolicyProblem]:
    resources = statement.resources
    if resources is None:
        return
    if scope == "repository":
        message = "a repository policy must not have a Resource element"
        yield _problem("resource_element", statement.index, "/Resource", ", ".join(resources), message)
        return
    for i, resource in enumerate(resources):
        pointer = f"/Resource/{i}"
        if resource == "":
            yield _problem("resource_empty", statement.index, pointer, resource, "an empty Resource matches nothing")
        elif resource != "*" and "${" not in resource and not _ARN.fullmatch(resource):
            message = f"{resource} is no repository ARN with region and account"
            yield _problem("resource_arn_invalid", statement.index, pointer, resource, message)


def _wide(statement: Statement) -> Iterator[PolicyProblem]:
    if statement.effect != "Allow":
        return
    if statement.not_principals:
        message = "Allow with NotPrincipal lets in everybody else"
        yield _problem("allow_not_principal", statement.index, "/NotPrincipal", "", message)
    if statement.not_actions:
        message = "Allow with NotAction allows every other action"
        yield _problem("allow_not_action", statement.index, "/NotAction", ", ".join(statement.not_actions), message)
    if statement.not_resources is not None:
        message = "Allow with NotResource allows every other resource"
        yield _problem("allow_not_resource", statement.index, "/NotResource", "", message)


def _conditions(statement: Statement) -> Iterator[PolicyProblem]:
    required = required_keys(statement.conditions)
    if statement.effect == "Deny":
        for entry in statement.conditions:
            operator = take_apart(entry.operator)
            if operator.base in ("stringequals", "stringlike") and not operator.if_exists and _may_miss(entry):
                message = f"a Deny on {entry.key} does not apply where the key is missing"
                yield _condition("deny_may_not_apply", statement, entry, message)
        return
    for entry in statement.conditions:
        if entry.key == "aws:sourceip" and is_private_only(entry.values):
            message = f"{', '.join(entry.values)} is private: no request comes from there"
            yield _condition("network_private_useless", statement, entry, message)
    # Only an Allow for everybody leans on its conditions, and only when every one of them is weak.
    everybody = statement.not_principals or ("AWS", "*") in statement.principals
    if not everybody or any(narrow(entry, required).kind != "open" for entry in statement.conditions):
        return
    for entry in statement.conditions:
        code, message = _weakness(entry)
        if code:
            yield _condition(code, statement, entry, message)


def _may_miss(entry: ConditionEntry) -> bool:
    return entry.key in ("aws:principalorgid", "aws:principalorgpaths", "aws:sourcevpce", "aws:sourcevpc")


def _weakness(entry: ConditionEntry) -> tuple[str, str]:
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


def _condition(code: str, statement: Statement, entry: ConditionEntry, message: str) -> PolicyProblem:
    pointer = f"/Condition/{entry.operator}/{entry.key}"
    return _problem(code, statement.index, pointer, ", ".join(entry.values), message)
