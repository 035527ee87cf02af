"""Strategies for what public registries have: names, visibility, published images."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from auditor.inventory.derived import PublishedImage, PublishedImages
from auditor.inventory.facts import Absent, Known, Reason, Unknown

_places = st.sampled_from(["urn:cr:ecr:111111111111:eu-west-1:team/app", "urn:cr:ecr:1:r:<b>"])
_images = st.builds(
    PublishedImage,
    st.integers(1, 12).map(lambda n: f"sha256:{n:064x}"),
    st.lists(st.sampled_from(["v1.0.0", "\u202e"]), max_size=2, unique=True),
    st.lists(_places, min_size=1, max_size=2, unique=True),
)
_unknowns = st.builds(Unknown, st.sampled_from(list(Reason)), st.just("ecr-public:SomeCall"))
published: st.SearchStrategy[Any] = st.one_of(
    st.builds(
        PublishedImages,
        st.lists(_images, max_size=2, unique_by=lambda image: image.digest),
        st.lists(st.just("ecr/1/r: ecr:DescribeImages: access_denied"), max_size=1),
    ).map(Known),
    _unknowns,
    st.just(Absent("auditor:join")),
)
visibilities: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from(["private", "public", "public"]).map(Known), _unknowns, st.just(Absent("x:Call"))
)
other_hosts = st.lists(st.sampled_from(["public.ecr.aws/acme", "public.ecr.aws/a1b2c3d4"]), max_size=2, unique=True)
kinds = st.sampled_from(["ecr", "ecr", "ecr", "ecr_public", "harbor", "ghcr", "oci"])
