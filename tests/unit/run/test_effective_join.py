"""What principals can do to repositories, written into their account once all registries are read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from auditor.inventory.facts import Known, Reason, Unknown
from auditor.inventory.identity import AccountRecord, PrincipalAccess
from auditor.inventory.names import entities_of
from auditor.inventory.store import SnapshotReader
from auditor.run.joins.complete import Joins
from auditor.run.joins.effective import EffectiveJoin
from tests.support.access_world import (
    DENIED,
    PUSH,
    TOKEN,
    E,
    O,
    account,
    allow,
    deny,
    policy,
    principal,
    registry,
    repository,
    snapshot,
    to,
)  # fmt: skip

TEAM = policy("team", allow(PUSH, f"arn:aws:ecr:*:{O}:repository/team/*"), allow(TOKEN))
ADMIN = policy("admin", allow())


def joined(path: Path, accounts: list[AccountRecord], registries: Any, join: Any = None) -> dict[str, Any]:
    """The effective access of each account after the join."""
    made = snapshot(path / "snapshot", accounts, registries, finish=(join or EffectiveJoin()).finish)
    reader = SnapshotReader(made)
    found = {}
    for entry in reader.manifest.scopes:
        if entities_of(entry.id) == {"account"}:
            record = msgspec.json.decode(reader.context(entry) or b"", type=AccountRecord)
            found[record.account] = record.derived.effective
    return found


def names(found: list[PrincipalAccess]) -> dict[tuple[str, str, str], tuple[int, list[str]]]:
    return {
        (one.principal.rpartition("/")[2], one.capability, one.certainty): (
            one.count,
            [identity.split(":")[-1] for identity in one.repositories],
        )
        for one in found
    }


def test_push_delete_and_administer_by_principal_and_repository(tmp_path: Path) -> None:
    record = account([principal("ci", "team"), principal("root-like", "admin"), principal("idle")], [TEAM, ADMIN])
    repositories = [repository("team/app"), repository("team/web"), repository("other")]

    effective = joined(tmp_path, [record], [(registry(), repositories)])[O]

    assert isinstance(effective, Known)
    everything = (3, ["other", "team/app", "team/web"])
    assert names(effective.value) == {
        ("ci", "push", "exact"): (2, ["team/app", "team/web"]),
        ("root-like", "push", "exact"): everything,
        ("root-like", "delete", "exact"): everything,
        ("root-like", "administer", "exact"): everything,
    }
    [pushed] = [one for one in effective.value if one.principal.endswith("/ci")]
    assert [(w.layer, w.policy, w.statement) for w in pushed.witness] == [
        ("identity", "team", 0),
        ("identity", "team", 1),
    ]


def test_repository_policies_deny_and_what_was_not_read_is_unknown(tmp_path: Path) -> None:
    guard = {**to("*", "ecr:*"), "Effect": "Deny"}
    gap = Unknown(Reason.ACCESS_DENIED, "ecr:GetRepositoryPolicy")
    repositories = [repository("team/app"), repository("team/shut", [guard]), repository("team/dark", gap)]

    effective = joined(tmp_path, [account([principal("ci", "team")], [TEAM])], [(registry(), repositories)])[O]

    assert names(effective.value) == {
        ("ci", "push", "exact"): (1, ["team/app"]),
        # A policy that was not read may name the role, for anything.
        ("ci", "push", "unknown"): (1, ["team/dark"]),
        ("ci", "delete", "unknown"): (1, ["team/dark"]),
        ("ci", "administer", "unknown"): (1, ["team/dark"]),
    }
    unknown = [one for one in effective.value if one.certainty == "unknown"]
    assert all("ecr:GetRepositoryPolicy" in one.reason for one in unknown)


def test_repositories_are_told_apart_by_the_tags_that_conditions_ask_for(tmp_path: Path) -> None:
    abac = policy("abac", allow([*PUSH, TOKEN]), deny("ecr:PutImage", Condition={"StringNotEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}))  # fmt: skip
    record = account([principal("ci", "abac", tags={"team": "app"})], [abac])
    repositories = [repository("a", tags={"team": "app"}), repository("b", tags={"team": "web"}), repository("c")]

    effective = joined(tmp_path, [record], [(registry(), repositories)])[O]

    assert names(effective.value) == {("ci", "push", "exact"): (1, ["a"])}


def test_at_most_twenty_repositories_are_named_and_all_counted(tmp_path: Path) -> None:
    record = account([principal("ci", "team")], [TEAM])
    repositories = [repository(f"team/r{number:03d}") for number in range(120)]

    [pushed] = joined(tmp_path, [record], [(registry(), repositories)])[O].value

    assert (pushed.count, len(pushed.repositories)) == (120, 20)
    assert pushed.repositories == sorted(pushed.repositories)
    assert pushed.repositories[0].endswith("team/r000")


def test_repositories_of_other_accounts_and_regions(tmp_path: Path) -> None:
    record = account([principal("ci", "team")], [TEAM])
    registries = [
        (registry(), [repository("team/app")]),
        (registry(region="us-east-1"), [repository("team/app", region="us-east-1")]),
        (registry(number=E), [repository("team/app", [to({"AWS": O}, "ecr:*")], number=E)]),
    ]

    [pushed] = joined(tmp_path, [record], registries)[O].value

    assert pushed.repositories == [f"urn:cr:ecr:{O}:eu-west-1:team/app", f"urn:cr:ecr:{O}:us-east-1:team/app"]


def test_past_the_budget_it_is_unknown_and_never_left_out(tmp_path: Path) -> None:
    record = account([principal("ci", "team"), principal("admin", "admin")], [TEAM, ADMIN])

    found = joined(tmp_path, [record], [(registry(), [repository("team/app")])], EffectiveJoin(budget=0))[O].value

    assert {(one.principal.rpartition("/")[2], one.certainty) for one in found} == {
        ("ci", "unknown"),
        ("admin", "unknown"),
    }
    assert all("more combinations" in one.reason for one in found)


def test_identities_that_were_not_read_stay_unknown(tmp_path: Path) -> None:
    gap = Unknown(Reason.ACCESS_DENIED, "iam:GetAccountAuthorizationDetails")

    assert joined(tmp_path, [account(gap, gap)], [(registry(), [repository()])])[O] == gap


def test_control_policies_that_were_not_read_are_the_reason(tmp_path: Path) -> None:
    record = account([principal("ci", "team")], [TEAM], guardrails=DENIED)

    [pushed] = joined(tmp_path, [record], [(registry(), [repository()])])[O].value

    assert pushed.certainty == "unknown"
    assert "service control policies" in pushed.reason


def test_it_is_one_of_the_joins_of_a_collection(tmp_path: Path) -> None:
    record = account([principal("ci", "team")], [TEAM])
    joins = Joins(since=None, expects_workloads=False)

    assert joined(tmp_path, [record], [(registry(), [repository()])], joins)[O].value
