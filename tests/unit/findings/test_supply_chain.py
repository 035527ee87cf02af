"""The table of what images carry: counted as records stream by, honest about what is not known."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.findings.model import SupplyCount, SupplyRow
from auditor.findings.supply_chain import MAX_TEAMS, OTHER_TEAMS, SupplyTally

VERIFIED = {"verification": {"state": "known", "value": "verified"}}
BAD = {"verification": {"state": "known", "value": "untrusted"}}
UNCHECKED = {"verification": {"state": "unknown", "reason": "not_requested", "source": "x", "detail": ""}}
NOT_READ = {"state": "unknown", "reason": "not_requested", "source": "x", "detail": ""}


def known(value: Any) -> dict[str, Any]:
    return {"state": "known", "value": value}


def attested(kind: str, **changes: Any) -> dict[str, Any]:
    return {"kind": kind, "content": known("valid"), "subject": known(True), "packages": known(3), **changes}


def image(digest: str = "a", **changes: Any) -> dict[str, Any]:
    base = {
        "digest": digest, "kind": "image", "tags": ["v1"], "status": "active", "children": {"state": "absent"},
        "signatures": known([]), "attestations": known([]), "config": NOT_READ,
    }  # fmt: skip
    return {**base, **changes}


def record(*images: Any, tags: Any = None, **changes: Any) -> bytes:
    document = {"repository": {"resource_tags": tags or NOT_READ}, "images": known(list(images)), **changes}
    return json.dumps(document).encode()


def rows(*records: bytes, team_tag: str = "team") -> list[SupplyRow]:
    tally = SupplyTally(team_tag)
    for one in records:
        tally.add(one, "registry.example.com")
    return tally.rows()


def only(*images: Any) -> SupplyRow:
    return rows(record(*images))[0]


@pytest.mark.parametrize(
    ("signatures", "signed", "verified"),
    [
        (known([]), (0, 0), (0, 0)),
        (known([VERIFIED]), (1, 0), (1, 0)),
        (known([BAD, VERIFIED]), (1, 0), (1, 0)),
        (known([BAD]), (1, 0), (0, 0)),
        (known([BAD, UNCHECKED]), (1, 0), (0, 1)),
        (known([UNCHECKED]), (1, 0), (0, 1)),
        (NOT_READ, (0, 1), (0, 1)),
    ],
)
def test_signed_and_verified(signatures: Any, signed: tuple[int, int], verified: tuple[int, int]) -> None:
    row = only(image(signatures=signatures))

    assert (row.images, row.signed, row.verified) == (1, SupplyCount(*signed), SupplyCount(*verified))


@pytest.mark.parametrize(
    ("attestations", "sbom"),
    [
        (known([attested("sbom")]), (1, 0)),
        (known([attested("sbom", content=NOT_READ, subject=NOT_READ, packages=NOT_READ)]), (1, 0)),
        (known([attested("sbom", content=known("invalid"))]), (0, 0)),
        (known([attested("sbom", subject=known(False))]), (0, 0)),
        (known([attested("sbom", packages=known(0))]), (0, 0)),
        (known([attested("provenance")]), (0, 0)),
        (NOT_READ, (0, 1)),
    ],
)
def test_sboms(attestations: Any, sbom: tuple[int, int]) -> None:
    assert only(image(attestations=attestations)).sbom == SupplyCount(*sbom)


def index(*children: str, **changes: Any) -> dict[str, Any]:
    named = [{"digest": child, "kind": "image"} for child in children] + [{"digest": "z", "kind": "attestation"}]
    return image("index", kind="index", children=known(named), **changes)


def test_an_index_needs_an_sbom_for_each_platform_and_one_provenance() -> None:
    with_both = image("b", tags=[], attestations=known([attested("sbom"), attested("provenance")]))
    own = index("b", "c", attestations=known([attested("sbom"), attested("provenance")]))
    whole = only(index("b"), with_both)
    half = only(own, with_both, image("c", tags=[]))
    missing = only(index("b", "gone"), with_both)

    assert (whole.images, whole.sbom, whole.provenance) == (1, SupplyCount(1), SupplyCount(1))
    assert (half.sbom, half.provenance) == (SupplyCount(0), SupplyCount(1))
    assert (missing.sbom, missing.provenance) == (SupplyCount(0, 1), SupplyCount(0, 1))


def test_only_tagged_active_images_count() -> None:
    row = only(image(tags=[]), image("b", status="archived"), image("c", kind="signature"), image("d"))

    assert row.images == 1


def test_a_team_is_named_by_the_repository_or_else_by_the_image() -> None:
    label = known({"labels": {"team": "labelled"}})
    found = rows(
        record(image(config=label), tags=known({"team": "tagged"})),
        record(image(config=label), image("b")),
        record(index("c"), image("c", tags=[], config=label)),
    )

    assert [(row.by, row.name, row.images) for row in found] == [
        ("registry", "registry.example.com", 4),
        ("team", "labelled", 2),
        ("team", "tagged", 1),
        ("team", "", 1),
    ]


def test_the_tag_has_the_name_that_the_user_gave() -> None:
    [_, team] = rows(record(image(), tags=known({"owner": "search", "team": "x"})), team_tag="owner")

    assert team.name == "search"


def test_a_repository_that_was_not_read_is_said_and_not_counted() -> None:
    [registry, team] = rows(record(images=NOT_READ))

    assert (registry.images, registry.unread_repositories) == (0, 1)
    assert (team.name, team.unread_repositories) == ("", 1)


def test_labels_cannot_make_the_table_grow_without_end() -> None:
    found = rows(
        *(record(image(config=known({"labels": {"team": f"team {n}"}}))) for n in range(MAX_TEAMS + 50)),
        record(image(config=known({"labels": {"team": "x\n" * 10_000}}))),
    )

    assert len(found) == MAX_TEAMS + 2
    assert found[-1] == SupplyRow(
        by="team", name=OTHER_TEAMS, images=51, signed=SupplyCount(), verified=SupplyCount(), sbom=SupplyCount(),
        provenance=SupplyCount(),
    )  # fmt: skip


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"repository": 7, "images": []}'])
def test_other_shapes_are_left_to_the_rules(content: bytes) -> None:
    assert rows(content) == []


def test_records_of_before_attestations_are_unknown() -> None:
    old = image()
    del old["attestations"]

    assert only(old).sbom == SupplyCount(0, 1)
