"""Effective access on records of a snapshot: each layer, what was not read, and who is bound by what."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.analysis.effective.answers import Entry, answers_for
from auditor.analysis.effective.bearing import AccountSide, RegistrySide
from auditor.inventory.derived import Capability
from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.identity import OrganizationPlacement
from tests.support.access_world import (
    DENIED,
    NONE,
    PULL,
    PUSH,
    TOKEN,
    E,
    O,
    T,
    account,
    allow,
    deny,
    guardrails,
    policy,
    principal,
    registry,
    repository,
    to,
)  # fmt: skip

FULL = policy("arn:aws:organizations::aws:policy/service_control_policy/p-FullAWSAccess", allow(), kind="guardrail")
ALL = policy("arn:aws:iam::aws:policy/AdministratorAccess", allow(), kind="provider")
READ = policy(f"arn:aws:iam::{O}:policy/read", allow([*PULL, TOKEN]))
UNREAD = Unknown(Reason.ACCESS_DENIED, "iam:GetAccountAuthorizationDetails")


def ask(
    who: list[Any],
    policies: list[Any],
    *,
    record: Any = None,
    context: Any = None,
    capability: Capability = "pull",
    others: list[AccountSide] | None = None,
    **more: Any,
) -> dict[str, Entry]:
    """The answers by principal, an ARN's last part or the name of an outsider."""
    side = AccountSide(account(who, policies, **more))
    place = RegistrySide(context or registry(), side).place(record or repository())
    entries = answers_for(place, [side, *(others or [])], [capability])
    return {
        entry.principal.rpartition("/")[2] if "/" in entry.principal else entry.principal: entry for entry in entries
    }


def state(found: dict[str, Entry], name: str) -> str:
    return found[name].answer.state


# ---------------------------------------------------------------- identity policies and boundaries
def test_an_identity_policy_grants_and_is_the_witness() -> None:
    found = ask([principal("ci", READ.id), principal("idle")], [READ])

    assert state(found, "ci") == "yes"
    assert [(c.layer, c.policy, c.statement) for c in found["ci"].answer.witness] == [("identity", READ.id, 0)]
    assert (state(found, "idle"), found["idle"].answer.reason) == ("no", "no policy grants it")


def test_pulling_takes_a_token_of_ones_own_policies() -> None:
    found = ask([principal("ci")], [], record=repository(statements=[to({"AWS": f"arn:aws:iam::{O}:role/ci"})]))
    answer = found["ci"].answer

    assert (answer.state, answer.partial, answer.missing) == ("no", True, (TOKEN,))
    assert answer.allowed == tuple(PULL)


def test_a_token_is_granted_on_the_resource_star_alone() -> None:
    on_repository = policy("p", allow([*PULL, TOKEN], f"arn:aws:ecr:*:{O}:repository/*"))

    assert ask([principal("ci", "p")], [on_repository])["ci"].answer.missing == (TOKEN,)


