"""A whole organisation under bad weather: throttled, failing, denied, hanging, killed. And what a second look costs."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from auditor.collectors.aws.costs import BUDGETS
from auditor.inventory.store import Manifest, SnapshotReader
from auditor.run.judging import EvaluateOptions, evaluate
from tests.support.organisation import FIRST, REGIONS, organisation_process, target

ROOT = Path(__file__).parents[2]
ACCOUNTS = 300
LATENCY_S = 0.02
HANGING = REGIONS[-1]
DENIED = [str(FIRST + number) for number in (3, 150, 299)]
_UNREAD = re.compile(rb'"unread":\[[^\]]*\]')
RULES = ("REG-ACC-001", "REG-IMM-001", "REG-RET-001", "REG-TAG-001")


def _interruptible() -> None:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


class Collection:
    """`auditor collect` in a process of its own."""

    def __init__(self, folder: Path, url: str, *options: str, name: str = "snapshot", **more: Any) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        config = folder / "auditor.yaml"
        limits = {"concurrency": 32, "scopes_at_once": 8, "read_timeout_s": 8, **more}
        config.write_text(yaml.safe_dump({"version": 1, "targets": [target(url, **limits)]}))
        self.snapshot = folder / name
        command = [sys.executable, "-m", "auditor", "collect", "-c", str(config), "-o", str(self.snapshot), *options]
        # Files, since nobody reads a pipe while it runs.
        self._out, self._err = folder / f"{name}.out", folder / f"{name}.err"
        with self._out.open("w") as out, self._err.open("w") as err:
            # A run in the background of a shell may have been told to ignore interrupts.
            self.process = subprocess.Popen(command, cwd=ROOT, stdout=out, stderr=err, preexec_fn=_interruptible)  # noqa: PLW1509  one call
        self.rss_mib = 0

    @property
    def messages(self) -> str:
        return self._err.read_text()

    @property
    def output(self) -> str:
        return self._out.read_text()

    def finished_scopes(self) -> int:
        """Scopes in the journal of the unfinished run."""
        folder = self.snapshot.with_name(f".{self.snapshot.name}.partial") / "journal"
        return sum(1 for _ in folder.glob("*.json"))

    def wait_for(self, scopes: int) -> None:
        while self.finished_scopes() < scopes:
            assert self.process.poll() is None, self.messages
            self.look_at_memory()
            time.sleep(0.05)

    def look_at_memory(self) -> int:
        """MiB at most so far. What the system says of a process that has ended counts its parent's memory as well."""
        with suppress(OSError):
            found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{self.process.pid}/status").read_text())
            self.rss_mib = max(self.rss_mib, int(found.group(1)) // 1024 if found else 0)
        return self.rss_mib

    def end(self, expected: int | None = None) -> int:
        """Wait for the end; the exit code."""
        while self.process.poll() is None:
            self.look_at_memory()
            time.sleep(0.05)
        if expected is not None:
            assert self.process.returncode == expected, self.messages[-2000:]
        return self.process.returncode

    @property
    def manifest(self) -> Manifest:
        return SnapshotReader(self.snapshot).manifest


def content(snapshot: Path, wanted: Callable[[str], bool]) -> dict[str, list[bytes]]:
    """The lines and context of each scope, without the time and the names of other scopes that were not read."""
    reader = SnapshotReader(snapshot)
    found = {}
    now = reader.manifest.taken_at.encode()
    for scope in reader.manifest.scopes:
        if wanted(scope.id):
            lines = [*reader.records(scope), reader.context(scope) or b""]
            found[scope.id] = [_UNREAD.sub(b'"unread":[]', line.replace(now, b"NOW")) for line in lines]
    return found


def verdicts(folder: Path, snapshot: Path) -> tuple[set[tuple[str, ...]], list[dict[str, Any]]]:
    """(what was found of scopes that were read, findings of the others)."""
    results = folder / "results.json"
    evaluate(snapshot, results, EvaluateOptions(check=RULES))
    findings = json.loads(results.read_bytes())["findings"]
    same, disturbed = [], []
    for finding in findings:
        place = f"x/{finding['resource']['account']}/{finding['resource']['region']}"
        (same if read_in_both(place) else disturbed).append(finding)
    return {(f["id"], f["status"], f["severity"], f["message"]) for f in same}, disturbed


def read_in_both(scope: str) -> bool:
    _, account, region = scope.split("/")
    return account not in DENIED and region not in (HANGING, "unknown")


@pytest.mark.slow
def test_whole_organisation_in_bad_weather_and_killed_gives_the_same_verdicts(tmp_path: Path) -> None:
    weather = {"throttled": 0.05, "failing": 0.01, "denied": DENIED}
    with (
        organisation_process(accounts=ACCOUNTS, latency_s=LATENCY_S) as fair,
        organisation_process(accounts=ACCOUNTS, latency_s=LATENCY_S, faults=weather, hang=[HANGING]) as foul,
    ):
        calm = Collection(tmp_path / "calm", fair.url)
        killed = Collection(tmp_path / "stormy", foul.url)
        calm.wait_for(ACCOUNTS * len(REGIONS) // 10)
        tenth = calm.look_at_memory()
        killed.wait_for(ACCOUNTS * (len(REGIONS) - 1) // 2)
        killed.process.kill()
        assert killed.end() == -signal.SIGKILL
        finished = killed.finished_scopes()
        assert not killed.snapshot.exists()
        before = foul.ask()["calls"]["GetLifecyclePolicy"]
        resumed = Collection(tmp_path / "stormy", foul.url, "--resume")
        resumed.end(expected=3)
        calm.end(expected=0)
        again = foul.ask()["calls"]["GetLifecyclePolicy"] - before

    # Finished scopes were not read again: the rest is what is left, retries and half-read scopes included.
    readable = (ACCOUNTS - len(DENIED)) * (len(REGIONS) - 1)
    assert again <= (readable - finished) * 20 * 1.15 + 8 * 20

    assert calm.manifest.complete
    assert len(calm.manifest.scopes) == ACCOUNTS * len(REGIONS)
    same = content(calm.snapshot, read_in_both)
    assert len(same) == readable
    assert content(resumed.snapshot, read_in_both) == same

    unread = {scope.id: scope.errors for scope in resumed.manifest.scopes if not read_in_both(scope.id)}
    assert {scope for scope in unread if scope.endswith("/unknown")} == {f"ecr/{a}/unknown" for a in DENIED}
    assert len(unread) == len(DENIED) + ACCOUNTS - len(DENIED)
    reasons = {error.reason for errors in unread.values() for error in errors}
    assert reasons == {"access_denied", "timeout"}

    fine, _ = verdicts(tmp_path / "calm", calm.snapshot)
    found, disturbed = verdicts(tmp_path / "stormy", resumed.snapshot)
    assert found == fine
    assert len(fine) > ACCOUNTS
    assert disturbed
    assert {finding["status"] for finding in disturbed} == {"unknown"}

    for scope in calm.manifest.scopes:
        for operation, count in scope.calls_by_operation.items():
            assert count <= BUDGETS[operation].calls(scope.repositories, scope.images), (scope.id, operation)

    peaks = {"tenth": tenth, "calm": calm.rss_mib, "killed": killed.rss_mib, "resumed": resumed.rss_mib}
    (tmp_path / "peaks-of-memory.json").write_text(json.dumps(peaks))
    assert max(peaks.values()) < tenth * 1.3, peaks


@pytest.mark.slow
def test_second_collection_with_one_repository_in_a_hundred_changed_makes_few_calls(tmp_path: Path) -> None:
    with organisation_process(accounts=10) as server:
        first = Collection(tmp_path, server.url, name="first")
        first.end(expected=0)
        server.ask(generation=1)
        second = Collection(tmp_path, server.url, "--since", str(first.snapshot), name="second")
        second.end(expected=0)
        whole = Collection(tmp_path, server.url, name="whole")
        whole.end(expected=0)

    def calls(manifest: Manifest) -> int:
        return sum(scope.calls for scope in manifest.scopes)

    assert calls(second.manifest) <= 0.15 * calls(first.manifest)
    assert sum(scope.reused for scope in second.manifest.scopes) == 10 * 4 * 20 - 8
    [note] = second.manifest.scopes[1].notes
    assert note.endswith("not checked again: last pull times, images that arrive by replication")
    # What was reused is what would have been read.
    assert _images(second.snapshot) == _images(whole.snapshot)
    assert _images(second.snapshot) != _images(first.snapshot)


def _images(snapshot: Path) -> list[Any]:
    found = []
    for lines in content(snapshot, lambda _: True).values():
        for line in lines[:-1]:
            record = json.loads(line)
            for image in record["images"]["value"]:
                del image["last_pulled_at"]  # unknown in what is reused
            found.append([record["images"], record["repository"]])
    return found


@pytest.mark.slow
def test_interrupt_keeps_finished_scopes_and_says_how_to_go_on(tmp_path: Path) -> None:
    with organisation_process(accounts=12, latency_s=LATENCY_S) as server:
        run = Collection(tmp_path, server.url)
        run.wait_for(2)
        run.process.send_signal(signal.SIGINT)
        run.end(expected=130)
        assert "--resume" in run.messages
        assert "Traceback" not in run.messages
        assert not run.snapshot.exists()
        finished = run.finished_scopes()
        assert finished >= 2
        first_time = json.loads((tmp_path / ".snapshot.partial" / "run.json").read_text())["now"]

        other = Collection(tmp_path, server.url, "--resume", regions=["eu-west-1"])
        other.end(expected=2)
        assert "another configuration" in other.messages

        before = server.ask()["calls"]["DescribeImages"]
        resumed = Collection(tmp_path, server.url, "--resume")
        resumed.end(expected=0)
        again = server.ask()["calls"]["DescribeImages"] - before
        fresh = Collection(tmp_path, server.url, name="fresh")
        fresh.end(expected=0)

    assert again <= (48 - finished) * 20
    assert resumed.manifest.taken_at == first_time
    assert content(resumed.snapshot, lambda _: True) == content(fresh.snapshot, lambda _: True)
    assert sorted(path.name for path in resumed.snapshot.iterdir()) == ["manifest.json", "parts"]
    assert not (tmp_path / ".snapshot.partial").exists()


@pytest.mark.slow
def test_without_resume_an_interrupted_collection_is_announced_and_discarded(tmp_path: Path) -> None:
    with organisation_process(accounts=8, latency_s=LATENCY_S) as server:
        run = Collection(tmp_path, server.url)
        run.wait_for(3)
        run.process.kill()
        run.end()
        again = Collection(tmp_path, server.url)
        again.end(expected=0)

    assert "was interrupted with" in again.messages
    assert "--resume would have taken them over" in again.messages


@pytest.mark.slow
def test_plan_tells_the_calls_that_are_then_made(tmp_path: Path) -> None:
    with organisation_process(accounts=5) as server:
        dry = Collection(tmp_path, server.url, "--dry-run", "--json")
        dry.end(expected=0)
        plan = json.loads(dry.output)
        made = server.ask()["calls"]
        table = Collection(tmp_path, server.url, "--dry-run")
        table.end(expected=0)
        lines = table.output.splitlines()
        real = Collection(tmp_path, server.url)
        real.end(expected=0)

    allowed = {"AssumeRole", "GetCallerIdentity", "DescribeRepositories", "account:ListRegions"}
    assert {name for name in made if not name.startswith("organizations:")} <= allowed
    assert not dry.snapshot.with_name(".snapshot.partial").exists()
    calls = sum(scope.calls for scope in real.manifest.scopes)
    assert calls / 1.1 <= plan["calls"] <= calls * 1.1
    assert plan["repositories"] == 5 * 4 * 20
    by_operation = {row["operation"]: row["calls"] for row in plan["rows"]}
    for name in ("ecr:DescribeImages", "ecr:GetLifecyclePolicy", "ecr:GetAccountSetting"):
        assert by_operation[name] == sum(scope.calls_by_operation[name] for scope in real.manifest.scopes)
    assert max(map(len, lines)) <= 80
    assert any("together" in line for line in lines)


@pytest.mark.slow
def test_hanging_region_is_given_up_after_three_scopes_and_the_others_are_read(tmp_path: Path) -> None:
    with organisation_process(accounts=10, repositories=3, hang=[HANGING]) as server:
        started = time.monotonic()
        run = Collection(tmp_path, server.url, read_timeout_s=2, attempts=1, scopes_at_once=4, concurrency=4)
        run.end(expected=3)

    assert time.monotonic() - started < 60
    read = [scope for scope in run.manifest.scopes if not scope.id.endswith(HANGING)]
    assert [scope.errors for scope in read] == [[]] * 30
    codes = [e.code for scope in run.manifest.scopes if scope not in read for e in scope.errors]
    assert sorted(set(codes)) == ["ReadTimeoutError", "no_answer"]
    # At most so many waited at the same time when the third gave up.
    assert 3 <= codes.count("ReadTimeoutError") <= 3 + 4
    assert len(codes) == 10
