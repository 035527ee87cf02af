"""What an image was built on, by its layers or its annotations, and until when its distribution is supported."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditor.analysis.bases import DIGEST, NAME, KnownBase, KnownBases, read_bases
from auditor.analysis.distributions import read_os_release, support_ends
from auditor.errors import ConfigError
from auditor.inventory.facts import Absent, Known, Reason, Unknown

A, B, C, D = (f"sha256:{letter * 64}" for letter in "abcd")
DEBIAN = KnownBase("debian:12", D, [A], "2026-11-01")
PYTHON = KnownBase("python:3", C, [A, B], "2026-11-02")
BOOK = KnownBases.of([DEBIAN, PYTHON])


def test_the_longest_prefix_of_layers_wins_over_annotations() -> None:
    found = BOOK.find([A, B, C], {NAME: "scratch"})

    assert isinstance(found, Known)
    assert (found.value.name, found.value.found_by, found.value.digest) == ("python:3", "layers", C)
    assert found.value.created_at == Known("2026-11-02", "known_bases")


def test_a_base_itself_was_not_built_on_itself() -> None:
    assert BOOK.find([A, B], {}).value.name == "debian:12"  # type: ignore[union-attr]
    assert isinstance(BOOK.find([A], {}), Unknown)


def test_annotations() -> None:
    found = KnownBases().find([A], {NAME: " alpine:3 ", DIGEST: B})

    assert isinstance(found, Known)
    assert (found.value.name, found.value.digest, found.value.found_by) == ("alpine:3", B, "annotation")
    assert isinstance(found.value.created_at, Unknown)
    assert KnownBases().find([A], {NAME: "alpine:3"}).value.digest == ""  # type: ignore[union-attr]


def test_an_annotation_that_lies_is_not_believed() -> None:
    found = BOOK.find([C, B], {NAME: "debian:12", DIGEST: D})

    assert isinstance(found, Unknown)
    assert found.reason is Reason.PARSE_ERROR


def test_nothing_names_it() -> None:
    asked, unasked = BOOK.find([C, B], {}), KnownBases().find([C, B], {})

    assert isinstance(asked, Unknown)
    assert isinstance(unasked, Unknown)
    assert (asked.reason, unasked.reason) == (Reason.UNSUPPORTED_BY_PLATFORM, Reason.NOT_REQUESTED)


def test_the_newest_build_of_a_name_is_the_current_one() -> None:
    book = KnownBases.of([DEBIAN, KnownBase("debian:12", B, [C], "2026-11-20T10:00:00Z")])

    assert book.find([A, D], {}).value.current_digest == B  # type: ignore[union-attr]
    assert book.find([C, D], {}).value.current_digest == B  # type: ignore[union-attr]


def test_a_file_of_bases(tmp_path: Path) -> None:
    path = tmp_path / "bases.json"
    path.write_text(
        json.dumps(
            {"bases": [{"name": "debian:12", "digest": D, "diff_ids": [A], "created": "2026-11-01T10:00:00.123Z"}]}
        )
    )

    assert read_bases(path).find([A, B], {}).value.digest == D  # type: ignore[union-attr]
    assert read_bases(None) == KnownBases()


@pytest.mark.parametrize(
    "content",
    [
        "", "[]", "{", '{"bases": [{}]}', '{"bases": [{"name": "a", "digest": "sha256:short"}]}',
        '{"bases": [{"name": "a", "created": "yesterday"}]}', '{"bases": [{"name": "a", "nope": 1}]}',
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used(content: str, tmp_path: Path) -> None:
    path = tmp_path / "bases.json"
    path.write_text(content)

    with pytest.raises(ConfigError) as error:
        read_bases(path)
    assert "bases.json" in str(error.value)
    with pytest.raises(ConfigError):
        read_bases(tmp_path / "missing.json")


@pytest.mark.parametrize(
    ("identity", "version", "ends"),
    [
        ("debian", "12", "2028-06-30"), ("alpine", "3.20.3", "2026-04-01"), ("ubuntu", "22.04", "2027-04-30"),
        ("rhel", "9.4", "2032-05-31"), ("amzn", "2", "2026-06-30"), ("amzn", "2023", "2029-06-30"),
    ],
)  # fmt: skip
def test_support_by_the_table(identity: str, version: str, ends: str) -> None:
    assert support_ends(identity, version) == Known(ends, "os_support.json")


@pytest.mark.parametrize(
    ("identity", "version"), [("debian", ""), ("debian", "99"), ("alpine", "3"), ("ubuntu", "22"), ("gentoo", "2")]
)
def test_beyond_the_table_is_unknown(identity: str, version: str) -> None:
    assert isinstance(support_ends(identity, version), Unknown)


def test_an_os_release() -> None:
    found = read_os_release(
        '# comment\nNAME=x\nPRETTY_NAME="Alpine Linux v3.20"\nID=Alpine\nVERSION_ID=3.20.3\nODD="\n'
    )

    assert found is not None
    assert (found.id, found.version, found.name) == ("alpine", "3.20.3", "Alpine Linux v3.20")
    assert read_os_release("NAME=x\n") is None
    assert read_os_release("") is None
    rolling = read_os_release("ID=wolfi\n")
    assert rolling is not None
    assert isinstance(rolling.support_ends, Absent)
