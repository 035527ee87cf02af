"""What is taken from an earlier snapshot, and what never is."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.aws.reuse import REGISTRY_EVENTS, REPOSITORY_EVENTS, Touched
from auditor.config.settings import Config, Settings
from auditor.inventory.store import ScopeEntry
from auditor.run import clock
from auditor.run.collecting import collect
from tests.support.audits import FAST, records
from tests.support.ecr_server import ACCOUNT, Refusal, Registry, World, ecr_server, make_image, make_repository

REGION = "us-east-1"
PLACE = (ACCOUNT, REGION)


def event(
    name: str, repository: str = "", *, kind: str = "AwsApiCall", read_only: bool = False, **detail: Any
) -> dict[str, Any]:
    parameters = {"requestParameters": {"repositoryName": repository}} if repository else {}
    content = {"eventSource": "ecr.amazonaws.com", "eventType": kind, "readOnly": read_only, **parameters, **detail}
    return {
        "EventName": name, "EventSource": "ecr.amazonaws.com", "EventTime": int(time.time()),
        "ReadOnly": str(read_only).lower(), "CloudTrailEvent": json.dumps(content),
    }  # fmt: skip


def world(count: int = 12, **settings: Any) -> World:
    names = [f"app-{number:02d}" for number in range(count)]
    repositories = {
        name: make_repository(name, images=[make_image(100 + n, "v1")], retention="{}", **settings)
        for n, name in enumerate(names)
    }
    return World(regions={REGION: Registry(repositories=repositories)})


class Twice:
    """A first collection; then the world changes; then a second one with the first at hand."""

    def __init__(self, folder: Path, served: World, monkeypatch: pytest.MonkeyPatch, **target: Any) -> None:
        self.folder = folder
        self.served = served
        self._patch = monkeypatch
        self._target = target
        self.first = self._collect("first")

    def _collect(self, name: str, **more: Any) -> ScopeEntry:
        since = more.pop("since", None)
        with ecr_server(self.served) as url:
            full = {"kind": "ecr", "regions": [REGION], "endpoint_url": url, **FAST, **self._target, **more}
            outcome = collect(
                Config(Settings(targets=[full])), self.folder / name / "snapshot", lambda _w, _c: None, since=since
            )
        [scope] = outcome.manifest.scopes
        return scope

    def again(self, *, now: str = "", name: str = "second", since: str = "first", **more: Any) -> ScopeEntry:
        if now:
            self._patch.setattr(clock, "now", lambda: now)
        return self._collect(name, since=self.folder / since / "snapshot", **more)

    def records(self, name: str = "second") -> dict[str, dict[str, Any]]:
        return records(self.folder / name)


def test_untouched_repositories_are_taken_over_and_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Twice(tmp_path, world(), monkeypatch)
    runs.served.regions[REGION].repositories["app-03"]["images"].append(make_image(999, "new"))
    runs.served.events[PLACE] = [event("PutImage", "app-03"), event("BatchGetImage", "app-04", read_only=True)]
    settings = runs.served.regions[REGION].repositories["app-05"]["settings"]
    settings["imageTagMutability"] = "MUTABLE"

    scope = runs.again()

    assert scope.reused == 11
    assert scope.calls_by_operation["ecr:DescribeImages"] == 1
    assert "ecr:GetRegistryPolicy" not in scope.calls_by_operation
    assert (scope.wanted, scope.answered) == (runs.first.wanted, runs.first.answered)
    found = runs.records()
    assert found["app-03"]["reused"]["state"] == "absent"
    assert len(found["app-03"]["images"]["value"]) == 2
    reused = found["app-04"]["reused"]["value"]
    assert reused["feed"] == "cloudtrail:LookupEvents"
    assert reused["not_rechecked"] == ["last pull times", "images that arrive by replication"]
    pulled = found["app-04"]["images"]["value"][0]["last_pulled_at"]
    assert (pulled["state"], pulled["reason"], pulled["source"]) == ("unknown", "not_requested", "ecr:DescribeImages")
    assert found["app-03"]["images"]["value"][0]["last_pulled_at"]["state"] == "absent"
    # Settings come in bulk and are fresh all the same.
    assert found["app-05"]["repository"]["immutability"]["value"]["mode"] == "none"
    assert found["app-05"]["now"] == found["app-03"]["now"]


def test_actions_of_a_lifecycle_policy_are_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Twice(tmp_path, world(), monkeypatch)
    details = {"serviceEventDetails": {"repositoryName": "app-01"}}
    runs.served.events[PLACE] = [event("PolicyExecutionEvent", kind="AwsServiceEvent", read_only=True, **details)]

    runs.again()

    assert runs.records()["app-01"]["reused"]["state"] == "absent"
    assert runs.records()["app-02"]["reused"]["state"] == "known"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (
            {"refusals": {"cloudtrail:LookupEvents": Refusal("AccessDeniedException", message="no right to")}},
            "no right to",
        ),
        ({"events": {PLACE: [event("SomethingNew")]}}, ""),
        ({"events": {PLACE: [event("BatchGetImage", "app-01", read_only=True)] * 400}}, "costs more than it saves"),
    ],
    ids=["feed denied", "event that cannot be placed", "too many events"],
)
def test_everything_is_read_where_the_feed_does_not_tell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, Any], why: str
) -> None:
    runs = Twice(tmp_path, world(), monkeypatch)
    for key, value in change.items():
        setattr(runs.served, key, value)

    scope = runs.again()

    assert scope.reused == 0
    assert scope.calls_by_operation["ecr:DescribeImages"] == 12
    assert [why in note for note in scope.notes] == ([True] if why else [])
    assert scope.errors == []


def test_many_events_are_asked_for_by_name_where_that_pays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Twice(tmp_path, world(120), monkeypatch, rate={"LookupEvents": 300})
    pulls = [event("BatchGetImage", "app-01", read_only=True)] * 3000
    runs.served.events[PLACE] = [*pulls, event("BatchDeleteImage", "app-07")]

    scope = runs.again()

    assert scope.reused == 119
    assert scope.calls_by_operation["cloudtrail:LookupEvents"] <= 36 + 1 + len(REGISTRY_EVENTS | REPOSITORY_EVENTS)
    assert runs.records()["app-07"]["reused"]["state"] == "absent"


def test_old_snapshots_other_settings_and_old_records_are_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "now", lambda: "2026-01-01T00:00:00Z")
    runs = Twice(tmp_path, world(), monkeypatch)

    assert runs.again(now="2026-04-20T00:00:00Z", name="old").reused == 0
    assert runs.again(now="2026-01-02T00:00:00Z", name="settings", read_manifests=False).reused == 0
    assert runs.again(now="2026-01-05T00:00:00Z", name="fresh").reused == 12
    # What was read on the first day is a week old by then, though the snapshot in between is not.
    assert runs.again(now="2026-01-09T00:00:00Z", name="week", since="fresh").reused == 0
    assert runs.again(now="2026-01-07T00:00:00Z", name="chain", since="fresh").reused == 12
    assert runs.records("chain")["app-01"]["reused"]["value"]["read_at"] == "2026-01-01T00:00:00Z"


def test_made_again_under_the_same_name_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    runs = Twice(tmp_path, world(), monkeypatch)
    runs.served.regions[REGION].repositories["app-02"]["settings"]["createdAt"] += 1000

    runs.again()

    assert [name for name, r in runs.records().items() if r["reused"]["state"] == "absent"] == ["app-02"]


def test_facts_that_were_unknown_or_pending_are_asked_for_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = world()
    served.refusals["GetRepositoryPolicy"] = Refusal("AccessDeniedException", match="app-02")
    image = served.regions[REGION].repositories["app-03"]["images"][0]
    image.update(imageScanStatus={"status": "IN_PROGRESS"})
    image.pop("imageScanFindingsSummary")
    served.refusals["GetRegistryPolicy"] = Refusal("AccessDeniedException")
    runs = Twice(tmp_path, served, monkeypatch)

    scope = runs.again()

    assert scope.reused == 10
    assert scope.calls_by_operation["ecr:GetRegistryPolicy"] == 1
    assert {name for name, r in runs.records().items() if r["reused"]["state"] == "absent"} == {"app-02", "app-03"}


def test_images_are_read_again_where_they_change_without_events(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = world(scanning={"scanFrequency": "CONTINUOUS_SCAN", "scanOnPush": False, "appliedScanFilters": []})
    runs = Twice(tmp_path / "scans", served, monkeypatch)
    scope = runs.again()
    assert (scope.calls_by_operation["ecr:DescribeImages"], scope.reused) == (12, 12)
    assert "ecr:GetLifecyclePolicy" not in scope.calls_by_operation

    allowed = world()
    allowed.regions[REGION].policy = json.dumps({"Statement": [{"Effect": "Allow", "Action": ["ecr:ReplicateImage"]}]})
    assert Twice(tmp_path / "replicas", allowed, monkeypatch).again().calls_by_operation["ecr:DescribeImages"] == 12


def test_change_of_the_registry_reads_the_registry_and_the_images(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = Twice(tmp_path, world(), monkeypatch)
    runs.served.events[PLACE] = [event("PutRegistryScanningConfiguration")]

    scope = runs.again()

    assert scope.calls_by_operation["ecr:GetRegistryScanningConfiguration"] == 1
    assert scope.calls_by_operation["ecr:DescribeImages"] == 12
    assert "ecr:GetRepositoryPolicy" not in scope.calls_by_operation


def test_where_an_event_names_its_repository() -> None:
    arn = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/team/app"
    touched = Touched()
    touched.take(event("TagResource", requestParameters={"resourceArn": arn}))
    touched.take(event("X", resources=[{"ARN": arn.replace("app", "web")}]))
    touched.take(event("CreateRepository", responseElements={"repository": {"repositoryName": "new"}}))
    touched.take(event("PutImage", "other", eventSource="codecommit.amazonaws.com"))
    touched.take({"EventName": "PutImage", "EventSource": "ecr.amazonaws.com", "CloudTrailEvent": "{"})

    assert touched.repositories == {"team/app", "team/web", "new"}
    assert touched.everything
    assert not touched.registry