@pytest.mark.parametrize(
    ("named", "kind", "expected"), [("role", "role", "no"), ("user", "user", "yes"), ("session", "role", "yes"), ("picked", "role", "yes"), ("*", "role", "unknown")]
)  # fmt: skip
def test_a_boundary_limits_what_a_repository_policy_grants_to_a_role_and_not_to_a_user_or_session(
    named: str, kind: Any, expected: str
) -> None:
    bound = policy("arn:aws:iam::1:policy/bound", allow(["s3:*", TOKEN]))
    token = policy("token", allow(TOKEN))
    statement = {
        "role": to({"AWS": f"arn:aws:iam::{O}:role/ci"}),
        "user": to({"AWS": f"arn:aws:iam::{O}:user/ci"}),
        "session": to({"AWS": f"arn:aws:sts::{O}:assumed-role/ci/build"}),
        "picked": to("*", Condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{O}:role/ci"}}),
        "*": to("*"),
    }[named]
    who = [principal("ci", "token", kind=kind, boundary=bound.id)]

    found = ask(who, [bound, token], record=repository(statements=[statement]))

    assert state(found, "ci") == expected
    assert (expected != "no") or "permission boundary" in found["ci"].answer.reason


def test_naming_the_own_account_leaves_it_to_identity_policies() -> None:
    token = policy("token", allow(TOKEN))
    record = repository(statements=[to({"AWS": f"arn:aws:iam::{O}:root"})])

    found = ask([principal("ci", "token"), principal("puller", READ.id)], [token, READ], record=record)

    assert (state(found, "ci"), state(found, "puller")) == ("no", "yes")


def test_a_deny_with_not_principal_spares_a_whole_identity_and_is_unknown_for_a_part_of_one() -> None:
    arns = [f"arn:aws:iam::{O}:user/ann", f"arn:aws:iam::{O}:root"]
    guard = {"Effect": "Deny", "NotPrincipal": {"AWS": arns}, "Action": "ecr:*"}
    who = [principal("ann", READ.id, kind="user"), principal("bob", READ.id, kind="user")]

    found = ask(who, [READ], record=repository(statements=[guard]))

    assert state(found, "ann") == "yes"
    assert (state(found, "bob"), "whom it names" in found["bob"].answer.reason) == ("unknown", True)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("arn:aws:ecr:*", "yes"),
        ("arn:aws:ecr:*:repository/team/*", "yes"),
        (f"arn:aws:ecr:eu-*:{O}:repository/team/app", "yes"),
        (f"arn:aws:ecr:*:{O}:repository/*/app", "yes"),
        (f"arn:aws:ecr:?u-west-1:{O}:repository/team/???", "yes"),
        ("arn:aws:e*repository/team/app", "unknown"),
        (f"arn:aws:ecr:*:{E}:repository/*", "no"),
        ("arn:aws:ecr:*:*:repository/Team/*", "no"),
    ],
)
def test_wildcards_of_resources_go_beyond_a_colon_at_the_end_of_a_segment_only(pattern: str, expected: str) -> None:
    held = policy("p", allow(PUSH, pattern), allow(TOKEN))

    assert state(ask([principal("ci", "p")], [held], capability="push"), "ci") == expected


# ---------------------------------------------------------------- control policies
def test_each_level_of_control_policies_must_allow() -> None:
    pull_only = policy("p-pull", allow(["ecr:Get*", "ecr:Batch*"]), kind="guardrail")
    who = [principal("ci", ALL.id)]
    levels = guardrails([[FULL.id], [pull_only.id], [FULL.id]])
    policies = [ALL, FULL, pull_only]

    assert state(ask(who, policies, guardrails=levels), "ci") == "yes"
    pushed = ask(who, policies, guardrails=levels, capability="push")["ci"].answer
    assert pushed.state == "no"
    assert "no SCP at level-1 allows it" in pushed.reason


def test_control_policies_bind_neither_the_management_account_nor_service_linked_roles() -> None:
    nothing = policy("p-nothing", deny(), kind="guardrail")
    who = [principal("ci", ALL.id), principal("aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS", ALL.id)]
    policies = [ALL, FULL, nothing]
    levels = [[FULL.id, nothing.id]]

    member = ask(who, policies, guardrails=guardrails(levels, [[FULL.id]]))
    management = ask(who, policies, guardrails=guardrails(levels, levels, management=O))

    assert (state(member, "ci"), state(member, "AWSServiceRoleForECS")) == ("no", "yes")
    assert (state(management, "ci"), state(management, "AWSServiceRoleForECS")) == ("yes", "yes")
    assert member["ci"].answer.stopped_by[0].policy == "p-nothing"


