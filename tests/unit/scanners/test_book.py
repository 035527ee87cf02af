"""What the configuration leads to: files, directories and globs, ages, and errors that name the line."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from auditor.config.settings import load_config
from auditor.errors import AuditorError, ConfigError, InputError
from auditor.scanners import book
from auditor.scanners.book import ScanBook, read_book
from tests.support.scan_files import FOLDER, IMAGE, NOW, document


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "scans" / "deep").mkdir(parents=True)
    shutil.copy(FOLDER / "trivy.json", tmp_path / "scans" / "one.json")
    shutil.copy(FOLDER / "grype-db6.json", tmp_path / "scans" / "deep" / "two.json")
    shutil.copy(FOLDER / "openvex.json", tmp_path / "vex.json")
    shutil.copy(FOLDER / "epss.csv", tmp_path / "epss.csv")
    (tmp_path / "scans" / ".hidden").write_text("no scan")
    return tmp_path


def configured(folder: Path, *entries: dict[str, Any], **more: Any) -> ScanBook:
    path = folder / "auditor.yaml"
    path.write_text(json.dumps({"version": 1, "scan_results": list(entries), **more}, indent=1))
    return read_book(load_config(path))


def refusal(folder: Path, *entries: dict[str, Any], **more: Any) -> AuditorError:
    with pytest.raises((ConfigError, InputError)) as caught:
        configured(folder, *entries, **more)
    return caught.value


@pytest.mark.parametrize(
    ("path", "files"),
    [
        ("scans/one.json", ["scans/one.json"]),
        ("scans", ["scans/deep/two.json", "scans/one.json"]),
        ("scans/*.json", ["scans/one.json"]),
        ("scans/**/*.json", ["scans/deep/two.json", "scans/one.json"]),
        ("*/*", ["scans/one.json"]),
    ],
)
def test_a_file_a_directory_a_glob(path: str, files: list[str], folder: Path) -> None:
    assert [one.file for one in configured(folder, {"path": path}).given] == files


def test_a_path_from_elsewhere_is_shown_by_its_name(folder: Path) -> None:
    assert [one.file for one in configured(folder, {"path": str(FOLDER / "trivy.json")}).given] == ["trivy.json"]


def test_the_same_content_counts_once(folder: Path) -> None:
    shutil.copy(folder / "scans" / "one.json", folder / "scans" / "copy.json")

    assert len(configured(folder, {"path": "scans"}, {"path": "scans/one.json"}).given) == 2


def test_the_digest_follows_content_and_settings(folder: Path) -> None:
    one = configured(folder, {"path": "scans"})
    stricter = configured(folder, {"path": "scans", "max_age_days": 1})
    scored = configured(folder, {"path": "scans"}, epss="epss.csv")
    (folder / "scans" / "one.json").write_text((folder / "scans" / "one.json").read_text() + "\n")
    changed = configured(folder, {"path": "scans"})

    assert len({ScanBook().digest, one.digest, stricter.digest, scored.digest, changed.digest}) == 5
    assert ScanBook().digest == "" == read_book(load_config(_empty(folder))).digest
    assert scored.epss is not None


def _empty(folder: Path) -> Path:
    path = folder / "empty.yaml"
    path.write_text("version: 1\n")
    return path


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        ({"path": "none.json"}, "none.json does not exist"),
        ({"path": "none/*.json"}, "leads to no file"),
        ({"path": "scans/**x/*.json"}, "is no glob"),
        ({"path": "scans", "image": f"registry.example.com/app@{IMAGE}"}, "leads to 2 files"),
    ],
)
def test_a_path_that_leads_nowhere_names_the_line(entry: dict[str, Any], told: str, folder: Path) -> None:
    error = refusal(folder, entry)

    assert isinstance(error, ConfigError)
    assert (error.path, error.field, error.line) == (str(folder / "auditor.yaml"), "scan_results.0.path", 5)
    assert told in error.message


def test_a_file_that_cannot_be_used_is_named_itself(folder: Path) -> None:
    (folder / "scans" / "README.md").write_text("# Scans")

    assert refusal(folder, {"path": "scans"}).path == str(folder / "scans" / "README.md")
    wrong = refusal(folder, {"path": "scans/one.json", "scanner": "grype"})
    assert "was made by trivy, not by grype" in wrong.message
    assert configured(folder, {"path": "scans/one.json", "scanner": "Trivy"}).given
    assert refusal(folder, epss="scans/one.json").path == str(folder / "scans" / "one.json")


@pytest.mark.parametrize(
    "entry",
    [
        {},
        {"path": ""},
        {"path": "scans", "max_age_days": 0},
        {"path": "scans", "image": "registry.example.com/app:v1"},
        {"path": "scans", "expires": "soon"},
        {"path": "scans", "unheard": 1},
    ],
)
def test_settings_that_do_not_fit(entry: dict[str, Any], folder: Path) -> None:
    assert "scan_results.0" in refusal(folder, entry).field


def test_too_many_files(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(book, "MAX_FILES", 1)

    assert "more than 1 files" in refusal(folder, {"path": "scans"}).message


def test_vex_on_packages_alone_is_told(folder: Path) -> None:
    content = document("openvex.json")
    for statement in content["statements"]:
        statement["products"] = [{"@id": "pkg:apk/alpine/libssl3"}]
    (folder / "vex.json").write_text(json.dumps(content))

    assert configured(folder, {"path": "vex.json"}).pointless == ["vex.json"]
    assert configured(folder, {"path": "scans"}).pointless == []


# ---------------------------------------------------------------- ages
def problem(folder: Path, created: str, **settings: Any) -> str:
    content = document("trivy.json")
    content["CreatedAt"] = created
    (folder / "t.json").write_text(json.dumps(content))
    [one] = configured(folder, {"path": "t.json", **settings}).given
    found = one.source("digest", NOW).problem
    assert one.outdated(NOW) == found.endswith("old")
    return found


def test_age(folder: Path) -> None:
    assert problem(folder, "2026-11-24T06:00:00Z") == ""
    assert problem(folder, "2026-10-25T12:00:00Z") == ""
    assert problem(folder, "2026-10-25T11:59:59Z") == "of 2026-10-25, more than 30 days old"
    assert problem(folder, "2026-11-23T06:00:00Z", max_age_days=1) == "of 2026-11-23, more than 1 day old"
    assert problem(folder, "2026-10-01T00:00:00Z", max_age_days=100) == ""
    assert problem(folder, "2026-11-25T11:00:00Z") == "", "clocks differ a little"
    assert problem(folder, "2026-11-26T12:00:01Z") == "its time lies in the future"


def test_undated(folder: Path) -> None:
    for created in ("", "0001-01-01T00:00:00Z", "yesterday"):
        assert problem(folder, created) == "it does not tell when it was made"
        assert problem(folder, created, accept_undated=True) == ""


def test_an_old_database_makes_a_scan_of_today_old(folder: Path) -> None:
    content = document("grype-db6.json")
    content["descriptor"]["db"]["status"]["built"] = "2026-01-01T00:00:00Z"
    (folder / "g.json").write_text(json.dumps(content))
    [one] = configured(folder, {"path": "g.json"}).given

    assert one.source("digest", NOW).problem == "of 2026-01-01, more than 30 days old"


def test_statements_end(folder: Path) -> None:
    one = configured(folder, {"path": "vex.json", "expires": "2026-11-24"}).statements[0]
    forever = configured(folder, {"path": "vex.json"}).statements[0]

    assert not one.ended("2026-11-24T23:59:59Z")
    assert one.ended("2026-11-25T00:00:00Z")
    assert not forever.ended("2099-01-01T00:00:00Z")
    assert one.words.startswith("VEX (not affected, Team App): vulnerable code not in execute path")
