"""Repositories of which all was read, or only images that somebody named."""

from __future__ import annotations

import msgspec
from hypothesis import strategies as st

from auditor.inventory.extent import WHOLE, Extent, NamedImage
from auditor.inventory.facts import Fact, Known, Reason, Unknown
from auditor.inventory.images import Image
from auditor.inventory.model import RepositoryRecord

OTHERS = Unknown(Reason.NOT_REQUESTED, "oci:ListTags", "only the images that were named were read")
GONE = Unknown(Reason.RACE_DELETED, "oci:GetManifest", "the registry has no such image")


@st.composite
def with_extent(draw: st.DrawFn, record: RepositoryRecord) -> RepositoryRecord:
    """The record as an audit reads it, or as the gate does: by tag, by digest, with references that lead nowhere."""
    if draw(st.integers(0, 3)) > 0:
        return msgspec.structs.replace(record, extent=WHOLE)
    images = record.images.value if isinstance(record.images, Known) else []
    named = [_named(image, by_tag=draw(st.booleans())) for image in images if draw(st.booleans())]
    if draw(st.booleans()):
        named.append(NamedImage("registry.example.com/app:gone", "gone", GONE))
    tags: Fact[str] = draw(st.sampled_from([Known("read"), OTHERS]))
    return msgspec.structs.replace(record, extent=Extent(named, OTHERS, tags))  # type: ignore[arg-type]


def _named(image: Image, *, by_tag: bool) -> NamedImage:
    tag = image.tags[0] if by_tag and image.tags else ""
    return NamedImage(f"registry.example.com/app:{tag or image.digest}", tag, Known(image.digest, "oci:GetManifest"))