def test_a_resource_control_policy_stops_other_accounts_at_the_resource() -> None:
    outside = deny("ecr:*", Principal="*", Condition={"StringNotEqualsIfExists": {"aws:PrincipalOrgID": "o-own"}})
    rcp, open_ = policy("p-rcp", outside, kind="guardrail"), policy("p-full", allow(Principal="*"), kind="guardrail")
    own = Known(OrganizationPlacement("o-own", "o-own/r-1/"))
    levels = guardrails([[FULL.id]], [[open_.id], [rcp.id, open_.id]])

    found = ask([principal("ci", READ.id)], [READ, FULL, rcp, open_], record=repository(statements=[to("*")]), guardrails=levels, placement=own)  # fmt: skip

    assert state(found, "ci") == "yes"
    assert (state(found, "any account"), found["any account"].answer.stopped_by[0].layer) == ("no", "rcp")


def test_control_policies_that_were_not_read_make_a_yes_unknown_and_leave_a_no() -> None:
    found = ask([principal("ci", READ.id), principal("idle")], [READ], guardrails=DENIED)

    assert (state(found, "ci"), state(found, "idle")) == ("unknown", "no")
    assert (
        "service control policies were not read: organizations:ListPolicies: access denied" in found["ci"].answer.reason
    )
    assert [c.policy for c in found["ci"].answer.witness] == [READ.id]


def test_a_policy_that_is_missing_or_unreadable_may_allow_and_deny() -> None:
    broken = policy("broken", allow())
    broken = type(broken)("broken", "broken", "managed", "2012-10-17", [type(broken.statements[0])(0, "{")], 1)
    who = [principal("ci", READ.id, "gone"), principal("idle", "broken")]

    found = ask(who, [READ, broken])

    assert (state(found, "ci"), state(found, "idle")) == ("unknown", "unknown")
    assert "gone" in found["ci"].answer.reason
    assert "broken" in found["idle"].answer.reason


# ---------------------------------------------------------------- the registry's policy
@pytest.mark.parametrize(
    ("scope", "expected"), [("all_actions", "yes"), ("registry_actions", "no"), (Unknown(Reason.ACCESS_DENIED, "ecr:GetAccountSetting"), "unknown")]
)  # fmt: skip
def test_the_scope_of_a_registry_policy_decides_what_it_opens(scope: Any, expected: str) -> None:
    context = registry([to({"AWS": f"arn:aws:iam::{E}:root"}, "ecr:*", Resource="*")], scope=scope)

    assert state(ask([], [], context=context), E) == expected
    assert state(ask([], [], context=context, capability="replicate"), E) == "yes"


def test_a_registry_policy_is_about_the_resources_that_it_names() -> None:
    statement = to({"AWS": f"arn:aws:iam::{E}:root"}, "ecr:*", Resource=f"arn:aws:ecr:eu-west-1:{O}:repository/other/*")

    assert state(ask([], [], context=registry([statement])), E) == "no"
    assert state(ask([], [], context=registry([statement]), record=repository("other/app")), E) == "yes"


def test_a_deny_of_the_registry_policy_binds_the_own_account() -> None:
    statement = {**to("*", "ecr:Put*", Resource="*"), "Effect": "Deny"}
    found = ask([principal("ci", ALL.id)], [ALL], context=registry([statement]), capability="push")

    assert (state(found, "ci"), found["ci"].answer.stopped_by[0].layer) == ("no", "registry")


# ---------------------------------------------------------------- other accounts
def test_another_accounts_principals_are_asked_by_their_own_policies_too() -> None:
    theirs = AccountSide(
        account([principal("puller", READ.id, account=E), principal("idle", account=E)], [READ], number=E)
    )
    record = repository(statements=[to({"AWS": f"arn:aws:iam::{E}:root"})])

    found = ask([], [], record=record, others=[theirs])

    assert (state(found, "puller"), state(found, "idle")) == ("yes", "no")
    assert {c.layer for c in found["puller"].answer.witness} == {"identity", "repository"}
    assert E not in found
    assert "its own policies do not grant it" in found["idle"].answer.reason


def test_a_whole_account_that_was_not_read_decides_for_itself() -> None:
    found = ask([], [], record=repository(statements=[to({"AWS": E})]))

    assert (found[E].kind, found[E].answer.state) == ("account", "yes")
    assert "administrators decide" in found[E].note
    assert {c.layer for c in found[E].answer.witness} == {"repository"}


