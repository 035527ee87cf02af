"""What attached documents are taken for, and what is never counted."""

from __future__ import annotations

import json
from typing import Any

import pytest

from auditor.attestations.cyclonedx import MAX_COMPONENTS
from auditor.attestations.kinds import kind_of
from auditor.attestations.reading import read_bare_statement, read_plain, read_statement
from auditor.attestations.spdx import MAX_PACKAGES, MAX_TAG_VALUE_BYTES
from auditor.attestations.vex import component_name, utc
from tests.support.attested_world import (
    CYCLONEDX,
    PROVENANCE_V02,
    PROVENANCE_V1,
    SLSA_V02,
    SLSA_V1,
    SPDX,
    TAG_VALUE,
    XML,
    statement,
    vex,
)

DIGEST, OTHER = "sha256:" + "a" * 64, "sha256:" + "b" * 64
SPDX_TYPE, CYCLONEDX_TYPE, VEX_TYPE = "https://spdx.dev/Document", "https://cyclonedx.org/bom", "https://openvex.dev/ns/v0.2.0"  # fmt: skip


def read(predicate_type: str, predicate: Any, **changes: Any) -> Any:
    return read_statement({**statement(DIGEST, predicate_type, predicate), **changes}, DIGEST)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        (SPDX_TYPE, ("sbom", "spdx")),
        ("https://spdx.dev/Document/v2.3", ("sbom", "spdx")),
        ("https://cyclonedx.org/bom/v1.6", ("sbom", "cyclonedx")),
        (SLSA_V02, ("provenance", "slsa-v0.2")),
        (SLSA_V1, ("provenance", "slsa-v1")),
        ("https://slsa.dev/provenance/v1?x", ("other", "")),
        ("https://slsa.dev/verification_summary/v1", ("other", "vsa")),
        ("https://cosign.sigstore.dev/attestation/vuln/v1", ("vulnerability", "cosign-vuln")),
        (VEX_TYPE, ("vex", "openvex")),
        ("application/spdx+json", ("sbom", "spdx")),
        ("text/spdx", ("sbom", "spdx")),
        ("application/vnd.cyclonedx+xml", ("sbom", "cyclonedx")),
        ("application/vnd.syft+json", ("sbom", "syft")),
        ("", ("other", "")),
        ("https://example.com/https://spdx.dev/Document", ("other", "")),
    ],
)
def test_kinds(name: str, kind: tuple[str, str]) -> None:
    assert kind_of(name) == kind


def test_an_sbom_is_counted_without_the_image_itself() -> None:
    found = read(SPDX_TYPE, SPDX)

    assert (found.kind, found.state, found.subject, found.packages) == ("sbom", "valid", True, 3)


def test_cyclonedx_counts_nested_components_and_no_files() -> None:
    assert read(CYCLONEDX_TYPE, CYCLONEDX).packages == 2


def test_another_subject_is_another_image() -> None:
    found = read_statement(statement(OTHER, SPDX_TYPE, SPDX), DIGEST)

    assert (found.state, found.subject) == ("valid", False)


@pytest.mark.parametrize(
    ("changes", "detail"),
    [
        ({"_type": "https://in-toto.io/Link/v1"}, "it is no in-toto statement"),
        ({"_type": None}, "it is no in-toto statement"),
        ({"subject": []}, "no usable list of subjects"),
        ({"subject": {}}, "no usable list of subjects"),
        ({"subject": [{"name": "app"}]}, "has no digest"),
        ({"subject": [7]}, "has no digest"),
        ({"subject": [{"digest": {"sha256": "a"}}] * 10_001}, "no usable list of subjects"),
    ],
)
def test_what_is_no_statement_is_invalid(changes: dict[str, Any], detail: str) -> None:
    found = read(SPDX_TYPE, SPDX, **changes)

    assert (found.state, found.packages) == ("invalid", None)
    assert detail in found.detail


