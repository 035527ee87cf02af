"""VEX: what a statement is on, when it hides, and when it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from auditor.inventory.facts import Absent
from auditor.inventory.scanning import Package, Vulnerability
from auditor.scanners.reading import read_scan_file
from auditor.scanners.vex import Component, Product, Statement, applying, component_of, product_of
from tests.support.scan_files import FOLDER, IMAGE, REPOSITORY, document

OTHER = "sha256:" + "b" * 64
WHY = "not reachable"


def vulnerability(*packages: str, name: str = "CVE-2026-0001", aliases: tuple[str, ...] = ()) -> Vulnerability:
    return Vulnerability(
        name, "HIGH", "", [Package(p.partition("@")[0], p.partition("@")[2]) for p in packages], Absent("x"), aliases=list(aliases)
    )  # fmt: skip


def statement(status: str = "not_affected", reason: str = WHY, made_at: str = "2026-11-01T00:00:00Z", **more: Any) -> Statement:  # fmt: skip
    return Statement(
        **{
            "ids": frozenset({"CVE-2026-0001"}),
            "status": status,
            "reason": reason,
            "author": "a",
            "made_at": made_at,
            "products": (),
            **more,
        }
    )


def read(folder: Path, content: Any) -> list[Statement]:
    path = folder / "vex"
    path.write_text(json.dumps(content))
    return read_scan_file(path).statements


# ---------------------------------------------------------------- what is named
@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        ([f"pkg:oci/app@{IMAGE}?repository_url={REPOSITORY}"], Product(frozenset({IMAGE}))),
        ([f"pkg:oci/app@{IMAGE.replace(':', '%3A')}"], Product(frozenset({IMAGE}))),
        ([f"pkg:oci/app?repository_url={REPOSITORY.replace('/', '%2F')}&arch=amd64"], Product(repository=REPOSITORY)),
        ([f"pkg:docker/team/app@{IMAGE}"], Product(frozenset({IMAGE}))),
        ([f"{REPOSITORY}@{IMAGE}"], Product(frozenset({IMAGE}))),
        ([IMAGE], Product(frozenset({IMAGE}))),
        (["pkg:oci/app"], None),
        (["pkg:oci/app@v1?repository_url=registry.example.com/team/app"], None),
        (["pkg:oci/app@sha256:short"], None),
        ([f"{REPOSITORY}:v1"], None),
        (["pkg:apk/alpine/zlib@1.3"], None),
        (["", "app"], None),
    ],
)
def test_products_are_digests_or_whole_repositories_never_tags(identifiers: list[str], expected: Any) -> None:
    assert product_of(identifiers) == expected


def test_a_product_by_its_hash() -> None:
    assert product_of(["x"], [("SHA-256", "A" * 64), ("md5", "0")]) == Product(frozenset({IMAGE}))
    assert product_of(["x"], [("sha256", "short")]) is None


def test_which_images_a_product_covers() -> None:
    by_digest, whole = Product(frozenset({IMAGE})), Product(repository=REPOSITORY)

    assert by_digest.covers({OTHER, IMAGE}, "elsewhere/app")
    assert not by_digest.covers({OTHER}, REPOSITORY)
    assert whole.covers({OTHER}, REPOSITORY)
    assert not whole.covers({IMAGE}, REPOSITORY + "/more")
    assert not Product().covers({""}, "")


@pytest.mark.parametrize(
    ("purl", "expected"),
    [
        ("pkg:apk/alpine/libssl3@3.3.0-r0?arch=x86_64", Component("libssl3", "3.3.0-r0")),
        ("pkg:deb/debian/zlib1g@1%3A1.3", Component("zlib1g", "1:1.3")),
        ("pkg:npm/left-pad", Component("left-pad")),
        ("pkg:npm/%40scope/name@1.0", Component("@scope/name", "1.0")),
        ("pkg:golang/github.com/a/b@v1#sub", Component("github.com/a/b", "v1")),
        ("pkg:maven/org.a/b@1", Component("org.a:b", "1")),
        ("pkg:oci/app@v1", None),
        ("left-pad", None),
    ],
)
def test_components(purl: str, expected: Any) -> None:
    assert component_of(purl) == expected


# ---------------------------------------------------------------- what hides
def test_only_with_a_reason_and_only_where_it_says_there_is_nothing() -> None:
    one = vulnerability("zlib@1")

    assert [applying([statement(status)], one) is not None for status in ("not_affected", "fixed", "affected", "under_investigation")] == [True, True, False, False]  # fmt: skip
    assert applying([statement(reason="")], one) is None
    assert applying([], one) is None
    assert applying([statement(ids=frozenset({"CVE-2026-9999"}))], one) is None
    assert applying([statement(ids=frozenset({"GHSA-x"}))], vulnerability("zlib@1", aliases=("GHSA-x",))) is not None


def test_every_package_has_to_be_named() -> None:
    named = statement(components=(Component("libssl3", "1"), Component("zlib")))

    assert applying([named], vulnerability("libssl3@1", "zlib@7")) is not None
    assert applying([named], vulnerability("libssl3@2")) is None
    assert applying([named], vulnerability("libssl3@1", "libcrypto3@1")) is None


@pytest.mark.parametrize("other", ["affected", "under_investigation"])
def test_a_later_statement_takes_an_earlier_one_back(other: str) -> None:
    one = vulnerability("zlib@1")
    hides = statement(made_at="2026-11-02T00:00:00Z")

    def outcome(made_at: str, **more: Any) -> bool:
        against = statement(other, "", made_at, **more)
        both = [applying(order, one) for order in ([hides, against], [against, hides])]
        assert both[0] is both[1]
        return both[0] is hides

    assert outcome("2026-11-01T00:00:00Z")
    assert not outcome("2026-11-02T00:00:00Z")
    assert not outcome("2026-11-03T00:00:00Z")
    assert not outcome("")
    assert not outcome("2026-11-03T00:00:00Z", components=(Component("zlib", "9"),)), "of any version of the package"
    assert outcome("2026-11-03T00:00:00Z", components=(Component("other"),))


# ---------------------------------------------------------------- the formats
def test_openvex() -> None:
    first, silent, whole = read_scan_file(FOLDER / "openvex.json").statements

    assert first.products == (Product(frozenset({IMAGE})),)
    assert [c.name for c in first.components] == ["libcrypto3", "libssl3"]
    assert first.reason == "vulnerable code not in execute path: TLS is ended at the proxy"
    assert (first.author, first.made_at, first.hides) == ("Team App", "2026-11-20T00:00:00Z", True)
    assert (silent.products, silent.hides) == ((Product(frozenset({IMAGE})),), False)
    assert (whole.products, whole.status) == ((Product(repository=REPOSITORY),), "under_investigation")


def test_openvex_of_the_first_version() -> None:
    [one] = read_scan_file(FOLDER / "openvex-0.0.1.json").statements

    assert (one.ids, one.components) == (frozenset({"CVE-2026-0001"}), (Component("libcrypto3", "3.3.0-r0"),))


def test_openvex_times_go_down_and_fixed_needs_its_notes(tmp_path: Path) -> None:
    content = document("openvex.json")
    [one] = content["statements"] = content["statements"][:1]
    one.update({"status": "fixed", "timestamp": "2026-11-21T00:00:00Z"})
    assert [(s.made_at, s.hides) for s in read(tmp_path, content)] == [("2026-11-21T00:00:00Z", False)]
    one.update({"status_notes": "patched in place", "last_updated": "2026-11-22T00:00:00Z"})
    assert [(s.made_at, s.reason) for s in read(tmp_path, content)] == [("2026-11-22T00:00:00Z", "patched in place")]


def test_a_statement_on_what_cannot_be_read_is_on_nothing(tmp_path: Path) -> None:
    """Its components would be lost, and it would be wider than it is meant."""
    content = document("openvex.json")
    content["statements"][0]["products"][0]["subcomponents"].append({"@id": "something"})
    content["statements"][1]["products"] = ["app:v1", {"@id": "pkg:apk/alpine/zlib@1"}]

    assert [s.status for s in read(tmp_path, content)] == ["under_investigation"]


def test_cyclonedx() -> None:
    whole, part = read_scan_file(FOLDER / "cyclonedx-vex.json").statements

    assert (whole.products, whole.components) == ((Product(frozenset({IMAGE})),), ())
    assert (whole.reason, whole.made_at) == ("code not reachable: TLS is ended at the proxy", "2026-11-21T00:00:00Z")
    assert (part.status, part.components) == ("affected", (Component("libcrypto3", "3.3.0-r0"),))
    assert part.author == "Team App"


def test_cyclonedx_components_of_one_image_belong_together(tmp_path: Path) -> None:
    content = document("cyclonedx-vex.json")
    content["components"].append({"bom-ref": "z", "name": "zlib", "version": "1"})
    flaw = content["vulnerabilities"][0]
    flaw["affects"] = [{"ref": "ssl"}, {"ref": "z"}]
    both = read(tmp_path, content)[0]
    flaw["affects"].append({"ref": "image"})
    whole = read(tmp_path, content)[0]
    flaw["affects"] = [{"ref": "unheard of"}]

    assert [c.name for c in both.components] == ["libcrypto3", "zlib"]
    assert whole.components == ()
    assert [s.status for s in read(tmp_path, content)] == ["affected"]
    del content["metadata"]["component"]
    assert read(tmp_path, content) == [], "no image is named"
