"""How requests are paced, and when a service is given up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ReadTimeoutError

from auditor.collectors.aws import pace as pace_module
from auditor.collectors.aws.calls import Caller
from auditor.collectors.aws.pace import Pace, Silences, StoppedError, TokenBucket
from auditor.collectors.failed import CallFailedError
from auditor.inventory.facts import Reason
from auditor.inventory.recorder import Recorder
from tests.support.ecr_server import Refusal, Registry, World, ecr_server


def pace(**more: Any) -> Pace:
    return Pace(threading.Semaphore(8), more.pop("rates", {}), more.pop("timeout_s", 60.0), **more)


def test_rates_are_found_by_full_and_by_short_name_and_cloudtrail_has_its_own() -> None:
    paced = pace(rates={"DescribeImages": 7.0, "ecr:GetLifecyclePolicy": 8.0})

    def rate(operation: str) -> float:
        return paced._bucket(operation)._limit

    assert rate("ecr:DescribeImages") == 7
    assert rate("ecr:GetLifecyclePolicy") == 8
    assert rate("cloudtrail:LookupEvents") == 2
    assert rate("ecr:DescribeRegistry") == pace_module.DEFAULT_RATE


def test_a_throttled_operation_goes_slower_once_and_recovers(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    bucket = TokenBucket(100.0)

    bucket.slow_down()
    bucket.slow_down()  # at the same moment: one sign
    assert bucket._rate == pytest.approx(70)
    now[0] += 1
    bucket.slow_down()
    assert bucket._rate < 70
    now[0] += 60
    assert bucket.wait(now[0] + 1)
    assert bucket._rate == 100


def test_slowest_rate_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    bucket = TokenBucket(100.0)
    for _ in range(100):
        now[0] += 1
        bucket.slow_down()

    assert bucket._rate == pace_module.SLOWEST


def test_stop_ends_requests() -> None:
    stop = threading.Event()
    paced = pace(stop=stop)
    assert paced.admit("a:B")
    stop.set()

    with pytest.raises(StoppedError):
        paced.admit("a:B")


# ---------------------------------------------------------------- silence
class Scripted(Caller):
    """A caller whose requests do what a function says."""

    def __init__(self, behave: Callable[[], Any], silences: Silences | None = None) -> None:
        client = boto3.Session(region_name="eu-west-1").client("ecr")
        super().__init__(client, "ecr", pace(), Recorder(), silences)
        self.made = 0

        def request(**_: Any) -> Any:
            self.made += 1
            return behave()

        client.describe_registry = request


def hang() -> Any:
    raise ReadTimeoutError(endpoint_url="http://x")


def failure(caller: Caller) -> Any:
    with pytest.raises(CallFailedError) as caught:
        caller.call("DescribeRegistry")
    return caught.value.fact


def test_nothing_more_is_tried_when_the_first_request_brings_no_answer() -> None:
    caller = Scripted(hang)

    assert failure(caller).detail == "ReadTimeoutError"
    assert [failure(caller).reason, failure(caller).detail] == [Reason.TIMEOUT, "no_answer"]
    assert caller.made == 1


def test_later_silence_is_given_up_after_three_and_any_answer_counts() -> None:
    script = [dict, hang, hang, dict, hang, hang, hang, dict]

    def next_one() -> Any:
        return script.pop(0)()

    caller = Scripted(next_one)
    outcomes = []
    for _ in range(7):
        try:
            caller.call("DescribeRegistry")
            outcomes.append("answer")
        except CallFailedError:
            outcomes.append("silence")
    assert outcomes == ["answer", "silence", "silence", "answer", "silence", "silence", "silence"]
    assert failure(caller).detail == "no_answer"
    assert script == [dict]


def test_a_region_that_was_silent_for_three_scopes_is_not_asked_by_a_fourth_until_it_answers() -> None:
    silences = Silences()
    for _ in range(3):
        failure(Scripted(hang, silences))
    fourth = Scripted(dict, silences)

    assert failure(fourth).detail == "no_answer"
    assert fourth.made == 0
    silences.note("ecr", "eu-west-1", answered=True)
    assert Scripted(dict, silences).call("DescribeRegistry") == {}


def test_others_wait_for_the_first_request() -> None:
    entered, leave = threading.Event(), threading.Event()

    def slow() -> Any:
        entered.set()
        leave.wait(5)
        return {}

    caller = Scripted(slow)
    threads = [threading.Thread(target=caller.call, args=("DescribeRegistry",)) for _ in range(4)]
    for thread in threads:
        thread.start()
    entered.wait(5)
    time.sleep(0.1)
    assert caller.made == 1
    leave.set()
    for thread in threads:
        thread.join()
    assert caller.made == 4


def test_a_throttled_answer_slows_its_operation_only() -> None:
    world = World(
        regions={"eu-west-1": Registry()}, refusals={"DescribeRegistry": Refusal("ThrottlingException", times=1)}
    )
    with ecr_server(world) as url:
        client = boto3.Session(region_name="eu-west-1").client("ecr", endpoint_url=url)
        paced = pace()
        with Caller(client, "ecr", paced, Recorder()) as caller:
            caller.call("DescribeRegistry")
            caller.call("GetRegistryScanningConfiguration")

    assert paced._bucket("ecr:DescribeRegistry")._rate < pace_module.DEFAULT_RATE
    assert paced._bucket("ecr:GetRegistryScanningConfiguration")._rate == pace_module.DEFAULT_RATE
