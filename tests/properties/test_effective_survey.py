"""Asking classes of callers, repositories and actions gives what asking each by itself gives."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditor.analysis.effective.attempt import Level
from auditor.analysis.effective.bearing import Asked, Place, bearing_of
from auditor.analysis.effective.capabilities import actions_of
from auditor.analysis.effective.decide import decide
from auditor.analysis.effective.survey import Survey
from auditor.analysis.policy_layers import Policy, compile_text
from auditor.analysis.request_context import Caller, Target
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.identity import OrganizationPlacement
from tests.properties.test_effective_access import CALLERS, guards, identity, statements, text
from tests.support import brute_force_iam as brute

ACTIONS = actions_of(["pull", "push", "delete", "create"]) | {"ecr:TagResource", "ecr:PutRegistryPolicy"}
TAGS: list[Any] = [
    Known({"team": "app"}),
    Known({"Team": "db"}),
    Absent("ecr:ListTagsForResource"),
    Unknown(Reason.ACCESS_DENIED, "ecr:ListTagsForResource"),
]
NAMES = ["team/app", "team/web", "other", "app/one"]

pools = st.fixed_dictionaries(
    {
        "identity": st.lists(identity, min_size=1, max_size=4),
        "bounds": st.lists(guards, max_size=2),
        "scp": st.lists(guards, max_size=2),
        "resource": st.lists(
            st.lists(statements(resource=False, principal=True), min_size=1, max_size=3), min_size=1, max_size=3
        ),
        "registry": st.lists(statements(resource=True, principal=True), max_size=1),
    }
)


def compiled(policies: list[Any], layer: Any) -> list[Policy]:
    return [compile_text(text(policy), f"{layer}-{number}", layer) for number, policy in enumerate(policies)]


def callers(draw: Any, pool: dict[str, Any]) -> list[Asked]:
    # Inline policies are often copies: alike in all but their names, which the witnesses must keep.
    copies = [compile_text(text(policy), f"copy-{n}", "identity") for n, policy in enumerate(pool["identity"])]
    policies = [*compiled(pool["identity"], "identity"), *copies]
    bounds = compiled(pool["bounds"], "boundary")
    levels = tuple(Level("scp", f"level {n}", (policy,)) for n, policy in enumerate(compiled(pool["scp"], "scp")))
    found = []
    for one in CALLERS * 2:
        placement: Any = Absent("organizations")
        if one.organisation:
            placement = Known(OrganizationPlacement(one.organisation, f"{one.organisation}/"))
        tags = draw(st.sampled_from([one.tags, {}, {"team": "db"}]))
        caller = Caller(
            one.arn + draw(st.sampled_from(["", "-two"])),
            one.account,
            one.kind,  # type: ignore[arg-type]
            "AROAEXAMPLE",
            tags,
            placement,
            draw(st.booleans()),
        )
        bound = draw(st.sampled_from([None, *bounds]))
        held = tuple(draw(st.lists(st.sampled_from(policies), max_size=2, unique_by=id)))
        boundary = None if bound is None else Level("boundary", bound.name, (bound,))
        found.append(
            Asked(caller, held, boundary, levels, draw(st.sampled_from(["", "", "", "a policy was not read"])))
        )
    return found


def places(draw: Any, pool: dict[str, Any]) -> list[Place]:
    policies = [*compiled(pool["resource"], "repository"), None]
    registry = compiled([pool["registry"]], "registry") if pool["registry"] else []
    found = []
    for number, name in enumerate(NAMES):
        own = draw(st.sampled_from(policies))
        target = Target(
            brute.OWN, brute.REGION, name, "aws", draw(st.sampled_from(TAGS)), Absent("organizations"), brute.NOW
        )
        resource = (*([own] if own else []), *registry)
        found.append(Place(f"urn:{number}", target, resource, (), draw(st.sampled_from(["", "", "it was not read"]))))
    return found


@pytest.mark.slow
@settings(max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(pools, st.data())
def test_classes_give_the_answers_of_each(pool: dict[str, Any], data: st.DataObject) -> None:
    where = places(data.draw, pool)
    survey = Survey(where, ACTIONS)
    for asked in callers(data.draw, pool):
        parts = survey.ask(asked)
        assert sum(part.bits for part in parts) == (1 << len(where)) - 1
        for index, place in enumerate(where):
            [part] = [part for part in parts if part.bits >> index & 1]
            for action in sorted(ACTIONS):
                alone = decide(bearing_of(asked, place), asked.caller, place.target, action)
                assert part.answers[action] == alone, (asked.caller, place, action)


def test_past_its_budget_a_survey_says_that_it_does_not_know() -> None:
    policy = compile_text(text([{"Effect": "Allow", "Action": "ecr:*", "Resource": "*"}]), "all", "identity")
    target = Target(brute.OWN, brute.REGION, "app", "aws", Known({}), Absent("organizations"), brute.NOW)
    survey = Survey([Place("urn:1", target, ())], frozenset(["ecr:PutImage"]), budget=1)

    first = survey.ask(Asked(Caller(CALLERS[0].arn, brute.OWN, "role", "AROA1"), (policy,)))
    second = survey.ask(Asked(Caller(CALLERS[1].arn, brute.OWN, "user", "AIDA1"), (policy,)))

    assert first[0].answers["ecr:PutImage"].state == "yes"
    assert second[0].answers["ecr:PutImage"].state == "unknown"
    assert "more combinations" in second[0].answers["ecr:PutImage"].reason
