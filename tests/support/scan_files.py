"""Scanners' files of the fixtures, changed as a test needs them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "fixtures" / "scanners"
IMAGE = "sha256:" + "a" * 64
CONFIG = "sha256:" + "c" * 64
REPOSITORY = "registry.example.com/team/app"
NOW = "2026-11-24T12:00:00Z"
"""Hours after the scans of the fixtures."""


def document(name: str) -> Any:
    """A file of the fixtures as data."""
    return json.loads((FOLDER / name).read_text())


def of_image(name: str, image: str, *, config: str = "sha256:" + "0" * 64, repository: str = REPOSITORY) -> str:
    """A file of the fixtures, about another image."""
    content = (FOLDER / name).read_text()
    for old, new in ((IMAGE, image), (CONFIG, config), (REPOSITORY, repository)):
        content = content.replace(old, new)
    return content.replace("a" * 64, image.removeprefix("sha256:"))
