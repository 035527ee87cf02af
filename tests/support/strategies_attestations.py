"""Attestations of every kind, read and unread, signed and not; and what their authors say of vulnerabilities."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st

from auditor.inventory.attestations import Attestation, Provenance, VexStatement, not_read_here
from auditor.inventory.facts import Absent, Known, Reason, Unknown
from auditor.inventory.scanning import Fix, Package, ScanResult, Vulnerability

_STATES = ("verified", "invalid", "untrusted", "expired", "revoked")
_UNREAD = Unknown(Reason.NOT_REQUESTED, "read_attestations: true", "read_attestations is off")
_UNSIGNED = Absent("oci:GetManifest", "unsigned")
_MOMENTS = ("2026-11-01T00:00:00Z", "2026-11-02T00:00:00Z", "")

statements = st.builds(
    VexStatement,
    st.sampled_from(["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"]),
    st.lists(st.sampled_from(["GHSA-x", "CVE-2026-1"]), max_size=1),
    st.sampled_from(["not_affected", "not_affected", "fixed", "affected", "under_investigation"]),
    st.sampled_from(["vulnerable_code_not_present", "<b>"]),
    st.sampled_from(_MOMENTS),
    st.lists(st.sampled_from(["openssl", "openssl@3", "openssl@1", "?"]), max_size=2, unique=True).map(sorted),
)


def _good(kind: Any, form: str, **facts: Any) -> Attestation:
    """One that is sound, and verifies."""
    none = Absent("oci:GetBlob", f"kind_{kind}")
    digest = f"sha256:{99:064x}"
    base: dict[str, Any] = {"packages": none, "provenance": none, **facts}
    return Attestation(
        kind, form, form, "referrers", digest, digest, Known(True), Known("valid"), Known("verified"), "", "key", **base
    )


_GOOD = [
    _good("sbom", "spdx", packages=Known(3)),
    _good("provenance", "slsa-v1", provenance=Known(Provenance("https://builder/one", "t", "git+https://s", "", 1))),
    _good("provenance", "slsa-v1", provenance=Known(Provenance("https://elsewhere", "t", "git+https://s", "", 1))),
]


def attestations(
    facts: Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]],
    digests: st.SearchStrategy[str],
    text: st.SearchStrategy[str],
) -> st.SearchStrategy[Any]:
    """The fact of one image."""

    def mostly(value: Any, others: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
        return st.sampled_from([True, True, True, False]).flatmap(
            lambda good: st.just(Known(value)) if good else others
        )

    provenance = st.builds(
        Provenance,
        st.sampled_from(["", "https://builder/one", "https://builder/one"]),
        text,
        text,
        text,
        st.integers(0, 3),
    )
    one = st.builds(
        Attestation,
        st.sampled_from(["sbom", "sbom", "provenance", "provenance", "vex", "vex", "other"]),
        st.sampled_from(["spdx", "cyclonedx", "syft", ""]),
        st.sampled_from(["", "https://slsa.dev/provenance/v1"]),
        st.sampled_from(["referrers", "tag_scheme", "index_child"]),
        digests,
        digests,
        mostly(True, facts(st.booleans())),
        mostly("valid", facts(st.sampled_from(["valid", "invalid"])) | st.just(_UNREAD)),
        mostly("verified", facts(st.sampled_from(_STATES)) | st.just(_UNSIGNED)),
        text,
        text,
        mostly(3, facts(st.integers(0, 3))),
        facts(provenance),
        st.lists(statements, max_size=3),
    )
    lists = st.lists(st.sampled_from(_GOOD) | one, max_size=2)
    return st.one_of(lists.map(Known), lists.map(Known), facts(lists), st.just(not_read_here()))


_PACKAGES = st.lists(st.sampled_from([Package("openssl", "3"), Package("zlib", "1")]), min_size=1, max_size=1)
_FLAWS = st.builds(
    Vulnerability,
    st.sampled_from(["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"]),
    st.sampled_from(["CRITICAL", "HIGH"]),
    st.just("a flaw"),
    _PACKAGES,
    st.just(Known(Fix("yes", "4"))),
    st.just(Known("2026-01-01T00:00:00Z")),
)


def described(record: Any, lists: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """The record, its images active, every second one a release, and each with attestations of `lists`."""
    if not isinstance(record.images, Known) or not record.images.value:
        return st.just(record)

    def changed(number: int, image: Any, fact: Any) -> Any:
        kind = "image" if image.kind == "artefact" else image.kind
        tags = image.tags if number % 2 else sorted({*image.tags, f"v{number}"})
        return msgspec.structs.replace(image, attestations=fact, kind=kind, status="active", tags=tags)

    return st.tuples(*(lists for _ in record.images.value)).map(
        lambda found: msgspec.structs.replace(
            record,
            images=Known([changed(n, *pair) for n, pair in enumerate(zip(record.images.value, found, strict=True))]),
        )
    )


_CLEARING = st.builds(
    VexStatement,
    st.sampled_from(["CVE-2026-1", "CVE-2026-2", "CVE-2026-3"]),
    st.just([]),
    st.sampled_from(["not_affected", "fixed"]),
    st.just("vulnerable_code_not_present"),
    st.just(_MOMENTS[1]),
)


def vexed(record: Any) -> st.SearchStrategy[Any]:
    """The record, its images scanned with flaws of which a VEX document speaks."""
    if not isinstance(record.images, Known) or not record.images.value:
        return st.just(record)

    def changed(image: Any) -> st.SearchStrategy[Any]:
        return st.builds(
            _vexed, st.just(image), st.lists(_FLAWS, min_size=1, max_size=2), st.lists(_CLEARING | statements, min_size=1, max_size=3),
            st.sampled_from(_STATES[:1] * 5 + _STATES[1:]),
        )  # fmt: skip

    return st.tuples(*map(changed, record.images.value)).map(
        lambda images: msgspec.structs.replace(record, images=Known(list(images)))
    )


def _vexed(image: Any, flaws: list[Vulnerability], said: list[VexStatement], state: Any) -> Any:
    if len(said) > 1:
        # One that nobody speaks of.
        flaws = [*flaws, msgspec.structs.replace(flaws[0], id="CVE-2026-9", severity="CRITICAL", aliases=[])]
    counts: dict[str, int] = {}
    for flaw in flaws:
        counts[flaw.severity] = counts.get(flaw.severity, 0) + 1
    scan = ScanResult("complete", "", Known(_MOMENTS[0]), Known(_MOMENTS[0]), Known(counts), Known(flaws))
    none = Absent("oci:GetBlob", "kind_vex")
    document = Attestation(
        "vex", "openvex", "https://openvex.dev/ns", "referrers", image.digest, image.digest, Known(True), Known("valid"),
        Known(state), "", "release key", none, none, said,
    )  # fmt: skip
    changes = {"kind": "image", "status": "active", "tags": image.tags or ["v1"]}
    return msgspec.structs.replace(image, scan=Known(scan), attestations=Known([document]), **changes)
