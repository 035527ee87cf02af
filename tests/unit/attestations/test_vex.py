"""What VEX documents say of an image, and what is left out."""

from __future__ import annotations

from typing import Any

import pytest

from auditor.attestations.reading import read_statement
from tests.support.attested_world import CYCLONEDX, statement, vex

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
CYCLONEDX_TYPE, VEX_TYPE = "https://cyclonedx.org/bom", "https://openvex.dev/ns/v0.2.0"


def read(predicate_type: str, predicate: Any) -> Any:
    return read_statement(statement(DIGEST, predicate_type, predicate), DIGEST)


def said(**statement: Any) -> Any:
    return read(VEX_TYPE, vex(DIGEST, **statement))


@pytest.mark.parametrize(
    "products",
    [
        [{"@id": f"pkg:oci/app@{DIGEST}"}],
        [{"@id": f"pkg:oci/app@{DIGEST.replace(':', '%3A')}?repository_url=x"}],
        [{"@id": "https://example.com", "hashes": {"sha-256": "A" * 64}}],
        [{"@id": "x", "identifiers": {"purl": f"pkg:oci/app@{DIGEST}"}}],
        [f"registry.example.com/app@{DIGEST}"],
        [],
        None,
    ],
)
def test_vex_about_this_image(products: Any) -> None:
    [found] = said(products=products).statements

    assert (found.vulnerability, found.status, found.components) == ("CVE-2026-0001", "not_affected", [])
    assert found.at == "2026-11-01T00:00:00Z"


@pytest.mark.parametrize(
    "products",
    [
        [{"@id": f"pkg:oci/app@{OTHER}"}],
        [{"@id": "pkg:oci/app"}],
        [{"@id": "pkg:oci/app@v1"}],
        [{"@id": f"pkg:oci/app@{DIGEST}aa"}],
        [7],
        {"@id": f"pkg:oci/app@{DIGEST}"},
        "all",
    ],
)
def test_vex_about_others_is_left_out(products: Any) -> None:
    found = said(products=products)

    assert found.statements == ()
    assert found.detail == "1 of its statements is about other products"


@pytest.mark.parametrize(
    "changes",
    [
        {"justification": ""},
        {"status": "harmless"},
        {"status": None},
        {"vulnerability": {}},
        {"vulnerability": 7},
    ],
)
def test_vex_that_says_too_little_is_left_out(changes: Any) -> None:
    found = said(**changes)

    assert found.statements == ()
    assert "lacks vulnerability, status or justification" in found.detail


def test_vex_narrowed_to_packages_stays_narrow() -> None:
    product = {"@id": f"pkg:oci/app@{DIGEST}"}
    [narrow] = said(products=[{**product, "subcomponents": [{"@id": "pkg:deb/debian/openssl@3.0"}]}]).statements
    [unnamed] = said(products=[{**product, "subcomponents": [{"@id": "something"}]}]).statements
    [both] = said(products=[{**product, "subcomponents": [{"@id": "pkg:deb/debian/zlib@1"}]}, product]).statements

    assert narrow.components == ["openssl@3.0"]
    assert unnamed.components == ["?"]
    assert both.components == []


def test_vex_in_cyclonedx() -> None:
    entries = [
        {"id": "CVE-1", "analysis": {"state": "not_affected", "justification": "code_not_present"}, "affects": [{"ref": "root"}]},
        {"id": "CVE-2", "analysis": {"state": "resolved"}, "affects": [{"ref": "openssl"}]},
        {"id": "CVE-3", "analysis": {"state": "false_positive"}},
        {"id": "CVE-4", "analysis": {"state": "exploitable"}, "affects": [{"ref": "urn:cdx:elsewhere/1#x"}]},
        {"id": "CVE-5"},
    ]  # fmt: skip
    found = read(CYCLONEDX_TYPE, {**CYCLONEDX, "vulnerabilities": entries})
    alone = read(CYCLONEDX_TYPE, {**CYCLONEDX, "components": [], "vulnerabilities": entries})

    assert [(one.vulnerability, one.status, one.components) for one in found.statements] == [
        ("CVE-1", "not_affected", []),
        ("CVE-2", "fixed", ["openssl@3.0"]),
        ("CVE-4", "affected", ["?"]),
    ]
    assert (found.kind, found.packages, alone.kind, alone.packages) == ("sbom", 2, "vex", None)
    assert "lacks vulnerability, status or justification" in found.detail