def test_a_named_role_of_an_account_that_was_not_read_is_unknown() -> None:
    arn = f"arn:aws:iam::{E}:role/ci"
    found = ask([], [], record=repository(statements=[to({"AWS": arn})]))

    assert (found["ci"].kind, found["ci"].answer.state) == ("principal", "unknown")
    assert f"the policies of {arn} itself were not read" in found["ci"].answer.reason


def test_an_organisation_is_asked_as_a_member_of_it() -> None:
    statements = [to("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-partner"}})]
    found = ask([], [], record=repository(statements=statements))

    assert (state(found, "o-partner"), state(found, "any account")) == ("yes", "no")


def test_an_account_whose_organisation_is_not_known_is_unknown_where_that_counts() -> None:
    condition = {"StringEquals": {"aws:PrincipalOrgID": "o-partner"}}
    found = ask([], [], record=repository(statements=[to({"AWS": E}, Condition=condition)]))

    assert (state(found, E), "organisation was not read" in found[E].answer.reason) == ("unknown", True)


def test_patterns_of_accounts_and_organisations_are_asked_with_ones_that_fit() -> None:
    statements = [to("*", Condition={"StringLike": {"aws:PrincipalAccount": "12345*"}})]
    assert state(ask([], [], record=repository(statements=statements)), "any account") == "yes"
    statements = [to("*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-abc*"}})]
    assert state(ask([], [], record=repository(statements=statements)), "any account") == "yes"


@pytest.mark.parametrize(
    ("condition", "note"),
    [
        (None, "acting for anybody's resources: no condition names a source account"),
        ({"StringEquals": {"aws:SourceAccount": O}}, "acting for the owner's account only"),
        ({"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{O}:function:*"}}, "acting for the owner's account only"),
    ],
)
def test_a_service_says_for_whom_it_acts(condition: Any, note: str) -> None:
    statement = to({"Service": "lambda.amazonaws.com"}, **({"Condition": condition} if condition else {}))
    found = ask([], [], record=repository(statements=[statement]))["lambda.amazonaws.com"]

    assert (found.kind, found.answer.state, found.note) == ("service", "yes", note)


def test_names_that_stand_for_nobody_are_said_to() -> None:
    names = {"AWS": ["AROAEXAMPLE1234", f"arn:aws:iam::{E}:role/*"], "Federated": "cognito-identity.amazonaws.com"}
    found = ask([], [], record=repository(statements=[to(names)]))

    assert {entry.answer.state for entry in found.values() if entry.kind == "unusable"} == {"no"}
    assert sum(entry.kind == "unusable" for entry in found.values()) == 3
    assert "deleted principal" in found["AROAEXAMPLE1234"].answer.reason


# ---------------------------------------------------------------- what was not read
def test_a_repository_policy_that_was_not_read_is_unknown_for_everybody() -> None:
    record = repository(statements=Unknown(Reason.ACCESS_DENIED, "ecr:GetRepositoryPolicy"))
    found = ask([principal("ci", READ.id)], [READ], record=record)

    assert (state(found, "ci"), state(found, "any account")) == ("unknown", "unknown")
    assert "ecr:GetRepositoryPolicy: access denied" in found["ci"].answer.reason


def test_without_the_owners_identities_the_control_policies_are_missing_too() -> None:
    place = RegistrySide(registry(), None).place(repository(statements=[to({"AWS": E})]))
    [entry] = [e for e in answers_for(place, [], ["pull"]) if e.principal == E]

    assert entry.answer.state == "unknown"
    assert "resource control policies" in entry.answer.reason
    assert [c.layer for c in entry.answer.witness] == ["repository"]


def test_identities_that_were_not_read_are_said_to() -> None:
    assert "access denied" in AccountSide(account(UNREAD, UNREAD)).unread


