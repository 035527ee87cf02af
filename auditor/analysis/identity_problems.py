"""What is wrong in a policy of an identity, as far as it is about registries.

Codes: those of `iam_problems`, and action_needs_every_resource (an action without resources on anything but `*`),
token_missing (pulls without the token that a login takes; found in `identity_grants`).
Source: IAM stores actions that do not exist and ARNs that match nothing; they grant nothing, without any error.
"""

from __future__ import annotations

from collections.abc import Iterator

from auditor.analysis.iam_actions import classify_action, match_actions, needs_registry, suggest_actions
from auditor.analysis.iam_conditions import required_keys, take_apart
from auditor.analysis.iam_document import ConditionEntry, PolicyText, Statement
from auditor.analysis.iam_problems import (
    condition_problem,
    idle_conditions,
    plain_variables,
    problem,
    statement_doubts,
    weakness,
    wide_constructs,
)
from auditor.analysis.identity_policies import SERVICES, names_registry
from auditor.analysis.registry_resources import is_star, may_match_repository, reaches_repositories
from auditor.inventory.derived import PolicyProblem

_ALWAYS_THERE = frozenset(
    {"aws:requestedregion", "aws:principalarn", "aws:principalaccount", "aws:principaltype", "aws:securetransport",
     "aws:currenttime", "aws:epochtime"}
)  # fmt: skip


def find_identity_problems(document: PolicyText, partition: str = "aws") -> list[PolicyProblem]:
    """Every problem of the statements that were kept, in their order; `partition`: the account's, as `aws-cn`."""
    found: list[PolicyProblem] = []
    for statement in document.statements:
        found.extend(statement_doubts(statement))
        found.extend(_actions(statement))
        found.extend(_resources(statement, partition))
        found.extend(idle_conditions(statement))
        found.extend(plain_variables(document, statement))
        if statement.effect == "Allow" and reaches_repositories(statement):
            found.extend(wide_constructs(statement))
            found.extend(_weak_conditions(statement))
    return found


# ---------------------------------------------------------------- actions
def _actions(statement: Statement) -> Iterator[PolicyProblem]:
    name = "NotAction" if statement.not_actions else "Action"
    for i, action in enumerate(statement.not_actions or statement.actions):
        if action != "*" and names_registry(action):
            yield from _action(statement.index, f"/{name}/{i}", action)


def _action(index: int, pointer: str, action: str) -> Iterator[PolicyProblem]:
    service, separator, rest = action.partition(":")
    near = suggest_actions(action)
    hint = f" (did you mean {' and '.join(near)}?)" if near else ""
    if not separator or not rest:
        yield problem("action_malformed", index, pointer, action, f"{action} has no service or no name{hint}", near)
        return
    service = service.lower()
    if service not in SERVICES:
        # A wildcard in the service: it may be meant for another one.
        return
    verdict = classify_action(action, service)
    if verdict == "invalid":
        other = SERVICES[1 - SERVICES.index(service)]
        elsewhere = list(match_actions(f"{other}:{rest}"))
        if elsewhere and "*" not in rest:
            message = f"{action} does not exist; {elsewhere[0]} does"
            yield problem("action_wrong_service", index, pointer, action, message, elsewhere)
        else:
            yield problem("action_unknown", index, pointer, action, f"{action} does not exist{hint}", near)
    elif verdict == "unknown":
        yield problem("action_unlisted", index, pointer, action, f"{action} is not in the table of actions")
    elif verdict == "suspicious":
        message = f"{action} matches only {match_actions(action)[0]}, which is hardly meant"
        yield problem("action_suspicious", index, pointer, action, message, near)


# ---------------------------------------------------------------- resources
def _resources(statement: Statement, partition: str) -> Iterator[PolicyProblem]:
    resources = statement.resources
    if resources is None:
        return
    named = [action for action in statement.actions if action.partition(":")[0].lower() in SERVICES]
    reported = False
    for i, resource in enumerate(resources):
        message = _fault(resource, partition, named=bool(named))
        if message:
            reported = True
            code = "resource_empty" if resource == "" else "resource_arn_invalid"
            yield problem(code, statement.index, f"/Resource/{i}", resource, message)
    for_repositories = [action for action in named if any(not needs_registry(a) for a in match_actions(action))]
    if for_repositories and not reported and not reaches_repositories(statement):
        message = f"no Resource is a repository, so {for_repositories[0]} is never allowed or denied"
        yield problem("resource_arn_invalid", statement.index, "/Resource", ", ".join(resources), message)
    if any(is_star(resource) for resource in resources):
        return
    for i, action in enumerate(statement.actions):
        matched = match_actions(action)
        if len(matched) == 1 and action in named and needs_registry(matched[0]):
            message = f"{matched[0]} works on Resource * only"
            yield problem("action_needs_every_resource", statement.index, f"/Action/{i}", action, message)


def _fault(resource: str, partition: str, *, named: bool) -> str:
    """Why a Resource matches no repository, where it looks as if it should; empty for a good one."""
    if resource == "":
        return "an empty Resource matches nothing"
    if "${" in resource:
        return ""
    parts = resource.split(":", 5)
    if parts[0] != "arn":
        odd = named and not resource.startswith("*")
        return f"{resource} is no ARN" if odd else ""
    if len(parts) < 3 or parts[2] not in SERVICES:  # noqa: PLR2004  an ARN's third part is the service
        return ""
    if "*" not in parts[1] and parts[1] != partition:
        return f"{resource} is in the partition {parts[1]}, the account in {partition}"
    if parts[2] == "ecr" and "" in parts[3:5]:
        return f"{resource} has no region or no account, so it matches no repository"
    if not may_match_repository(resource):
        return f"{resource} matches no repository: that takes repository/<name>"
    return ""


# ---------------------------------------------------------------- conditions
def _weak_conditions(statement: Statement) -> Iterator[PolicyProblem]:
    """Weak conditions of an Allow that has no other."""
    required = required_keys(statement.conditions)
    weak = [(entry, *_weak(entry, required)) for entry in statement.conditions]
    if all(code for _, code, _ in weak):
        for entry, code, message in weak:
            yield condition_problem(code, statement, entry, message)


def _weak(entry: ConditionEntry, required: frozenset[str]) -> tuple[str, str]:
    code, message = weakness(entry)
    operator = take_apart(entry.operator)
    if code in ("weak_condition_if_exists", "weak_condition_for_all_values") and (
        entry.key in required or entry.key in _ALWAYS_THERE
    ):
        return "", ""
    if code == "weak_condition_null" and {value.lower() for value in entry.values} == {"false"}:
        return "", ""
    if code == "weak_condition_wildcard" and any(value.removeprefix("o-").strip("*") for value in entry.values):
        return "", ""
    if code == "weak_condition_negated":
        missing = "" if entry.key in _ALWAYS_THERE or operator.if_exists else ", and where it is missing"
        return code, f"{entry.operator} allows whatever else {entry.key} is{missing}"
    return code, message