def test_a_statement_without_predicate_is_invalid() -> None:
    whole = statement(DIGEST, SPDX_TYPE, SPDX)
    del whole["predicate"]

    assert read_statement(whole, DIGEST).state == "invalid"


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff", b'{"a": 1, "a": 2}', b"{}}", b'{"a":' * 500 + b"1"])
def test_bytes_that_mean_nothing_are_invalid(content: bytes) -> None:
    assert read_bare_statement(content, DIGEST).state == "invalid"
    assert read_plain(content, "application/spdx+json", DIGEST).state == "invalid"
    assert read_plain(content, "application/vnd.cyclonedx+json", DIGEST).state == "invalid"
    assert read_plain(content, "application/vnd.syft+json", DIGEST).state == "invalid"


@pytest.mark.parametrize("cut", [1, 50, 200, 400])
def test_truncated_documents_are_invalid(cut: int) -> None:
    for content, media_type in (
        (json.dumps(SPDX).encode(), "application/spdx+json"),
        (json.dumps(CYCLONEDX).encode(), "application/vnd.cyclonedx+json"),
    ):
        found = read_plain(content[:-cut], media_type, DIGEST)
        assert (found.state, found.packages) == ("invalid", None)


@pytest.mark.parametrize(
    ("predicate_type", "predicate", "state"),
    [
        (SPDX_TYPE, {}, "invalid"),
        (SPDX_TYPE, 7, "invalid"),
        (SPDX_TYPE, "not a document", "invalid"),
        (SPDX_TYPE, {**SPDX, "spdxVersion": "SPDX-9"}, "unsupported"),
        (SPDX_TYPE, {"@context": "https://spdx.org/rdf/3.0.1/spdx-context.jsonld", "@graph": []}, "unsupported"),
        (SPDX_TYPE, {**SPDX, "packages": 7}, "invalid"),
        (SPDX_TYPE, {**SPDX, "packages": [{"name": "without id"}]}, "invalid"),
        (SPDX_TYPE, {**SPDX, "packages": [{}] * (MAX_PACKAGES + 1)}, "unsupported"),
        (SPDX_TYPE, CYCLONEDX, "invalid"),
        (CYCLONEDX_TYPE, SPDX, "invalid"),
        (CYCLONEDX_TYPE, {**CYCLONEDX, "specVersion": "9.9"}, "unsupported"),
        (CYCLONEDX_TYPE, {**CYCLONEDX, "components": [{"name": "x"}, 7]}, "invalid"),
        (CYCLONEDX_TYPE, {**CYCLONEDX, "components": [{"type": "nonsense", "name": "x"}]}, "invalid"),
        (CYCLONEDX_TYPE, {**CYCLONEDX, "vulnerabilities": [{"id": "C", "analysis": {"state": "?"}}]}, "invalid"),
        (SLSA_V1, {}, "invalid"),
        (SLSA_V1, {**PROVENANCE_V1, "runDetails": {}}, "invalid"),
        (SLSA_V1, PROVENANCE_V02, "invalid"),
        (SLSA_V02, PROVENANCE_V1, "invalid"),
        (SLSA_V02, [], "invalid"),
        ("https://slsa.dev/provenance/v0.1", {}, "unsupported"),
        (VEX_TYPE, {}, "invalid"),
        (VEX_TYPE, {**vex(DIGEST), "statements": []}, "invalid"),
        (VEX_TYPE, {**vex(DIGEST), "statements": [7]}, "invalid"),
        ("https://example.com/anything", {"free": "form"}, "valid"),
    ],
)
def test_predicates_that_are_not_what_they_claim(predicate_type: str, predicate: Any, state: str) -> None:
    found = read(predicate_type, predicate)

    assert found.state == state
    assert (found.packages, found.provenance, found.statements) == (None, None, ())
    assert bool(found.detail) == (state != "valid")


def test_provenance_says_builder_source_and_commit() -> None:
    one, two = read(SLSA_V1, PROVENANCE_V1).provenance, read(SLSA_V02, PROVENANCE_V02).provenance

    assert (one.builder, one.source, one.source_digest, one.materials) == (
        "https://github.com/actions/runner/github-hosted", "https://github.com/acme/app", "gitCommit:" + "c" * 40, 1,
    )  # fmt: skip
    assert (two.builder, two.source, two.source_digest, two.materials) == (
        "https://ci.example.com/builder", "https://github.com/acme/app.git#main", "sha1:" + "d" * 40, 1,
    )  # fmt: skip


