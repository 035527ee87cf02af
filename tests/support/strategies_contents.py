"""What is in images: scans for secrets, bases, distributions, users."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from hypothesis import strategies as st

from auditor.inventory.contents import (
    BASE_UNASKED,
    SECRETS_UNASKED,
    BaseImage,
    Distribution,
    NamedValue,
    ScanGap,
    SecretFinding,
    SecretScan,
)
from auditor.inventory.facts import Absent, Known, Reason
from auditor.inventory.images import Image, ImageConfig

DIGEST = "sha256:" + "9" * 64
Facts = Callable[[st.SearchStrategy[Any]], st.SearchStrategy[Any]]

_places = st.sampled_from(["etc/app.env", "usr/share/doc/key.pem", "API_TOKEN", "", "a\u202eb"])
_findings = st.builds(
    SecretFinding,
    st.sampled_from(["aws-access-key", "private-key", "high-entropy"]),
    st.sampled_from(["format", "entropy"]),
    st.sampled_from(["layer", "env", "history", "label", "command"]),
    st.just(DIGEST),
    _places,
    st.integers(0, 9),
    _places,
    st.integers(0, 3),
    st.just("… (20 characters)"),
    st.booleans(),
)
_variables = st.builds(
    NamedValue,
    st.sampled_from(["env", "history"]),
    st.sampled_from(["PATH", "DB_PASSWORD", "api_token", "GPG_KEY", "\u212aEY_SECRET"]),
    st.sampled_from(["set", "set", "empty", "placeholder", "reference", "public"]),
    st.integers(0, 3),
)
_gaps = st.builds(ScanGap, st.sampled_from(["", DIGEST]), st.sampled_from(list(Reason)), st.just("digest mismatch"))
_days = st.sampled_from(["2026-11-01", "2026-06-30T10:00:00Z", "2020-06-30", "2028-06-30", "2026-02-30", "x"])


@st.composite
def _scans(draw: st.DrawFn) -> SecretScan:
    findings = draw(st.lists(_findings, max_size=3) | st.just([]))
    return SecretScan(
        source="auditor",
        findings=findings,
        total=len(findings) + draw(st.sampled_from([0, 0, 0, 7])),
        variables=draw(st.lists(_variables, max_size=3) | st.just([])),
        layers=2,
        gaps=draw(st.just([]) | st.lists(_gaps, max_size=2)),
    )


def with_contents(draw: st.DrawFn, facts: Facts, images: list[Image]) -> list[Image]:
    """The images with contents; in half of the records nobody asked for them."""
    if draw(st.booleans()):
        return images
    bases = st.builds(
        BaseImage,
        st.sampled_from(["docker.io/library/debian:12", "", "\x00"]),
        st.sampled_from([DIGEST, ""]),
        st.sampled_from(["annotation", "layers"]),
        facts(_days),
        st.sampled_from(["", DIGEST, "sha256:" + "8" * 64]),
    )
    systems = st.builds(
        Distribution, st.just("debian"), st.just("12"), st.sampled_from(["", "Debian 12"]), facts(_days)
    )
    configs = st.builds(
        ImageConfig,
        st.just({}),
        st.just(Absent("oci:GetBlob")),
        st.sampled_from(["", "root", "0:0", "00", "10001", "app", "ContainerAdministrator", "ContainerUser"]),
        st.sampled_from(["", "linux", "windows"]),
        added_urls=st.sampled_from([[], [], ["example.com"]]),
    )
    return [
        msgspec.structs.replace(
            image,
            secrets=draw(facts(_scans()) | st.just(SECRETS_UNASKED)),
            base=draw(facts(bases) | st.just(BASE_UNASKED)),
            distribution=draw(facts(systems) | st.just(SECRETS_UNASKED)),
            config=draw(configs.map(Known) | facts(configs)),
        )
        for image in images
    ]
