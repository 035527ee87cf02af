"""ECR's own preview: started, waited for, paged; and what is not an answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor import plugins
from auditor.collectors.aws.retention_preview import CALLS, GET, START, RetentionPreview
from auditor.config.settings import Config, Settings
from auditor.errors import UsageError
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.run.simulating import Oracle, SimulateOptions, simulate
from tests.support.fake_aws import FakeAws, RefusedError, fake_aws
from tests.support.lifecycle_worlds import digest, image, policy, rule
from tests.support.retention_snapshots import ACCOUNT, REGION, write

POLICY = policy(rule("any", "imageCountMoreThan", 1))
TEXT = json.dumps(POLICY)
TARGET = {"kind": "ecr", "regions": [REGION]}
BUSY = "LifecyclePolicyPreviewInProgressException"


class Preview:
    """The two operations of one repository."""

    def __init__(self, world: FakeAws, taken: list[int], *, priority: int = 1, action: str = "EXPIRE") -> None:
        self.text = TEXT
        self.status = ["IN_PROGRESS", "COMPLETE"]
        self.busy = 0
        self.slept: list[float] = []
        self.results = [
            {"imageDigest": digest(n), "action": {"type": action}, "appliedRulePriority": priority} for n in taken
        ]
        world[START] = self.start
        world[GET] = self.get

    def start(self, params: dict[str, Any]) -> dict[str, Any]:
        if self.busy:
            self.busy -= 1
            raise RefusedError(BUSY)
        self.text = params.get("lifecyclePolicyText", self.text)
        return {"repositoryName": params["repositoryName"], "lifecyclePolicyText": self.text, "status": "IN_PROGRESS"}

    def get(self, _params: dict[str, Any]) -> dict[str, Any]:
        status = self.status.pop(0) if len(self.status) > 1 else self.status[0]
        return {"lifecyclePolicyText": self.text, "status": status, "previewResults": self.results}

    def ask(self, given: str | None = None) -> Any:
        return RetentionPreview([TARGET], self.slept.append).ask(ACCOUNT, REGION, "app", given)


@pytest.fixture
def world() -> Iterator[FakeAws]:
    with fake_aws(FakeAws(page_size=2)) as made:
        yield made


def test_every_page_is_read_once_it_is_complete(world: FakeAws) -> None:
    preview = Preview(world, [1, 2, 3, 4, 5])

    answer = preview.ask()

    assert isinstance(answer, Known)
    assert [(p.digest, p.action, p.priority) for p in answer.value] == [(digest(n), "expire", 1) for n in range(1, 6)]
    assert len(preview.slept) == 1
    assert world.calls[START] == 1
    # Two that wait, three pages.
    assert world.calls[GET] == 5


def test_a_proposed_policy_is_sent_and_filled_up_to_the_least_length(world: FakeAws) -> None:
    preview = Preview(world, [])

    assert preview.ask('{"rules": []}') == Known([], GET)
    assert json.loads(preview.text) == {"rules": []}
    assert len(preview.text) >= 100


def test_another_preview_is_waited_for(world: FakeAws) -> None:
    preview = Preview(world, [1])
    preview.busy = 3

    assert isinstance(preview.ask(), Known)
    assert preview.slept == [5.0] * 4


def test_another_preview_that_does_not_end_is_unknown(world: FakeAws) -> None:
    preview = Preview(world, [1])
    preview.busy = 1000

    answer = preview.ask()

    assert isinstance(answer, Unknown)
    assert answer.reason is Reason.PENDING
    assert world.calls[GET] == 0


@pytest.mark.parametrize(
    ("status", "reason"),
    [("IN_PROGRESS", Reason.PENDING), ("FAILED", Reason.SERVER_ERROR), ("EXPIRED", Reason.SERVER_ERROR)],
)
def test_a_preview_that_does_not_complete_is_unknown(world: FakeAws, status: str, reason: Reason) -> None:
    preview = Preview(world, [1])
    preview.status = [status]

    answer = preview.ask()

    assert isinstance(answer, Unknown)
    assert answer.reason is reason


def test_the_answer_to_somebody_elses_preview_is_not_ours(world: FakeAws) -> None:
    preview = Preview(world, [1])
    original = preview.get

    def replaced(params: dict[str, Any]) -> dict[str, Any]:
        return {**original(params), "lifecyclePolicyText": '{"rules": [1]}'.ljust(100)}

    world[GET] = replaced

    answer = preview.ask(TEXT)

    assert isinstance(answer, Unknown)
    assert "another policy" in answer.detail


def test_refusals_are_unknown_and_no_policy_is_absent(world: FakeAws) -> None:
    preview = Preview(world, [])
    world.refuse(START)
    denied = preview.ask()
    world.refuse(START, "LifecyclePolicyNotFoundException")
    absent = preview.ask()
    elsewhere = RetentionPreview([TARGET]).ask("999999999999", REGION, "app", None)
    harbor = RetentionPreview([{"kind": "harbor"}]).ask(ACCOUNT, REGION, "app", None)

    assert isinstance(denied, Unknown)
    assert (denied.reason, denied.source) == (Reason.ACCESS_DENIED, START)
    assert absent == Absent(START, "LifecyclePolicyNotFoundException")
    assert isinstance(elsewhere, Unknown)
    assert isinstance(harbor, Unknown)


def test_no_collector_starts_previews() -> None:
    for name in plugins.names("collectors"):
        assert not CALLS & plugins.collector(name).calls


# -------------------------------------------------------------------- beside the simulation
def compare(folder: Path, images: list[Any], preview: Preview, proposed: Path | None = None) -> Oracle:
    if not (folder / "snapshot").exists():
        write(folder / "snapshot", {"app": (POLICY, images)})
    config = Config(Settings(targets=[TARGET]))
    options = SimulateOptions(snapshot=folder / "snapshot", policy=proposed, oracle=config, sleep=preview.slept.append)
    [found] = simulate(options).repositories
    assert found.oracle is not None
    return found.oracle


IMAGES = [image(1, ["a"], 3), image(2, ["b"], 2), image(3, ["c"], 1), image(4, [], 5, subject=1, kind="signature")]


def test_the_same_next_run_agrees(world: FakeAws, tmp_path: Path) -> None:
    assert compare(tmp_path, IMAGES, Preview(world, [1, 2])) == Oracle(2, [])
    # What goes with its subject may be listed or not.
    assert compare(tmp_path, IMAGES, Preview(world, [1, 2, 4])) == Oracle(2, [])


def test_differences_are_listed_both_ways(world: FakeAws, tmp_path: Path) -> None:
    found = compare(tmp_path, IMAGES, Preview(world, [2, 3], priority=9))

    assert found.agreed == 0
    assert [(d.digest, d.simulated, d.previewed) for d in found.differences] == [
        (digest(1), "expire by rule 1", ""),
        (digest(2), "expire by rule 1", "expire by rule 9"),
        (digest(3), "", "expire by rule 9"),
    ]


def test_archiving_is_compared_too(world: FakeAws, tmp_path: Path) -> None:
    found = compare(tmp_path, IMAGES, Preview(world, [1, 2], action="TRANSITION"))

    assert [d.previewed for d in found.differences] == ["archive by rule 1"] * 2


def test_a_proposed_policy_is_what_is_previewed(world: FakeAws, tmp_path: Path) -> None:
    proposed = tmp_path / "p.json"
    proposed.write_text(json.dumps(policy(rule("any", "imageCountMoreThan", 2))))
    preview = Preview(world, [1])

    assert compare(tmp_path, IMAGES, preview, proposed) == Oracle(1, [])
    assert json.loads(preview.text)["rules"][0]["selection"]["countNumber"] == 2


def test_a_refused_preview_says_why(world: FakeAws, tmp_path: Path) -> None:
    preview = Preview(world, [])
    world.refuse(START)

    assert compare(tmp_path, IMAGES, preview).unread == f"{START}: access_denied: AccessDeniedException"


def test_unknown_repositories_are_told_before_any_call(world: FakeAws, tmp_path: Path) -> None:
    write(tmp_path / "snapshot", {"app": (POLICY, IMAGES)})
    options = SimulateOptions(
        snapshot=tmp_path / "snapshot", repositories=("nothing",), oracle=Config(Settings(targets=[TARGET]))
    )

    with pytest.raises(UsageError, match="nothing"):
        simulate(options)
    assert not world.calls


def test_the_command_shows_the_comparison_and_exits_3_without_one(
    world: FakeAws, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from auditor.cli.main import main

    monkeypatch.chdir(tmp_path)
    write(tmp_path / "snapshot", {"app": (POLICY, IMAGES)})
    Path("auditor.yaml").write_text("version: 1\ntargets:\n  - {kind: ecr, regions: [eu-west-1]}\n")
    preview = Preview(world, [1, 3])
    preview.status = ["COMPLETE"]

    shown = main(["retention", "simulate", "--oracle", "-c", "auditor.yaml"]), capsys.readouterr()
    world.refuse(START)
    unread = main(["retention", "simulate", "--oracle", "-c", "auditor.yaml"]), capsys.readouterr()

    assert shown[0] == 0
    assert "agrees on 1 image and differs on 2:" in shown[1].out
    assert "simulated: stays; preview: expire by rule 1" in shown[1].out
    assert unread[0] == 3
    assert "app: no preview: ecr:StartLifecyclePolicyPreview: access_denied" in unread[1].err
    assert "images expired" in unread[1].out
