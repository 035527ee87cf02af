"""`--dry-run` of collect and audit: a plan and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from auditor.cli.main import main
from tests.support.audits import FAST
from tests.support.ecr_server import Registry, World, ecr_server, make_repository

REGION = "eu-west-1"


@pytest.mark.parametrize("command", ["collect", "audit"])
def test_dry_run_only_lists(tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str) -> None:
    names = [f"app-{number}" for number in range(30)]
    served = World(regions={REGION: Registry(repositories={name: make_repository(name, REGION) for name in names})})
    with ecr_server(served) as url:
        config = tmp_path / "auditor.yaml"
        target = {"kind": "ecr", "regions": [REGION], "endpoint_url": url, **FAST}
        config.write_text(yaml.safe_dump({"version": 1, "targets": [target]}))
        out = tmp_path / "out"
        assert main([command, "-c", str(config), "-o", str(out), "--dry-run"]) == 0
        table = capsys.readouterr().out
        assert main([command, "-c", str(config), "-o", str(out), "--dry-run", "--json"]) == 0
        plan = json.loads(capsys.readouterr().out)

    assert set(served.calls) == {"GetCallerIdentity", "DescribeRepositories"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["auditor.yaml"]
    assert "1 scope, 30 repositories" in table
    assert "together" in table
    rows = {row["operation"]: row["calls"] for row in plan["rows"]}
    assert rows["ecr:DescribeImages"] == 30
    assert rows["ecr:BatchGetRepositoryScanningConfiguration"] == 2
    assert rows["ecr:GetAccountSetting"] == 3
    assert plan["calls"] == sum(rows.values())


def test_plan_names_what_cannot_be_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.support.ecr_server import Refusal

    served = World(regions={REGION: Registry()}, refusals={"DescribeRepositories": Refusal("AccessDeniedException")})
    with ecr_server(served) as url:
        config = tmp_path / "auditor.yaml"
        target = {"kind": "ecr", "regions": [REGION], "endpoint_url": url, **FAST}
        config.write_text(yaml.safe_dump({"version": 1, "targets": [target]}))
        assert main(["collect", "-c", str(config), "--dry-run"]) == 0

    assert "Cannot be read: ecr/123456789012/eu-west-1: ecr:DescribeRepositories:" in capsys.readouterr().out
