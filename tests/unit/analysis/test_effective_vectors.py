"""P1 to P54 asked of concrete callers, each of whom is permitted everything on its own side.

Own: a role of the owner's account O that nothing names and nobody permitted anything. Member: of the owner's
organisation; stranger: in none; other: of another organisation; E and T: accounts that policies name. What is
asked is pulling, unless the case says otherwise.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.analysis.effective.attempt import Bearing
from auditor.analysis.effective.decide import decide
from auditor.analysis.policy_layers import compile_text
from auditor.analysis.request_context import Caller, Target
from auditor.inventory.facts import Absent, Fact, Known
from auditor.inventory.identity import OrganizationPlacement
from tests.unit.analysis.test_access import CASES, E, O, T, allow, deny, root

TARGET = Target(O, "eu-west-1", "team/app", "aws", Known({"env": "dev"}), Absent("org"), "2026-11-25T00:00:00Z")
EVERYTHING = compile_text(
    json.dumps({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}),
    "everything",
    "identity",
)


def placed(name: str) -> Fact[OrganizationPlacement]:
    return Known(OrganizationPlacement(name, f"{name}/r-1/ou-1/"))


def role(account: str, placement: Fact[OrganizationPlacement], name: str = "ci", **tags: str) -> Caller:
    return Caller(f"arn:aws:iam::{account}:role/{name}", account, "role", f"AROA{account}", tags, placement)


NONE: Fact[OrganizationPlacement] = Absent("organizations:DescribeOrganization")
CALLERS = {
    "own": role(O, placed("o-own"), "nobody"),
    "T": role(T, placed("o-own")),
    "E": role(E, NONE),
    "member": role("333333333333", placed("o-own"), "web"),
    "other": role("444444444444", placed("o-other"), "web"),
    "stranger": role("555555555555", NONE, "web"),
}
ALL = set(CALLERS)
OWN_ORG = {"own", "T", "member"}
PULLS: dict[str, set[str]] = {
    "P1": ALL,
    "P2": ALL,
    "P3": ALL,
    "P4": set(),
    "P5": set(),
    "P6": {"E"},
    "P7": {"E"},
    "P8": set(),
    "P9": set(),
    "P10": ALL - {"own"},
    "P11": set(),
    "P12": set(),
    "P13": OWN_ORG,
    "P14": OWN_ORG,
    "P15": ALL - {"E"},
    "P16": OWN_ORG,
    "P17": {"other"},
    "P18": OWN_ORG | {"other"},
    "P19": OWN_ORG | {"other"},
    "P20": ALL - {"other"},
    "P21": ALL - {"other"},
    "P22": OWN_ORG,
    "P23": ALL - {"other"},
    "P24": OWN_ORG,
    "P25": {"E", "stranger"},
    "P26": {"own"},
    "P27": {"own", "T"},
    "P28": {"T", "E"},
    "P29": {"T"},
    "P30": ALL,
    "P31": ALL,
    "P32": ALL,
    "P33": ALL,
    "P33-v6": ALL,
    "P33-halves": ALL,
    "P34": ALL,
    "P35": set(),
    "P36": ALL,
    "P37": ALL,
    "P38": ALL,
    "P39": set(),
    "P40": set(),
    "P41": set(),
    "P42": set(),
    "P43": set(),
    "P43-canonical": set(),
    "P44": set(),
    "P45": ALL,
    "P46": ALL,
    "P47": set(),
    "P48": set(),
    "P51": OWN_ORG,
    "P52": OWN_ORG,
}
"""Who can do ecr:BatchGetImage. P39 and P40 turn on tags that these have not: see below."""
BRINGS = {"P30": "aws:sourcevpce", "P32": "aws:sourcevpc", "P34": "aws:sourceip", "P38": "aws:useragent"}


def ask(statements: list[dict[str, Any]], caller: Caller, action: str, target: Target = TARGET, **more: Any) -> Any:
    text = json.dumps({"Version": "2012-10-17", "Statement": statements})
    identity = () if caller is CALLERS["own"] else (EVERYTHING,)
    policy = compile_text(text, "policy", more.pop("layer", "repository"))
    return decide(Bearing(identity, None, (), (policy,), **more), caller, target, action)


def test_every_vector_of_the_table_is_asked() -> None:
    numbers = {int(case.split("-")[0][1:]) for case in PULLS}

    # P11 of the table and those that hold no repository policy have tests of their own below.
    assert numbers | {49, 50, 53, 54} == set(range(1, 55))
    assert set(PULLS) == set(CASES)


@pytest.mark.parametrize("case", PULLS)
def test_vector_lets_in_whom_the_table_says(case: str) -> None:
    answers = {name: ask(CASES[case][0], caller, "ecr:BatchGetImage") for name, caller in CALLERS.items()}

    assert {name for name, answer in answers.items() if answer.state == "yes"} == PULLS[case]
    assert all(answer.state != "unknown" for answer in answers.values())


@pytest.mark.parametrize("case", BRINGS)
def test_vector_says_what_the_caller_must_bring(case: str) -> None:
    answer = ask(CASES[case][0], CALLERS["stranger"], "ecr:BatchGetImage")

    assert [text.partition("=")[0] for text in answer.requires] == [BRINGS[case]]


def test_p3_writes_as_well() -> None:
    assert ask(CASES["P3"][0], CALLERS["stranger"], "ecr:PutImage").state == "yes"


def test_p10_leaves_the_own_account_to_its_identity_policies() -> None:
    own = role(O, placed("o-own"), "permitted")

    assert ask(CASES["P10"][0], own, "ecr:BatchGetImage").state == "yes"


def test_p12_names_the_deny() -> None:
    answer = ask(CASES["P12"][0], CALLERS["stranger"], "ecr:BatchGetImage")

    assert (answer.reason, [cited.statement for cited in answer.stopped_by]) == ("an explicit Deny", [1])


def test_p39_turns_on_the_repositorys_tag_and_p40_on_the_callers() -> None:
    prod = Target(O, "eu-west-1", "team/app", "aws", Known({"env": "prod"}), Absent("org"), TARGET.now)
    tagged = role("555555555555", NONE, "web", team="x")

    assert ask(CASES["P39"][0], CALLERS["stranger"], "ecr:BatchGetImage", prod).state == "yes"
    assert ask(CASES["P40"][0], tagged, "ecr:BatchGetImage").state == "yes"


@pytest.mark.parametrize(("case", "acting_for", "state"), [("P41", E, "yes"), ("P42", E, "no"), ("P42", O, "yes")])
def test_p41_and_p42_a_service_acts_for_whom_its_source_says(case: str, acting_for: str, state: str) -> None:
    service = Caller("lambda.amazonaws.com", acting_for, "service", "", placement=NONE)

    assert ask(CASES[case][0], service, "ecr:BatchGetImage").state == state


def test_p44_metadata_is_read_and_nothing_pulled() -> None:
    assert ask(CASES["P44"][0], CALLERS["stranger"], "ecr:DescribeImages").state == "yes"


def test_p45_one_of_two_actions() -> None:
    assert ask(CASES["P45"][0], CALLERS["stranger"], "ecr:GetDownloadUrlForLayer").state == "no"


def test_p46_everything_but_what_it_excludes() -> None:
    assert ask(CASES["P46"][0], CALLERS["stranger"], "ecr:PutImage").state == "yes"
    assert ask(CASES["P46"][0], CALLERS["stranger"], "ecr:DeleteRepository").state == "no"


def test_p47_uploads() -> None:
    assert ask(CASES["P47"][0], CALLERS["E"], "ecr:PutImage").state == "yes"
    assert ask(CASES["P47"][0], CALLERS["T"], "ecr:PutImage").state == "no"


def test_p49_without_a_policy_only_the_own_account_counts() -> None:
    bearing = Bearing((EVERYTHING,), None, (), ())

    assert decide(bearing, role(O, NONE), TARGET, "ecr:BatchGetImage").state == "yes"
    assert decide(bearing, CALLERS["stranger"], TARGET, "ecr:BatchGetImage").state == "no"


def test_p50_a_policy_that_was_not_read_is_unknown_for_everybody() -> None:
    bearing = Bearing((EVERYTHING,), None, (), (), resource_unread="the repository's policy was not read")
    answers = [decide(bearing, caller, TARGET, "ecr:BatchGetImage") for caller in (role(O, NONE), CALLERS["E"])]

    assert [answer.state for answer in answers] == ["unknown", "unknown"]
    assert {answer.reason for answer in answers} == {"the repository's policy was not read"}


def test_p53_replication_is_let_in_by_the_registrys_policy() -> None:
    statement = allow(root(E), "ecr:ReplicateImage", Resource="*")

    assert ask([statement], CALLERS["E"], "ecr:ReplicateImage", layer="registry").state == "yes"
    assert ask([statement], CALLERS["T"], "ecr:ReplicateImage", layer="registry").state == "no"
    assert ask([statement], CALLERS["E"], "ecr:BatchGetImage", layer="registry").state == "no"


def test_p54_identity_policies_open_nothing_to_other_accounts() -> None:
    bearing = Bearing((EVERYTHING,), None, (), ())

    assert [n for n, c in CALLERS.items() if decide(bearing, c, TARGET, "ecr:PutImage").state == "yes"] == ["own"]


def test_the_organisation_guard_of_the_guides_spares_services_only() -> None:
    guard = {
        "StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-own"},
        "BoolIfExists": {"aws:PrincipalIsAWSService": "false"},
    }
    statements = [allow(), allow({"Service": "lambda.amazonaws.com"}), deny(condition=guard)]
    service = Caller("lambda.amazonaws.com", E, "service", "", placement=NONE)

    assert ask(statements, CALLERS["stranger"], "ecr:BatchGetImage").state == "no"
    assert ask(statements, CALLERS["member"], "ecr:BatchGetImage").state == "yes"
    assert ask(statements, service, "ecr:BatchGetImage").state == "yes"
