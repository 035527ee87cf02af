"""`auditor access`: which repository, who is shown, how it reads at 80 columns, and the shape of its JSON."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from auditor.cli.access_tree import lines, wrap
from auditor.cli.main import main
from auditor.errors import ExitCode, InputError, UsageError
from auditor.inventory.facts import Reason, Unknown
from auditor.run.access import access
from auditor.run.access_report import AccessReport
from tests.support.access_world import (
    PULL,
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
    snapshot,
    to,
)  # fmt: skip
from tools.generate_schemas import SCHEMAS, schema_of

READ = policy(f"arn:aws:iam::{O}:policy/read", allow([*PULL, TOKEN]))
ADMIN = policy("arn:aws:iam::aws:policy/AdministratorAccess", allow(), kind="provider")
LONG = "platform/observability/" + "telemetry-collector-for-production-" * 2 + "eu"


def world(path: Path, *, identities: bool = True, **more: Any) -> Path:
    """Twelve pullers alike, one from the office, one unknown, an administrator with a long name, a partner."""
    office = policy("office", allow([*PULL, TOKEN], Condition={"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}))
    who = [principal(f"build/runner-{number:02d}", READ.id) for number in range(12)]
    who += [principal("ann", "office", kind="user"), principal("odd", "gone"), principal(LONG, ADMIN.id)]
    stopped = policy("p-stop", deny("ecr:Delete*"), kind="guardrail")
    full = policy("p-full", allow(), kind="guardrail")
    record = account(who, [READ, ADMIN, office, stopped, full], guardrails=guardrails([[full.id, stopped.id]]))
    shared = repository("team/app", [to({"AWS": f"arn:aws:iam::{E}:root"}, Sid="Partner")])
    registries = [
        (registry(), [shared, repository("team/other")]),
        (registry(region="us-east-1"), [repository("team/other", region="us-east-1")]),
    ]
    return snapshot(path / "snapshot", [record] if identities else [], registries, **more)


def test_report_holds_yes_and_unknown_and_leaves_no_out(tmp_path: Path) -> None:
    report = access(world(tmp_path), "team/app", capabilities=["pull"])
    states = {(answer.kind, answer.state) for answer in report.answers}

    assert states == {("account", "yes"), ("root", "yes"), ("role", "yes"), ("role", "unknown"), ("user", "yes")}
    assert (report.accounts, report.principals) == ([O], 16)


@pytest.mark.parametrize(
    "text",
    [
        f"{O}/eu-west-1/team/other",
        f"ecr/{O}/eu-west-1/team/other",
        f"urn:cr:ecr:{O}:eu-west-1:team/other",
        f"{O}.dkr.ecr.eu-west-1.amazonaws.com/team/other",
        f"{O}.dkr.ecr.eu-west-1.amazonaws.com/team/other:v1@sha256:{'a' * 64}",
    ],
)
def test_repository_is_named_in_any_usual_way(tmp_path: Path, text: str) -> None:
    assert access(world(tmp_path), text).repository.id == f"urn:cr:ecr:{O}:eu-west-1:team/other"


def test_ambiguous_and_missing_repositories_are_usage_errors_that_name_others(tmp_path: Path) -> None:
    path = world(tmp_path)

    with pytest.raises(UsageError) as ambiguous:
        access(path, "team/other")
    assert f"{O}/eu-west-1/team/other, {O}/us-east-1/team/other" in str(ambiguous.value)
    with pytest.raises(UsageError, match="did you mean team/app"):
        access(path, "team/ap")
    with pytest.raises(UsageError, match="unknown capability 'read'"):
        access(path, "team/app", capabilities=["read"])
    with pytest.raises(InputError, match="not a snapshot"):
        access(tmp_path / "nothing", "team/app")


def test_registries_of_other_platforms_are_refused(tmp_path: Path) -> None:
    context = registry()
    context = msgspec.structs.replace(context, scope=f"harbor/{O}/eu-west-1")
    path = snapshot(tmp_path / "snapshot", [], [(context, [repository(kind="harbor")])])

    with pytest.raises(UsageError, match="is of the kind harbor"):
        access(path, "team/app")


@pytest.mark.parametrize("pattern", ["odd", "role/odd", f"arn:aws:iam::{O}:role/odd", "*:role/odd"])
def test_principal_takes_an_arn_or_a_pattern_and_explains_every_answer(tmp_path: Path, pattern: str) -> None:
    report = access(world(tmp_path), "team/app", principal=pattern)

    assert {answer.principal for answer in report.answers} == {f"arn:aws:iam::{O}:role/odd"}
    assert [answer.state for answer in report.answers] == ["unknown"] * 3 + ["unknown"]
    assert all("gone" in answer.reason for answer in report.answers)


def test_principal_that_cannot_is_told_the_stopping_statement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = world(tmp_path)
    command = ["access", "team/app", "--snapshot", str(path), "--principal", LONG.rpartition("/")[2]]

    assert main([*command, "--who", "delete"]) == 0
    text = capsys.readouterr().out

    assert "yes: role" in text
    assert "allowed: BatchDeleteImage" in text
    report = access(path, "team/app", principal="*runner-03", capabilities=["delete"])
    assert report.answers[0].state == "no"
    assert "no policy grants it" in report.answers[0].reason


def test_no_because_of_a_deny_names_its_statement(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    stop = policy("p-stop", deny("ecr:*"), kind="guardrail")
    record = account([principal("ci", ADMIN.id)], [ADMIN, stop], guardrails=guardrails([[ADMIN.id, stop.id]]))
    path = snapshot(tmp_path / "snapshot", [record], [(registry(), [repository()])])

    main(["access", "team/app", "--snapshot", str(path), "--principal", "ci", "--who", "push"])
    text = " ".join(capsys.readouterr().out.split())

    assert "no: role ci" in text
    assert "stopped by statement 0 of the SCP p-stop" in text
    assert "an explicit Deny" in text


def test_tree_groups_principals_alike_and_fits_80_columns(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = world(tmp_path)

    assert main(["access", "team/app", "--snapshot", str(path)]) == 0
    text = capsys.readouterr().out

    assert max(len(line) for line in text.splitlines()) <= 80
    assert "yes: 12 roles: build/runner-00, build/runner-01," in text
    assert "and 8 more" in text
    assert "must bring, for example: aws:sourceip=203.0.113.0" in text
    assert "by statement 0 (Partner) of the repository policy" in text
    joined = re.sub(r"\n[│ ]+", "", text)
    assert LONG in joined
    assert "unknown: role odd" in text


def test_a_group_of_many_kinds_counts_what_it_does_not_show() -> None:
    answers = [
        {"capability": "pull", "kind": "role", "principal": f"arn:aws:iam::{O}:role/r{n}", "account": O, "state": "yes"}
        | {"witness": [{"layer": "identity", "policy": f"p{n}", "statement": 0, "sid": ""}]}
        for n in range(20)
    ]
    for answer in answers:
        answer.update(partial=False, allowed=[], missing=[], requires=[], stopped_by=[], reason="", note="")
    report = msgspec.convert(
        {
            "taken_at": "now",
            "snapshot_digest": "sha256:0",
            "repository": {"id": "urn", "name": "app", "uri": "u", "account": O, "region": "r"},
            "capabilities": ["pull"],
            "principal": "",
            "accounts": [O],
            "principals": 20,
            "unread": [],
            "answers": answers,
        },
        AccessReport,
    )

    text = "\n".join(line for line, _style in lines(report, 80))

    assert "roles: 20 yes" in text
    assert "yes: 14 roles more, in 14 other ways; --json lists all" in text


def test_without_identities_it_says_so_and_shows_what_resource_policies_say(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = world(tmp_path, identities=False)

    assert main(["access", "team/app", "--snapshot", str(path), "--who", "pull", "--who", "push"]) == 0
    text = " ".join(capsys.readouterr().out.replace("│", "").split())

    assert "Identity policies were not read" in text
    assert "unknown: nobody is named for it; the account's own principals were not asked" in text
    assert "─ nobody" not in text
    assert f"unknown: other account {E}" in text
    assert "by statement 0 (Partner) of the repository policy" in text


def test_without_identities_a_named_role_is_shown_for_what_it_is_named_for_only(tmp_path: Path) -> None:
    named = repository("team/app", [to({"AWS": f"arn:aws:iam::{O}:role/ci"}, Sid="Ci")])
    path = snapshot(tmp_path / "snapshot", [], [(registry(), [named])])

    [answer] = access(path, "team/app").answers

    assert (answer.capability, answer.kind, answer.state) == ("pull", "principal", "unknown")
    assert [(w.layer, w.sid) for w in answer.witness] == [("repository", "Ci")]


def test_hostile_names_cannot_steer_the_terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evil = policy("evil", allow([*PULL, TOKEN], Sid="a\u001b[2J\u202e"))
    record = account([principal("x\u001b[31m", "evil")], [evil])
    path = snapshot(tmp_path / "snapshot", [record], [(registry(), [repository()])])

    main(["access", "team/app", "--snapshot", str(path)])
    text = capsys.readouterr().out

    assert "\u001b" not in text
    assert "\u202e" not in text
    assert "\\u001b" in text


def test_json_fits_its_published_schema_and_is_the_same_twice(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = world(tmp_path)
    texts = []
    for _ in range(2):
        assert main(["access", "team/app", "--snapshot", str(path), "--json"]) == 0
        texts.append(capsys.readouterr().out)
    schema = schema_of("access", *SCHEMAS["access"])

    document = json.loads(texts[0])
    jsonschema.Draft202012Validator(schema).validate(document)

    assert texts[0] == texts[1]
    assert (document["schema_version"], document["kind"]) == (1, "registry-auditor/access")
    assert set(document) == {
        "schema_version", "kind", "taken_at", "snapshot_digest", "repository", "capabilities", "principal", "accounts",
        "principals", "unread", "answers",
    }  # fmt: skip
    assert set(document["answers"][0]) == {
        "capability", "kind", "principal", "account", "state", "partial", "allowed", "missing", "witness", "requires",
        "stopped_by", "reason", "note",
    }  # fmt: skip
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(schema).validate({**document, "answers": [{"state": "maybe"}]})


def test_identities_of_another_account_in_the_snapshot_are_asked(tmp_path: Path) -> None:
    theirs = account([principal("puller", READ.id, account=E)], [READ], number=E)
    unnamed = account([principal("puller", READ.id, account=T)], [READ], number=T)
    own = account([], [])
    shared = repository("team/app", [to({"AWS": f"arn:aws:iam::{E}:root"})])
    path = snapshot(tmp_path / "snapshot", [own, theirs, unnamed], [(registry(), [shared])])

    report = access(path, "team/app", capabilities=["pull"])

    assert report.accounts == [O, E]
    assert [a.principal for a in report.answers if a.kind == "role"] == [f"arn:aws:iam::{E}:role/puller"]


def test_identities_that_were_denied_are_listed_as_unread(tmp_path: Path) -> None:
    gap = Unknown(Reason.ACCESS_DENIED, "iam:GetAccountAuthorizationDetails")
    path = snapshot(tmp_path / "snapshot", [account(gap, gap)], [(registry(), [repository()])])

    report = access(path, "team/app")

    assert report.accounts == []
    assert any("iam:GetAccountAuthorizationDetails: access denied" in text for text in report.unread)


def test_errors_are_one_line_with_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["access", "nothing", "--snapshot", str(world(tmp_path))]) == ExitCode.USAGE
    assert len(capsys.readouterr().err.strip().splitlines()) == 1


def test_wrap_breaks_behind_slashes_and_loses_nothing() -> None:
    text = f"arn:aws:iam::{O}:role/{'part/' * 30}end"
    found = wrap(text, 40)

    assert "".join(found) == text
    assert max(map(len, found)) <= 40
    assert max(map(len, wrap("x" * 100, 40))) <= 40
