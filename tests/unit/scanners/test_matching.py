"""Which image a result is of: by digest of manifest, config or index and platform, never by a tag."""

from __future__ import annotations

from typing import Any

from auditor.inventory.facts import Absent, Known
from auditor.inventory.images import Child, Image
from auditor.scanners.matching import ResultIndex, indexes_of
from auditor.scanners.results import ImageResult

NOTHING = Absent("x")
A, B, CONFIG, INDEX, ELSEWHERE = (f"sha256:{letter * 64}" for letter in "abcde")


def image(digest: str, kind: Any = "image", children: Any = NOTHING, config: str = "") -> Image:
    return Image(digest, kind, ["v1"], "active", NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, NOTHING, children, NOTHING, Known([]), NOTHING, config_digest=config)  # fmt: skip


def index(*children: tuple[str, str, Any]) -> Image:
    return image(INDEX, "index", Known([Child(digest, kind, platform) for digest, platform, kind in children]))


def result(digests: tuple[str, ...] = (), configs: tuple[str, ...] = (), platform: str = "") -> ImageResult:
    return ImageResult("trivy", "", digests, configs, platform, ("registry.example.com/app:v1",), NOTHING, NOTHING, [])


def match(images: list[Image], *results: ImageResult, named: dict[int, str] | None = None) -> Any:
    return ResultIndex(results, named or {}).match(images)


def test_by_digest() -> None:
    assert match([image(A), image(B)], result((A,)), result((ELSEWHERE, B))) == {A: {0: "digest"}, B: {1: "digest"}}


def test_a_tag_is_never_enough() -> None:
    assert match([image(A)], result(), result((ELSEWHERE,))) == {}


def test_by_config_where_it_is_known() -> None:
    assert match([image(A, config=CONFIG)], result(configs=(CONFIG,))) == {A: {0: "config"}}
    assert match([image(A)], result(configs=(CONFIG,))) == {}
    assert match([image(A)], result(configs=(A,))) == {A: {0: "digest"}}, "a store that calls the manifest the id"


def test_an_index_stands_for_the_platform_that_was_scanned() -> None:
    images = [index((A, "linux/amd64", "image"), (B, "linux/arm64", "image")), image(A), image(B)]

    assert match(images, result((INDEX,), platform="linux/arm64")) == {B: {0: "index_platform"}}
    assert match(images, result((INDEX,), platform="linux/s390x")) == {}
    assert match(images, result((INDEX,))) == {}
    assert match(images, result((INDEX, B), platform="linux/arm64")) == {B: {0: "digest"}}


def test_platforms_that_cannot_be_told_apart_fit_none() -> None:
    variants = index((A, "linux/arm", "image"), (B, "linux/arm", "image"))
    attested = index((A, "linux/amd64", "image"), (B, "linux/amd64", "attestation"))

    assert match([variants], result((INDEX,), platform="linux/arm")) == {}
    assert match([attested], result((INDEX,), platform="linux/amd64")) == {A: {0: "index_platform"}}
    assert match([image(INDEX, "index")], result((INDEX,), platform="linux/arm")) == {}


def test_what_the_user_named_replaces_what_the_file_names() -> None:
    assert match([image(A), image(B)], result((A,), (B,)), named={0: B}) == {B: {0: "configured"}}


def test_other_artefacts_are_not_scanned() -> None:
    assert match([image(A, "signature", config=CONFIG)], result((A,), (CONFIG,))) == {}


def test_indexes_of_an_image() -> None:
    assert indexes_of([index((A, "", "image")), image(A)]) == {A: {INDEX}}
