"""The wheels, built from the tree, work in an empty environment outside the repository."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SEED = ROOT / "fixtures" / "seed" / "snapshot"


@pytest.mark.slow
def test_wheel_works_in_an_empty_environment(tmp_path: Path) -> None:
    wheels = tmp_path / "wheels"
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(wheels)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    engine = next((ROOT / ".cache" / "engine").glob("*.whl"))
    venv.create(tmp_path / "venv", with_pip=True)
    python = tmp_path / "venv" / "bin" / "python"
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [*install, "--require-hashes", "-r", str(ROOT / "requirements" / "run.txt")], check=True, cwd=tmp_path
    )
    subprocess.run([*install, "--no-deps", str(engine), *map(str, wheels.glob("*.whl"))], check=True, cwd=tmp_path)
    auditor = str(tmp_path / "venv" / "bin" / "auditor")

    subprocess.run([auditor, "evaluate", str(SEED), "-o", "r.json", "--soft-fail", "-q"], check=True, cwd=tmp_path)
    subprocess.run(
        [auditor, "report", "r.json", "-r", "html=r.html", "-r", "csv=r.csv", "-q"], check=True, cwd=tmp_path
    )

    assert json.loads((tmp_path / "r.json").read_bytes())["summary"]["fail"] > 10
    assert (tmp_path / "r.html").stat().st_size > 10_000
