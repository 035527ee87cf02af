"""Many accounts and regions against moto: default credentials beside an assumed role, and who one really is."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import Config, Settings
from auditor.errors import ConfigError
from auditor.inventory.store import Manifest
from auditor.run.collecting import collect

sys.path.insert(0, str(Path(__file__).parents[2] / "fixtures" / "seed"))


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    from server import seed_server
    from state import create_seed

    with seed_server() as url:
        create_seed(url)
        yield url


def read(endpoint: str, folder: Path, **target: Any) -> Manifest:
    full = {"kind": "ecr", "regions": ["us-east-1"], "endpoint_url": endpoint, **target}
    return collect(Config(Settings(targets=[full])), folder / "snapshot", lambda _what, _count: None).manifest


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # moto's own server leaves sockets to the collector of garbage
def test_assumed_role_is_read_beside_the_own_account(endpoint: str, tmp_path: Path) -> None:
    role = {
        "role_arn": "arn:aws:iam::222222222222:role/audit",
        "external_id": "agreed",
        "session_tags": {"purpose": "audit"},
        "account_id": "222222222222",
    }

    manifest = read(endpoint, tmp_path, accounts=[{}, role], regions=["us-east-1", "eu-west-1"])

    assert {scope.id: scope.repositories for scope in manifest.scopes} == {
        "ecr/123456789012/eu-west-1": 0,
        "ecr/123456789012/us-east-1": 1,
        "ecr/222222222222/eu-west-1": 0,
        "ecr/222222222222/us-east-1": 0,
    }
    assert all(scope.errors == [] for scope in manifest.scopes)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # as above
def test_credentials_of_another_account_are_refused(endpoint: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="account_id says 999999999999"):
        read(endpoint, tmp_path, accounts=[{"account_id": "999999999999"}])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # as above
def test_regions_that_cannot_be_discovered_are_a_gap(endpoint: str, tmp_path: Path) -> None:
    manifest = read(endpoint, tmp_path, regions="discover")

    [scope] = manifest.scopes
    assert (scope.id, scope.errors[0].operation) == ("ecr/123456789012/unknown", "account:ListRegions")