def test_the_source_that_was_asked_for_counts_not_the_first_dependency() -> None:
    definition = {
        **PROVENANCE_V1["buildDefinition"],
        "resolvedDependencies": [
            {"uri": "git+https://github.com/evil/app", "digest": {"gitCommit": "e" * 40}},
            {"uri": "git+https://github.com/acme/app@refs/heads/main", "digest": {"gitCommit": "c" * 40}},
        ],
    }
    found = read(SLSA_V1, {**PROVENANCE_V1, "buildDefinition": definition}).provenance

    assert (found.source, found.source_digest) == ("https://github.com/acme/app", "gitCommit:" + "c" * 40)


def test_hints_of_the_callers_machine_are_no_source() -> None:
    hint = {"https://mobyproject.org/buildkit@v1#metadata": {"vcs": {"source": "https://github.com/acme/app"}}}
    predicate = {**PROVENANCE_V02, "invocation": {"configSource": {"entryPoint": "Dockerfile"}}, "metadata": hint}

    assert read(SLSA_V02, predicate).provenance.source == ""


def test_tag_value_and_xml() -> None:
    assert read_plain(TAG_VALUE.encode(), "text/spdx", DIGEST).packages == 1
    assert read(SPDX_TYPE, TAG_VALUE).packages == 1
    assert read(SPDX_TYPE, {"Data": TAG_VALUE, "Timestamp": ""}).packages == 1
    assert read_plain(XML.encode(), "application/vnd.cyclonedx+xml", DIGEST).packages == 2


@pytest.mark.parametrize(
    "content",
    [
        XML.replace("<bom ", '<!DOCTYPE bom [<!ENTITY a "aaaa">]><bom '),
        XML.replace("<bom ", '<!DOCTYPE bom SYSTEM "file:///etc/passwd"><bom '),
        XML[:100],
        "<bom/>",
        XML.replace("cyclonedx.org/schema/bom/1.5", "example.com"),
        "<",
    ],
)
def test_xml_that_is_not_read(content: str) -> None:
    assert read_plain(content.encode(), "application/vnd.cyclonedx+xml", DIGEST).state == "invalid"


def test_more_components_than_are_counted_are_not_counted() -> None:
    component = {"type": "library", "name": "x"}
    many = {**CYCLONEDX, "components": [component] * (MAX_COMPONENTS + 1)}
    nested = {**CYCLONEDX, "components": [{**component, "components": [component] * MAX_COMPONENTS}]}
    wide = XML.replace(
        "<components>", "<components>" + "<component type='library'><name>x</name></component>" * MAX_COMPONENTS
    )

    assert read(CYCLONEDX_TYPE, many).state == read(CYCLONEDX_TYPE, nested).state == "unsupported"
    assert read_plain(wide.encode(), "application/vnd.cyclonedx+xml", DIGEST).state == "unsupported"


def test_deep_xml_is_invalid() -> None:
    deep = XML.replace("<components>", "<components><component type='library'><name>x</name>" * 5000)

    assert read_plain(deep.encode(), "application/vnd.cyclonedx+xml", DIGEST).state == "invalid"


def test_large_tag_value_is_not_read() -> None:
    content = TAG_VALUE.encode() + b"#" * MAX_TAG_VALUE_BYTES

    assert read_plain(content, "text/spdx", DIGEST).state == "unsupported"
    assert read_plain(b"garbage", "text/spdx", DIGEST).state == "invalid"
    assert read_plain(b"<rdf/>", "application/spdx+xml", DIGEST).state == "unsupported"


def test_syft() -> None:
    document = {"artifacts": [{"name": "openssl"}], "descriptor": {"name": "syft"}, "schema": {}}

    assert read_plain(json.dumps(document).encode(), "application/vnd.syft+json", DIGEST).packages == 1
    assert read_plain(b'{"artifacts": []}', "application/vnd.syft+json", DIGEST).state == "invalid"


def test_times_and_names() -> None:
    assert utc("2026-01-01T00:00:00Z") == "2026-01-01T00:00:00Z"
    assert utc("2026-01-01T00:00:00") == utc("yesterday") == utc("") == ""
    assert component_name("pkg:npm/%40scope/left-pad@1.0") == "left-pad@1.0"
    assert component_name("left-pad") == ""