# ---------------------------------------------------------------- context
def test_variables_tags_and_conditions_meet() -> None:
    abac = policy("abac", allow(PUSH, Condition={"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}), allow(TOKEN))  # fmt: skip
    who = [principal("app", "abac", tags={"team": "app"}), principal("web", "abac", tags={"team": "web"}), principal("free", "abac", session_tags=True), principal("none", "abac")]  # fmt: skip

    found = ask(who, [abac], record=repository(tags={"Team": "app"}), capability="push")

    assert [state(found, name) for name in ("app", "web", "free", "none")] == ["yes", "no", "unknown", "no"]


def test_request_tags_belong_to_requests_that_can_carry_them() -> None:
    tagged = policy("tagged", deny(["ecr:PutImage", "ecr:CreateRepository"], Condition={"Null": {"aws:RequestTag/owner": "true"}}), allow())  # fmt: skip
    who = [principal("ci", "tagged")]

    assert state(ask(who, [tagged], capability="push"), "ci") == "no"
    created = ask(who, [tagged], capability="create")["ci"].answer
    assert (created.state, "ecr:CreateRepository" in created.allowed) == ("yes", True)


def test_private_addresses_are_nobodys_source_and_public_ones_are_said() -> None:
    private = policy("private", allow(Condition={"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}))
    office = policy("office", allow(Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))

    found = ask([principal("in", "private"), principal("out", "office")], [private, office])

    assert (state(found, "in"), state(found, "out")) == ("no", "yes")
    assert found["out"].answer.requires == ("aws:sourceip=203.0.113.0",)


def test_the_root_user_needs_no_policy_and_is_bound_by_control_policies() -> None:
    nothing = policy("p-nothing", deny("ecr:*"), kind="guardrail")
    root = f"arn:aws:iam::{O}:root"

    assert state(ask([], []), root) == "yes"
    assert state(ask([], [FULL, nothing], guardrails=guardrails([[FULL.id, nothing.id]], [[FULL.id]])), root) == "no"


def test_kms_is_not_asked_since_the_platform_holds_grants() -> None:
    """ECR decrypts with grants of its own ("Encryption at rest"): a caller without any KMS permission pulls."""
    assert state(ask([principal("ci", READ.id)], [READ]), "ci") == "yes"


def test_whom_nobody_placed_is_in_no_organisation() -> None:
    guard = to("*", Condition={"StringEquals": {"aws:PrincipalOrgID": "o-own"}})
    token = policy("token", allow(TOKEN))

    found = ask([principal("ci", "token")], [token], record=repository(statements=[guard]), placement=NONE)

    assert (state(found, "ci"), T not in found) == ("no", True)


# ---------------------------------------------------------------- hostile policies
def test_patterns_of_many_wildcards_take_no_time() -> None:
    pattern = "*a" * 60 + "b"
    held = policy("p", allow(PUSH, f"arn:aws:ecr:*:*:repository/{pattern}"), allow(TOKEN))
    agent = policy("q", allow(Condition={"StringLike": {"aws:PrincipalTag/team": pattern}}))
    who = [principal("ci", "p"), principal("tagged", "q", tags={"team": "a" * 250})]

    found = ask(who, [held, agent], record=repository("a" * 250), capability="push")

    assert (state(found, "ci"), state(found, "tagged")) == ("no", "no")


def test_hundreds_of_denies_are_followed_or_unknown_and_never_a_crash() -> None:
    denies = [deny("ecr:*", Condition={"StringEquals": {f"aws:RequestTag/k{n}": "x"}}) for n in range(150)]
    many = [deny("ecr:*", Condition={"StringLike": {"aws:UserAgent": f"agent-{n}*"}}) for n in range(1500)]
    who = [principal("few", "few"), principal("many", "many")]

    found = ask(who, [policy("few", allow(), *denies), policy("many", allow(), *many)])

    assert (state(found, "few"), state(found, "many")) == ("yes", "unknown")
    assert "too many to follow" in found["many"].answer.reason
