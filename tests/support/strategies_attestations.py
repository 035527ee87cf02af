"""Attestations of every kind, read and unread, signed and not; and what their authors say of vulnerabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

from auditor.inventory.attestations import Attestation, Provenance, VexStatement, not_read_here
from auditor.inventory.facts import Absent, Known, Reason, Unknown

_STATES = ("verified", "verified", "verified", "invalid", "untrusted")
_UNREAD = Unknown(Reason.NOT_REQUESTED, "read_attestations: true", "read_attestations is off")
_UNSIGNED = Absent("oci:GetManifest", "unsigned")
_MOMENTS = ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "")

statements = st.builds(
    VexStatement,
    st.sampled_from(["CVE-2026-0001", "CVE-2026-0002", "CVE-2026-0003", "CVE-1", "CVE-2"]),
    st.lists(st.sampled_from(["GHSA-1", "CVE-2026-0001"]), max_size=1),
    st.sampled_from(["not_affected", "not_affected", "fixed", "affected", "under_investigation"]),
    st.sampled_from(["vulnerable_code_not_present", "<b>"]),
    st.sampled_from(_MOMENTS),
    st.lists(st.sampled_from(["openssl", "openssl@1.0", "zlib", "?"]), max_size=2, unique=True).map(sorted),
)


def attestations(
    facts: Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]],
    digests: st.SearchStrategy[str],
    text: st.SearchStrategy[str],
) -> st.SearchStrategy[Any]:
    """The fact of one image."""
    provenance = st.builds(Provenance, st.sampled_from(["", "https://builder/one"]), text, text, text, st.integers(0, 3))
    one = st.builds(
        Attestation,
        st.sampled_from(["sbom", "sbom", "provenance", "provenance", "vex", "vex", "other"]),
        st.sampled_from(["spdx", "cyclonedx", "syft", ""]),
        st.sampled_from(["", "https://slsa.dev/provenance/v1"]),
        st.sampled_from(["referrers", "tag_scheme", "index_child"]),
        digests,
        digests,
        facts(st.sampled_from([True, True, True, False])),
        facts(st.sampled_from(["valid", "valid", "valid", "invalid"])) | st.just(_UNREAD),
        facts(st.sampled_from(_STATES)) | st.just(_UNSIGNED),
        text,
        text,
        facts(st.integers(0, 3)),
        facts(provenance),
        st.lists(statements, max_size=3),
    )
    lists = st.lists(one, max_size=2)
    return st.one_of(lists.map(Known), lists.map(Known), facts(lists), st.just(not_read_here()))
