"""REG-ACC-013 from real handshakes with a real registry to its verdict."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from auditor.collectors.http import tls
from auditor.config.settings import Config, RuleSettings, Settings
from auditor.run.collecting import collect
from tests.support.audits import judge
from tests.support.certificates import DAY, NOW
from tests.support.distribution import PASSWORD, RealRegistry, distribution

RULE = "REG-ACC-013"


def verdict(registry: RealRegistry, folder: Path, **params: Any) -> dict[str, Any]:
    """The one finding of the rule."""
    collect(Config(Settings(targets=[{**registry.target, "attempts": 1}])), folder / "snapshot", lambda _w, _c: None)
    _, results = judge(folder, check=(RULE,), include_passed=True, rules={RULE: RuleSettings(params=params)})
    [found] = [finding for finding in results["findings"] if finding["rule"] == RULE]
    return found  # type: ignore[no-any-return]


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry as if it were on another machine."""
    monkeypatch.setattr(tls, "is_loopback", lambda _url: False)
    monkeypatch.setenv("REGISTRY_PASSWORD", PASSWORD)


def test_tls_passes_and_what_its_certificate_will_do_is_seen(tmp_path: Path) -> None:
    with distribution("distribution", tmp_path, login="basic", tls=True) as registry:
        found = verdict(registry, tmp_path)
        assert (found["status"], found["message"]) == ("pass", "Reached over TLS 1.3 with a valid certificate.")
        soon = verdict(registry, tmp_path / "soon", certificate_days=60)
        assert (soon["status"], soon["severity"]) == ("fail", "low")


def test_plain_http_fails(tmp_path: Path) -> None:
    with distribution("docker-registry", tmp_path) as registry:
        found = verdict(registry, tmp_path)

    assert (found["status"], found["severity"]) == ("fail", "high")
    assert found["message"] == "The registry is reached over plain HTTP."


def test_an_expired_certificate_fails_though_nothing_could_be_read(tmp_path: Path) -> None:
    old = {"start": NOW - 9 * DAY, "end": NOW - timedelta(minutes=1)}
    with distribution("distribution", tmp_path, tls=True, certificate=old) as registry:
        found = verdict(registry, tmp_path)

    assert (found["status"], found["message"]) == ("fail", "The certificate of the registry has expired.")


def test_a_login_that_is_refused_does_not_hide_how_the_registry_is_reached(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REGISTRY_PASSWORD", "wrong")
    with distribution("distribution", tmp_path, login="basic", tls=True) as registry:
        assert verdict(registry, tmp_path)["status"] == "pass"


def test_on_loopback_it_is_not_applicable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tls, "is_loopback", lambda _url: True)
    with distribution("distribution", tmp_path) as registry:
        collect(Config(Settings(targets=[registry.target])), tmp_path / "snapshot", lambda _w, _c: None)
    _, results = judge(tmp_path, check=(RULE,))

    assert results["findings"] == []
    assert results["summary"]["not_applicable"] == 1
