"""`auditor doctor` on targets: what is missing, once, with the permission and the file that has it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from auditor.cli.main import main
from tests.support.audits import FAST
from tests.support.ecr_server import Faults, Refusal, Registry, World, ecr_server, make_repository
from tests.unit.collectors.test_organization import A, B, D, world

REGION = "eu-west-1"


def doctor(folder: Path, served: World, capsys: pytest.CaptureFixture[str], **target: object) -> tuple[int, list[str]]:
    with ecr_server(served) as url:
        config = folder / "auditor.yaml"
        full = {"kind": "ecr", "regions": [REGION], "endpoint_url": url, **FAST, **target}
        config.write_text(yaml.safe_dump({"version": 1, "targets": [full]}))
        code = main(["doctor", "-c", str(config)])
    return code, capsys.readouterr().out.splitlines()


def test_identical_refusals_are_folded_with_permission_and_policy(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    served = world(faults=Faults(denied={B}))
    message = "User: arn:aws:sts::111111111111:assumed-role/x/y is not authorized to perform this on " + "long/" * 60
    served.refusals = {
        "GetRegistryPolicy": Refusal("AccessDeniedException", message=message),
        "GetSigningConfiguration": Refusal("ServerException", status=500),
        "GetResources": Refusal("AccessDeniedException", message="no"),
    }
    code, lines = doctor(tmp_path, served, capsys, from_organization={"role_name": "x"}, attempts=1)

    assert code == 3
    start = lines.index("targets: 0 of 3 scopes lack nothing")
    text = lines[start:]
    assert text[1:4] == [
        "ecr:GetRegistryPolicy: access_denied in 2 scopes",
        "  needs ecr:GetRegistryPolicy, in deploy/aws/read-only.json",
        f"  in ecr/{A}/{REGION}, ecr/{D}/{REGION}",
    ]
    assert "ecr:GetSigningConfiguration: server_error in 2 scopes" in text
    assert not any("needs ecr:GetSigningConfiguration" in line for line in text)
    assert "sts:AssumeRole: access_denied in 1 scope" in text
    assert "  needs sts:AssumeRole, in deploy/aws/organization.json" in text
    told = " ".join(" ".join(text).split())
    assert "(needs tag:GetResources, in deploy/aws/read-only.json) (in 2 scopes)" in told
    assert max(map(len, text)) <= 80


def test_all_is_well(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    served = World(regions={REGION: Registry(repositories={"a": make_repository("a", REGION)})})

    code, lines = doctor(tmp_path, served, capsys)

    assert code == 0
    assert lines[-1] == "targets: 1 of 1 scopes lack nothing"
